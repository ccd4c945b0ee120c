"""Similarity of two texts by the best match of each word among the words of the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.vectors.sif import expected_shares, sif_weights

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.progress import Progress
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["MatchTexts", "match_texts", "word_match"]

# Words of the other language among which those of a text have their nearest; more would change
# the averages little, and the vocabulary is not to count twice as much where it is twice as long.
_FREQUENT = 20_000
# CSLS at least of two words that are written alike, as names are; chosen on development data.
_ALIKE = 0.4
# Distinct words that a text is compared by, its first: longer texts are no sentences.
_MOST_WORDS = 256


@dataclass(frozen=True, eq=False)
class MatchTexts:
    """Texts as distinct words with weights, for `word_match`.

    Attributes
    ----------
    starts : (n + 1,) int64
        Start of each text in `words`, and the end of the last.
    words : (t,) int64
        Rows of `vectors`, each once a text.
    weights : (t,) float32
        Number of times that the text has the word, times the SIF weight of the word.
    vectors : (u, d) float32
        Unit rows.
    nearness : (u,) float32
        Average cosine of a word to its nearest words of the other language, of CSLS.
    spellings : (u,) int64
        The same number for the same word in lower case; 0 where it is not known.
    """

    starts: Indices
    words: Indices
    weights: Matrix
    vectors: Matrix
    nearness: Matrix
    spellings: Indices

    @classmethod
    def empty(cls) -> Self:
        """Make a value without texts."""
        nothing, no_vectors = np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
        return cls(
            np.zeros(1, np.int64), nothing, no_vectors[:, 0], no_vectors, no_vectors[:, 0], nothing
        )

    def __len__(self) -> int:
        return len(self.starts) - 1


def match_texts(documents: Documents, own: Embeddings, other: Embeddings) -> MatchTexts:
    """Prepare texts for `word_match`.

    Parameters
    ----------
    documents : Documents
        Texts of one language.
    own, other : Embeddings
        Unit rows of that language and of the other in one space, most frequent word first.

    Notes
    -----
    Takes O(u d) time for u different words, times the 20,000 most frequent words of `other`. Of a
    text, the first 256 different words count.
    """
    used, rows = np.unique(documents.words, return_inverse=True)
    is_known = used < documents.vocabulary
    vectors = np.empty((len(used), own.dimension), np.float32)
    vectors[is_known] = own.vectors[used[is_known]]
    vectors[~is_known] = documents.oov_vectors[used[~is_known] - documents.vocabulary]
    sif = sif_weights(expected_shares(documents.vocabulary))
    weights = np.append(sif, sif[-1])[np.minimum(used, documents.vocabulary)]
    starts, words, counts = _distinct(documents.starts, rows)
    nearness = np.zeros(len(used), np.float32)
    if len(used):
        keys = np.ascontiguousarray(other.vectors[:_FREQUENT])
        found = ExactIndex.borrowing(keys).search(vectors, min(N_NEIGHBORS, len(keys)))
        nearness = found.scores.mean(axis=1)
    return MatchTexts(
        starts,
        words,
        (weights[words] * counts).astype(np.float32),
        vectors,
        nearness,
        _spellings(used, documents, own),
    )


def word_match(
    source: MatchTexts, target: MatchTexts, pairs: Indices, *, progress: Progress | None = None
) -> Double:
    """Score listed pairs of texts by the best matches of their words.

    Each word takes the most similar word of the other text, by CSLS between 0 and 1, of words
    written alike at least 0.4. The score is the geometric mean of both directions' averages,
    weighted by the rarity of words.

    Parameters
    ----------
    source, target : MatchTexts
        Texts of two languages.
    pairs : (p, 2) int64
        Rows of a source and a target text, by ascending source row.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    (p,) float64
        In [0, 1]; 0 for a text without known words.

    Notes
    -----
    Takes O(a b d) time for a pair of a and b different words.
    """
    scores = np.zeros(len(pairs))
    bounds = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1, append=-1))
    # Products of a few hundred words are too small to share: threads would wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        for done, (first, last) in enumerate(pairwise(bounds)):
            scores[first:last] = _of_one(source, target, int(pairs[first, 0]), pairs[first:last, 1])
            if progress is not None and done % 1_000 == 0:
                progress(first / len(pairs))
    return scores


def _of_one(source: MatchTexts, target: MatchTexts, row: int, others: Indices) -> Double:
    """Score one source text with several target texts, by one product of all their words."""
    result = np.zeros(len(others))
    own = slice(source.starts[row], source.starts[row + 1])
    lengths = target.starts[others + 1] - target.starts[others]
    filled = np.flatnonzero(lengths)
    if own.start == own.stop or len(filled) == 0:
        return result
    places = np.concatenate(
        [np.arange(target.starts[j], target.starts[j + 1]) for j in others[filled]]
    )
    words, theirs = source.words[own], target.words[places]
    csls = 2 * (source.vectors[words] @ target.vectors[theirs].T)
    csls -= source.nearness[words][:, None]
    csls -= target.nearness[theirs]
    np.clip(csls, 0, 1, out=csls)
    own_spellings, spellings = source.spellings[words], target.spellings[theirs]
    is_alike = (own_spellings[:, None] == spellings) & (spellings != 0)
    csls[is_alike] = np.maximum(csls[is_alike], _ALIKE)
    starts = np.concatenate([[0], np.cumsum(lengths[filled])[:-1]])
    weights, their_weights = source.weights[own].astype(np.float64), target.weights[places]
    forward = weights @ np.maximum.reduceat(csls, starts, axis=1) / weights.sum()
    backward = np.add.reduceat(their_weights * csls.max(axis=0), starts, dtype=np.float64)
    backward /= np.add.reduceat(their_weights, starts, dtype=np.float64)
    result[filled] = np.sqrt(forward * backward)
    return result


def _spellings(used: Indices, documents: Documents, own: Embeddings) -> Indices:
    """Return a number for the spelling of each row of words."""
    oov_words = documents.oov_words or ("",) * len(documents.oov_vectors)
    words = (
        own.words[row] if row < documents.vocabulary else oov_words[row - documents.vocabulary]
        for row in used.tolist()
    )
    return np.fromiter((crc32(word.lower().encode()) for word in words), np.int64, len(used))


def _distinct(starts: Indices, rows: Indices) -> tuple[Indices, Indices, Indices]:
    """Return the first different words of each text with their counts, text after text."""
    texts = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((rows, texts))
    texts, rows = texts[order], rows[order]
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (texts[1:] != texts[:-1]) | (rows[1:] != rows[:-1])
    firsts = np.flatnonzero(is_first)
    counts = np.diff(np.append(firsts, len(rows)))
    # In the order of the text, so that the first ones are kept.
    text_of, place = texts[firsts], np.minimum.reduceat(order, firsts) if len(firsts) else firsts
    by_place = np.argsort(place, kind="stable")
    text_of, words, counts = text_of[by_place], rows[firsts][by_place], counts[by_place]
    sizes = np.bincount(text_of, minlength=len(starts) - 1)
    rank = np.arange(len(words)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = rank < _MOST_WORDS
    ends = np.cumsum(np.minimum(sizes, _MOST_WORDS))
    return np.concatenate([[0], ends]), words[kept], counts[kept]
