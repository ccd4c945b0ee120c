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


def spliced_texts(texts: Sequence[str], rng: np.random.Generator) -> Decoys:
    """Join the first half of each text and the second half of another.

    The halves are text of the language, of the same topics and lengths, so a decoy is as near to
    an unrelated text as any of the texts, and a translation of none.

    Parameters
    ----------
    texts : sequence of str
        At least one text.
    rng : numpy.random.Generator
        Source of the order.

    Examples
    --------
    >>> spliced_texts(["a b", "c d"], np.random.default_rng(0)).texts
    ['a d', 'c b']
    """
    n = len(texts)
    order = rng.permutation(n)
    other = np.empty(n, np.int64)
    other[order] = np.roll(order, -1)  # one circle, so that no text meets itself
    words = [text.split() for text in texts]
    joined = [
        " ".join(words[i][: (len(words[i]) + 1) // 2] + words[j][(len(words[j]) + 1) // 2 :])
        for i, j in enumerate(other)
    ]
    return Decoys(joined, np.stack([np.arange(n), other], axis=1))


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
