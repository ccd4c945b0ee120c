"""Self-learning: a map without a dictionary, or from a few pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.unsupervised.base import (
    UnsupervisedEstimator,
    fit_last_aligner,
    seeded_runs,
)
from alignx.alignment.unsupervised.initial_pairs import PROFILES, axes_pairs, profile_pairs
from alignx.alignment.unsupervised.runs import Run, RunSettings, converge, search
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.mapping import Aligner
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["SelfLearning"]

MOST_RESTARTS = 1 + len(PROFILES)


@dataclass(kw_only=True, eq=False, repr=False)
class SelfLearning(UnsupervisedEstimator):
    """Self-learning without a dictionary, or from a few pairs.

    Runs from several seed dictionaries alternate between fitting a map and inducing a dictionary,
    until two of them agree. The pairs of the best run give a `Reweighted` map, which is refined.
    With fewer than two pairs for each dimension, they give an orthogonal map with a warning.

    Parameters
    ----------
    restarts : int
        Seed dictionaries to try at most, in [1, 13]: that of the principal axes, then those of
        similarity profiles. Known pairs replace them.
    vocabulary : int
        Most frequent words of each language in the runs, at least 1.
    n_components : int
        Directions of the maps in the runs, best first, at least 1. With few right pairs the
        others are noise.
    n_candidates : int
        Candidate translations of a word, at least 1.
    keep : float
        Probability of keeping a candidate in a round, in (0, 1]. Wrong pairs change from round to
        round and cancel out, right ones stay.
    burst : int
        Rounds between two comparisons of runs, at least 1.
    max_rounds : int
        Rounds of a run at most, at least 1.
    agreement : float
        Share of common pairs that ends the search, in [0, 1].
    random_state : int
        Seed of all random numbers, at least 0.

    References
    ----------
    Artetxe et al., "A robust self-learning method for fully unsupervised cross-lingual mappings of
    word embeddings", ACL 2018, section 3.3: stochastic dictionaries, frequency cutoff,
    bidirectional induction with CSLS. Keeping only the best directions, and several runs until two
    agree, are ours.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> X = ax.Normalizer().fit_transform(sample.source.vectors[:500])
    >>> Y = ax.Normalizer().fit_transform(sample.target.vectors[:500])
    >>> SelfLearning(max_rounds=4, burst=2).fit(X, Y, refinement=0).transform(X).shape == X.shape
    True
    """

    restarts: int = MOST_RESTARTS
    vocabulary: int = 8_000
    n_components: int = 100
    n_candidates: int = 10
    keep: float = 0.1
    burst: int = 10
    max_rounds: int = 160
    agreement: float = 0.4
    random_state: int = 0

    def _learn(
        self,
        languages: tuple[Matrix, Matrix],
        pairs: Indices | None,
        progress: Progress | None,
        log: Log | None,
    ) -> tuple[Aligner, float]:
        if not 1 <= self.restarts <= MOST_RESTARTS:
            raise ValueError(f"restarts must lie in [1, {MOST_RESTARTS}], got {self.restarts}")
        options = self.get_params()
        settings = RunSettings(**{name: options[name] for name in RunSettings.__annotations__})
        if pairs is None:
            runs = self._unseeded_runs(languages, settings, log)
        else:
            runs = seeded_runs(languages, pairs, settings, self.random_state, log)
        run, agreed = search(runs, settings, part_of(progress, 0, 0.9))
        converge(run, part_of(progress, 0.9, 0.1))
        found = run.found.mutual_pairs()
        if pairs is not None:
            found = np.unique(np.concatenate([found, pairs]), axis=0)
        return fit_last_aligner(languages, found), agreed

    def _unseeded_runs(
        self, languages: tuple[Matrix, Matrix], settings: RunSettings, log: Log | None
    ) -> Iterator[Run]:
        """Yield runs from the principal axes and from similarity profiles."""

        def run(name: str, pairs: Indices, stream: int) -> Run:
            random = np.random.default_rng([self.random_state, stream])
            return Run(name, *languages, pairs, settings, random, log)

        pairs = axes_pairs(*languages)
        if len(pairs):
            yield run("principal axes", pairs, len(PROFILES))
        for stream, profile in enumerate(PROFILES[: self.restarts - bool(len(pairs))]):
            name = f"{profile.vocabulary} words, rank weight {profile.rank_weight}"
            yield run(name, profile_pairs(*languages, profile), stream)
