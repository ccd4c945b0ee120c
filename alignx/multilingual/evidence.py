"""Graph of the dictionaries of several languages, and its checks."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from alignx.alignment.space_folder.codes import require_code
from alignx.errors import AlignxError
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.mapping.joint.evidence import islands as numbered_islands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alignx.support.arrays import Indices
    from alignx.vectors.embeddings import Embeddings

__all__ = [
    "Pair",
    "as_lexicons",
    "entries_of",
    "islands",
    "known_rows",
    "require_agreement",
    "require_codes",
    "require_connected",
    "same_vectors",
]

Pair: TypeAlias = tuple[str, str]
"""Codes of a source and a target language."""

FEW_KNOWN = 0.2  # share of the pairs of a dictionary
# Dictionaries of MUSE agree on 0.85 to 0.95 of the words that two ways lead to; wrong ones on the
# few that are frequent everywhere.
LEAST_AGREEMENT, DOUBTFUL_AGREEMENT = 0.1, 0.5
FEWEST_COMPARED = 20  # words that two ways lead to

logger = logging.getLogger("alignx")


def require_codes(languages: Mapping[Any, Any]) -> None:
    """Refuse codes that cannot name the folders of a space, or differ only in case.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two languages, or a code is out of order.
    """
    if len(languages) < 2:
        raise ValueError(f"languages must be at least 2, got {len(languages)}")
    first: dict[str, str] = {}
    for code in languages:
        require_code(code)
        other = first.setdefault(code.casefold(), code)
        if other != code:
            raise ValueError(
                f"language codes must differ in more than case, got {other!r} and {code!r}"
            )


def same_vectors(one: str, other: str) -> ValueError:
    """Return the error for one language under two codes."""
    return ValueError(f"languages must have different vectors, got the same for {one} and {other}")


def as_lexicons(lexicons: Mapping[Pair, LexiconLike], codes: Iterable[str]) -> dict[Pair, Lexicon]:
    """Convert the dictionaries of pairs of languages; merge those of both directions of a pair.

    Raises
    ------
    ValueError
        If a key is not two of the codes, or the lexicon is of other languages.
    """
    by_case = {code.casefold(): code for code in codes}
    found: dict[Pair, Lexicon] = {}
    for key, given in lexicons.items():
        pair = _known_pair(key, by_case)
        lexicon = Lexicon.of(given)
        if lexicon.name == Lexicon.name:  # of none that was read from a file
            lexicon = replace(lexicon, name=f"the lexicon of {pair[0]} and {pair[1]}")
        if pair[::-1] in found:
            pair, lexicon = pair[::-1], lexicon.reversed()
        found[pair] = _merged(found[pair], lexicon) if pair in found else lexicon
    return found


def _known_pair(key: Any, by_case: Mapping[str, str]) -> Pair:  # noqa: ANN401
    if not isinstance(key, tuple) or len(key) != 2 or not all(isinstance(c, str) for c in key):
        raise ValueError(f'a dictionary must be under two codes, such as ("en", "es"), got {key!r}')
    missing = [code for code in key if code.casefold() not in by_case]
    if missing:
        raise ValueError(
            f"dictionaries must be of the languages {', '.join(by_case.values())}, got one of "
            f"{' and '.join(key)}"
        )
    source, target = (by_case[code.casefold()] for code in key)
    if source == target:
        raise ValueError(f"a dictionary must be of two languages, got {source} twice")
    return source, target


def _merged(one: Lexicon, other: Lexicon) -> Lexicon:
    return Lexicon(list(dict.fromkeys([*one, *other])), name=f"{one.name} and {other.name}")


def entries_of(code: str, lexicons: Mapping[Pair, Lexicon]) -> list[str]:
    """Return the distinct words and phrases of a language in its dictionaries."""
    sides = (
        (words[side] for words in lexicon)
        for pair, lexicon in lexicons.items()
        for side in (0, 1)
        if pair[side] == code
    )
    return list(dict.fromkeys(itertools.chain.from_iterable(sides)))


def known_rows(
    lexicons: Mapping[Pair, Lexicon], languages: Mapping[str, Embeddings]
) -> dict[Pair, Indices]:
    """Look up the pairs of each dictionary: (p, 2) rows of both languages.

    Raises
    ------
    EmptyLexiconError, DirectionError
        If no pair of a dictionary is known, or its words are exchanged.
    """
    found = {}
    for (source, target), lexicon in lexicons.items():
        rows = lexicon.require_rows(languages[source], languages[target])
        found[source, target] = np.stack([rows.source, rows.target], axis=1)
        if len(rows.source) < FEW_KNOWN * len(lexicon):
            logger.warning(
                "%s: only %d of %d pairs have both words in the vocabularies; is it of %s and %s?",
                lexicon.name,
                len(rows.source),
                len(lexicon),
                source,
                target,
            )
    return found


def islands(codes: Iterable[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """Return the groups of languages that pairs connect, the largest first.

    Examples
    --------
    >>> islands(["en", "sk", "es", "cs"], [("en", "es"), ("cs", "sk")])
    [['en', 'es'], ['sk', 'cs']]
    """
    names = list(codes)
    number = {code: at for at, code in enumerate(names)}
    parts = numbered_islands(len(names), ((number[s], number[t]) for s, t in pairs))
    return [[names[at] for at in part] for part in sorted(parts, key=len, reverse=True)]


def require_connected(codes: Sequence[str], pairs: Iterable[Pair]) -> None:
    """Refuse dictionaries that leave two or more groups of languages apart.

    Single languages without a dictionary pass: they are joined by their vectors alone.

    Raises
    ------
    AlignxError
        If there are several islands of two and more languages; names them.
    """
    groups = [group for group in islands(codes, pairs) if len(group) > 1]
    if len(groups) > 1:
        named = " | ".join(", ".join(group) for group in groups)
        raise AlignxError(
            f"dictionaries must connect the languages, got {len(groups)} islands: {named}; add a "
            "dictionary of two languages of different islands, such as of identical words "
            "(Lexicon.identical)"
        )


def require_agreement(known: Mapping[Pair, Indices], *, allow: bool = False) -> None:
    """Compare the dictionaries around each triangle; warn of doubtful ones, refuse contradictions.

    Of the words with translations both directly and through the third language, a share has one in
    common. Takes a sparse product for each triangle.

    Raises
    ------
    AlignxError
        If that share is below 0.1 for a triangle, unless it is to be allowed.
    """
    codes = sorted({code for pair in known for code in pair})
    for triangle in itertools.combinations(codes, 3):
        agreed, compared = _agreement(known, triangle)
        if compared < FEWEST_COMPARED or agreed >= DOUBTFUL_AGREEMENT * compared:
            continue
        text = (
            f"dictionaries must agree around triangles, got {agreed:,} of {compared:,} words of "
            f"{triangle[0]} with the same translation into {triangle[2]} directly and through "
            f"{triangle[1]}; check the three dictionaries"
        )
        if agreed < LEAST_AGREEMENT * compared and not allow:
            raise AlignxError(text)
        logger.warning("%s", text)


def _agreement(known: Mapping[Pair, Indices], triangle: Sequence[str]) -> tuple[int, int]:
    """Count the words with a common translation on both ways, and those with both ways."""
    first, middle, last = triangle
    sides = [
        side
        for pair in ((first, middle), (middle, last), (first, last))
        if (side := _directed(known, *pair)) is not None
    ]
    if len(sides) < 3:
        return 0, 0
    sizes = [
        1 + max(int(pairs[:, side].max()) for pairs, side in ends)
        for ends in (
            ((sides[0], 0), (sides[2], 0)),
            ((sides[0], 1), (sides[1], 0)),
            ((sides[1], 1), (sides[2], 1)),
        )
    ]
    shapes = (sizes[0], sizes[1]), (sizes[1], sizes[2]), (sizes[0], sizes[2])
    to_middle, to_last, direct = (
        csr_array((np.ones(len(pairs)), pairs.T), shape=shape)
        for pairs, shape in zip(sides, shapes, strict=True)
    )
    through = to_middle @ to_last
    has_both = (through.sum(axis=1) > 0) & (direct.sum(axis=1) > 0)
    has_common = through.multiply(direct).sum(axis=1) > 0
    return int(has_common.sum()), int(has_both.sum())


def _directed(known: Mapping[Pair, Indices], source: str, target: str) -> Indices | None:
    if (source, target) in known:
        return known[source, target]
    turned = known.get((target, source))
    return None if turned is None else turned[:, ::-1]
