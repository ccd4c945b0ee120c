"""Vectors of what dictionaries list: words, words that a vocabulary lacks, and phrases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.support.arrays import Matrix, unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.sif import expected_shares, sif_weights
from alignx.vectors.spelling import is_phrase, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.lexicon.lexicon import Lexicon

__all__ = [
    "Entries",
    "Oov",
    "Origin",
    "extended",
    "look_up",
    "require_oov",
    "unlisted",
    "with_phrases",
]

Oov: TypeAlias = Literal["drop", "subword"]
"""What to do about words that a vocabulary lacks: nothing, or look at their characters."""

Origin: TypeAlias = Literal["vocabulary", "subwords", "phrase"]
"""Where a vector comes from: the vocabulary, the characters of a word, the words of a phrase."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Vectors of words and phrases.

    Attributes
    ----------
    vectors : (n, d) float32
        Unit rows; zero for what has no vector.
    origins : sequence of {"vocabulary", "subwords", "phrase"} or None
        Where each comes from; None for what has no vector.
    """

    vectors: Matrix
    origins: Sequence[Origin | None]


def look_up(language: Embeddings, entries: Sequence[str], oov: Oov = "drop") -> Entries:
    """Find vectors of words, and of phrases as weighted means of their words.

    A phrase that the vocabulary lacks is the mean of the unit vectors of its words, each weighted
    by smooth inverse frequency (SIF), where the rank of a word tells its frequency. A phrase with
    an unknown word has no vector, nor has a word whose vector is zero. Entries are looked up as
    `Embeddings.find` does, first as a whole.

    Parameters
    ----------
    language : Embeddings
        Most frequent word first.
    entries : sequence of str
        Words, and phrases with blanks between their words.
    oov : {"drop", "subword"}
        Whether words that the vocabulary lacks, in phrases too, get a vector by their characters.

    Returns
    -------
    Entries

    Raises
    ------
    ValueError
        If `oov` is none of its values, or there is no model for it.

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
    require_oov(oov, language)
    lookup = language.lookup
    parts = {e: words_of(e) for e in dict.fromkeys(entries) if is_phrase(e) and lookup.row(e) < 0}
    singles = [e for e in entries if e not in parts]
    words = list(dict.fromkeys([*singles, *(word for split in parts.values() for word in split)]))
    rows = lookup.rows(words)
    vectors = np.zeros((len(words), language.dimension), dtype=np.float32)
    vectors[rows >= 0] = unit_rows(language.vectors[rows[rows >= 0]])
    missing = np.flatnonzero(rows < 0)
    if oov == "subword" and len(missing):
        assert language.unseen is not None  # or `oov` is refused
        vectors[missing] = unit_rows(
            language.unseen([lookup.as_trained(words[i]) for i in missing])
        )
    found: dict[str, Origin | None] = {}
    for word, row, vector in zip(words, rows.tolist(), vectors, strict=True):
        found[word] = "vocabulary" if row >= 0 else "subwords" if vector.any() else None
    position = {word: i for i, word in enumerate(words)}
    shares = np.append(expected_shares(len(language)), 0)  # unseen words are the rarest
    weights = sif_weights(shares)[rows]
    result = np.zeros((len(entries), language.dimension), dtype=np.float32)
    origins: list[Origin | None] = []
    for i, entry in enumerate(entries):
        if entry not in parts:
            result[i] = vectors[position[entry]]
            origins.append(found[entry])
            continue
        at = [position[word] for word in parts[entry]]
        if all(found[word] for word in parts[entry]):
            result[i] = weights[at] @ vectors[at]
        origins.append("phrase" if result[i].any() else None)
    return Entries(unit_rows(result), tuple(origins))


def require_oov(oov: Oov, *languages: Embeddings) -> None:
    """Refuse what `look_up` refuses: "subword" needs a model for at least one of the languages.

    Raises
    ------
    ValueError
        If `oov` is none of its values, or there is no model for it.
    """
    if oov not in ("drop", "subword"):
        raise ValueError(f"oov must be 'drop' or 'subword', got {oov!r}")
    if oov == "subword" and all(language.unseen is None for language in languages):
        names = " and ".join(str(language.source or language.language) for language in languages)
        raise ValueError(
            "oov 'subword' needs vectors that are read from a fastText model, .bin, which knows "
            f"the characters of words; got {names}"
        )


def unlisted(language: Embeddings, entries: Sequence[str], oov: Oov = "drop") -> Embeddings:
    """Give what a vocabulary lacks, as far as it has vectors, as a vocabulary of its own.

    Parameters
    ----------
    language, oov
        As of `look_up`; a language without a model has vectors of phrases only.
    entries : sequence of str
        Words and phrases; those that the vocabulary has are passed over.

    Returns
    -------
    Embeddings
        Unit rows, possibly none, in the order of `entries`, which are lower-cased if the vocabulary
        is.

    Examples
    --------
    >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
    >>> unlisted(english, ["york", "new york", "new jersey"]).words
    ('new york',)
    """
    lookup = language.lookup
    lacking = [entry for entry in dict.fromkeys(entries) if lookup.row(entry) < 0]
    lacking = list(dict.fromkeys(map(lookup.as_trained, lacking)))
    found = look_up(language, lacking, "drop" if language.unseen is None else oov)
    kept = [i for i, origin in enumerate(found.origins) if origin is not None]
    words = tuple(lacking[i] for i in kept)
    return Embeddings.from_checked(words, found.vectors[kept], language=language.language)


def extended(language: Embeddings, entries: Sequence[str], oov: Oov = "drop") -> Embeddings:
    """Add words and phrases that a vocabulary lacks behind its last word.

    Parameters
    ----------
    language, entries, oov
        As of `unlisted`.

    Returns
    -------
    Embeddings
        The language itself if there is nothing to add. Otherwise a copy.

    Examples
    --------
    >>> english = Embeddings(["new", "york"], [[1, 0], [0, 1]])
    >>> extended(english, ["york", "new york", "new jersey"]).words
    ('new', 'york', 'new york')
    """
    more = unlisted(language, entries, oov)
    if not len(more):
        return language
    if any(word in language for word in more):  # with a zero row: its characters tell more
        language = language.without_zero_rows()
    return Embeddings.from_checked(
        (*language.words, *more.words),
        np.concatenate([language.vectors, more.vectors]),
        language=language.language,
        source=language.source,
        unseen=language.unseen,
        space=language.space,
    )


def with_phrases(
    source: Embeddings, target: Embeddings, lexicon: Lexicon
) -> tuple[Embeddings, Embeddings]:
    """Add the phrases of a lexicon to both languages, so that it can be looked up as it is.

    Parameters
    ----------
    source, target : Embeddings
        Most frequent word first.
    lexicon : Lexicon
        Its words are not added, only its phrases.

    Returns
    -------
    source, target : Embeddings
        As `extended` gives them.

    Examples
    --------
    >>> from alignx.lexicon.lexicon import Lexicon
    >>> english = Embeddings(["hungry"], [[1.0]])
    >>> spanish = Embeddings(["tener", "hambre"], [[1.0], [1.0]])
    >>> pairs = Lexicon([("hungry", "tener hambre")])
    >>> with_phrases(english, spanish, pairs)[1].words
    ('tener', 'hambre', 'tener hambre')
    """
    first, second = lexicon.sides()
    return extended(source, list(filter(is_phrase, first))), extended(
        target, list(filter(is_phrase, second))
    )
