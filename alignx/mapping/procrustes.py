"""Orthogonal Procrustes map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import DimensionError
from alignx.mapping.base import Aligner, Maps

if TYPE_CHECKING:
    from alignx.support.arrays import Double

__all__ = ["Procrustes"]


@dataclass(kw_only=True, eq=False, repr=False)
class Procrustes(Aligner):
    """Orthogonal Procrustes: minimizes ``||X W - Y||_F`` over orthogonal W.

    W = U V', where U s V' is the singular value decomposition of X' Y. The target space stays as
    it is, distances within each language are kept.

    Attributes
    ----------
    source_map_ : (d, d) float32
        W, orthogonal up to rounding.
    target_map_ : (d, d) float32
        The identity.

    Notes
    -----
    Takes O(p d^2 + d^3) time.

    References
    ----------
    Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966;
    Xing et al., "Normalized Word Embedding and Orthogonal Transform for Bilingual Word
    Translation", NAACL 2015.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    >>> Procrustes().fit(X, X[:, ::-1]).transform(X)
    array([[0., 1.],
           [2., 0.]], dtype=float32)
    """

    def _solve(self, source: Double, target: Double, weights: Double) -> Maps:
        if source.shape[1] != target.shape[1]:
            raise DimensionError(
                "Procrustes needs source and target of the same dimension, "
                f"got {source.shape[1]} and {target.shape[1]}"
            )
        U, _, Vt = np.linalg.svd(source.T @ (weights * target))
        return Maps(U @ Vt, np.eye(len(Vt)))
