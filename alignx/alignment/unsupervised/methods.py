"""Estimators of maps without a dictionary: self-learning and adversarial training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator

from alignx.alignment.unsupervised import fit as fits
from alignx.alignment.unsupervised.adversarial_settings import Preset
from alignx.alignment.unsupervised.self_learning import SelfLearning as Settings
from alignx.mapping.refinement import Refinement
from alignx.support.arrays import as_rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from alignx.alignment.diagnosis import Diagnosis
    from alignx.mapping import Aligner, RefinementRound
    from alignx.support.arrays import Indices
    from alignx.support.progress import Log, Progress

__all__ = ["Adversarial", "SelfLearning"]


class _Unsupervised(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    aligner_: Aligner
    rounds_: tuple[RefinementRound, ...]
    diagnosis_: Diagnosis

    def _context(
        self,
        source: ArrayLike,
        target: ArrayLike,
        refinement: int | Refinement,
        random_state: int,
        log: Log | None,
    ) -> fits.Workplace:
        X, Y = as_rows(source, "source"), as_rows(target, "target")
        settings = Refinement.of(refinement).resolved(len(X), len(Y))
        return fits.Workplace(X, Y, settings, random_state, log)

    def _learned(self, found: fits.Unsupervised) -> Self:
        self.aligner_, self.diagnosis_ = found.aligner, found.diagnosis
        self.rounds_ = tuple(found.rounds)
        return self


@dataclass(kw_only=True, eq=False, repr=False)
class SelfLearning(_Unsupervised):
    """Self-learning from the similarity of two languages, or from a few pairs."""

    vocabulary: int = 8_000
    components: int = 100
    keep: float = 0.1
    candidates: int = 10
    burst: int = 10
    rounds: int = 160
    agreement: float = 0.4
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
        """Learn the map from rows of both languages, most frequent first."""
        work = self._context(X, Y, refinement, self.random_state, log)
        options = self.get_params()
        del options["random_state"]
        known = None if pairs is None else np.asarray(pairs, dtype=np.int64)
        found = fits.self_learning(
            work, seed_pairs=known, settings=Settings(**options), progress=progress
        )
        return self._learned(found)


@dataclass(kw_only=True, eq=False, repr=False)
class Adversarial(_Unsupervised):
    """Adversarial training, judged and refined by self-learning."""

    preset: Preset = "fast"
    restarts: int = 3
    n_jobs: int = 1
    checkpoint: str | Path | None = None
    random_state: int = 0

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        pairs: None = None,
        refinement: int | Refinement = 5,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Self:
        """Learn the map from rows of both languages, most frequent first."""
        if pairs is not None:
            raise ValueError("adversarial training uses no pairs; self_learning does")
        options = self.get_params()
        work = self._context(X, Y, refinement, options.pop("random_state"), log)
        return self._learned(fits.adversarial(work, **options, progress=progress))
