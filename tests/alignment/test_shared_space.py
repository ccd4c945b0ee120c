from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.alignment.shared_space import SharedSpace
from alignx.errors import AlignxError, DimensionError
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.lexicon.lexicon import Lexicon
from alignx.ranking.ranker import PairRanker
from alignx.retrieval.ranked import key_biases
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from alignx.retrieval.ranked import Ranking

RANKER = PairRanker()


def language(prefix: str, count: int, dimension: int = 6, code: str | None = None) -> Embeddings:
    rng = np.random.default_rng(count)
    # A common direction makes hubs, so that CSLS and cosine disagree.
    rows = rng.standard_normal((count, dimension)) + 0.5
    words = [f"{prefix}{i}" for i in range(count)]
    return Embeddings(words, (3 * rows).astype(np.float32), code)


ENGLISH, SPANISH = language("a", 40, code="en"), language("b", 55, code="es")
SHARED = SharedSpace({"en": ENGLISH, "es": SPANISH})


def unit(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    doubles = rows.astype(np.float64)
    return np.asarray(doubles / np.linalg.norm(doubles, axis=1, keepdims=True), dtype=np.float64)


def csls(n_neighbors: int) -> NDArray[np.float64]:
    """2 cos(x, z) - r(x) - r(z), where r is the mean of the largest cosines."""
    cosines = unit(ENGLISH.vectors) @ unit(SPANISH.vectors).T
    of_source = np.sort(cosines, axis=1)[:, -n_neighbors:].mean(axis=1)
    of_target = np.sort(cosines, axis=0)[-n_neighbors:].mean(axis=0)
    return np.asarray(2 * cosines - of_source[:, None] - of_target, dtype=np.float64)


def best(scores: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


# --- the mapping ------------------------------------------------------------------------------


def test_rows_are_brought_to_unit_length() -> None:
    for code, given in (("en", ENGLISH), ("es", SPANISH)):
        np.testing.assert_allclose(SHARED[code].vectors, unit(given.vectors), atol=1e-6)
        assert SHARED[code].words == given.words
        assert not SHARED[code].vectors.flags.writeable


def test_words_whose_row_is_zero_are_left_out() -> None:
    zero = Embeddings(["x", "y"], np.array([[0, 0], [3, 4]], np.float32))
    shared = SharedSpace({"en": zero, "es": zero})
    assert shared.source.words == ("y",)
    np.testing.assert_allclose(shared.source.vectors, np.array([[0.6, 0.8]]), atol=1e-7)
    with pytest.raises(AlignxError, match="all 2 vectors are zero"):
        SharedSpace({"en": zero, "es": zero.with_vectors(np.zeros((2, 2)))})


def test_it_is_a_mapping_in_order() -> None:
    third = language("c", 5)
    shared = SharedSpace({"es": SPANISH, "en": ENGLISH, "de": third})
    assert list(shared) == ["es", "en", "de"]
    assert len(shared) == 3
    assert shared.source.words == SPANISH.words
    assert shared.target.words == ENGLISH.words
    assert "de" in shared
    assert "fr" not in shared
    with pytest.raises(KeyError):
        shared["fr"]
    assert repr(shared) == "SharedSpace(es: 55, en: 40, de: 5)"


def test_it_needs_two_languages_of_one_dimension() -> None:
    for languages in ({}, {"en": ENGLISH}):
        with pytest.raises(ValueError, match=f"needs 2 languages, got {len(languages)}"):
            SharedSpace(languages)
    wide = language("c", 5, dimension=7)
    with pytest.raises(DimensionError, match=r"languages en and de .* got 6 and 7"):
        SharedSpace({"en": ENGLISH, "es": SPANISH, "de": wide})


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("en", "es"), ["en", "es"]),
        (("en", "en"), ["source", "target"]),
        ((None, None), ["source", "target"]),
        ((None, "es"), ["source", "es"]),
        (("en", None), ["en", "target"]),
    ],
)
def test_two_languages_join_under_their_codes(
    codes: tuple[str | None, str | None], expected: list[str]
) -> None:
    joined = SharedSpace.of(
        Embeddings(ENGLISH.words, ENGLISH.vectors, codes[0]),
        Embeddings(SPANISH.words, SPANISH.vectors, codes[1]),
        RANKER,
    )
    assert list(joined) == expected
    assert joined.source.words == ENGLISH.words
    assert joined.ranker is RANKER


def test_reversed_turns_the_order_and_drops_the_ranker() -> None:
    shared = SharedSpace({"en": ENGLISH, "es": SPANISH}, RANKER)
    turned = shared.reversed()
    assert list(turned) == ["es", "en"]
    assert turned.source.words == SPANISH.words
    assert turned.ranker is None
    assert shared.ranker is RANKER
    three = SharedSpace({"en": ENGLISH, "es": SPANISH, "de": language("c", 5)})
    three.cosine_neighbors(2)
    assert list(three.reversed()) == ["de", "es", "en"]
    found = three.reversed().cosine_neighbors(2)
    assert [len(side.indices) for side in (found.of_source, found.of_target)] == [5, 55]


# --- neighbors by cosine ----------------------------------------------------------------------


@pytest.mark.parametrize("n_neighbors", [1, 3, 40])
def test_neighbors_are_those_of_brute_force(n_neighbors: int) -> None:
    cosines = unit(ENGLISH.vectors) @ unit(SPANISH.vectors).T
    found = SHARED.cosine_neighbors(n_neighbors)
    for side, scores in ((found.of_source, cosines), (found.of_target, cosines.T)):
        expected = best(scores, n_neighbors)
        np.testing.assert_array_equal(side.indices, expected)
        largest = np.take_along_axis(scores, expected, axis=1)
        np.testing.assert_allclose(side.scores, largest, atol=1e-6)


def test_neighbors_are_computed_once() -> None:
    shared = SharedSpace({"en": ENGLISH, "es": SPANISH})
    calls: list[float] = []
    first = shared.cosine_neighbors(5, progress=calls.append)
    assert calls
    calls.clear()
    assert shared.cosine_neighbors(5, progress=calls.append) is first
    assert not calls
    assert shared.cosine_neighbors(6) is not first
    turned = shared.reversed()
    found = turned.cosine_neighbors(5, progress=calls.append)
    assert not calls
    expected = SharedSpace({"es": SPANISH, "en": ENGLISH}).cosine_neighbors(5)
    for side, other in (
        (found.of_source, expected.of_source),
        (found.of_target, expected.of_target),
    ):
        np.testing.assert_array_equal(side.indices, other.indices)
        np.testing.assert_array_equal(side.scores, other.scores)


@pytest.mark.parametrize("n_neighbors", [0, -1, 41])
def test_a_neighborhood_out_of_range_is_refused(n_neighbors: int) -> None:
    with pytest.raises(ValueError, match=rf"must lie in \[1, 40\], got {n_neighbors}"):
        SHARED.cosine_neighbors(n_neighbors)
    with pytest.raises(ValueError, match="n_neighbors must lie in"):
        SHARED.translate(["a1"], n_neighbors=n_neighbors)


# --- translation ------------------------------------------------------------------------------


@pytest.mark.parametrize("n_neighbors", [1, 4, 40])
@pytest.mark.parametrize("k", [1, 5, 55])
def test_csls_answers_are_those_of_brute_force(k: int, n_neighbors: int) -> None:
    scores = csls(n_neighbors)
    words = [f"a{i}" for i in (7, 0, 39, 12)]
    answers = SHARED.translate(words, k, n_neighbors=n_neighbors)
    for word, found_, expected in zip(words, answers, best(scores[[7, 0, 39, 12]], k), strict=True):
        assert [answer.word for answer in found_] == [f"b{j}" for j in expected]
        found = [answer.score for answer in found_]
        np.testing.assert_allclose(found, scores[int(word[1:]), expected], atol=1e-5)


def test_cosine_answers_are_those_of_brute_force() -> None:
    cosines = unit(ENGLISH.vectors) @ unit(SPANISH.vectors).T
    with pytest.raises(ValueError, match="n_neighbors is of CSLS"):
        SHARED.translate(["cat"], ranking="nn", n_neighbors=2)
    answers = SHARED.translate(ENGLISH.words, 3, ranking="nn")
    for row, expected in enumerate(best(cosines, 3)):
        assert [answer.word for answer in answers[row]] == [f"b{j}" for j in expected]
        found = [answer.score for answer in answers[row]]
        np.testing.assert_allclose(found, cosines[row, expected], atol=1e-6)
    assert not np.array_equal(best(cosines, 1), best(csls(10), 1))


def test_all_words_at_once_and_one_by_one_agree() -> None:
    together = SHARED.translate(ENGLISH.words, 2)
    for word, answers in zip(ENGLISH.words[:10], together, strict=False):
        assert SHARED.translate([word], 2) == [answers]
        assert SHARED.translate(word, 2) == answers


def test_the_target_is_reached_from_the_other_side() -> None:
    scores = csls(10).T
    answers = SHARED.reversed().translate("b5", 4)
    assert [answer.word for answer in answers] == [f"a{j}" for j in best(scores[[5]], 4)[0]]


@pytest.mark.parametrize("ranking", ["isf", "hnn"])
def test_other_rankings_subtract_their_biases(ranking: Ranking) -> None:
    source, target = SHARED.source.vectors, SHARED.target.vectors
    for shared, biases in (
        (SHARED, key_biases(ranking, source, target)),
        (SHARED.reversed(), key_biases(ranking, source, target)[::-1]),
    ):
        assert biases[1] is not None
        scores = unit(shared.source.vectors) @ unit(shared.target.vectors).T - biases[1]
        answers = shared.translate(shared.source.words, 3, ranking=ranking)
        for row, expected in enumerate(best(scores, 3)):
            assert [answer.word for answer in answers[row]] == [
                shared.target.words[j] for j in expected
            ]
            found = [answer.score for answer in answers[row]]
            np.testing.assert_allclose(found, scores[row, expected], atol=1e-5)
    assert SHARED.key_biases(ranking) is SHARED.key_biases(ranking)
    assert SHARED.key_biases("nn") == (None, None)


def test_unknown_words_have_no_answers() -> None:
    answers = SHARED.translate(["no", "a3", "b3", "a3", ""], 2)
    assert [len(found) for found in answers] == [0, 2, 0, 2, 0]
    assert SHARED.translate("no") == []
    assert SHARED.translate([]) == []


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"k": 0}, r"k must lie in \[1, 55\], got 0"),
        ({"k": 56}, r"k must lie in \[1, 55\], got 56"),
        ({"k": 56, "ranking": "nn"}, r"k must lie in \[1, 55\], got 56"),
        (
            {"ranking": "best"},
            "must be one of 'learned', 'csls', 'nn', 'isf', 'hnn', got 'best'",
        ),
        ({"ranking": "isf", "n_neighbors": 2}, "has no effect with ranking 'isf'"),
        ({"ranking": "learned"}, "needs a map with a learned ranking, in the direction of its fit"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], gist: str) -> None:
    with pytest.raises(ValueError, match=gist):
        SHARED.translate(["a1"], **options)


def test_copies_share_the_vectors() -> None:
    languages = {code: Embeddings(["a", "b"], np.eye(2)) for code in ("en", "es")}
    shared = SharedSpace(languages)
    assert copy.deepcopy({"space": shared})["space"]["en"].vectors is shared["en"].vectors
    again = pickle.loads(pickle.dumps(shared))
    np.testing.assert_array_equal(again["es"].vectors, shared["es"].vectors)


def test_best_rows_are_the_first_translations() -> None:
    rng = np.random.default_rng(3)
    words = [f"w{number}" for number in range(60)]
    shared = SharedSpace(
        {code: Embeddings(words, rng.standard_normal((60, 8))) for code in ("en", "es")}
    )
    answers = shared.translate(words, k=1)
    found = shared.best_rows("en", "es")
    assert [words[row] for row in found] == [best[0].word for best in answers]
    assert shared.best_rows("en", "es", vocabulary=20).max() < 20
    assert shared.best_rows("en", "es") is found


def test_numbers_that_were_not_given_are_lowered_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = Embeddings(["cat", "dog", "sun"], np.eye(3))
    shared = SharedSpace({"en": words, "es": words})
    assert len(shared.translate("cat")) == 3
    assert caplog.messages == [
        "k is 3 instead of 5: there are only 3 words",
        "n_neighbors is 3 instead of 10: there are only 3 words",
    ]
    caplog.clear()
    assert len(induce_lexicon(shared)) == 3
    evaluate(shared, Lexicon([("cat", "cat")]))
    assert caplog.messages == ["n_neighbors is 3 instead of 10: there are only 3 words"] * 2


def test_what_a_space_keeps_cannot_be_changed() -> None:
    words = Embeddings(["cat", "dog", "sun"], np.eye(3))
    shared = SharedSpace({"en": words, "es": words})
    cosine = shared.cosine_neighbors(2).of_source
    for kept in (cosine.indices, cosine.scores, shared.best_rows("en", "es")):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 0


@pytest.mark.parametrize(
    ("words", "gist"),
    [
        ([("cat", "gato")], r"must be strings, got tuple \('cat', 'gato'\)"),
        (np.zeros(2), "must be strings, got float64"),
        (["cat", None], "must be strings, got NoneType"),
        (b"cat", "must be a sequence of words, got the string b'cat'"),
        (3, "must be a sequence of words, got int 3"),
    ],
)
def test_questions_that_are_no_words_are_refused(words: list[str], gist: str) -> None:
    english = Embeddings(["cat", "dog"], np.eye(2, dtype=np.float32), "en")
    shared = SharedSpace({"en": english, "es": english})
    doors: list[Callable[[], object]] = [
        lambda: shared.translate(words, 1, n_neighbors=1),
        lambda: shared.extended(words),
        lambda: shared.extended(target=words),
        lambda: english.find(words),
        lambda: induce_lexicon(shared, words=words, n_neighbors=1),
    ]
    for door in doors:
        with pytest.raises(TypeError, match=gist):
            door()
