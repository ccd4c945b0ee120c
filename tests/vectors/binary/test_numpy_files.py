"""NumPy arrays and archives as files of vectors."""

from __future__ import annotations

import gzip
import io
import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.errors import FormatError
from alignx.support.arrays import LazyRows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["cat", "dog", "New York"]
VECTORS = np.array([[0.5, 1, 2], [3, 4, 5], [6, 7, 8.25]])


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "<i8", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_numbers(tmp_path: Path, dtype: str, order: Any) -> None:  # noqa: ANN401
    array = np.asarray(VECTORS, dtype, order=order)
    np.savez(tmp_path / "en.npz", words=np.array(WORDS), vectors=array)
    np.savez_compressed(tmp_path / "packed.en.npz", embeddings=array, ids=[3, 4, 5], x=WORDS)
    np.save(tmp_path / "en.npy", array)
    (tmp_path / "en.words").write_text("\n".join(WORDS) + "\n")
    (tmp_path / "en.npy.gz").write_bytes(gzip.compress((tmp_path / "en.npy").read_bytes()))
    for name in ("en.npz", "packed.en.npz", "en.npy", "en.npy.gz"):
        found = load(tmp_path / name)
        assert list(found.words) == WORDS
        np.testing.assert_array_equal(found.vectors, array.astype(np.float32))
        assert load(tmp_path / name, limit=2).words == ("cat", "dog")
        assert found.language == "en"


@pytest.mark.parametrize("name", ["en.words.txt", "en.words", "en.vocab", "en.txt", "en.json"])
def test_a_list_of_words_beside_an_array(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "en.npy", VECTORS)
    contents = ["\r\n".join(WORDS)]
    if name.endswith("json"):
        rows = {word: row for row, word in reversed([*enumerate(WORDS)])}
        contents = [json.dumps(WORDS), json.dumps(rows)]
    for content in contents:
        (tmp_path / name).write_text(content)
        assert list(load(tmp_path / "en.npy").words) == WORDS


def test_lists_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "en.npy"
    np.save(path, VECTORS)
    with pytest.raises(FormatError, match=r"NumPy array .* without words; put .*en\.words\.txt"):
        load(path)
    for name, content, gist in (
        ("en.txt", "cat\ndog\n", "the list has 2 words, the array 3 rows"),
        ("en.txt", "cat 9\ndog 8\ncow 7\n", "lines end in numbers; keep the words alone"),
        ("en.txt", "cat 1 2 3\ndog 1 2 3\ncow 1 2 3\n", "lines end in numbers"),
        ("en.txt", "cat\n\ndog\n", "must not be empty"),
        ("en.json", '{"cat": 0, "dog": 1, "cow": 3}', "an object with the row of each word"),
        ("en.json", '{"cat": [1], "dog": [1]}', "an object with the row of each word"),
        ("en.json", "[", "is no JSON"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(FormatError, match=gist):
            load(path)
        (tmp_path / name).unlink()
    for name in ("en.txt", "en.vocab"):
        (tmp_path / name).write_text("a\nb\nc\n")
    with pytest.raises(FormatError, match=r"lists en\.vocab and en\.txt"):
        load(path)
    (tmp_path / "en.words.txt").write_text("a\nb\nc\n")
    assert load(path).words == ("a", "b", "c")


@pytest.mark.parametrize(
    ("arrays", "gist"),
    [
        ({"a": np.eye(3)}, r"NumPy archive .* of a.npy \(float64 of shape \(3, 3\)\): no words"),
        ({"words": WORDS}, "no matrix"),
        ({"words": WORDS, "a": np.eye(3), "b": np.eye(3)}, "several of a kind"),
        ({"words": WORDS, "vectors": np.eye(2)}, "words and rows must be as many, got 3 and 2"),
        ({"words": np.array(["a", None]), "vectors": np.eye(2)}, "never loaded; save it as np.sa"),
        ({"words": WORDS, "vectors": np.full((3, 2), np.nan)}, "vectors must be finite"),
        ({"words": [b"a", b"\xff"], "vectors": np.eye(2)}, "must be UTF-8"),
        ({"words": ["a", "\ud800"], "vectors": np.eye(2)}, "a line end or a surrogate"),
    ],
)
def test_archives_that_cannot_be_read_are_named(
    tmp_path: Path,
    arrays: Any,  # noqa: ANN401
    gist: str,
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(FormatError, match=gist):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize("array", [np.eye(3)[0], np.array(WORDS), np.zeros((3, 0)), np.eye(3) * 1j])
def test_arrays_that_are_no_vectors_are_named(tmp_path: Path, array: Any) -> None:  # noqa: ANN401
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(FormatError, match="must be a matrix of real numbers"):
        load(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.array([{}]))
    with pytest.raises(FormatError, match="holds Python objects, which are pickled"):
        load(tmp_path / "x.npy")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    save(Embeddings(["cat", "dog"], np.eye(2)), tmp_path / "en.npz")
    save(Embeddings(["cat", "dog"], np.eye(2)), tmp_path / "en.npy")
    for name in ("en.npy", "en.npz"):
        content = (tmp_path / name).read_bytes()
        for size in (100, len(content) // 2, len(content) - 1):
            (tmp_path / name).write_bytes(content[:size])
            with pytest.raises(FormatError, match=r"NumPy file is (damaged|truncated)"):
                load(tmp_path / name)


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    words = [f"wörd{i}" for i in range(5_000)]
    english = Embeddings(words, np.random.default_rng(0).standard_normal((5_000, 7)))
    halved = LazyRows(english.vectors, 2, lambda rows: np.ascontiguousarray(rows[:, :2] / 2))
    for rows, expected in ((None, english.vectors), (halved, english.vectors[:, :2] / 2)):
        save(english, tmp_path / "en.npz", rows=rows)
        save(english, tmp_path / "en.npy", rows=rows)
        archive = np.load(tmp_path / "en.npz", allow_pickle=False)
        assert archive["words"].tolist() == words
        np.testing.assert_array_equal(archive["vectors"], expected)
        np.testing.assert_array_equal(np.load(tmp_path / "en.npy", mmap_mode="r"), expected)
        assert (tmp_path / "en.words.txt").read_text(encoding="utf-8").splitlines() == words
    first = (tmp_path / "en.npz").read_bytes()
    save(english, tmp_path / "en.npz", rows=halved)
    assert (tmp_path / "en.npz").read_bytes() == first


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_pickles_are_refused_by_name(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "x.kv"
    path.write_bytes(pickle.dumps({"cat": np.ones(3)}, protocol))
    with pytest.raises(FormatError, match=r"a pickle, such as gensim or Python saves, .* never"):
        load(path)


@pytest.mark.slow
def test_a_pickled_gensim_model_is_named(tmp_path: Path) -> None:
    gensim = pytest.importorskip("gensim.models", reason="gensim is not installed")
    vectors = gensim.KeyedVectors(2)
    vectors.add_vectors(["cat"], np.ones((1, 2)))
    vectors.save(str(tmp_path / "x.kv"))
    with pytest.raises(FormatError, match=r"a pickled gensim model, .* save_word2vec_format"):
        load(tmp_path / "x.kv")
    buffer = io.BytesIO()
    np.save(buffer, np.eye(2))  # as beside large models
    (tmp_path / "x.kv.vectors.npy").write_bytes(buffer.getvalue())
    with pytest.raises(FormatError, match="without words"):
        load(tmp_path / "x.kv.vectors.npy")
