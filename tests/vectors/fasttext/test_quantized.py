"""Quantized models (.ftz) against fastText."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.errors import FormatError
from alignx.vectors.fasttext import SubwordVectors
from alignx.vectors.fasttext.mapped_copy import write_mapped_model
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

DIMENSION = 10
OOV = ["zzz", "", "日本語", "oov", "</s>", "a", "abcabcabc", "two words", "x" * 300]
# fastText 0.9.3 leaves a tenth of the matrix uninitialized for each thread below ten.
OPTIONS = {"epoch": 1, "verbose": 0, "thread": 10}


@pytest.fixture(scope="module")
def words() -> list[str]:
    rng = np.random.default_rng(0)
    drawn = ["".join(rng.choice(list("abcdeñé日"), rng.integers(2, 8))) for _ in range(600)]
    return list(dict.fromkeys(drawn))


@pytest.fixture(scope="module")
def texts(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    lines = [f"__label__{i % 300} {' '.join(rng.choice(words, 8))}" for i in range(600)]
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def quantize(texts: Path, path: Path, training: dict[str, Any], options: dict[str, Any]) -> Any:  # noqa: ANN401
    settings = {"dim": DIMENSION, "minn": 2, "maxn": 4, "bucket": 900} | OPTIONS | training
    model = fasttext.train_supervised(str(texts), **settings)
    model.quantize(input=str(texts), **OPTIONS | options)
    model.save_model(str(path))
    return fasttext.load_model(str(path))


@pytest.fixture(scope="module")
def small(texts: Path) -> Path:
    """A pruned model with norms apart."""
    quantize(texts, texts.parent / "lid.en.ftz", {}, {"cutoff": 700, "qnorm": True})
    return texts.parent / "lid.en.ftz"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("training", "options"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({}, {"qnorm": True, "dsub": 3}, id="norms, last part shorter"),
        pytest.param({"dim": 7}, {"qnorm": True, "cutoff": 700, "retrain": True}, id="pruned"),
        pytest.param({"dim": 16}, {"dsub": 5, "qout": True}, id="outputs too"),
        pytest.param({"wordNgrams": 2}, {"dsub": 1, "cutoff": 900}, id="n-grams of words"),
        pytest.param({"minn": 0, "maxn": 0}, {"cutoff": 300}, id="no n-gram left"),
        pytest.param({"minn": 0, "maxn": 0, "bucket": 0}, {"dsub": 20}, id="one part"),
    ],
)
def test_vectors_are_those_of_fasttext(
    texts: Path,
    words: list[str],
    tmp_path: Path,
    training: dict[str, Any],
    options: dict[str, Any],
) -> None:
    path = tmp_path / "lid.en.ftz"
    model = quantize(texts, path, training, options)
    found = load(path)
    assert list(found.words) == model.get_words()
    asked = [*found.words, *words, *OOV]
    expected = np.array([model.get_word_vector(word) for word in asked])
    np.testing.assert_array_equal(SubwordVectors(path)(asked), expected)
    np.testing.assert_array_equal(found.vectors, expected[: len(found)])
    assert found.oov_vectors is not None
    np.testing.assert_array_equal(found.oov_vectors(OOV), expected[-len(OOV) :])
    assert found.language == "en"


@pytest.mark.slow
def test_a_quantized_model_cut_anywhere_is_refused(small: Path, tmp_path: Path) -> None:
    content = small.read_bytes()
    path = tmp_path / "cut.ftz"
    for size in [40, 93, 1_000, *range(1_500, len(content), 4_999), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"cut\.ftz: the fastText model is truncated"):
            load(path)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0, 1, 9, 17])
def test_a_damaged_shape_is_refused(small: Path, tmp_path: Path, offset: int) -> None:
    content = bytearray(small.read_bytes())
    n_rows = len(SubwordVectors(small)._input.codes)  # type: ignore[union-attr]
    at = content.index(struct.pack("<qq", n_rows, DIMENSION)) - 1  # the flag of separate norms
    content[at + offset] ^= 0x5
    (tmp_path / "odd.ftz").write_bytes(content)
    with pytest.raises(FormatError, match=r"odd\.ftz: the .*fastText model .*is (d|t)"):
        load(tmp_path / "odd.ftz")


@pytest.mark.slow
def test_a_quantized_model_cannot_be_mapped(small: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="map the model before quantization"):
        write_mapped_model(small, tmp_path / "mapped.bin", np.eye(DIMENSION))
    assert not (tmp_path / "mapped.bin").exists()


def test_a_float_matrix_that_claims_to_be_quantized_is_damage(tmp_path: Path) -> None:
    entries = b"".join(word + b"\0" + struct.pack("<qb", 5, 0) for word in (b"cat", b"dog"))
    header = struct.pack("<2i12id", 793712314, 12, 4, *[5] * 5, 1, 1, 8, 3, 6, 100, 1e-4)
    counts = struct.pack("<iiiqq", 2, 2, 0, 100, -1)
    matrix = struct.pack("<?qq", True, 10, 4) + np.ones((10, 4), np.float32).tobytes()
    (tmp_path / "lid.en.ftz").write_bytes(header + counts + entries + matrix * 2)
    with pytest.raises(FormatError, match=r"model \(\.ftz\) is damaged, the shape is"):
        load(tmp_path / "lid.en.ftz")


def test_labels_and_bytes_behind_a_model_are_noted(texts: Path, tmp_path: Path) -> None:
    path = tmp_path / "cls.en.bin"
    model = fasttext.train_supervised(str(texts), dim=3, **OPTIONS)
    model.save_model(str(path))
    path.write_bytes(path.read_bytes() + b"\n\n")
    found = load(path)
    assert list(found.words) == model.get_words()
    assert found.report is not None
    notes = ("300 labels of the classifier left out", "2 bytes behind the model left out")
    assert found.report.notes == notes
