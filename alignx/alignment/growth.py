"""Growth of a dictionary by self-learning from known pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.unsupervised.runs import Run, RunSettings

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["grow"]

# Most frequent words that take part: a cheap run first, then a few rounds with more of them. Runs
# from 25 pairs and more settle within 30 rounds.
VOCABULARIES = (4_000, 8_000)
BURST = 5
FEWEST_ROUNDS = 10
MOST_ROUNDS = 40
LEAST_GAIN = 0.01  # of the criterion in a burst


def grow(
    source: Matrix,
    target: Matrix,
    pairs: Indices,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Indices:
    """Add induced pairs to known pairs of rows, (p, 2), by self-learning.

    A run as that of `SelfLearning`, but the known pairs take part in every round, and nothing is
    spent on the comparison with other runs.
    """
    random = np.random.default_rng(0)
    run = Run("known pairs", source, target, pairs, RunSettings(), random, log)
    for vocabulary in VOCABULARIES:
        run.settings = RunSettings(vocabulary=vocabulary)
        has_settled = False
        while not (has_settled and run.round >= FEWEST_ROUNDS) and run.round < MOST_ROUNDS:
            before = run.criterion
            for _ in range(BURST):
                run.advance(1)
                run.pairs = np.concatenate([run.pairs, pairs])
                if progress is not None:
                    progress(run.round / MOST_ROUNDS)
            has_settled = run.criterion < before + LEAST_GAIN * abs(before)
        if min(len(source), len(target)) <= vocabulary:
            break
    return np.unique(np.concatenate([run.found.mutual_pairs(), pairs]), axis=0)
