"""Mining of translations from texts of two languages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from alignx.sentences.decoys import probabilities_by_decoys, spliced_texts
from alignx.sentences.distinct_texts import distinct_texts, warn_of_other_languages
from alignx.sentences.encoded_texts import EncodedTexts, require_languages
from alignx.sentences.mined_pairs import MinedPairs
from alignx.sentences.scored_pairs import CANDIDATES, one_to_one, scored_pairs
from alignx.support.arguments import require_fraction
from alignx.support.counts import counted
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.sentences.distinct_texts import DistinctTexts
    from alignx.sentences.encoded_texts import Encoder
    from alignx.support.progress import Progress

__all__ = ["mine"]

logger = logging.getLogger("alignx")

# Scores of decoys at least, so that few texts get rounds of several.
_DECOYS = 1_000
_MOST_ROUNDS = 10


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
    ratio margin of the cosine (its ratio to the averages of the nearest texts of both), that of
    the match of their words, and their lengths. Probabilities come from decoys, target texts that
    have exchanged their second halves, which are mined in the same manner. Takes O(n m d) time,
    twice, and O((n + m) candidates) memory beside the texts and their words. Vectors above 256 MB
    a side are kept in half precision in a temporary file.

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
    source = EncodedTexts.of(encoder, source_code, target_code, given[0].texts)
    target = EncodedTexts.of(encoder, target_code, source_code, given[1].texts)
    if not (len(source) and len(target)):
        return MinedPairs.empty(source_texts, target_texts)
    found = scored_pairs(source, target, candidates, progress=part_of(progress, 0, 0.5))
    best = one_to_one(found.pairs, found.scores, len(source), len(target))
    pairs, scores = found.pairs[best], found.scores[best]
    own = np.full(len(source), -1)
    own[pairs[:, 0]] = pairs[:, 1]
    plain = [given[1].texts[row] for row in target.rows]
    target_rows = target.rows
    del target  # its vectors may fill the memory
    rounds = min(_MOST_ROUNDS, -(-_DECOYS // min(len(source), len(plain))))
    rng = np.random.default_rng(seed)
    by_chance = []
    for number in range(rounds):
        pairs_of, scores_of = [], []
        # Both halves together are as many decoys as texts, and each text gets one at most.
        for half, decoys in enumerate(spliced_texts(plain, rng)):
            side = EncodedTexts.of(encoder, target_code, source_code, decoys.texts)
            chance = scored_pairs(
                source,
                side,
                candidates,
                length_ratio=found.length_ratio,
                unwanted=(own, decoys.parents[side.rows]),
                progress=part_of(progress, 0.5 + (number + half / 2) / 2 / rounds, 0.25 / rounds),
            )
            pairs_of.append(chance.pairs + np.array([0, half * len(plain)]))
            scores_of.append(chance.scores)
        joined = np.concatenate(scores_of)
        kept = one_to_one(np.concatenate(pairs_of), joined, len(source), 2 * len(plain))
        by_chance.append(joined[kept])
    probabilities = probabilities_by_decoys(scores, np.concatenate(by_chance), 1 / rounds)
    order = np.lexsort((pairs[:, 0], -scores))
    order = order[probabilities[order] >= min_probability]
    return MinedPairs(
        given[0].rows[source.rows[pairs[order, 0]]],
        given[1].rows[target_rows[pairs[order, 1]]],
        scores[order],
        probabilities[order],
        source_texts,
        target_texts,
    )


def _tell(language: str, given: DistinctTexts) -> None:
    """Log the texts that were left out."""
    for number, noun in ((given.empty, "empty text"), (given.repeated, "repeated text")):
        if number:
            logger.info("%s: %s left out", language, counted(number, noun))
