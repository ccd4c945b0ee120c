"""Wrong pairs in a dictionary, by the maps that were fitted without them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from alignx.retrieval.pair_scores import pair_scores
from alignx.support.wilson import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.held_out import Fold
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["WrongPairs", "nearer_words"]

COMPARED = 2_000  # known words, evenly over the frequencies
BLOCK = 1_024  # pairs whose scores are in memory at once
FAR = 0.5  # share of nearer words, from which on a pair is far apart
# Of clean dictionaries 0.2 to 2 % seem wrong; of maps with 6 % P@1 almost 4 %, with 2 % up to 14 %.
REMARKABLE, REMARKABLE_IF_WEAK = 0.05, 0.2
EXAMPLES = 3


def nearer_words(source: Matrix, target: Matrix, fold: Fold, bias: Matrix) -> Double:
    """Compute for each held-out pair the share of other known target words that are nearer.

    Of right pairs, few other words are nearer by CSLS; of wrong ones, any share is equally likely.

    Parameters
    ----------
    source, target : (n, d) float32, (m, d) float32
        Unit rows, mapped by a map that was fitted on `fold.train`.
    fold : Fold
        Known pairs, as rows.
    bias : (m,) float32
        Half the mean cosine of each target row to its nearest source rows.

    Returns
    -------
    (p,) float64
        In [0, 1], for each of `fold.held_out`; 0 where there are no other words.
    """
    pairs = fold.held_out
    words = np.unique(np.concatenate([fold.train[:, 1], pairs[:, 1]]))
    words = words[:: max(1, math.ceil(len(words) / COMPARED))]
    own = pair_scores(source, target, pairs) - bias[pairs[:, 1]]
    number = pairs @ [len(target), 1]  # pairs as single numbers, so that membership is one call
    nearer = np.zeros(len(pairs))
    for start in range(0, len(pairs), BLOCK):
        block = slice(start, start + BLOCK)
        rows = pairs[block, 0]
        is_other = ~np.isin(rows[:, None] * len(target) + words, number)
        scores = source[rows] @ target[words].T - bias[words]
        is_nearer = is_other & (scores > own[block, None])
        nearer[block] = is_nearer.sum(axis=1) / np.maximum(1, is_other.sum(axis=1))
    return nearer


@dataclass(frozen=True)
class WrongPairs:
    """Estimated share of wrong pairs in a dictionary.

    Attributes
    ----------
    share, low, high : float
        Share and its 95 % interval, in [0, 1].
    examples : tuple of (str, str)
        Up to three pairs that are far apart, the most frequent.

    References
    ----------
    Storey, "A direct approach to false discovery rates", JRSS B 2002: of wrong pairs, half have
    more than half of the other words nearer, and of right ones next to none.

    Examples
    --------
    >>> nearer = np.array([0.0] * 80 + [0.1, 0.3, 0.6, 0.8] * 5)
    >>> pairs, words = np.arange(200).reshape(100, 2), [str(i) for i in range(200)]
    >>> found = WrongPairs.of(nearer, pairs, (words, words))
    >>> print(found.share)
    0.2
    >>> print(found.remark("en-de"))
    about 20 % of the pairs of en-de seem wrong, such as 164-165, 166-167, 172-173
    """

    share: float
    low: float
    high: float
    examples: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, nearer: Double, pairs: Indices, words: tuple[Sequence[str], Sequence[str]]) -> Self:
        """Estimate from the shares of nearer words, (p,), of pairs of rows (p, 2)."""
        is_far = nearer > FAR
        far = float(is_far.mean()) if len(nearer) else 0.0
        bounds = wilson_interval(far, len(nearer))
        share, low, high = (min(1.0, each / (1 - FAR)) for each in (far, *bounds))
        found = pairs[is_far]
        chosen = found[np.argsort(found.sum(axis=1), kind="stable")[:EXAMPLES]]
        return cls(share, low, high, tuple((words[0][s], words[1][t]) for s, t in chosen.tolist()))

    def is_remarkable(self, *, is_weak: bool) -> bool:
        """Tell whether surely more pairs seem wrong than of clean dictionaries by such a map."""
        return self.low > (REMARKABLE_IF_WEAK if is_weak else REMARKABLE)

    def remark(self, name: str) -> str:
        """Say it of a dictionary in one line."""
        examples = ", ".join(f"{source}-{target}" for source, target in self.examples)
        return (
            f"about {100 * self.share:.0f} % of the pairs of {name} seem wrong, such as {examples}"
        )
