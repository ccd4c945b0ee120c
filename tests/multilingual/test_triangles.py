"""Cycles of three languages, counted by brute force."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alignx.multilingual.triangles import Translations, cycles_of, triangles, weights_of_cycles

if TYPE_CHECKING:
    from alignx.support.arrays import Indices

CODES = ("en", "es", "de", "sk")
SIZE = 6
Found = dict[tuple[str, str], "Indices"]


@st.composite
def mutual(draw: st.DrawFn) -> Found:
    """Pairs of some of four languages, each word in at most one pair of two languages."""
    found = {}
    for source, target in permutations(CODES, 2):
        if (target, source) not in found and draw(st.booleans()):
            count = draw(st.integers(0, SIZE))
            sides = [draw(st.permutations(range(SIZE)))[:count] for _ in range(2)]
            found[source, target] = np.array(sides, dtype=np.int64).T.reshape(-1, 2)
    return found


def answers(found: Found) -> dict[tuple[str, str], dict[int, int]]:
    plain = {}
    for (source, target), pairs in found.items():
        plain[source, target] = {int(x): int(y) for x, y in pairs}
        plain[target, source] = {int(y): int(x) for x, y in pairs}
    return plain


SIZES = dict.fromkeys(CODES, SIZE)


@settings(max_examples=20, deadline=None)
@given(mutual())
def test_third_languages_are_counted(found: Found) -> None:
    plain = answers(found)
    translations = Translations(found, SIZES)
    everything = np.argwhere(np.ones((SIZE, SIZE), dtype=bool))
    for source, target in permutations(CODES, 2):
        closed, contradicted = cycles_of(translations, source, target, everything)
        for (x, y), agree, disagree in zip(everything, closed, contradicted, strict=True):
            through = [
                (plain[source, third].get(x), plain[target, third].get(y))
                for third in CODES
                if (source, third) in plain and (target, third) in plain
            ]
            both = [(a, b) for a, b in through if a is not None and b is not None]
            assert agree == sum(a == b for a, b in both)
            assert disagree == sum(a != b for a, b in both)
        weights = weights_of_cycles(cycles_of(translations, source, target, everything))
        assert ((weights > 0) & (weights <= 1)).all()


@settings(max_examples=20, deadline=None)
@given(mutual())
def test_triangles_follow_each_word(found: Found) -> None:
    plain = answers(found)
    counted = {each.languages: each for each in triangles(found, SIZES)}
    for a, b, c in permutations(CODES, 3):
        if not CODES.index(a) < CODES.index(b) < CODES.index(c):
            continue
        sides = [(a, b), (b, c), (c, a)]
        assert ((a, b, c) in counted) == all(side in plain for side in sides)
        if (a, b, c) not in counted:
            continue
        cycles = closed = 0
        for start in range(SIZE):
            word: int | None = start
            for side in sides:
                word = None if word is None else plain[side].get(word)
            cycles += word is not None
            closed += word == start
        assert (counted[a, b, c].cycles, counted[a, b, c].closed) == (cycles, closed)
