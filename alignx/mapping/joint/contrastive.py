"""Contrastive tuning of the maps of several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.mapping.contrastive_tuning import ContrastiveTuning
from alignx.mapping.joint.base import Frame, JointAligner
from alignx.mapping.joint.reweighted import JointReweighted

if TYPE_CHECKING:
    from alignx.mapping.joint.evidence import Evidence
    from alignx.support.arrays import Double, Matrix

__all__ = ["JointContrastive"]


@dataclass(kw_only=True, eq=False, repr=False)
class JointContrastive(ContrastiveTuning, JointAligner):
    """Joint reweighted maps, tuned to tell each translation from the hardest wrong ones.

    All maps descend the sum over pairs of languages of the loss of `Contrastive`.

    Parameters
    ----------
    temperature, n_negatives, steps, learning_rate, vocabulary
        As of `Contrastive`.
    regularization : float
        Ridge of the first maps; see `JointReweighted`.

    Raises
    ------
    ValueError
        By `fit`, if a parameter is out of range.

    References
    ----------
    Li, Liu, Collier, Korhonen and Vulic, "Improving Word Translation via Two-Stage Contrastive
    Learning", ACL 2022, section 2.1, for two languages; Alaux, Grave, Cuturi and Joulin,
    "Unsupervised Hyper-alignment for Multilingual Word Embeddings", ICLR 2019, for a retrieval loss
    summed over pairs of languages.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 3)).astype(np.float32)
    >>> languages, same = [X, X[:, ::-1], -X], np.repeat(np.arange(50)[:, None], 2, axis=1)
    >>> fitted = JointContrastive().fit(languages, {(0, 1): same, (1, 2): same})
    >>> first, _, third = (fitted.transform(rows, i) for i, rows in enumerate(languages))
    >>> np.abs(first - third).max() < 0.1
    np.True_
    """

    regularization: float = 0.1

    def initial(self) -> JointReweighted:
        """Return the aligner of the first maps."""
        return JointReweighted(regularization=self.regularization)

    def _solve(self, languages: list[Matrix], evidence: Evidence) -> tuple[list[Double], Frame]:
        self.require_range()
        starts, frame = self.initial()._solve(languages, evidence)
        tuned = self.tune(languages, starts, evidence)
        return [each.astype(np.float64) for each in tuned], frame

    def _solve_language(self, frame: Frame, languages: list[Matrix], evidence: Evidence) -> Double:
        self.require_range()
        start = self.initial()._solve_language(frame, languages, evidence)
        starts = [start, *[None] * (len(languages) - 1)]
        return self.tune(languages, starts, evidence)[0].astype(np.float64)
