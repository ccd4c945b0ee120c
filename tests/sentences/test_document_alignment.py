from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences.stand_in import StandIn, made_space, made_texts

from alignx.errors import FormatError
from alignx.sentences.aligned_documents import Block
from alignx.sentences.document_alignment import align_documents, align_vectors, block_costs

if TYPE_CHECKING:
    from pathlib import Path

ENCODER = StandIn(made_space())


def documents(count: int, seed: int) -> tuple[list[str], list[str], list[Block]]:
    """Documents whose sentences are joined, left out and added at random."""
    rng = np.random.default_rng(seed)
    english, spanish = made_texts(count, seed)
    source: list[str] = []
    target: list[str] = []
    gold: list[Block] = []
    at = 0
    while at < count:
        kind = rng.choice(["1-1", "2-1", "1-2", "1-0", "0-1"], p=[0.7, 0.1, 0.1, 0.05, 0.05])
        size = 2 if "2" in kind else 1
        mine, theirs = english[at : at + size], spanish[at : at + size]
        mine = [" ".join(mine)] if kind[0] == "1" else mine if kind[0] == "2" else []
        theirs = [" ".join(theirs)] if kind[2] == "1" else theirs if kind[2] == "2" else []
        gold.append(
            Block(
                tuple(range(len(source), len(source) + len(mine))),
                tuple(range(len(target), len(target) + len(theirs))),
            )
        )
        source, target, at = source + mine, target + theirs, at + size
    return source, target, gold


def cheapest_by_hand(costs: dict[tuple[int, int, int, int], float], n: int, m: int) -> float:
    """Cost of the cheapest path, over all cells."""
    best = np.full((n + 1, m + 1), np.inf)
    best[0, 0] = 0
    for i in range(n + 1):
        for j in range(m + 1):
            for (p, q, a, b), cost in costs.items():
                if (p, q) == (i, j):
                    best[i, j] = min(best[i, j], best[i - a, j - b] + cost)
    return float(best[n, m])


@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_found(seed: int) -> None:
    source, target, gold = documents(60, seed)
    found = align_documents(source, target, ENCODER)
    right = len({*found.blocks} & {*gold})
    assert right >= 0.8 * len(gold)
    assert right >= 0.8 * len(found)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 5), st.integers(2, 5))
def test_each_sentence_is_in_one_block(n: int, m: int, seed: int, most: int) -> None:
    source, target = made_texts(n, seed)[0], made_texts(m, seed + 1)[1]
    found = align_documents(source, target, ENCODER, max_block=most)
    assert [row for block in found.blocks for row in block.source] == [*range(n)]
    assert [row for block in found.blocks for row in block.target] == [*range(m)]
    for block in found.blocks:
        assert len(block.source) + len(block.target) <= most


def test_halving_finds_what_the_full_search_finds() -> None:
    source, target, _ = documents(150, 4)
    rows = [[ENCODER.encode(texts, code)] for texts, code in ((source, "en"), (target, "es"))]
    full, _ = align_vectors(*rows, max_block=2, coarsest=1_000)
    near, _ = align_vectors(*rows, max_block=2, coarsest=20)
    assert len({*full} & {*near}) >= 0.98 * len(full)


def test_the_path_is_the_cheapest_of_all() -> None:
    """Costs are those of the module; the search over them is compared with one of all cells."""
    from alignx.sentences.document_alignment import _cheapest, _costs, _kinds

    rng = np.random.default_rng(2)
    source, target = ([_unit(rng, n) for _ in range(3)] for n in (7, 6))
    lows, highs = np.zeros(8, np.int64), np.full(8, 6)
    kinds = _kinds(4)
    skip, bands = _costs(source, target, kinds, lows, highs, np.random.default_rng(0))
    costs = {}
    for band in bands:
        a, b = band.kind
        for i in range(a, 8):
            for j in range(b, 7):
                costs[i, j, a, b] = band.costs[i][j] if a and b else skip
    path = _cheapest(source, target, kinds, lows, highs, np.random.default_rng(0))
    total = sum(costs[k, m, k - i, m - j] for (i, j), (k, m) in pairwise(path))
    assert total == pytest.approx(cheapest_by_hand(costs, 7, 6))


def _unit(rng: np.random.Generator, n: int) -> np.ndarray:
    rows = rng.standard_normal((n, 5)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_costs_are_those_of_the_paper() -> None:
    found = block_costs(np.array([0.8]), 2, np.array([0.9]), np.array([0.7]))
    assert found == pytest.approx(0.2 * 2 / 1.6)


def test_empty_lines_keep_the_numbers_of_the_others(tmp_path: Path) -> None:
    english, spanish = made_texts(2, 0)
    found = align_documents(["", english[0], " ", english[1]], [*spanish, ""], ENCODER)
    assert found.blocks == (Block((1,), (0,)), Block((3,), (1,)))
    found.save(tmp_path / "aligned.tsv")
    assert (tmp_path / "aligned.tsv").read_text().splitlines()[2].split("\t")[3:] == ["4", "2"]
    with pytest.raises(FormatError, match=r"written as .tsv or .txt"):
        found.save(tmp_path / "aligned.docx")


def test_exchanged_languages_are_told(caplog: pytest.LogCaptureFixture) -> None:
    english, spanish = made_texts(5, 0)
    align_documents(spanish, english, ENCODER)
    assert "the en texts look like es" in caplog.text
    caplog.clear()
    align_documents(["", *english], spanish, ENCODER)
    align_documents([], [], ENCODER)
    assert not caplog.records


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="max_block must be at least 2, got 1"):
        align_documents(["a"], ["b"], ENCODER, max_block=1)
    with pytest.raises(ValueError, match="languages must be of en, es, got 'fr'"):
        align_documents(["a"], ["b"], ENCODER, languages=("en", "fr"))
    with pytest.raises(TypeError, match="source_sentences must be a sequence"):
        align_documents("a text", ["b"], ENCODER)
