"""Choice of an aligner and its refinement by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from alignx.alignment.cross_validation import Choice, cross_validate
from alignx.alignment.estimator import AlignerEstimator
from alignx.alignment.fit_context import FitContext, FitSpec, frequent_part
from alignx.alignment.held_out import split_folds
from alignx.mapping import Refinement
from alignx.mapping.base import as_pairs
from alignx.support.arrays import Indices, as_rows
from alignx.support.progress import Log, Progress, part_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Auto"]

FEWEST_WORDS = 20  # with fewer queries, all candidates are within chance of each other


@dataclass(kw_only=True, eq=False, repr=False)
class Auto(AlignerEstimator):
    """Cross-validated choice of an aligner and its refinement.

    Each candidate is fitted without the source words of one fold and translates them by CSLS, until
    2000 words have been asked or all have. Candidates are `Procrustes`, `LeastSquares`, `CCA` and
    `Reweighted`, most of them with several settings. All are tried without refinement; then the
    best setting of each of the three best methods with one round, and the two best of these with
    all rounds. The highest P@1 wins; of equal ones that with fewer rounds, then the simpler map.

    Parameters
    ----------
    folds : int
        Number of folds, in [2, number of source words].
    center : bool
        Whether candidates may center. Without: CCA without means, and a ridge of 1e-5 instead of
        none.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    choice_ : Choice
        Scores of all candidates.
    aligner_, rounds_ : Aligner, tuple of RefinementRound
        The choice, fitted on all pairs and refined, and figures of its refinement.

    Notes
    -----
    A fold takes one sweep of O(vocabulary^2 d) time for each candidate, and two for each round of
    refinement. A rule that prefers simple maps within one standard error would lose accuracy for
    nothing, since all maps cost the same.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 5)).astype(np.float32)
    >>> rotation, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    >>> rows = np.arange(50)
    >>> Auto().fit(X, X @ rotation, pairs=np.stack([rows, rows], axis=1)).aligner_
    Procrustes()
    """

    folds: int = 4
    center: bool = True
    random_state: int = 0

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        pairs: Indices | None = None,
        refinement: int | Refinement = 5,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Self:
        """Choose by cross-validation, and fit the choice on all pairs.

        Parameters
        ----------
        X, Y : (n, d) float32, (m, e) float32
            Rows of each language, most frequent first.
        pairs : (p, 2) int64, optional
            Translations, of at least 20 source rows. Default: row i of both, for all i.
        refinement : int or Refinement
            Maximal number of rounds, or all settings.
        progress, log : callable, optional
            Called with the fraction done, and with the choice and the figures of each round.

        Raises
        ------
        ValueError
            If there are fewer than 20 source words, or no candidate can be fitted.
        """
        source, target = as_rows(X, "source"), as_rows(Y, "target")
        known = as_pairs(pairs, len(source), len(target))
        settings = Refinement.of(refinement).resolved(len(source), len(target))
        context = FitContext(source, target, settings, log)
        spec = self.choose(context, known, part_of(progress, 0, 0.7))
        self.aligner_, rounds = spec.fit(known, part_of(progress, 0.7, 0.3))
        self.rounds_ = tuple(rounds)
        return self

    def choose(
        self, context: FitContext, pairs: Indices, progress: Progress | None = None
    ) -> FitSpec:
        """Set `choice_`, and return the choice as a specification of a fit."""
        refinement, log = context.refinement, context.log
        words = len(np.unique(pairs[:, 0]))
        if words < FEWEST_WORDS:
            raise ValueError(
                f"cross-validation needs at least {FEWEST_WORDS} source words with a known "
                f"translation, got {words}: use a larger dictionary, or name a method, such as "
                "procrustes, which has nothing to choose"
            )
        if not 2 <= self.folds <= words:
            raise ValueError(f"folds must lie in [2, {words}], got {self.folds}")
        part = frequent_part(context, np.unique(pairs, axis=0), refinement.vocabulary)
        folds = tuple(split_folds(part.pairs, self.folds, self.random_state))
        self.choice_: Choice = cross_validate(
            part.context, folds, center=self.center, progress=progress
        )
        if log is not None:
            log({"stage": "selection", **self.choice_.as_dict()})
        chosen = context._replace(refinement=refinement.with_rounds(self.choice_.refinement))
        return FitSpec(self.choice_.aligner, chosen)
