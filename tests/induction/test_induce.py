from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.alignment.align import align
from alignx.alignment.shared_space import SharedSpace
from alignx.induction.induce import induce_lexicon, require_probabilities
from alignx.induction.lazy_space import LazySpace
from alignx.induction.pair_selection import PairSelection, is_number, is_punctuation
from alignx.induction.sharded.plan import Sharding
from alignx.lexicon.lexicon import Lexicon
from alignx.ranking.ranker import PairRanker
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.retrieval.ranked import key_biases
from alignx.support.config import config_context
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.retrieval.ranked import Ranking

SIZES = [(30, 30), (30, 47), (47, 30), (12, 200)]


def space(n: int, m: int, dimension: int = 5) -> SharedSpace:
    rng = np.random.default_rng(n * 1000 + m)
    sides = [
        Embeddings(
            [f"{prefix}{i}" for i in range(count)],
            (rng.standard_normal((count, dimension)) + 0.4).astype(np.float32),
        )
        for prefix, count in (("a", n), ("b", m))
    ]
    return SharedSpace({"en": sides[0], "es": sides[1]})


def csls(shared: SharedSpace, n_neighbors: int) -> NDArray[np.float64]:
    cosines = shared.source.vectors.astype(np.float64) @ shared.target.vectors.T.astype(np.float64)
    of_source = np.sort(cosines, axis=1)[:, -n_neighbors:].mean(axis=1)
    of_target = np.sort(cosines, axis=0)[-n_neighbors:].mean(axis=0)
    return np.asarray(2 * cosines - of_source[:, None] - of_target, dtype=np.float64)


def expected_rows(scores: NDArray[np.float64], k: int, mutual: bool) -> list[tuple[int, int]]:
    """Every source row with its best target rows; if mutual, only if it is among their best."""
    return expected_pairs(scores, scores.T, k, mutual)


def expected_pairs(
    of_source_scores: NDArray[np.float64],
    of_target_scores: NDArray[np.float64],
    k: int,
    mutual: bool,
) -> list[tuple[int, int]]:
    of_source = np.argsort(-of_source_scores, axis=1, kind="stable")[:, :k]
    of_target = np.argsort(-of_target_scores, axis=1, kind="stable")[:, :k]
    return [
        (s, int(t))
        for s, targets in enumerate(of_source)
        for t in targets
        if not mutual or s in of_target[t]
    ]


# --- the pairs --------------------------------------------------------------------------------


@pytest.mark.parametrize("mutual", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("sizes", SIZES)
def test_pairs_are_those_of_brute_force(sizes: tuple[int, int], k: int, mutual: bool) -> None:
    shared = space(*sizes)
    scores = csls(shared, 5)
    rows = expected_rows(scores, k, mutual)
    lexicon = induce_lexicon(shared, k=k, mutual=mutual, n_neighbors=5, exclude=())
    assert list(lexicon) == [(f"a{s}", f"b{t}") for s, t in rows]
    assert lexicon.scores is not None
    assert lexicon.scores.dtype == np.float64
    np.testing.assert_allclose(lexicon.scores, [scores[row] for row in rows], atol=1e-5)
    assert lexicon.probabilities is None


@pytest.mark.parametrize("mutual", [True, False])
@pytest.mark.parametrize("ranking", ["nn", "isf", "hnn"])
def test_other_rankings_have_biases_of_one_kind_on_both_sides(
    ranking: Ranking, mutual: bool
) -> None:
    shared = space(30, 47)
    source, target = shared.source.vectors, shared.target.vectors
    source_bias, target_bias = (0 if b is None else b for b in key_biases(ranking, source, target))
    cosines = source.astype(np.float64) @ target.T
    rows = expected_pairs(cosines - target_bias, cosines.T - source_bias, 2, mutual)
    lexicon = induce_lexicon(shared, k=2, mutual=mutual, ranking=ranking, exclude=())
    assert list(lexicon) == [(f"a{s}", f"b{t}") for s, t in rows]
    assert lexicon.scores is not None
    scores = [(cosines - target_bias)[row] for row in rows]
    np.testing.assert_allclose(lexicon.scores, scores, atol=1e-5)
    assert lexicon.probabilities is None
    some = induce_lexicon(shared, words=["a7", "a2"], mutual=False, ranking=ranking)
    assert list(some) == [(f"a{s}", f"b{(cosines - target_bias)[s].argmax()}") for s in (7, 2)]


def test_without_mutual_every_word_has_its_share_and_with_it_pairs_are_fewer() -> None:
    shared = space(40, 25)
    every = induce_lexicon(shared, k=3, mutual=False)
    assert [len(found) for found in every.translations().values()] == [3] * 40
    mutual = induce_lexicon(shared, k=3)
    assert set(mutual) < set(every)


def test_the_best_translation_of_a_word_comes_first() -> None:
    lexicon = induce_lexicon(space(30, 47), k=3, mutual=False)
    assert lexicon.scores is not None
    by_word = lexicon.scores.reshape(30, 3)
    assert (np.diff(by_word, axis=1) <= 0).all()
    assert [source for source, _ in lexicon.pairs[::3]] == [f"a{i}" for i in range(30)]


def test_mutual_pairs_are_the_same_from_both_sides() -> None:
    shared = space(30, 47)
    for k in (1, 3):
        there = induce_lexicon(shared, k=k)
        back = induce_lexicon(shared.reversed(), k=k)
        assert set(back.reversed()) == set(there)


@pytest.mark.parametrize(("n", "m", "k"), [(1, 1, 1), (1, 7, 1), (7, 1, 1), (4, 6, 4)])
def test_as_many_as_there_are(n: int, m: int, k: int) -> None:
    shared = space(n, m)
    lexicon = induce_lexicon(shared, k=k, mutual=False, n_neighbors=1)
    rows = expected_rows(csls(shared, 1), k, mutual=False)
    assert list(lexicon) == [(f"a{s}", f"b{t}") for s, t in rows]


def test_threads_make_no_difference() -> None:
    found = []
    for n_threads in (1, 2):
        with config_context(n_threads=n_threads):
            found.append(induce_lexicon(space(200, 150), k=2))
    one, two = found
    assert list(one) == list(two)
    assert np.array_equal(np.asarray(one.scores), np.asarray(two.scores))


def test_progress_goes_from_start_to_end() -> None:
    seen: list[float] = []
    induce_lexicon(space(30, 30), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)


# --- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["1", "1,000", "-3.5", "٣٤", "१२", "①", "²", "50%", "12:30"])
def test_numbers(word: str) -> None:
    assert is_number(word)
    assert not is_punctuation(word)


@pytest.mark.parametrize(
    "word", ["...", "—", "«", "。", "、", "؟", "।", "$", "🎉", "</>", "\u00a0"]
)
def test_punctuation(word: str) -> None:
    assert is_punctuation(word)
    assert not is_number(word)


@pytest.mark.parametrize("word", ["cat", "4x4", "año", "кот", "猫", "قط", "बिल्ली", "e.g.", "b2b"])
def test_words(word: str) -> None:
    assert not is_number(word)
    assert not is_punctuation(word)


def mixed() -> SharedSpace:
    """Words, numbers and punctuation, each translated by the word of the same position."""
    rows = np.eye(6, dtype=np.float32)
    english = Embeddings(["cat", "1", "dog", "...", "4x4", "two"], rows)
    spanish = Embeddings(["gato", "٣", "。", "perro", "4x4", "2"], rows)
    return SharedSpace({"en": english, "es": spanish})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["cat", "4x4"]),
        ({"exclude": ["punctuation"]}, ["cat", "1", "4x4", "two"]),
        ({"exclude": ["numbers"]}, ["cat", "dog", "...", "4x4"]),
        (
            {"exclude": ()},
            ["cat", "1", "dog", "...", "4x4", "two"],
        ),
    ],
)
def test_pairs_with_numbers_or_punctuation_on_either_side_are_left_out(
    options: dict[str, Any], expected: list[str]
) -> None:
    for mutual in (True, False):
        lexicon = induce_lexicon(mixed(), n_neighbors=1, mutual=mutual, **options)
        assert [source for source, _ in lexicon] == expected


def test_filtered_words_still_take_part_in_the_search() -> None:
    """A number that is the nearest neighbor hides the next one; it does not make room for it."""
    lexicon = induce_lexicon(mixed(), k=1, mutual=False, n_neighbors=1)
    assert "two" not in lexicon.translations()


# --- bad values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"k": 0}, r"\[1, 30\], got 0"),
        ({"k": -1}, r"\[1, 30\], got -1"),
        ({"k": 31}, r"\[1, 30\], got 31"),
        ({"n_neighbors": 0}, r"n_neighbors must lie in \[1, 30\], got 0"),
        ({"n_neighbors": 31}, r"n_neighbors must lie in \[1, 30\], got 31"),
        ({"ranking": "best"}, "ranking must be one of"),
        ({"ranking": "learned"}, "needs a map with a learned ranking"),
        ({"ranking": "learned", "sharding": Sharding()}, "needs a map with a learned ranking"),
        ({"ranking": "hnn", "n_neighbors": 3}, "has no effect with ranking 'hnn'"),
        (
            {"ranking": "isf", "sharding": Sharding()},
            "by 'learned' or 'csls', got ranking 'isf'",
        ),
        ({"exclude": ["letters"]}, "exclude must hold numbers or punctuation"),
        ({"exclude": "numbers"}, "exclude must hold"),
        ({"words": ["a1"], "sharding": Sharding()}, "leave out sharding"),
        ({"sharding": Sharding(), "k": 31}, r"\[1, 30\], got 31"),
    ],
)
@pytest.mark.parametrize("sizes", [(30, 47), (47, 30)])
def test_values_out_of_range_are_refused(
    sizes: tuple[int, int], options: dict[str, Any], gist: str
) -> None:
    with pytest.raises(ValueError, match=gist):
        induce_lexicon(space(*sizes), **options)


@pytest.mark.slow
def test_words_without_a_vector_are_not_in_the_dictionary() -> None:
    rows = np.random.default_rng(3).standard_normal((40, 6)).astype(np.float32)
    rows[[4, 9]] = 0
    one = Embeddings([f"a{i}" for i in range(40)], rows, "en")
    other = Embeddings([f"b{i}" for i in range(40)], rows, "es")
    known = Lexicon([(f"a{i}", f"b{i}") for i in range(30)])
    for method in ("procrustes", "cca"):
        alignment = align(one, other, lexicon=known, method=method, ranker=False)
        shared = alignment.apply(one, other)
        assert len(shared.source) == len(shared.target) == 38
        words = {word for pair in induce_lexicon(shared, mutual=False) for word in pair}
        assert not {"a4", "a9", "b4", "b9"} & words


# --- from neighbors ---------------------------------------------------------------------------


def neighbors(indices: list[list[int]], scores: list[list[float]]) -> Neighbors:
    return Neighbors(np.array(indices), np.array(scores, dtype=np.float32))


def of_neighbors(
    k: int, mutual: bool, probability: NDArray[np.float32] | None
) -> list[tuple[str, str]]:
    """Build a dictionary where a search has missed some neighbors, and all of one word."""
    found = CrossNeighbors(
        neighbors([[1, 0], [0, -1], [-1, -1]], [[0.9, 0.4], [0.5, -4], [-4, -4]]),
        neighbors([[1, 0], [0, -1], [-1, -1]], [[0.5, 0.4], [0.9, -4], [-4, -4]]),
    )
    every = np.ones(3, dtype=bool)
    sides = (("a0", "a1", "a2"), ("b0", "b1", "b2"))
    lexicon = PairSelection(k, mutual).lexicon(
        found, sides, (every, every), probability=probability
    )
    assert lexicon.scores is not None
    assert (lexicon.scores >= 0.39).all()
    if probability is not None:
        assert lexicon.probabilities is not None
        assert (lexicon.probabilities >= 0.25).all()
    return list(lexicon)


PROBABILITY = np.array([[0.75, 0.25], [0.5, 0], [0, 0]], dtype=np.float32)


@pytest.mark.parametrize("probability", [None, PROBABILITY])
@pytest.mark.parametrize("mutual", [True, False])
def test_a_neighbor_that_is_missing_is_no_translation(
    mutual: bool, probability: NDArray[np.float32] | None
) -> None:
    first = of_neighbors(1, mutual, probability)
    assert first == [("a0", "b1"), ("a1", "b0")]
    both = of_neighbors(2, mutual, probability)
    assert both == [("a0", "b1"), ("a0", "b0"), ("a1", "b0")]


def test_a_threshold_needs_probabilities() -> None:
    require_probabilities(0.5, PairRanker())
    require_probabilities(None, None)
    with pytest.raises(ValueError, match="threshold needs probabilities"):
        require_probabilities(0.5, None)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"threshold must lie in \[0, 1\]"):
            require_probabilities(wrong, PairRanker())


def test_words_are_allowed_by_their_form() -> None:
    found = PairSelection().allowed(["cat", "7", "!", "4x4"])
    assert found.tolist() == [True, False, False, True]
    assert PairSelection(exclude=()).allowed([]).shape == (0,)
    assert PairSelection(exclude=()).allowed(["7", "!"]).all()


# --- lazy spaces and shards -------------------------------------------------------------------


def test_shards_give_the_dictionary_of_memory(tmp_path: Path) -> None:
    shared = space(60, 47)
    expected = induce_lexicon(shared, k=2)
    for sharding in (Sharding(index="exact"), Sharding(checkpoint=tmp_path / "work")):
        found = induce_lexicon(shared, k=2, sharding=sharding)
        assert found.pairs == expected.pairs
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert found.probabilities is None
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_lazy_space_is_the_shared_one(tmp_path: Path) -> None:
    shared = space(60, 47)
    known = Lexicon([(f"a{i}", f"b{i}") for i in range(40)])
    alignment = align(shared.source, shared.target, lexicon=known, allow_failed=True)
    lazy = LazySpace(shared.source, shared.target, alignment)
    mapped = alignment.apply(shared.source, shared.target)
    for each, expected in ((lazy, mapped), (lazy.reversed(), mapped.reversed())):
        in_memory, sharded = (induce_lexicon(each, sharding=s) for s in (None, Sharding()))
        assert in_memory.pairs == sharded.pairs == induce_lexicon(expected).pairs
    alignment.save(tmp_path / "map.safetensors")
    for name, language in (("en", shared.source), ("es", shared.target)):
        save(language, tmp_path / f"{name}.safetensors")
    paths = (tmp_path / f"{name}.safetensors" for name in ("en", "es", "map"))
    assert induce_lexicon(LazySpace.load(*paths)).pairs == induce_lexicon(mapped).pairs


@pytest.mark.parametrize("options", [{}, {"ranking": "nn"}, {"sharding": Sharding(index="exact")}])
def test_the_dictionary_knows_its_languages(options: dict[str, Any]) -> None:
    shared = space(30, 30)
    assert induce_lexicon(shared, **options).languages == ("en", "es")
    assert induce_lexicon(shared.reversed(), **options).languages == ("es", "en")
    source, target = (Embeddings(each.words, each.vectors) for each in shared.values())
    assert induce_lexicon(SharedSpace.of(source, target), **options).languages is None
