"""Expected counts of word links in sentence pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices

__all__ = ["Cooccurrences", "dice", "model_1"]

_NULL = 0  # word of a source sentence to which anything may be linked


@dataclass(frozen=True)
class Cooccurrences:
    """Words that occur in the same sentence pair.

    Parameters
    ----------
    keys : (p,) int64
        Different pairs of words, ascending: source number times `n_target` plus target number.
    cells : (c,) int64
        Position in `keys` of each pair of words of a sentence pair.
    groups : (c,) int64
        Number of the target word, among all words of all target sentences, of each cell.
    n_target : int
        Number of different target words.
    """

    keys: Indices
    cells: Indices
    groups: Indices
    n_target: int

    @classmethod
    def of(
        cls, source: list[list[int]], target: list[list[int]], n_target: int, *, null: bool
    ) -> Cooccurrences:
        """Pair all words of each sentence with all of its translation.

        Parameters
        ----------
        source, target : list of lists of int
            Numbers of the words of each sentence; those of the source begin with 1.
        n_target : int
            Number of different target words.
        null : bool
            Add the empty word 0 to each source sentence.
        """
        keys: list[Indices] = []
        groups: list[Indices] = []
        first = 0
        for one, other in zip(source, target, strict=True):
            own = np.array([_NULL, *one] if null else one, dtype=np.int64)
            theirs = np.array(other, dtype=np.int64)
            keys.append((own * n_target + theirs[:, None]).ravel())
            groups.append(np.repeat(np.arange(first, first + len(theirs)), len(own)))
            first += len(theirs)
        empty = [np.zeros(0, np.int64)]
        found, cells = np.unique(np.concatenate(keys or empty), return_inverse=True)
        return cls(found, cells, np.concatenate(groups or empty), n_target)

    @property
    def sources(self) -> Indices:
        """Source word of each different pair, (p,)."""
        return self.keys // self.n_target


def model_1(pairs: Cooccurrences, n_iterations: int) -> Double:
    """Compute the expected number of links of each pair of words by IBM model 1.

    Each target word is linked to one source word of its sentence, or to the empty word; EM fits
    the probability of a target word given its source word.

    Parameters
    ----------
    pairs : Cooccurrences
        Words of the same sentences, with the empty word.
    n_iterations : int
        Rounds of EM, at least 1; each takes O(c) time.

    Returns
    -------
    (p,) float64
        Expected counts; those of the pairs of a target word sum to its count.

    Notes
    -----
    Source: Brown et al. (1993), "The mathematics of statistical machine translation".
    """
    size = len(pairs.keys)
    probability = np.ones(size)
    links: Double = np.zeros(size)
    for _ in range(n_iterations):
        weights = probability[pairs.cells]
        weights /= np.bincount(pairs.groups, weights)[pairs.groups]
        links = np.asarray(np.bincount(pairs.cells, weights, minlength=size), np.float64)
        totals = np.bincount(pairs.sources, links)
        probability = links / totals[pairs.sources]
    return links


def dice(pairs: Cooccurrences, source_counts: Double, target_counts: Double) -> Double:
    """Compute Dice's coefficient of each pair of words.

    Parameters
    ----------
    pairs : Cooccurrences
        Different words of the same sentences, without the empty word.
    source_counts, target_counts : (n,) float64
        Number of sentences with each word.

    Returns
    -------
    (p,) float64
        Twice the common sentences over the sum of both counts, in (0, 1].

    Notes
    -----
    Source: Dice (1945), "Measures of the amount of ecologic association between species".
    """
    together = np.bincount(pairs.cells, minlength=len(pairs.keys))
    targets = pairs.keys % pairs.n_target
    return np.asarray(2 * together / (source_counts[pairs.sources] + target_counts[targets]))
