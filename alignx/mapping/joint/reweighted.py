"""Whitened, reweighted orthogonal maps of several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.mapping.joint.base import Frame, JointAligner
from alignx.mapping.joint.evidence import covariance, cross_moment
from alignx.mapping.joint.rotations import Rotations, polar
from alignx.mapping.spectral import require_nonnegative, whitening

if TYPE_CHECKING:
    from alignx.mapping.joint.evidence import Evidence
    from alignx.support.arrays import Double, Matrix

__all__ = ["JointReweighted"]

# Of mapped rows, whose weak axes mean little: a ridge, and the least agreement.
RIDGE, WEAKEST = 0.01, 1e-3


@dataclass(kw_only=True, eq=False, repr=False)
class JointReweighted(JointAligner):
    """Whitened orthogonal maps into one frame, with weighted directions.

    G_i is the covariance of the paired rows of language i, the mean over the languages that it is
    paired with, and ``C_ij = G_i^-1/2 X_i' Y_j G_j^-1/2``. Rotations R_i maximize the sum over
    pairs of ``trace(R_i' C_ij R_j)``, by alternating SVD. Their common axes, and the agreement S of
    the languages on each, are the eigenvectors and eigenvalues of the mean of ``R_i' C_ij R_j``.
    The map of a language is ``G_i^-1/2 R_i S^p R_i' G_i^1/2 R_i``: whiten, rotate, reweight, and
    give the language its own covariance back. For two languages that is `Reweighted`.

    Parameters
    ----------
    power : float
        p, at least 0.
    regularization : float
        Multiple of the mean eigenvalue of G_i added to each, at least 0; see `Reweighted`.

    Raises
    ------
    ValueError
        By `fit`, if the pairs do not span all dimensions and there is no ridge.

    Notes
    -----
    Takes O(p d^2) time for the pairs of each two languages, O(d^3) for each of them and each sweep,
    and O(d^2) memory for each of them.

    References
    ----------
    Artetxe, Labaka and Agirre, "Generalizing and Improving Bilingual Word Embedding Mappings with
    a Multi-Step Framework of Linear Transformations", AAAI 2018, for two languages; Gower,
    "Generalized Procrustes analysis", Psychometrika 1975, for the rotations. One metric and a
    rotation of each language: Jawanpuria, Balgovind, Kunchukuttan and Mishra, "Learning
    Multilingual Word Embeddings in Latent Metric Space: A Geometric Approach", TACL 2019.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 3)).astype(np.float32)
    >>> languages, same = [X, X[:, ::-1], -X], np.repeat(np.arange(50)[:, None], 2, axis=1)
    >>> fitted = JointReweighted().fit(languages, {(0, 1): same, (1, 2): same})
    >>> first, _, third = (fitted.transform(rows, i) for i, rows in enumerate(languages))
    >>> np.abs(first - third).max() < 1e-5
    np.True_
    """

    power: float = 0.5
    regularization: float = 0.0

    def _solve(self, languages: list[Matrix], evidence: Evidence) -> tuple[list[Double], Frame]:
        whitenings = self._whitenings(languages, evidence, range(len(languages)))
        crosses = {
            (i, j): whitenings[i][0]
            @ cross_moment(languages[i], languages[j], link)
            @ whitenings[j][0]
            for (i, j), link in evidence.items()
        }
        found = Rotations([rows.shape[1] for rows in languages], crosses)
        total = sum(link.weight for link in evidence.values())
        values, axes = np.linalg.eigh(found.agreement() / total)
        strengths, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
        # Eigenvectors have no signs: make the largest entry in the first language positive.
        first = found.matrices[0] @ axes
        largest = first[np.abs(first).argmax(axis=0), np.arange(len(axes))]
        axes = axes * np.where(largest < 0, -1, 1)
        maps = [
            self._map(white, found.matrices[i] @ axes, strengths)
            for i, white in enumerate(whitenings)
        ]
        return maps, Frame(strengths)

    def _solve_language(self, frame: Frame, languages: list[Matrix], evidence: Evidence) -> Double:
        (white,) = self._whitenings(languages, evidence, range(1))
        towards = [
            white[0]
            @ cross_moment(languages[0], languages[j], link)
            @ self._unmixing(frame, covariance(languages, {(0, j): link}, j))
            for (_, j), link in evidence.items()
        ]
        return self._map(white, polar(np.sum(towards, axis=0)), frame.strengths)

    def _map(self, white: tuple[Double, Double], rotation: Double, strengths: Double) -> Double:
        whiten, dewhiten = white
        return whiten @ (rotation * strengths**self.power) @ (rotation.T @ dewhiten @ rotation)

    def _unmixing(self, frame: Frame, gram: Double) -> Double:
        """Lead mapped rows with this covariance back to whitened rows along the axes.

        Mapped rows are ``u S^p D``, where u is white and D symmetric, and so have the covariance
        ``D S^2p D``. That and S give D.
        """
        ridge = RIDGE * np.trace(gram) / len(gram)
        gram = gram + ridge * np.eye(len(gram))
        scales = np.maximum(frame.strengths, WEAKEST) ** self.power
        _, root = whitening(scales[:, None] * gram * scales, 0)  # S^p D S^p
        # Whitened by the inverse square root of their covariance, they are u times a rotation.
        return np.asarray(whitening(gram, 0)[0] @ polar(root / scales).T)

    def _whitenings(
        self, languages: list[Matrix], evidence: Evidence, numbers: range
    ) -> list[tuple[Double, Double]]:
        for name in ("power", "regularization"):
            require_nonnegative(getattr(self, name), name)
        return [whitening(covariance(languages, evidence, i), self.regularization) for i in numbers]
