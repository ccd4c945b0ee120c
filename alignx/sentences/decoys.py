"""Decoys: texts without a translation, and probabilities by comparison with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices

__all__ = ["Decoys", "probabilities_by_decoys", "spliced_texts"]


class Decoys(NamedTuple):
    """Texts that translate nothing, and the two texts (n, 2) that each is made of."""

    texts: list[str]
    parents: Indices


def spliced_texts(texts: Sequence[str], rng: np.random.Generator) -> tuple[Decoys, Decoys]:
    """Exchange the second halves of texts, two by two, at random.

    Both results hold a decoy of each couple of texts, so that within one no two decoys share a
    half: they would compete with each other as texts do not.

    Parameters
    ----------
    texts : sequence of str
        Texts of one language; of an odd number one is left out.
    rng : numpy.random.Generator
        Source of the couples.

    Examples
    --------
    >>> one, other = spliced_texts(["a b", "c d"], np.random.default_rng(0))
    >>> sorted(one.texts + other.texts)
    ['a d', 'c b']
    """
    half = len(texts) // 2
    order = rng.permutation(len(texts))[: 2 * half]
    return _joined(texts, order[:half], order[half:]), _joined(texts, order[half:], order[:half])


def _joined(texts: Sequence[str], firsts: Indices, seconds: Indices) -> Decoys:
    joined = []
    for i, j in zip(firsts, seconds, strict=True):
        one, other = texts[i].split(), texts[j].split()
        joined.append(" ".join(one[: (len(one) + 1) // 2] + other[(len(other) + 1) // 2 :]))
    return Decoys(joined, np.stack([firsts, seconds], axis=1))


def probabilities_by_decoys(scores: Double, decoys: Double, weight: float = 1.0) -> Double:
    """Estimate the probability that a pair is no chance find, from its score.

    Scores of pairs are a mixture of those of true pairs and of chance, and the decoys show the
    latter. Their share among all is estimated from the lower half of the decoys, where true pairs
    are few; the probability rises with the score.

    Parameters
    ----------
    scores : (n,) float64
        Scores of pairs.
    decoys : (q,) float64
        Scores of pairs with decoys, found in the same manner.
    weight : float
        Pairs that a decoy stands for: 1 / r after r rounds of decoys.

    Returns
    -------
    (n,) float64
        In [0, 1).

    References
    ----------
    Storey, "A direct approach to false discovery rates", Journal of the Royal Statistical Society
    B, 2002. Elias and Gygi, "Target-decoy search strategy for increased confidence in large-scale
    protein identifications", Nature Methods, 2007.

    Examples
    --------
    >>> scores = np.array([0.9, 0.8, 0.1, 0.2])
    >>> probabilities_by_decoys(scores, np.array([0.1, 0.2, 0.3])).round(2)
    array([0.5, 0.5, 0. , 0. ])
    """
    if len(scores) == 0:
        return np.zeros(0)
    from sklearn.isotonic import IsotonicRegression

    middle = np.median(decoys) if len(decoys) else -np.inf
    below = weight * np.count_nonzero(decoys <= middle)
    chance = min(1.0, (np.count_nonzero(scores <= middle) + 1) / (below + 1))
    # One decoy more at the top: that none of few was as good is no proof.
    rows = np.concatenate([scores, decoys, [scores.max()]])
    is_pair = np.concatenate([np.ones(len(scores)), np.zeros(len(decoys) + 1)])
    weights = np.concatenate([np.ones(len(scores)), np.full(len(decoys), weight), [1.0]])
    fitted = IsotonicRegression(out_of_bounds="clip").fit(rows, is_pair, sample_weight=weights)
    share = np.maximum(fitted.predict(scores), np.finfo(np.float64).tiny)
    found = 1 - chance * (1 - share) / share
    return np.asarray(np.clip(found, 0, 1))
