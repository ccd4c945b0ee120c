from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_languages import unit

from alignx.alignment import pair_searches
from alignx.alignment.pair_parts import PairParts
from alignx.alignment.pair_searches import MANY_WORDS
from alignx.alignment.pivot import Pivot
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.unit_languages import UnitLanguages
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.ranking.ranker import LabeledCandidates, PairRanker
from alignx.vectors.embeddings import Embeddings

COUNT = 300
QUICK: dict[str, Any] = {"n_candidates": 8, "hidden": 4, "epochs": 2}


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    """Give three languages, whose ranker from "b" to "c" looks at the words of "a"."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, 20))
    noise = {"a": 0.3, "b": 0.9, "c": 0.9}
    made = {
        code: Embeddings(
            [f"{code}{i}" for i in range(COUNT)],
            unit(rows + share * rng.standard_normal((COUNT, 20))),
            code,
        )
        for code, share in noise.items()
    }
    plain = SharedSpace(made).pair("b", "c")
    pairs = found_by_csls(plain)
    pivot = Pivot(UnitLanguages.checked({code: made[code] for code in "bca"}))
    compared = pivot.search(all_words=True).compared(pairs, plain.source.vectors)
    is_right = pairs.target_rows == pairs.source_rows[:, None]
    part = LabeledCandidates(compared, is_right, [("b1", "c1")])
    ranker = PairRanker(**QUICK, features=["csls", "pivot_path"]).fit([part])
    return SharedSpace(made, pairs={("b", "c"): PairParts(ranker)})


def found_by_csls(space: SharedSpace) -> CandidatePairs:
    queries = Queries(space.source.words, np.arange(COUNT), space.source.vectors)
    rows = space.source.vectors, space.target.vectors
    return CandidatePairs.search(queries, *rows, space.target.words, 8, n_neighbors=10)


def test_all_uses_compare_words_through_the_third_language(
    space: SharedSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = space.pair("b", "c")
    assert pair.pivot is not None
    assert list(pair.pivot.languages) == ["b", "c", "a"]
    pairs = found_by_csls(pair)
    compared = pair.pivot.search(all_words=True).compared(pairs, pair.source.vectors)
    assert pair.ranker is not None
    expected = pair.ranker.rank(compared)
    with monkeypatch.context() as patched:
        patched.setattr(pair_searches, "SMALL", 0)  # as in a large space
        bounded = [answers[0] for answers in pair.translate(pair.source.words[:5], 1)]
    assert not pair._searches.cosine
    few = [answers[0] for answers in pair.translate(pair.source.words[:5], 1)]
    assert pair._searches.cosine  # once for all later words
    many = [answers[0] for answers in pair.translate(pair.source.words, 1)]
    assert len(pair.source) >= MANY_WORDS
    assert [each.word for each in many] == [f"c{row}" for row in expected.indices[:, 0]]
    np.testing.assert_allclose([each.score for each in many], expected.scores[:, 0], atol=1e-5)
    for some in (bounded, few):
        np.testing.assert_allclose([each.score for each in some], expected.scores[:5, 0], atol=1e-5)
    gold = [(f"b{i}", f"c{i}") for i in range(COUNT)]
    right = expected.indices[:, 0] == np.arange(COUNT)
    assert evaluate(pair, gold).more["learned"].precision[1] == pytest.approx(right.mean())
    lexicon = induce_lexicon(pair, mutual=False)
    best = dict(zip(pair.source.words, expected.scores[:, 0], strict=True))
    for (source, _), score in zip(lexicon, lexicon.to_frame()["probability"], strict=True):
        assert score == pytest.approx(best[source], abs=1e-5)


def test_reverse_order_gives_the_ranker_of_that_direction_its_pivot(space: SharedSpace) -> None:
    ranker = space.pair("b", "c").ranker
    both = {pair: PairParts(ranker) for pair in (("b", "c"), ("c", "b"))}
    many = SharedSpace(space.languages, pairs=both)
    turned = many.pair("b", "c").reversed()
    assert turned.translate("c7") == many.pair("c", "b").translate("c7")


def test_a_pair_without_a_use_for_a_pivot_has_none(space: SharedSpace) -> None:
    assert space.pair("a", "b").pivot is None
    assert space.pair("b", "c").extended(["b1 b2"]).pivot is None
    assert SharedSpace({code: space[code] for code in "bc"}).pair("b", "c").pivot is None
