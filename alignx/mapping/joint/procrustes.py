"""Orthogonal maps of several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.mapping.joint.base import Frame, JointAligner
from alignx.mapping.joint.evidence import cross_moment
from alignx.mapping.joint.rotations import Rotations, polar

if TYPE_CHECKING:
    from alignx.mapping.joint.evidence import Evidence
    from alignx.support.arrays import Double, Matrix

__all__ = ["GeneralizedProcrustes"]


@dataclass(kw_only=True, eq=False, repr=False)
class GeneralizedProcrustes(JointAligner):
    """Orthogonal maps R_i that minimize the sum over pairs of ``||X_i R_i - Y_j R_j||_F^2``.

    By alternating SVD: each map in turn is the Procrustes solution onto the mapped rows of all the
    others. The first language stays as it is if it has the dimension of the space. For two
    languages the result is that of `Procrustes`, rotated.

    Notes
    -----
    Takes O(p d^2) time for the pairs of each two languages, and O(d^3) for each of them and each
    sweep.

    References
    ----------
    Gower, "Generalized Procrustes analysis", Psychometrika 1975; Kementchedjhieva, Ruder, Cotterell
    and Søgaard, "Generalizing Procrustes Analysis for Better Bilingual Dictionary Induction", CoNLL
    2018; Taitelbaum, Chechik and Goldberger, "Multilingual word translation using auxiliary
    languages", EMNLP 2019.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    >>> same = [[0, 0], [1, 1]]
    >>> fitted = GeneralizedProcrustes().fit([X, X[:, ::-1], -X], {(0, 1): same, (1, 2): same})
    >>> fitted.transform(-X, 2)
    array([[1., 0.],
           [0., 2.]], dtype=float32)
    """

    def _solve(self, languages: list[Matrix], evidence: Evidence) -> tuple[list[Double], Frame]:
        crosses = {
            (i, j): cross_moment(languages[i], languages[j], link)
            for (i, j), link in evidence.items()
        }
        found = Rotations([rows.shape[1] for rows in languages], crosses)
        first = found.matrices[0]
        turn = first.T if len(first) == found.components else np.eye(found.components)
        maps = [found.matrices[i] @ turn for i in range(len(languages))]
        return maps, Frame(np.ones(found.components))

    def _solve_language(self, _: Frame, languages: list[Matrix], evidence: Evidence) -> Double:
        new = languages[0]
        moments = [cross_moment(new, languages[j], link) for (_, j), link in evidence.items()]
        return polar(np.sum(moments, axis=0))
