"""Words of both languages on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Indices, Matrix

__all__ = ["WordMap"]


@dataclass(frozen=True, eq=False)
class WordMap:
    """Frequent words of both languages on a plane.

    Attributes
    ----------
    source, target : sequence of str
        Words, n and m.
    source_points, target_points : (n, 2), (m, 2) float32
        Their places.
    links : (l, 2) int64
        Rows of a source and a target word that translate each other.
    projection : {"UMAP", "PCA"}
        Method of the projection.
    """

    source: Sequence[str]
    target: Sequence[str]
    source_points: Matrix
    target_points: Matrix
    links: Indices
    projection: str
