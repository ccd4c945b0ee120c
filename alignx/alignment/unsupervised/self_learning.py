"""Self-learning: a map without a dictionary, or from a few pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.diagnosis import LEAST_AGREEMENT
from alignx.alignment.unsupervised.base import (
    Learned,
    UnsupervisedEstimator,
    fit_last_aligner,
    seeded_runs,
)
from alignx.alignment.unsupervised.initial_pairs import distributional_pairs
from alignx.alignment.unsupervised.runs import RunSettings, converge, search
from alignx.alignment.unsupervised.starts import Outcome, Start, compete, grow
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["GUESSES", "SelfLearning"]

# Names of the starts in the log and in the diagnosis.
VECTORS, GUESSES = "similarity profiles", "guesses"


@dataclass(kw_only=True, eq=False, repr=False)
class SelfLearning(UnsupervisedEstimator):
    """Self-learning without a dictionary, or from a few pairs.

    Two runs from different seed dictionaries alternate between fitting a map and inducing a
    dictionary, until they agree. Without pairs these are the halves of a dictionary from the shape
    of both languages; if they fail, of the guesses that `fit` is given, such as identical words.
    The pairs of the better run give a `Reweighted` map, which is refined.
    With fewer than two pairs for each dimension, they give an orthogonal map with a warning.

    Parameters
    ----------
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
    bidirectional induction with CSLS. Keeping only the best directions, and two runs until they
    agree, are ours.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> X = ax.Normalizer().fit_transform(sample.source.vectors[:200])
    >>> Y = ax.Normalizer().fit_transform(sample.target.vectors[:200])
    >>> SelfLearning(max_rounds=2, burst=1).fit(X, Y, refinement=0).transform(X).shape == X.shape
    True
    """

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
        guesses: Indices | None,
        progress: Progress | None,
        log: Log | None,
    ) -> Learned:
        if pairs is not None and guesses is not None:
            raise ValueError("guesses must be None where there are pairs; pairs are the start")
        options = self.get_params()
        settings = RunSettings(**{name: options[name] for name in RunSettings.__annotations__})
        searching, start = part_of(progress, 0, 0.9), ""
        if pairs is None:
            run, agreed, start = self._unseeded(languages, guesses, settings, log, searching)
        else:
            runs = seeded_runs(languages, pairs, settings, self.random_state, log)
            run, agreed = search(runs, settings, searching)
        if agreed >= LEAST_AGREEMENT:  # otherwise the map has failed
            converge(run, part_of(progress, 0.9, 0.1))
        found = run.found.mutual_pairs()
        if pairs is not None:
            found = np.unique(np.concatenate([found, pairs]), axis=0)
        return Learned(fit_last_aligner(languages, found), agreed, start)

    def _unseeded(
        self,
        languages: tuple[Matrix, Matrix],
        guesses: Indices | None,
        settings: RunSettings,
        log: Log | None,
        progress: Progress | None,
    ) -> Outcome:
        """Start from all dictionaries of the vectors together, from each, then from guesses."""
        dictionaries = distributional_pairs(*languages)
        union = Start(VECTORS, np.concatenate(dictionaries))
        outcomes = [grow(languages, [union], settings, self.random_state, log, progress)]
        if outcomes[-1].agreement < settings.agreement:
            each = [Start(f"{VECTORS}, {n}", some) for n, some in enumerate(dictionaries)]
            outcomes.append(compete(languages, each, settings, self.random_state, log))
        if outcomes[-1].agreement < settings.agreement and guesses is not None:
            start = Start(GUESSES, guesses)
            outcomes.append(grow(languages, [start], settings, self.random_state, log))
        return max(outcomes, key=lambda outcome: outcome.agreement)
