"""Learned ranking of candidate translations."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from alignx.errors import NotFittedError
from alignx.ranking.features import FEATURES, PIVOTS, feature_matrix
from alignx.ranking.spelling import SpellingModel
from alignx.retrieval.neighbors import Neighbors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.ranking.candidates import CandidatePairs
    from alignx.support.arrays import Matrix

__all__ = ["LabeledCandidates", "PairRanker"]

BLOCK = 4_096  # words whose features are in memory at once
BATCH = 512
FEWEST_STEPS = 600  # of the optimizer; with small dictionaries, `epochs` alone would be too few
LARGEST = 20.0  # of a standardized feature; rare words have values that no known word had
ARRAYS = ("mean", "scale", "weights", "biases", "output_weights", "output_bias")


class LabeledCandidates(NamedTuple):
    """Candidates of held-out words, to learn from.

    Attributes
    ----------
    pairs : CandidatePairs
        Candidates of q words under a map that was fitted without them.
    is_correct : (q, k) bool
        Whether each is a known translation.
    known : sequence of (str, str)
        Word pairs of the map, from which spelling may be learned.
    """

    pairs: CandidatePairs
    is_correct: NDArray[np.bool_]
    known: Sequence[tuple[str, str]]

    def every(self, n: int, *, only: int | None = None, skip: int | None = None) -> Self:
        """Select every n-th word, from number `only`, or all but these, from number `skip`."""
        number = np.arange(len(self.is_correct)) % n
        rows = np.flatnonzero(number == only if skip is None else number != skip)
        return self._replace(pairs=self.pairs.take(rows), is_correct=self.is_correct[rows])

    def without(self, words: Collection[str]) -> Self:
        """Leave out the known pairs of some source words, whose spelling is asked for."""
        return self._replace(known=[pair for pair in self.known if pair[0] not in words])

    def without_paths(self) -> Self:
        """Leave out what a comparison through another language gave."""
        return self._replace(pairs=replace(self.pairs, paths=None))


@dataclass(kw_only=True, eq=False, repr=False)
class PairRanker(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Probability that a candidate is a right translation, by a small neural network.

    Its features are CSLS with its gaps in both directions, hubness, frequency, length,
    digits, capitals and spelling; see ``alignx/ranking/features.py``. It is learned from the
    candidates of held-out words, under maps that were fitted without them.

    Parameters
    ----------
    n_candidates : int
        Best translations by CSLS that are ranked anew, at least 2.
    features : sequence of str, optional
        Names of the features. Default: all, with those of pivots where candidates have paths.
    hidden : int
        Units of the hidden layer, at least 1.
    alpha : float
        Weight of the L2 penalty, at least 0.
    epochs : int
        Passes over the candidates, at least 1; more where these are few.
    random_state : int
        Seed of the network, at least 0.

    Attributes
    ----------
    spelling_ : SpellingModel
        Character n-grams of both languages that go with each other.
    names_ : tuple of str
        Names of the features.
    space_ : str or None
        Identifier of the space of its map, which `SharedSpace` compares; see `Alignment.space`.

    Notes
    -----
    Fits in a few seconds on 5,000 words; ranks some 100,000 pairs a second.

    References
    ----------
    Features after Heyman, Vulić and Moens, "Bilingual lexicon induction by learning to combine
    word-level and character-level representations", EACL 2017, and Irvine and Callison-Burch, "A
    comprehensive analysis of bilingual lexicon induction", Computational Linguistics 2017. The
    linear map of n-grams is ours.
    """

    n_candidates: int = 50
    features: Sequence[str] | None = None
    hidden: int = 64
    alpha: float = 0.01
    epochs: int = 10
    random_state: int = 0

    def fit(
        self,
        parts: Sequence[LabeledCandidates],
        *,
        calibration: Sequence[LabeledCandidates] | None = None,
    ) -> Self:
        """Learn from the candidates of held-out words.

        Parameters
        ----------
        parts : sequence of LabeledCandidates
            Candidates to learn the order from.
        calibration : sequence of LabeledCandidates, optional
            Candidates to learn the level of the probabilities from. Default: `parts`.

        Raises
        ------
        ValueError
            If a parameter is out of range, or all candidates are right or all are wrong.
        """
        self.require_valid()
        self.names_ = tuple(FEATURES | PIVOTS if self.features is None else self.features)
        if all(part.pairs.paths is None for part in parts):
            self.names_ = tuple(name for name in self.names_ if name not in PIVOTS)
            if not self.names_:
                raise ValueError(
                    "features must hold some without a pivot, got those of pivots alone"
                )
        if self.has_pivots:
            # Each is also learned from without its paths, so that the ranker serves both kinds.
            parts = [*parts, *(part.without_paths() for part in parts)]
        matrix = self._features(parts)
        is_correct = np.concatenate([part.is_correct.ravel() for part in parts])
        self._fit_network(matrix, is_correct)
        if calibration is not None:
            matrix = self._features(calibration)
        self._calibrate(self._logits(matrix), parts if calibration is None else calibration)
        self.space_: str | None = None
        self.spelling_ = SpellingModel.of({pair for part in parts for pair in part.known})
        return self

    def _features(self, parts: Sequence[LabeledCandidates]) -> Matrix:
        return np.concatenate(
            [feature_matrix(p.pairs, SpellingModel.of(p.known), self.names_) for p in parts]
        )

    @property
    def has_pivots(self) -> bool:
        """Whether it compares candidates through another language, where they have paths."""
        return any(name in PIVOTS for name in self.names_)

    def require_valid(self) -> None:
        """Check the parameters, as `fit` does; raises ValueError."""
        for name, least in (("n_candidates", 2), ("hidden", 1), ("epochs", 1), ("random_state", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not self.alpha >= 0:
            raise ValueError(f"alpha must be at least 0, got {self.alpha}")
        if self.features is not None:
            _require_features(self.features)

    def _fit_network(self, matrix: Matrix, is_correct: NDArray[np.bool_]) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        if is_correct.all() or not is_correct.any():
            raise ValueError(
                f"candidates must be right and wrong ones, got {is_correct.sum()} right of "
                f"{len(is_correct)}"
            )
        mean, std = (np.nanmean, np.nanstd) if self.has_pivots else (np.mean, np.std)
        self.mean_ = mean(matrix, axis=0, dtype=np.float64).astype(np.float32)
        scale = std(matrix, axis=0, dtype=np.float64).astype(np.float32)
        self.scale_ = np.where(scale > 1e-6, scale, 1)  # constant features have no say
        batch = min(BATCH, len(matrix))
        network = MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            batch_size=batch,
            learning_rate_init=3e-3,
            max_iter=max(self.epochs, FEWEST_STEPS * batch // len(matrix)),
            random_state=self.random_state,
        )
        with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops early on purpose
            network.fit(self._standardized(matrix), is_correct)
        self.weights_, self.output_weights_ = network.coefs_
        self.biases_, self.output_bias_ = network.intercepts_

    def _calibrate(self, logits: Matrix, parts: Sequence[LabeledCandidates]) -> None:
        """Scale and shift the output to the share of right first answers.

        The last steps of training move all probabilities up or down, by up to a tenth.
        """
        from sklearn.linear_model import LogisticRegression

        sizes = [part.is_correct.size for part in parts]
        best, right = [], []
        for own, part in zip(np.split(logits, np.cumsum(sizes)[:-1]), parts, strict=True):
            rows = own.reshape(part.is_correct.shape)
            first = np.arange(len(rows)), rows.argmax(axis=1)
            best.append(rows[first])
            right.append(part.is_correct[first])
        is_right = np.concatenate(right)
        if is_right.all() or not is_right.any():
            return
        model = LogisticRegression(C=1e3).fit(np.concatenate(best)[:, None], is_right)
        slope, shift = float(model.coef_[0, 0]), float(model.intercept_[0])
        if slope > 0:  # or the order would change
            self.output_weights_ = self.output_weights_ * np.float32(slope)
            self.output_bias_ = self.output_bias_ * np.float32(slope) + np.float32(shift)

    def _logits(self, matrix: Matrix) -> Matrix:
        """Compute the output of the network for rows of features, (p,) float32."""
        with threadpool_limits(limits=1, user_api="blas"):
            hidden = np.maximum(self._standardized(matrix) @ self.weights_ + self.biases_, 0)
            result: Matrix = (hidden @ self.output_weights_ + self.output_bias_)[:, 0]
        return result

    def _standardized(self, matrix: Matrix) -> Matrix:
        result: Matrix = np.clip((matrix - self.mean_) / self.scale_, -LARGEST, LARGEST)
        if self.has_pivots:
            result[np.isnan(result)] = 0  # without paths, these have no say
        return result

    def predict_proba(self, pairs: CandidatePairs) -> Matrix:
        """Return the probability that each pair is right, (q, k) float32; 0 for missing ones.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        if not hasattr(self, "spelling_"):
            raise NotFittedError("PairRanker must be fitted before predict_proba")
        from scipy.special import expit

        result = np.zeros(pairs.target_rows.shape, dtype=np.float32)
        for rows in np.array_split(np.arange(len(result)), max(1, -(-len(result) // BLOCK))):
            part = pairs.take(rows)
            logits = self._logits(feature_matrix(part, self.spelling_, self.names_))
            result[rows] = expit(logits).reshape(part.target_rows.shape)
        result[pairs.target_rows < 0] = 0
        return result

    def rank(self, pairs: CandidatePairs) -> Neighbors:
        """Sort candidates by probability, which are the scores; raises as `predict_proba`."""
        probability = self.predict_proba(pairs)
        order = np.argsort(-probability, axis=1, kind="stable")
        return Neighbors(
            np.take_along_axis(pairs.target_rows, order, axis=1),
            np.take_along_axis(probability, order, axis=1),
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the learned arrays by name, for mapping files."""
        arrays = {name: np.asarray(getattr(self, f"{name}_"), np.float32) for name in ARRAYS}
        arrays |= {"ngram_means": self.spelling_.means, "ngram_maps": self.spelling_.maps}
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    def facts(self) -> dict[str, Any]:
        """Return parameters and names of features, for mapping files."""
        return {
            "parameters": self.get_params(),
            "features": list(self.names_),
            "space": self.space_,
        }

    @classmethod
    def restored(cls, facts: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Restore a fitted ranker from what `facts` and `tensors` gave."""
        ranker = cls(**facts["parameters"])
        ranker.names_ = tuple(facts["features"])
        _require_features(ranker.names_)
        ranker.space_ = facts["space"]
        if len(ranker.names_) != len(tensors["mean"]):
            raise ValueError(
                f"features must be {len(tensors['mean'])} as in the fit, got {len(ranker.names_)}"
            )
        for name in ARRAYS:
            setattr(ranker, f"{name}_", tensors[name])
        ranker.spelling_ = SpellingModel(tensors["ngram_means"], tensors["ngram_maps"])
        return ranker


def _require_features(names: Sequence[str]) -> None:
    wrong = [name for name in names if name not in FEATURES | PIVOTS]
    if wrong or isinstance(names, str) or not len(names):
        raise ValueError(f"features must be some of {', '.join(FEATURES | PIVOTS)}, got {names!r}")
