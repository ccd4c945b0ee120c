"""Likely reasons of wrong translations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from rapidfuzz.distance import Prefix

from alignx.ranking.spelling import plain_spelling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Indices

__all__ = ["Reason", "reasons_of", "share_stem"]

Reason: TypeAlias = Literal["rare", "homograph", "inflection", "identical", "oov"]

# From the training words of MUSE, English to Spanish, by a map from one half of them. P@1 of the
# other half (2,475 words) falls from 74 % just before this rank to 52 % beyond.
RARE = 20_000
# Least cosine of two right translations: below it with a fifth of the words that were answered
# right (22 %), and with more of those answered wrong (38 %).
DISTANT = 0.3
STEM = 3  # letters, at least
STEM_SHARE = 0.55  # of the longer word


def reasons_of(
    space: SharedSpace,
    row: int,
    word: str,
    answers: Sequence[tuple[str, float]],
    right: Indices,
) -> tuple[Reason, ...]:
    """Name the likely reasons of a wrong answer, which may be none.

    - ``"oov"``: the word, or all its right translations, have no vector; then the only reason.
    - ``"rare"``: the word, or its most frequent right translation, is beyond rank 20,000.
    - ``"homograph"``: two right translations are far apart, so that the word has several meanings.
    - ``"inflection"``: the answer shares its stem with a right translation.
    - ``"identical"``: the answer is the word itself.

    Parameters
    ----------
    space : SharedSpace
        The languages in one space.
    row, word : int, str
        Row of the source word, -1 if it is OOV, and the word.
    answers : sequence of (str, float)
        The first one is judged.
    right : (a,) int64
        Rows of the right translations, -1 where they are OOV.
    """
    known = right[right >= 0]
    if row < 0 or not len(known):
        return ("oov",)
    answer = answers[0][0]
    words = [space.target.words[each] for each in known.tolist()]
    vectors = space.target.vectors[known].astype(np.float64)
    found: dict[Reason, bool] = {
        "rare": max(row, int(known.min())) >= RARE,
        "homograph": bool((vectors @ vectors.T).min() < DISTANT),
        "inflection": any(share_stem(answer, each) for each in words),
        "identical": answer.casefold() == word.casefold(),
    }
    return tuple(reason for reason, holds in found.items() if holds)


def share_stem(first: str, second: str) -> bool:
    """Compare the beginnings of two words: three letters, and 55 % of the longer word.

    Case and accents are ignored.

    Examples
    --------
    >>> share_stem("asoció", "asociados"), share_stem("penas", "pan")
    (True, False)
    """
    plain, other = plain_spelling(first), plain_spelling(second)
    common = Prefix.similarity(plain, other)
    return common >= max(STEM, STEM_SHARE * max(len(plain), len(other)))
