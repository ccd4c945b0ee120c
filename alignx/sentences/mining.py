"""Mining of translations from texts of two languages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from alignx.retrieval.margin import blockwise_neighbors, margin_candidates
from alignx.sentences.decoys import probabilities_by_decoys, spliced_texts
from alignx.sentences.distinct_texts import distinct_texts, warn_of_other_languages
from alignx.sentences.mined_pairs import MinedPairs
from alignx.sentences.word_match import MatchTexts, match_texts, word_match
from alignx.support.arguments import require_fraction
from alignx.support.arrays import zero_rows
from alignx.support.counts import counted
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.sentences.distinct_texts import DistinctTexts
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.progress import Progress
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Encoder", "mine", "require_languages"]

logger = logging.getLogger("alignx")

CANDIDATES = 8
_MARGIN_NEIGHBORS = 4
# Best word matches of a text that its own are compared with, and shares in the score of the match
# itself and of the ratio margin; chosen on English and Spanish.
_COMPARED = 2
_MATCH, _MARGIN = 0.3, 0.2
# Scores of decoys at least, so that few texts get rounds of several.
_DECOYS = 1_000
_MOST_ROUNDS = 10
# Texts of a side from which vectors are kept in half precision, and texts encoded at a time.
_HALF_FROM = 200_000
_BATCH = 50_000


class Encoder(Protocol):
    """Fitted sentence encoder, such as `alignx.SentenceEncoder`."""

    @property
    def space_(self) -> Mapping[str, Embeddings]:
        """Languages in one space, unit rows, most frequent word first."""

    def encode(self, texts: Sequence[str], language: str) -> Matrix:
        """Compute unit rows, zero for a text without known words."""

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts."""


def mine(
    source_texts: Sequence[str],
    target_texts: Sequence[str],
    encoder: Encoder,
    *,
    languages: tuple[str, str] | None = None,
    candidates: int = CANDIDATES,
    min_probability: float = 0.5,
    seed: int = 0,
    progress: Progress | None = None,
) -> MinedPairs:
    """Find pairs of texts that translate each other.

    Parameters
    ----------
    source_texts, target_texts : sequence of str
        Texts of two languages, such as sentences, in any order. Empty ones are skipped, and
        repeated ones count once.
    encoder : SentenceEncoder
        Fitted encoder of both languages.
    languages : (str, str), optional
        Codes of both languages; those of the encoder's space if it has two.
    candidates : int
        Nearest texts in either direction that are compared word by word, at least 1.
    min_probability : float
        Least probability of a pair, in [0, 1]; 0 keeps the best pair of each text.
    seed : int
        Seed of the decoys.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    MinedPairs
        Most probable pairs first; each text is in one at most.

    Raises
    ------
    ValueError
        If a parameter is out of range, or a language is not in the space.
    TypeError
        If texts are no sequences of strings.

    Notes
    -----
    Candidates are the nearest texts by cosine, in blocks of bounded memory. Their score joins the
    ratio margin, the match of their words, and its excess over the mean of the best two of either
    text, as a text that matches everything translates nothing. Probabilities come from decoys,
    target texts that have exchanged their second halves, which are mined in the same manner. Takes
    O(n m d) time, twice, and O((n + m) (d + candidates)) memory. Vectors of 200,000 texts and more
    are kept in half precision.

    References
    ----------
    Artetxe and Schwenk, "Margin-based Parallel Corpus Mining with Multilingual Sentence
    Embeddings", ACL 2019.
    """
    source_code, target_code = require_languages(encoder.space_, languages)
    if candidates < 1:
        raise ValueError(f"candidates must be at least 1, got {candidates}")
    require_fraction(min_probability, "min_probability")
    given = (
        distinct_texts(source_texts, "source_texts"),
        distinct_texts(target_texts, "target_texts"),
    )
    for name, each in zip((source_code, target_code), given, strict=True):
        _tell(name, each)
    texts = {source_code: given[0].texts, target_code: given[1].texts}
    warn_of_other_languages(texts, encoder.space_)
    source = _Side.of(encoder, source_code, target_code, given[0].texts)
    target = _Side.of(encoder, target_code, source_code, given[1].texts)
    if not (len(source.rows) and len(target.rows)):
        return MinedPairs.empty(source_texts, target_texts)
    pairs, scores = _best_pairs(source, target, candidates, None, part_of(progress, 0, 0.5))
    own = np.full(len(source.rows), -1)
    own[pairs[:, 0]] = pairs[:, 1]
    rounds = min(_MOST_ROUNDS, -(-_DECOYS // min(len(source.rows), len(target.rows))))
    rng = np.random.default_rng(seed)
    by_chance = []
    for number in range(rounds):
        best = np.full(len(source.rows), -np.inf)
        # The best of both halves of the decoys is the best of as many decoys as texts.
        for half, decoys in enumerate(spliced_texts([target.texts[r] for r in target.rows], rng)):
            side = _Side.of(encoder, target_code, source_code, tuple(decoys.texts))
            share = 0.25 / rounds
            part = part_of(progress, 0.5 + share * (2 * number + half), share)
            unwanted = own, decoys.parents[side.rows]
            if len(side.rows):
                found, by_half = _best_pairs(source, side, candidates, unwanted, part)
                np.maximum.at(best, found[:, 0], by_half)
        by_chance.append(best[np.isfinite(best)])
    probabilities = probabilities_by_decoys(scores, np.concatenate(by_chance), 1 / rounds)
    order = np.lexsort((pairs[:, 0], -scores))
    order = order[probabilities[order] >= min_probability]
    return MinedPairs(
        given[0].rows[source.rows[pairs[order, 0]]],
        given[1].rows[target.rows[pairs[order, 1]]],
        scores[order],
        probabilities[order],
        source_texts,
        target_texts,
    )


def require_languages(
    space: Mapping[str, Embeddings], languages: tuple[str, str] | None
) -> tuple[str, str]:
    """Return the codes of source and target, or raise ValueError."""
    codes = tuple(space) if languages is None else tuple(languages)
    if len(codes) != 2:
        raise ValueError(f"languages must name 2 of {', '.join(space)}, got {len(codes)}")
    for code in codes:
        if code not in space:
            raise ValueError(f"languages must be of {', '.join(space)}, got {code!r}")
    return codes[0], codes[1]


def _tell(language: str, given: DistinctTexts) -> None:
    """Log the texts that were left out."""
    for number, noun in ((given.empty, "empty text"), (given.repeated, "repeated text")):
        if number:
            logger.info("%s: %s left out", language, counted(number, noun))


@dataclass(frozen=True, eq=False)
class _Side:
    """Texts of one language with their vectors and words, those without known words left out."""

    texts: tuple[str, ...]
    rows: Indices
    vectors: NDArray[np.floating]
    words: MatchTexts

    @classmethod
    def of(cls, encoder: Encoder, language: str, other: str, texts: tuple[str, ...]) -> _Side:
        """Encode texts and look up their words."""
        if not texts:
            nothing = np.zeros(0, np.int64)
            return cls(texts, nothing, np.zeros((0, 1), np.float32), MatchTexts.empty())
        space = encoder.space_
        dtype = np.float16 if len(texts) >= _HALF_FROM else np.float32
        parts, filled = [], []
        for first in range(0, len(texts), _BATCH):
            vectors = encoder.encode(texts[first : first + _BATCH], language=language)
            is_filled = ~zero_rows(vectors)
            filled.append(is_filled)
            parts.append(vectors[is_filled].astype(dtype))
        rows = np.flatnonzero(np.concatenate(filled))
        if len(rows) < len(texts):
            lost = counted(len(texts) - len(rows), f"{language} text")
            logger.info("%s without a known word left out", lost)
        documents = encoder.read(texts, language).take(rows)
        words = match_texts(documents, space[language], space[other])
        return cls(texts, rows, np.concatenate(parts), words)


def _best_pairs(
    source: _Side,
    target: _Side,
    candidates: int,
    unwanted: tuple[Indices, Indices] | None,
    progress: Progress | None,
) -> tuple[Indices, Double]:
    """Match texts one to one, best first, by words among candidates by margin.

    `unwanted` holds a target text of each source text, and the two that each decoy is made of:
    decoys that hold half of the text are no chance finds.
    """
    k = min(candidates, len(source.rows), len(target.rows))
    found = blockwise_neighbors(
        source.vectors, target.vectors, k, progress=part_of(progress, 0, 0.5)
    )
    pairs, margins = margin_candidates(found, min(_MARGIN_NEIGHBORS, k))
    if unwanted is not None:
        own, parents = unwanted
        kept = (parents[pairs[:, 1]] != own[pairs[:, 0], None]).all(axis=1)
        pairs, margins = pairs[kept], margins[kept]
    matched = word_match(source.words, target.words, pairs, progress=part_of(progress, 0.5, 0.5))
    means = [_mean_of_best(pairs[:, side], matched) for side in (0, 1)]
    scores = matched - (means[0] + means[1]) / 2 + _MATCH * matched + _MARGIN * (margins - 1)
    return _one_to_one(pairs, scores, len(source.rows), len(target.rows))


def _mean_of_best(rows: Indices, scores: Double) -> Double:
    """Compute for each pair the mean of the best scores of its row."""
    order = np.lexsort((-scores, rows))
    ordered = rows[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sizes = np.diff(np.append(starts, len(ordered)))
    rank = np.arange(len(ordered)) - np.repeat(starts, sizes)
    # A row with one candidate is compared with nothing, so 0 fills the rest.
    kept = np.where(rank < _COMPARED, scores[order], 0)
    sums = np.add.reduceat(kept, starts) if len(starts) else kept
    result = np.empty(len(rows))
    result[order] = np.repeat(sums / _COMPARED, sizes)
    return result


def _one_to_one(pairs: Indices, scores: Double, n: int, m: int) -> tuple[Indices, Double]:
    """Take the best pair, drop those of its texts, and go on."""
    used = np.zeros(n, bool), np.zeros(m, bool)
    kept = []
    for place in np.lexsort((pairs[:, 1], pairs[:, 0], -scores)):
        i, j = pairs[place]
        if not (used[0][i] or used[1][j]):
            used[0][i] = used[1][j] = True
            kept.append(place)
    chosen = np.array(kept, dtype=np.int64)
    return pairs[chosen], scores[chosen]
