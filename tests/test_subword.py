from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from alignx.embeddings import LoadOptions
from alignx.errors import FormatError, MissingDependencyError
from alignx.subword import read_fasttext
from alignx.vectors_io import load

if TYPE_CHECKING:
    from pathlib import Path

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

DIMENSION = 10
# fastText 0.9.3 leaves a tenth of the matrix uninitialized for each thread below ten.
TRAINING_THREADS = 10


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    words = ["the", "cat", "dog", "House", "house", "señor", "ñu\u2028x", "日本"]
    lines = [" ".join(rng.choice(words, size=12)) for _ in range(60)]
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    # One word is Latin-1.
    path.write_bytes("\n".join(lines).encode() + b"\n" + b"caf\xe9 " * 30 + b"\n")
    return path


@pytest.fixture(scope="module")
def model_path(corpus: Path) -> Path:
    options = {"dim": DIMENSION, "minCount": 1, "bucket": 501, "epoch": 1, "verbose": 0}
    model = fasttext.train_unsupervised(str(corpus), thread=TRAINING_THREADS, **options)
    path = corpus.parent / "cc.en.10.bin"
    model.save_model(str(path))
    return path


def train_classifier(folder: Path) -> Any:  # noqa: ANN401
    text = folder / "labeled.txt"
    lines = [f"__label__{i % 2} word{i % 2} word{i % 5} other" for i in range(50)]
    text.write_text("\n".join(lines))
    options = {"dim": DIMENSION, "epoch": 2, "verbose": 0, "wordNgrams": 2, "bucket": 304}
    return fasttext.train_supervised(str(text), thread=TRAINING_THREADS, **options)


def test_words_and_vectors_are_those_of_fasttext(
    model_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = load(model_path)
    assert capfd.readouterr() == ("", "")
    model = fasttext.load_model(str(model_path))
    listed = model.get_words(on_unicode_error="replace")
    expected = [word for word in listed if "\ufffd" not in word]
    assert list(found.words) == expected
    assert "日本" in found
    for word in expected:
        np.testing.assert_array_equal(found[word], model.get_word_vector(word))
    assert (found.language, found.source) == ("en", "cc.en.10.bin")


def test_words_that_are_not_utf8_are_counted(model_path: Path) -> None:
    report = load(model_path).report
    assert report is not None
    assert report.skipped == 1
    assert str(report) == "9 words of 10 dimensions; 1 malformed line skipped"


def test_limit_and_lowercase(model_path: Path) -> None:
    everything = load(model_path)
    assert load(model_path, limit=3).words == everything.words[:3]
    lowered = load(model_path, lowercase=True)
    assert lowered.words == tuple(dict.fromkeys(map(str.lower, everything.words)))
    assert lowered.report is not None
    assert lowered.report.merged == 1
    first = min(everything.index["House"], everything.index["house"])
    np.testing.assert_array_equal(lowered["house"], everything.vectors[first])


def test_a_supervised_model_gives_its_words_without_labels(tmp_path: Path) -> None:
    model = train_classifier(tmp_path)
    path = tmp_path / "topics.bin"
    model.save_model(str(path))
    found = load(path)
    assert set(found.words) == set(model.get_words())
    np.testing.assert_array_equal(found["other"], model.get_word_vector("other"))


def test_a_quantized_model_is_named(tmp_path: Path) -> None:
    model = train_classifier(tmp_path)
    path = tmp_path / "topics.ftz"
    model.quantize()
    model.save_model(str(path))
    with pytest.raises(FormatError, match=r"quantized models .* use the model before"):
        load(path)


def test_a_model_cut_anywhere_is_refused(model_path: Path, tmp_path: Path) -> None:
    content = model_path.read_bytes()
    path = tmp_path / "cut.bin"
    for size in [5, 30, 92, 93, 100, 200, 300, *range(1000, len(content), 2999), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"cut\.bin: the fastText model is truncated"):
            read_fasttext(str(path), LoadOptions())


@pytest.mark.parametrize("offset", [8, 12 + 4 * 5, 12 + 4 * 6, 64, 68, 72])
def test_a_damaged_header_is_refused(model_path: Path, tmp_path: Path, offset: int) -> None:
    content = bytearray(model_path.read_bytes())
    content[offset : offset + 4] = (1_000_000_007).to_bytes(4, "little")
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"odd\.bin: the fastText model is (damaged|truncated)"):
        load(path)


def test_another_version_is_named(model_path: Path, tmp_path: Path) -> None:
    content = bytearray(model_path.read_bytes())
    content[4] = 13
    path = tmp_path / "new.bin"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="version 11 or 12 can be read, got 13"):
        load(path)


def test_content_decides_whatever_the_name(model_path: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "model.vec"
    renamed.write_bytes(model_path.read_bytes())
    assert load(renamed).dimension == DIMENSION
    for content in (b"2 2\ncat 1 0\ndog 0 1\n", b""):
        fake = tmp_path / "fake.bin"
        fake.write_bytes(content)
        with pytest.raises(FormatError, match=r"fake\.bin: this is not a fastText model"):
            load(fake)
    packed = tmp_path / "model.bin.gz"
    packed.write_bytes(gzip.compress(model_path.read_bytes()))
    with pytest.raises(FormatError, match="gzipped fastText model; unpack it with gunzip first"):
        load(packed)


def test_without_the_package_the_command_is_given(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(MissingDependencyError, match="pip install fasttext"):
        load(model_path)
