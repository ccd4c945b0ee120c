"""Dictionaries with shuffled pairs: their share is estimated and said, of clean ones nothing."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from reference import csls

import alignx as ax
from alignx.alignment.held_out import Fold
from alignx.alignment.wrong_pairs import WrongPairs, nearer_words
from alignx.multilingual.align_many import align_many
from alignx.retrieval.csls import csls_bias

N, D, SEEDED = 400, 12, 240


def language(code: str, noise: float = 0.3) -> ax.Embeddings:
    meaning = np.random.default_rng(0).standard_normal((N, D)) * np.linspace(2, 0.5, D)
    own = np.random.default_rng(list(code.encode()))
    turned = meaning @ np.linalg.qr(own.standard_normal((D, D)))[0]
    rows = turned + noise * own.standard_normal((N, D))
    return ax.Embeddings([f"{code}{i}" for i in range(N)], rows, code)


def dictionary(target: str, wrong: float) -> list[tuple[str, str]]:
    """Pair the words of English with those of the same meaning, but for a share of them."""
    own = np.random.default_rng(list(target.encode()))
    rows = own.permutation(N)[:SEEDED]
    answers = rows.copy()
    count = round(wrong * SEEDED)
    answers[:count] = np.roll(answers[:count], 1)
    return [
        (f"en{s}", f"{target}{t}") for s, t in zip(rows.tolist(), answers.tolist(), strict=True)
    ]


def test_nearer_words_are_those_of_an_oracle() -> None:
    rng = np.random.default_rng(0)
    X, Y = (rows.vectors[:, :D] for rows in (language("en"), language("es")))
    X, Y = (np.ascontiguousarray(r / np.linalg.norm(r, axis=1, keepdims=True)) for r in (X, Y))
    held_out = np.array([[0, 3], [0, 5], [1, 5], [7, 2], [7, 7]])
    train = np.stack([rng.integers(20, N, 30), rng.integers(20, N, 30)], axis=1)
    bias = csls_bias(Y, X, n_neighbors=10)
    found = nearer_words(X, Y, Fold(train, held_out), bias)
    scores, words = csls(X, Y, 10), np.unique([*train[:, 1], *held_out[:, 1]])
    known = {(s, t) for s, t in held_out.tolist()}
    for (s, t), share in zip(held_out.tolist(), found, strict=True):
        others = [w for w in words.tolist() if (s, w) not in known]
        assert share == np.mean([scores[s, w] > scores[s, t] for w in others])


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_holds_the_share_of_random_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nearer = np.where(rng.random(2_000) < 0.3, rng.random(2_000), 0.02 * rng.random(2_000))
    found = WrongPairs.of(nearer, np.zeros((2_000, 2), np.int64), (["a"], ["b"]))
    assert found.low - 0.02 < 0.3 < found.high + 0.02
    assert found.is_remarkable(is_weak=False)
    assert found.is_remarkable(is_weak=True)


def test_few_far_pairs_are_no_remark() -> None:
    nearer = np.array([0.0] * 48 + [0.7, 0.9])
    found = WrongPairs.of(nearer, np.zeros((50, 2), np.int64), (["a"], ["b"]))
    assert found.share == pytest.approx(0.08)
    assert not found.is_remarkable(is_weak=False)


def test_a_weak_map_needs_more_far_pairs() -> None:
    nearer = np.repeat([0.0, 0.9], [920, 80])
    found = WrongPairs.of(nearer, np.zeros((1_000, 2), np.int64), (["a"], ["b"]))
    assert found.is_remarkable(is_weak=False)
    assert not found.is_remarkable(is_weak=True)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0.0, 0.4])
def test_align_says_that_pairs_are_wrong(wrong: float, caplog: pytest.LogCaptureFixture) -> None:
    pairs = dictionary("es", wrong)
    with caplog.at_level(logging.WARNING, "alignx"):
        alignment = ax.align(language("en"), language("es"), lexicon=pairs, ranker=False)
    assert alignment.validation is not None
    share = alignment.validation.wrong_pairs
    assert share is not None
    assert abs(share - wrong) < 0.15
    said = [text for text in caplog.messages if "seem wrong" in text]
    assert len(said) == (wrong > 0)
    for text in said:
        assert "of the pairs of the dictionary seem wrong, such as en" in text
        named = [
            tuple(each.split("-")) for each in text.split("such as ")[1].split("; ")[0].split(", ")
        ]
        assert sum(s[2:] != t[2:] for s, t in named) >= 2


@pytest.mark.slow
def test_align_many_names_the_wrong_dictionary(caplog: pytest.LogCaptureFixture) -> None:
    languages = {code: language(code) for code in ("en", "es", "de")}
    lexicons = {("en", "es"): dictionary("es", 0), ("en", "de"): dictionary("de", 0.4)}
    with caplog.at_level(logging.WARNING, "alignx"):
        found = align_many(languages, lexicons=lexicons, method="reweighted", ranker=False)
    (said,) = [text for text in caplog.messages if "seem wrong" in text]
    assert "of the pairs of en-de seem wrong" in said
    for pair, wrong in ((("en", "de"), 0.4), (("en", "es"), 0.0)):
        measured = found.pairs[pair].joint
        assert measured is not None
        assert measured.wrong_pairs == pytest.approx(wrong, abs=0.15)
