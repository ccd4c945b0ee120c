"""Choice and order of the pairs of a dictionary."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from alignx.support.characters import JOINERS, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from alignx.support.arrays import Double

__all__ = ["chosen", "in_order", "is_letters"]


def is_letters(entry: str) -> bool:
    """Test for letters, their marks and blanks alone.

    Examples
    --------
    >>> is_letters("año nuevo"), is_letters("हिन्दी"), is_letters("e-mail")
    (True, True, False)
    """
    return entry.isalpha() or all(
        character.isspace() or character in JOINERS or category(character)[0] in "LM"
        for character in entry
    )


def chosen(
    pairs: Sequence[tuple[str, str]],
    allowed: tuple[Collection[str] | None, Collection[str] | None],
    stopped: tuple[Collection[str], Collection[str]],
    *,
    only_letters: bool,
    most: int | None,
) -> list[int]:
    """Return the positions of the chosen pairs; see `Lexicon.select`."""
    wanted = [None if words is None else frozenset(words) for words in allowed]
    stops = [frozenset(map(_folded, words)) for words in stopped]
    counts: dict[str, int] = {}
    positions = []
    for position, pair in enumerate(pairs):
        if (
            all(words is None or word in words for word, words in zip(pair, wanted, strict=True))
            and not any(
                words and _folded(word) in words for word, words in zip(pair, stops, strict=True)
            )
            and (not only_letters or all(map(is_letters, pair)))
        ):
            counts[pair[0]] = counts.get(pair[0], 0) + 1
            if most is None or counts[pair[0]] <= most:
                positions.append(position)
    return positions


def _folded(word: str) -> str:
    """Return a word without its case and Unicode form."""
    return normalize("NFC", normalize("NFC", word).casefold())


def in_order(
    pairs: Sequence[tuple[str, str]],
    by: str | Sequence[str],
    scores: Double | None,
    probabilities: Double | None,
) -> list[int]:
    """Return the positions of the pairs in another order; see `Lexicon.sorted`."""
    numbers = [-values for values in (probabilities, scores) if values is not None]
    if isinstance(by, str) and by not in ("alphabet", "best"):
        raise ValueError(f"by must be 'alphabet', 'best' or a sequence of words, got {by!r}")
    if by == "best" and not numbers:
        raise ValueError("pairs must have scores to be sorted by, got none")
    sources = [source for source, _ in pairs]
    keys: Iterable[object] = repeat(0, len(pairs))
    if by == "alphabet":
        keys = map(_alphabetical, sources)
    elif not isinstance(by, str):
        ranks = {word: rank for rank, word in reversed([*enumerate(by)])}
        keys = (ranks.get(word, len(ranks)) for word in sources)
    rows = [*zip(keys, *(values.tolist() for values in numbers), range(len(pairs)), strict=True)]
    return [row[-1] for row in sorted(rows)]


def _alphabetical(word: str) -> tuple[str, str, str]:
    """Return a key by base letters, then accents, then case."""
    return plain(word), normalize("NFKD", word.casefold()), word
