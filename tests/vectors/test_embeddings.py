from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.retrieval.exact import ExactIndex
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike


@pytest.fixture
def english() -> Embeddings:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    vectors[2] = 0
    return Embeddings(["the", "Cat", "cat", "a\u2028b c"], vectors, "en", "wiki.en.vec")


def test_arrays_are_kept_or_converted_once() -> None:
    matrix = np.ones((2, 3), dtype=np.float32)
    matrix.flags.writeable = False
    kept = Embeddings(["cat", "dog"], matrix)
    assert np.shares_memory(kept.vectors, matrix)
    with pytest.raises(ValueError, match="read-only"):
        kept.vectors /= 2  # type: ignore[misc]
    for other in (matrix.astype(np.float64), matrix.T.copy().T, [[1, 1, 1], [1, 1, 1]]):
        converted = Embeddings(["cat", "dog"], other)
        assert converted.vectors.dtype == np.float32
        assert converted.vectors.flags.c_contiguous
        np.testing.assert_array_equal(converted.vectors, matrix)


@pytest.mark.parametrize(
    ("words", "vectors", "exception", "message"),
    [
        ([], np.ones((0, 2)), ValueError, "words must not be empty, got none"),
        ("cat", np.ones((3, 2)), TypeError, "a sequence of words, got the string 'cat'"),
        (["cat", 5], np.ones((2, 2)), TypeError, "words must be strings, got int"),
        (["cat", None], np.ones((2, 2)), TypeError, "words must be strings, got NoneType"),
        (["cat", ""], np.ones((2, 2)), ValueError, "empty or contain a line end, got ''"),
        (["a\nb", "c"], np.ones((2, 2)), ValueError, r"contain a line end, got 'a\nb'"),
        (["a", "b", "b"], np.ones((3, 2)), ValueError, "words must be distinct, got 'b' twice"),
        (["a\ud800"], np.ones((1, 2)), ValueError, r"valid Unicode, got 'a\ud800'"),
        (["a"], np.ones(3), ValueError, "vectors must have 2 dimensions, got 1"),
        (["a"], np.ones((1, 0)), ValueError, "at least 1 dimension, got shape (1, 0)"),
        (["a"], np.ones((2, 2)), ValueError, "one row for each word, got 2 rows, 1 words"),
        (["a"], np.ones((1, 2), complex), TypeError, "real numbers, got dtype complex128"),
        (["a"], [["x", "y"]], TypeError, "vectors must be real numbers, got dtype <U1"),
        (["a", "b"], [[1, 2], [np.nan, 1]], ValueError, "float32, got nan in row 1"),
        (["a", "b"], [[np.inf, -np.inf], [1, 1]], ValueError, "got inf in row 0"),
        (["a"], [[1e300]], ValueError, "vectors must be finite float32, got 1e+300 in row 0"),
    ],
)
def test_the_constructor_names_rule_and_arrival(
    words: Sequence[str], vectors: ArrayLike, exception: type[Exception], message: str
) -> None:
    with pytest.raises(exception, match=re.escape(message)):
        Embeddings(words, vectors)


def test_large_finite_numbers_pass_the_check_of_the_sum() -> None:
    large = np.full((100, 100), np.finfo(np.float32).max)
    assert Embeddings([str(i) for i in range(100)], large).dimension == 100


def test_they_are_a_sequence_of_words(english: Embeddings) -> None:
    assert len(english) == 4
    assert list(english) == list(english.words) == [english[i] for i in range(4)]
    assert (english[0], english[-1], english[np.int64(1)]) == ("the", "a\u2028b c", "Cat")
    assert next(reversed(english)) == english[-1]
    assert "cat" in english
    assert 5 not in english
    with pytest.raises(IndexError):
        english[4]
    part = english[3:0:-2]
    assert (part.words, part.vectors[:, 0].tolist()) == (("a\u2028b c", "Cat"), [9, 3])
    assert part.vectors.flags.c_contiguous
    assert (part.language, part.source) == ("en", "wiki.en.vec")
    assert len(english[9:]) == 0


def test_words_have_vectors_and_rows(english: Embeddings) -> None:
    assert english["cat"].tolist() == [0, 0, 0]
    assert not english["cat"].flags.writeable
    with pytest.raises(KeyError, match="cow"):
        english["cow"]
    rows = english.rows(["cow", "cat", "the"])
    assert rows.tolist() == [-1, 2, 0]
    assert rows.dtype == np.int64
    assert english.rows([]).shape == (0,)
    with pytest.raises(TypeError, match="got the string 'cat'"):
        english.rows("cat")
    assert english.zero_rows == 1
    assert repr(english) == "Embeddings(language='en', n=4, d=3, source='wiki.en.vec')"


def test_the_most_similar_words_are_the_exact_nearest_neighbors() -> None:
    rows = np.random.default_rng(0).standard_normal((5_000, 20)).astype(np.float32)
    rows[7] = 0
    rows[900] = 3 * rows[30]
    english = Embeddings([f"w{i}" for i in range(5_000)], rows)
    index = ExactIndex(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
    for row in (0, 900, 4_999):
        found = english.most_similar(f"W{row}", topn=9)
        expected = index.search(index.keys[row : row + 1], 10)
        answers = [i for i in expected.indices[0].tolist() if i != row]
        assert [word for word, _ in found] == [f"w{i}" for i in answers]
        scores = expected.scores[0][expected.indices[0] != row]
        np.testing.assert_allclose([score for _, score in found], scores, atol=1e-6)
    assert english.most_similar("w900", 1)[0][0] == "w30"
    assert len(english.most_similar("w0", 10_000)) == 4_998  # neither itself nor the zero row


def test_similar_words_need_a_vector(english: Embeddings) -> None:
    for word in ("cow", "cat"):
        with pytest.raises(KeyError, match=f"'{word}' has no vector in wiki.en.vec"):
            english[2:].most_similar(word)
    with pytest.raises(ValueError, match="topn must be at least 1, got 0"):
        english.most_similar("the", 0)
    model = Embeddings(["a", "b"], np.eye(2), oov_vectors=lambda _: np.array([[1, 3]], np.float32))
    assert [word for word, _ in model.most_similar("c")] == ["b", "a"]


def test_derived_embeddings_share_what_they_can(english: Embeddings) -> None:
    head = english.head(2)
    assert head.words == ("the", "Cat")
    assert np.shares_memory(head.vectors, english.vectors)
    assert len(english.head(99)) == 4
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        english.head(0)
    mapped = english.with_vectors(np.ones((4, 2)))
    assert mapped.words is english.words
    assert mapped.index is english.index
    assert (mapped.dimension, mapped.language, mapped.zero_rows) == (2, "en", 0)
    with pytest.raises(ValueError, match="one row for each word, got 3 rows, 4 words"):
        english.with_vectors(np.ones((3, 2)))
    with pytest.raises(ValueError, match="got nan in row 0"):
        english.with_vectors(np.full((4, 2), np.nan))


def test_the_checksum_tells_content_not_form(english: Embeddings) -> None:
    same = Embeddings(list(english.words), english.vectors.tolist(), language="xx")
    assert same.checksum == english.checksum
    assert re.fullmatch("[0-9a-f]{64}", english.checksum)
    others = [
        english.head(3),
        english.with_vectors(english.vectors + 1),
        english.with_vectors(english.vectors.reshape(4, 3)[:, ::-1]),
        Embeddings(["x", *english.words[1:]], english.vectors),
    ]
    assert len({english.checksum, *(other.checksum for other in others)}) == 5


def test_vectors_that_can_still_be_written_to_are_copied() -> None:
    matrix = np.ones((2, 3), dtype=np.float32)
    view = matrix[:]
    view.flags.writeable = False
    kept = [Embeddings(["cat", "dog"], matrix), Embeddings(["cat", "dog"], view)]
    kept += [kept[0].with_vectors(matrix)]
    checksum = kept[0].checksum
    matrix[:] = 7
    for each in kept:
        assert (each.vectors == 1).all()
    assert kept[0].with_vectors(kept[0].vectors).checksum == checksum
    assert np.shares_memory(kept[0].with_vectors(kept[0].vectors).vectors, kept[0].vectors)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_hold_the_same_before_and_after_use(
    copied: Callable[[Embeddings], Embeddings], english: Embeddings
) -> None:
    for _ in range(2):
        same = copied(english)
        assert vars(same).keys() == vars(english).keys()
        assert (same.words, same.checksum) == (english.words, english.checksum)
        with pytest.raises(ValueError, match="read-only"):
            same.vectors[0] = 7
        assert same != english  # as documented, they are equal to themselves only
        english.find(["CAT", "the"])
        english.most_similar("the")
