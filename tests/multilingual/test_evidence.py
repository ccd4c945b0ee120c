"""Dictionaries of several languages: what agrees, and what is held out of all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignx.errors import AlignxError
from alignx.multilingual.evidence import islands, require_agreement
from alignx.multilingual.held_out_fit import FEWEST_KEPT, split_dictionaries

TYPES = (("en", "es"), ("en", "de"), ("es", "de"))
Known = dict[tuple[str, str], np.ndarray]


@st.composite
def dictionaries(draw: st.DrawFn) -> Known:
    """Draw up to three dictionaries of 30 to 60 words, with several translations of some."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    found = {}
    for pair in draw(st.lists(st.sampled_from(TYPES), min_size=1, unique=True)):
        count = draw(st.integers(30, 60))
        words = np.arange(count)
        rows = np.stack([words, (words + rng.integers(0, 3, count)) % count], axis=1)
        found[pair] = np.unique(np.concatenate([rows, rows[::7] + np.array([0, 1])]), axis=0)
    return found


@settings(max_examples=30)
@given(dictionaries())
def test_no_dictionary_tells_a_held_out_word_of_another(known: Known) -> None:
    folds = split_dictionaries(known)
    for pair in known:
        asked = [set(fold[pair].held_out[:, 0].tolist()) for fold in folds]
        assert all(asked)
        assert not asked[0] & asked[1]
    for fold in folds:
        held = {
            (code, row)
            for pair, each in fold.items()
            for side, code in enumerate(pair)
            for row in each.held_out[:, side].tolist()
        }
        for pair, each in fold.items():
            own = set(map(tuple, known[pair].tolist()))
            assert set(map(tuple, each.train.tolist())) <= own
            assert set(map(tuple, each.held_out.tolist())) <= own
            told = [(s, t) for s, t in each.train.tolist() if {(pair[0], s), (pair[1], t)} & held]
            # Only a dictionary of which next to nothing would be left keeps such pairs.
            assert not told or len(each.train) - len(told) < FEWEST_KEPT
            assert not np.isin(each.train[:, 0], each.held_out[:, 0]).any()
            assert not np.isin(each.train[:, 1], each.held_out[:, 1]).any()


def test_small_dictionaries_are_kept_whole() -> None:
    rows = np.repeat(np.arange(12)[:, None], 2, axis=1)
    for fold in split_dictionaries({("en", "es"): rows}):
        assert not len(fold["en", "es"].held_out)
        np.testing.assert_array_equal(fold["en", "es"].train, rows)


def test_islands_are_the_groups_that_dictionaries_connect() -> None:
    assert islands(["a", "b", "c", "d"], [("b", "c"), ("d", "c")]) == [["b", "c", "d"], ["a"]]
    assert islands(["a", "b"], []) == [["a"], ["b"]]


def test_dictionaries_that_contradict_each_other_are_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    same = np.repeat(np.arange(60)[:, None], 2, axis=1)
    require_agreement(dict.fromkeys(TYPES, same))
    half = same.copy()
    half[:40, 1] = np.roll(half[:40, 1], 1)
    require_agreement({**dict.fromkeys(TYPES, same), ("es", "de"): half})
    assert "20 of 60 words" in caplog.text
    shifted = same + np.array([0, 1])
    with pytest.raises(AlignxError, match="0 of 59 words"):
        require_agreement({**dict.fromkeys(TYPES, same), ("es", "de"): shifted[:-1]})
    require_agreement({**dict.fromkeys(TYPES, same), ("es", "de"): shifted}, allow=True)
