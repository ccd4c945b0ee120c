"""Different texts of a collection, and checks of their language."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.support.counts import counted
from alignx.texts.documents import TextReader, as_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.arrays import Indices
    from alignx.vectors.embeddings import Embeddings

__all__ = ["DistinctTexts", "distinct_texts", "warn_of_other_languages"]

logger = logging.getLogger("alignx")

_CHECKED = 200  # texts, spread over all of them
_CHECKED_CHARACTERS = 1_000  # of each
_KNOWN = 0.5
_BETTER = 0.1


@dataclass(frozen=True, eq=False)
class DistinctTexts:
    """Texts of a collection, each once, without empty ones.

    Attributes
    ----------
    texts : tuple of str
        Texts with single spaces, by their first occurrence.
    rows : (n,) int64
        Row of the first occurrence of each in the collection.
    empty, repeated : int
        Number of empty texts, and of repetitions of others, left out.
    """

    texts: tuple[str, ...]
    rows: Indices
    empty: int
    repeated: int


def distinct_texts(texts: Sequence[str], name: str) -> DistinctTexts:
    """Collapse repeated texts and drop empty ones.

    Raises TypeError if `texts`, called `name` in messages, is no sequence of strings.

    Examples
    --------
    >>> distinct_texts(["Page 1", "", "a  cat", "Page 1", "a cat"], "texts").rows
    array([0, 2])
    """
    given = as_texts(texts, name)
    first: dict[str, int] = {}
    empty = 0
    for row, text in enumerate(given):
        plain = " ".join(text.split())
        if plain:
            first.setdefault(plain, row)
        else:
            empty += 1
    rows = np.fromiter(first.values(), np.int64, len(first))
    return DistinctTexts(tuple(first), rows, empty, len(given) - empty - len(first))


def warn_of_other_languages(
    texts: Mapping[str, Sequence[str]], space: Mapping[str, Embeddings]
) -> None:
    """Warn of texts with few known words, or with more in the vocabulary of another language.

    Parameters
    ----------
    texts : mapping of str to sequence of str
        Texts by their language; 200 of each are looked at.
    space : mapping of str to Embeddings
        Languages to compare: those of the texts.
    """
    for code, own in texts.items():
        if not own:
            continue
        sample = [text[:_CHECKED_CHARACTERS] for text in own[:: max(1, len(own) // _CHECKED)]]
        shares = {other: _known_share(sample, other, space[other]) for other in texts}
        best = max(shares, key=lambda other: shares[other])
        if shares[best] > shares[code] + _BETTER:
            logger.warning(
                "the %s texts look like %s: %.0f %% of their words are %s, %.0f %% are %s; are the "
                "files exchanged?",
                *(code, best, 100 * shares[best], best, 100 * shares[code], code),
            )
        elif shares[code] < _KNOWN:
            logger.warning(
                "only %.0f %% of the words of %s have %s vectors; is it the right language?",
                *(100 * shares[code], counted(len(own), f"{code} text"), code),
            )


def _known_share(texts: Sequence[str], code: str, language: Embeddings) -> float:
    """Return the share of words with a vector."""
    logger_level = logger.level
    try:
        logger.setLevel(logging.ERROR)  # the look-up warns of capitals, which are not the matter
        found = TextReader().read(texts, code, language)
    finally:
        logger.setLevel(logger_level)
    return float(found.lengths.sum() / max(1, found.lengths.sum() + found.missing.sum()))
