"""Maps of several languages into one space, fitted together on matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.mapping.joint.base import Frame, JointAligner
from alignx.mapping.joint.contrastive import JointContrastive
from alignx.mapping.joint.procrustes import GeneralizedProcrustes
from alignx.mapping.joint.reweighted import JointReweighted

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "JOINT_METHODS",
    "Frame",
    "GeneralizedProcrustes",
    "JointAligner",
    "JointContrastive",
    "JointReweighted",
]

JOINT_METHODS: Mapping[str, type[JointAligner]] = {
    "procrustes": GeneralizedProcrustes,
    "reweighted": JointReweighted,
    "contrastive": JointContrastive,
}
