from __future__ import annotations

import json
import pickle
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.numpy

from alignx.errors import FormatError
from alignx.support.arrays import BLOCK_ROWS, LazyRows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def english() -> Embeddings:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    vectors[2] = 0
    return Embeddings(["the", "Cat", "cat", "a\u2028b c"], vectors, "en", "wiki.en.vec")


def test_the_official_package_reads_a_cache(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    tensors = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(tensors["vectors"], english.vectors)
    assert tensors["words"].tobytes().decode().split("\n") == list(english.words)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    expected = {"format": "alignx-embeddings", "version": "1", "language": "en", "count": "4"}
    expected |= {"source": "wiki.en.vec", "checksum": english.checksum, "normalization": ""}
    assert metadata.items() >= expected.items()


def test_a_cache_is_mapped_and_decoded_late(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    found = load(path)
    assert isinstance(found.vectors.base, np.ndarray)
    assert "_words" not in vars(found.words)
    assert found["Cat"].tolist() == [3, 4, 5]
    assert "_words" in vars(found.words)
    assert not found.vectors.flags.writeable
    assert str(found.report) == "4 words of 3 dimensions; 1 zero row"
    copy = pickle.loads(pickle.dumps(found))
    assert tuple(copy.words) == english.words
    np.testing.assert_array_equal(copy.vectors, english.vectors)


def test_words_go_from_cache_to_cache_undecoded(english: Embeddings, tmp_path: Path) -> None:
    save(english, tmp_path / "a.safetensors")
    for limit in (1, 2, 3, 4, None):
        found = load(tmp_path / "a.safetensors", limit=limit)
        save(found, tmp_path / "b.safetensors")
        assert "_words" not in vars(found.words)
        assert tuple(load(tmp_path / "b.safetensors").words) == english.words[:limit]
        again = load(tmp_path / "b.safetensors")
        assert again.checksum == english.head(limit or 9).checksum
    content = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(content.replace(b"\xe2\x80\xa8", b"\xe2\x80x"))
    with pytest.raises(FormatError, match="its words are not UTF-8"):
        save(load(tmp_path / "a.safetensors"), tmp_path / "b.safetensors")


def test_the_header_tells_the_facts_of_computed_rows(tmp_path: Path) -> None:
    """The header is corrected at the end, whatever its length was going to be."""
    path = tmp_path / "x.safetensors"
    rows = np.random.default_rng(4).integers(-5, 5, (40, 3)).astype(np.float32)
    for padding in range(1, 9):
        embeddings = Embeddings([f"w{i}" for i in range(40)], rows, "en", "x" * padding)
        zeroed = LazyRows(embeddings.vectors, 3, lambda rows: rows * (rows[:, :1] > 0))
        whole = embeddings.with_vectors(zeroed.collect())
        assert embeddings.zero_rows < 10 <= whole.zero_rows
        save(whole, tmp_path / "whole.safetensors")
        save(embeddings, path, rows=zeroed)
        assert path.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
        found = load(path)
        assert (found.checksum, found.zero_rows) == (whole.checksum, whole.zero_rows)


def test_limit_lowercase_and_language_apply_to_a_cache(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save(english, path)
    assert load(path, limit=2).words == ("the", "Cat")
    assert load(path, limit=2).checksum == english.head(2).checksum
    assert [load(path, limit=limit).zero_rows for limit in (2, 3, 9)] == [0, 1, 1]
    lowered = load(path, casing="lower", limit=3, language="xx")
    assert lowered.words == ("the", "cat", "a\u2028b c")
    assert lowered.vectors[:, 0].tolist() == [0, 3, 9]
    assert str(lowered.report) == "3 words of 3 dimensions; 1 duplicate merged"
    assert lowered.language == "xx"


def test_a_float16_cache_is_converted(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english.with_vectors(english.vectors / 3), path, dtype="float16")
    found = load(path)
    assert found.vectors.dtype == np.float32
    half = (english.vectors / 3).astype(np.float16)
    np.testing.assert_array_equal(found.vectors, half.astype(np.float32))
    assert safetensors.numpy.load_file(path)["vectors"].dtype == np.float16
    again = Embeddings(english.words, half)
    assert found.checksum == again.checksum


@pytest.mark.parametrize("row", [1, BLOCK_ROWS + 7])
def test_float16_overflow_is_named(tmp_path: Path, row: int) -> None:
    rows = np.zeros((BLOCK_ROWS + 9, 1), np.float32)
    rows[row] = 1e5
    large = Embeddings([f"w{i}" for i in range(len(rows))], rows)
    with pytest.raises(FormatError, match=f"up to 65504, the vector of 'w{row}' has 100000"):
        save(large, tmp_path / "en.safetensors", dtype="float16")
    assert list(tmp_path.iterdir()) == []


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Let `change` alter the JSON header of a cache in place."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


@pytest.mark.parametrize(
    ("change", "gist"),
    [
        (lambda h: h["__metadata__"].update(format="x"), "no vectors that alignx has written"),
        (lambda h: h.pop("__metadata__"), "no vectors that alignx has written"),
        (lambda h: h["__metadata__"].update(version="2"), "its version is 2, this alignx reads 1"),
        (lambda h: h.update(x=h.pop("words")), "it has no words"),
        (lambda h: h.update(x=h.pop("vectors")), "it has no matrix of vectors"),
        (lambda h: h["vectors"].update(dtype="I32"), "it has no matrix of vectors"),
        (lambda h: h["vectors"].update(shape=[12]), "it has no matrix of vectors"),
        (lambda h: h["vectors"].update(shape=[2, 6]), "it has 4 words for 2 vectors"),
        (lambda h: h["vectors"].update(shape=[3, 3]), "the cache is damaged"),
        (lambda h: h["vectors"].update(data_offsets=[-8, 40]), "the cache is damaged"),
        (lambda h: h.update(vectors=5), "the cache is damaged"),
        (lambda h: h["vectors"].update(shape=[1 << 40, 3]), "the cache is damaged"),
    ],
)
def test_a_cache_with_another_header_is_refused(
    english: Embeddings, tmp_path: Path, change: Callable[[dict[str, Any]], object], gist: str
) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    rewrite(path, change)
    with pytest.raises(FormatError, match=re.escape(gist)) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_cache_cut_anywhere_is_refused(english: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    save(english, path)
    content = path.read_bytes()
    for size in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"binary data|is empty|cache is damaged"):
            load(path)


@pytest.mark.parametrize("content", [b"\xff" * 100, b"[" * 100_000, b"\x02\0\0\0\0\0\0\0[]"])
def test_what_is_no_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "en.safetensors"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"this is (not a text file of vectors|binary data)"):
        load(path)
    safetensors.numpy.save_file({"x": np.ones(3)}, path)
    with pytest.raises(FormatError, match="holds no vectors that alignx has written"):
        load(path)
