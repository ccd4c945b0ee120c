"""Vectors of out-of-vocabulary (OOV) words and phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from alignx.support.arrays import Indices, Matrix, unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.sif import expected_shares, sif_weights
from alignx.vectors.spelling import is_phrase, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "EntryVectors",
    "OOVMode",
    "Origin",
    "add_oov_entries",
    "look_up",
    "oov_entries",
    "require_oov_mode",
    "with_phrases",
]

OOVMode: TypeAlias = Literal["drop", "subword"]
"""Treatment of OOV words: drop them, or build their vectors from subwords."""

Origin: TypeAlias = Literal["vocabulary", "subwords", "phrase"]
"""Origin of a vector: the vocabulary, the subwords of a word, or the words of a phrase."""


class EntryVectors(NamedTuple):
    """Vectors of words and phrases.

    Attributes
    ----------
    vectors : (n, d) float32
        Unit rows; zero for entries without a vector.
    origins : sequence of {"vocabulary", "subwords", "phrase"} or None
        Origin of each vector; None for entries without one.
    """

    vectors: Matrix
    origins: Sequence[Origin | None]


def look_up(language: Embeddings, entries: Sequence[str], oov: OOVMode = "drop") -> EntryVectors:
    """Look up vectors of words, and of phrases as weighted means of words.

    An OOV phrase is the mean of the unit vectors of its words, weighted by smooth inverse
    frequency (SIF), with frequencies estimated from ranks. A word with a zero vector has no
    vector, nor has a phrase with a word without one.

    Parameters
    ----------
    language : Embeddings
        Vocabulary, most frequent word first.
    entries : sequence of str
        Words, and phrases with blanks between their words; found as by `Embeddings.find`.
    oov : {"drop", "subword"}
        Drop OOV words, or build their vectors from subwords, in phrases too.

    Raises
    ------
    ValueError
        If `oov` has another value, or needs a fastText model.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017,
    section 3.

    Examples
    --------
    >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
    >>> found = look_up(english, ["york", "new york", "new jersey"])
    >>> found.origins
    ('vocabulary', 'phrase', None)
    >>> bool(0 < found.vectors[1, 0] < found.vectors[1, 1])  # the rarer word counts more
    True
    """
    require_oov_mode(oov, language)
    lookup = language.lookup
    parts = {e: words_of(e) for e in dict.fromkeys(entries) if is_phrase(e) and lookup.row(e) < 0}
    singles = [entry for entry in entries if entry not in parts]
    words = list(dict.fromkeys([*singles, *(word for split in parts.values() for word in split)]))
    rows = lookup.rows(words)
    vectors = _word_vectors(language, words, rows, oov)
    has_vector = np.asarray(vectors.any(axis=1))
    shares = np.append(expected_shares(len(language)), 0)  # OOV words are the rarest
    weights = sif_weights(shares)[rows]
    position = {word: i for i, word in enumerate(words)}
    result = np.zeros((len(entries), language.dimension), dtype=np.float32)
    origins: list[Origin | None] = []
    for i, entry in enumerate(entries):
        origin: Origin
        if entry in parts:
            at = [position[word] for word in parts[entry]]
            if has_vector[at].all():
                result[i] = weights[at] @ vectors[at]
            origin = "phrase"
        else:
            result[i] = vectors[position[entry]]
            origin = "vocabulary" if rows[position[entry]] >= 0 else "subwords"
        origins.append(origin if result[i].any() else None)
    return EntryVectors(unit_rows(result), tuple(origins))


def _word_vectors(
    language: Embeddings, words: Sequence[str], rows: Indices, oov: OOVMode
) -> Matrix:
    """Unit vectors of words with known rows; zero for words without a vector."""
    vectors = np.zeros((len(words), language.dimension), dtype=np.float32)
    vectors[rows >= 0] = unit_rows(language.vectors[rows[rows >= 0]])
    missing = np.flatnonzero(rows < 0)
    if oov == "subword" and len(missing) and language.oov_vectors is not None:
        spelled = [language.lookup.spell_oov(words[i]) for i in missing.tolist()]
        vectors[missing] = unit_rows(language.oov_vectors(spelled))
    return vectors


def require_oov_mode(oov: OOVMode, *languages: Embeddings) -> None:
    """Raise ValueError for unknown modes, and for "subword" without any fastText model."""
    if oov not in ("drop", "subword"):
        raise ValueError(f"oov must be 'drop' or 'subword', got {oov!r}")
    if oov == "subword" and all(language.oov_vectors is None for language in languages):
        names = " and ".join(str(language.source or language.language) for language in languages)
        raise ValueError(
            f"oov 'subword' needs vectors from a fastText model (.bin), which knows subwords; "
            f"got {names}"
        )


def oov_entries(language: Embeddings, entries: Sequence[str], oov: OOVMode = "drop") -> Embeddings:
    """Build embeddings of the OOV entries that have a vector; see `look_up`.

    They have unit rows in the order of `entries`, and are spelled like the vocabulary. Without a
    fastText model only phrases have vectors.

    Examples
    --------
    >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
    >>> oov_entries(english, ["york", "new york", "new jersey"]).words
    ('new york',)
    """
    lookup = language.lookup
    missing = [entry for entry in dict.fromkeys(entries) if lookup.row(entry) < 0]
    missing = list(dict.fromkeys(map(lookup.spell_oov, missing)))
    found = look_up(language, missing, "drop" if language.oov_vectors is None else oov)
    kept = [i for i, origin in enumerate(found.origins) if origin is not None]
    words = tuple(missing[i] for i in kept)
    return Embeddings.from_checked(words, found.vectors[kept], language=language.language)


def add_oov_entries(
    language: Embeddings, entries: Sequence[str], oov: OOVMode = "drop"
) -> Embeddings:
    """Append the `oov_entries` to a copy of the vocabulary, if there are any.

    Examples
    --------
    >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
    >>> add_oov_entries(english, ["york", "new york", "new jersey"]).words
    ('new', 'york', 'new york')
    """
    more = oov_entries(language, entries, oov)
    if not len(more):
        return language
    if any(word in language for word in more):  # as a zero row, which subwords improve on
        language = language.without_zero_rows()
    return language.derive(
        (*language.words, *more.words), np.concatenate([language.vectors, more.vectors])
    )


def with_phrases(
    source: Embeddings, target: Embeddings, pairs: Iterable[tuple[str, str]]
) -> tuple[Embeddings, Embeddings]:
    """Append the phrases of a dictionary, such as a `Lexicon`, to both languages.

    Examples
    --------
    >>> english = Embeddings(["hungry"], [[1.0]])
    >>> spanish = Embeddings(["tener", "hambre"], [[1.0], [1.0]])
    >>> with_phrases(english, spanish, [("hungry", "tener hambre")])[1].words
    ('tener', 'hambre', 'tener hambre')
    """
    first, second = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
    return (
        add_oov_entries(source, list(filter(is_phrase, first))),
        add_oov_entries(target, list(filter(is_phrase, second))),
    )
