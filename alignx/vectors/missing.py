"""Reasons for words without a vector, and words of similar spelling."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from alignx.support.arguments import require_instance, require_words
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.lookup import Lookup
from alignx.vectors.oov import look_up
from alignx.vectors.spelling import is_phrase, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.vectors.oov import OOVMode

__all__ = ["missing_reasons", "near_spellings", "warn_of_missing"]

logger = logging.getLogger("alignx")

_ABSENT = "not in the vocabulary"
_LEAST_SIMILARITY = 0.55  # two of five letters may differ


def missing_reasons(
    language: Embeddings, words: Sequence[str], *, oov: OOVMode = "drop"
) -> dict[str, str]:
    """Give the reason for each word or phrase without a vector.

    Parameters
    ----------
    language : Embeddings
        Vectors as loaded; a shared space has left out words whose vector is zero.
    words : sequence of str
        Words and phrases, found as by `Embeddings.find`.
    oov : {"drop", "subword"}
        Treatment of OOV words.

    Raises
    ------
    ValueError, TypeError
        If a parameter has another value or type.

    Examples
    --------
    >>> english = Embeddings(["cat", "year"], [[1, 0], [0, 0]])
    >>> missing_reasons(english, ["cat", "year", "dog"])
    {'year': 'in the vocabulary, but its vector is zero', 'dog': 'not in the vocabulary'}
    """
    require_instance(language, Embeddings, "language")
    require_words(words, "words")
    asked = list(dict.fromkeys(words))
    origins = look_up(language, asked, oov).origins
    missing = [word for word, origin in zip(asked, origins, strict=True) if origin is None]
    return {word: _reason(language, word, oov) for word in missing}


def _reason(language: Embeddings, word: str, oov: OOVMode) -> str:
    if language.zero_rows and Lookup(language.index, language.language).row(word) >= 0:
        return "in the vocabulary, but its vector is zero"
    if is_phrase(word):
        lacking = missing_reasons(language, words_of(word), oov=oov)
        if lacking:
            part, reason = next(iter(lacking.items()))
            return f"its word {part!r} is {reason}"
    if oov == "subword" and language.oov_vectors is not None:
        return "not in the vocabulary, and the model gives no vector to its characters"
    other = language.lookup.case_variant(word)
    if other is not None:
        return f'not in the vocabulary, which has {other}; casing="lower" (--casing lower) finds it'
    return _ABSENT


def warn_of_missing(language: Embeddings, word: str, oov: OOVMode) -> None:
    """Log the reason for a word without a vector in a language of a shared space."""
    for reason in missing_reasons(language, [word], oov=oov).values():
        zero = ", or its vector is zero" if reason == _ABSENT else ""  # which the space left out
        logger.warning("%s has no translation: it is %s%s", word, reason, zero)


def near_spellings(language: Embeddings, word: str, k: int = 3) -> list[str]:
    """Find the words of most similar spelling, at most k, most similar first.

    Examples
    --------
    >>> near_spellings(Embeddings(["house", "mouse", "cat"], [[1.0]] * 3), "houes", k=2)
    ['house', 'mouse']
    """
    from rapidfuzz import distance, process

    found = process.extract(
        language.lookup.spell_oov(word),
        language.words,
        scorer=distance.OSA.normalized_similarity,
        score_cutoff=_LEAST_SIMILARITY,
        limit=k,
    )
    return [near for near, _, _ in found]
