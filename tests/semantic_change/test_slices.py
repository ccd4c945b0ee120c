from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alignx as ax
from alignx.semantic_change.measures import centered, measure_change
from alignx.semantic_change.permutation_test import permutation_test

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [f"word{row}" for row in range(200)]
MOVED = ("word3", "word60", "word120")


def made_slices(seed: int = 0) -> dict[str, ax.Embeddings]:
    """Clustered vectors, a turned copy with noise, and one more in which three words have moved."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((20, 16))
    first = centers[np.arange(200) // 10] + 0.3 * rng.standard_normal((200, 16))
    found = {}
    for number, name in enumerate(("1900", "1950", "2000")):
        rows = first + 0.05 * rng.standard_normal(first.shape)
        if number == 2:
            for word in MOVED:
                rows[WORDS.index(word)] = rows[(WORDS.index(word) + 55) % 200]
        turn = np.linalg.qr(rng.standard_normal((16, 16)))[0]
        found[name] = ax.Embeddings(WORDS, rows @ turn)
    return found


def test_words_that_move_come_first() -> None:
    found = ax.drift(made_slices())
    assert {*found.words[:3]} == {*MOVED}
    assert (found.scores[:3] > 0.2).all()
    assert (found.scores[3:] < 0.1).all()
    row = found.to_frame().set_index("word").loc["word3"]
    assert row["changed_by"] == "2000"
    assert row["distance_1950"] < 0.1 < row["distance_2000"]
    then, now = (set(row[f"neighbors_{name}"].split()) for name in ("1900", "2000"))
    assert "word5" in then - now
    assert "word58" in now - then


def test_a_space_and_slices_of_other_words_and_dimensions() -> None:
    slices = made_slices()
    rows = np.hstack([slices["2000"].vectors, np.zeros((200, 4), np.float32)])
    more = np.ones((2, 20), np.float32)
    longer = ax.Embeddings(["</s>", "new", *reversed(WORDS)], np.vstack([more, rows[::-1]]))
    found = ax.drift({"then": slices["1900"], "now": longer})
    assert {*found.words[:3]} == {*MOVED}
    assert "</s>" not in found.words
    assert {*ax.drift(ax.SharedSpace(slices)).words[:3]} == {*MOVED}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_turns_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = centered(rng.standard_normal((60, 8)).astype(np.float32))
    turn = np.linalg.qr(rng.standard_normal((8, 8)))[0].astype(np.float32)
    ranks = rng.permutation(60).astype(np.float64)
    change = measure_change(rows, rows @ turn, ranks)
    for values in change:
        np.testing.assert_allclose(values, 0, atol=2e-5)


def test_arguments_out_of_range() -> None:
    slices = made_slices()
    with pytest.raises(ValueError, match="slices must be at least 2, got 1"):
        ax.drift({"1900": slices["1900"]})
    with pytest.raises(ValueError, match=r"n_neighbors must lie in \[1, 199\], got 0"):
        ax.drift(slices, n_neighbors=0)
    with pytest.raises(ValueError, match="at least 20 words in common, got 5"):
        ax.drift({name: each[:5] for name, each in slices.items()})
    assert len(ax.drift(slices, limit=30)) == 30
    with pytest.raises(ValueError, match="limit must be at least 20, got -1"):
        ax.drift(slices, limit=-1)
    with pytest.raises(TypeError, match="must be of class Embeddings"):
        ax.drift({"a": "1900.vec", "b": "2000.vec"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="significance takes a permutation test"):
        ax.drift(slices).significant()


def test_tables(tmp_path: Path) -> None:
    found = ax.drift(made_slices(), limit=50)
    assert len(found) == 50
    assert str(found).splitlines()[1].split()[0] == "word3"
    found.save(tmp_path / "drift.tsv")
    lines = (tmp_path / "drift.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:2] == ["word", "score"]
    assert len(lines) == 51
    with pytest.raises(ax.FormatError, match=r"drift is written as .tsv, .txt, .csv"):
        found.save(tmp_path / "drift.xlsx")


def test_p_values_are_uniform_without_a_change() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.5, 2, 2_000)
    test = permutation_test(
        spread * rng.standard_normal(2_000), spread * rng.standard_normal((19, 2_000))
    )
    for level in (0.01, 0.05, 0.5):
        assert abs((test.p_values <= level).mean() - level) < 3 * np.sqrt(level / 2_000)
    assert (test.q_values > 0.05).mean() > 0.99


def test_p_values_by_counting() -> None:
    rng = np.random.default_rng(1)
    observed, permuted = rng.standard_normal(6), rng.standard_normal((10, 6))
    permuted[4, 2] = np.nan
    test = permutation_test(observed, permuted)
    null = []
    for word in range(6):
        values = permuted[:, word][np.isfinite(permuted[:, word])]
        n = len(values)
        null += [(v - values.mean()) * np.sqrt((n + 1) / (n - 1)) for v in values]
    for word in range(6):
        values = permuted[:, word][np.isfinite(permuted[:, word])]
        count = sum(v >= observed[word] - values.mean() for v in null)
        assert test.p_values[word] == pytest.approx((1 + count) / (1 + len(null)))
