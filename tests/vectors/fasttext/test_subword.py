from __future__ import annotations

import copy
import gzip
import io
import lzma
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignx.errors import FormatError
from alignx.vectors.fasttext import SubwordVectors
from alignx.vectors.fasttext.mapped_copy import write_mapped_model
from alignx.vectors.io import load

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

DIMENSION = 10
N_BUCKETS = 501
# fastText 0.9.3 leaves a tenth of the matrix uninitialized for each thread below ten.
OPTIONS = {"dim": DIMENSION, "minCount": 1, "epoch": 1, "verbose": 0, "thread": 10}
SCRIPTS = (
    "cat cats the xyz 日 ñ a ab < > <> 👩 señor naïve straße İstanbul ὀδός Москва שלום مرحبا नमस्ते "
    "สวัสดี 日本語 한국어 \U0001d518 ééééééééééééééééééééééééééé"
)
ODD = ["", "</s>", "New York", "e\u0301", "👩\u200d👧", "\u200d", "\0", "\n", "\t\0x", "x" * 300]
ANY = [*ODD, *SCRIPTS.split()]


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
    path = corpus.parent / "cc.en.10.bin"
    fasttext.train_unsupervised(str(corpus), bucket=N_BUCKETS, **OPTIONS).save_model(str(path))
    return path


@pytest.fixture
def classifier(tmp_path: Path) -> tuple[Any, Path]:
    """A supervised model, and its file."""
    lines = [f"__label__{i % 2} word{i % 2} word{i % 5} other" for i in range(50)]
    (tmp_path / "labeled.txt").write_text("\n".join(lines))
    options = OPTIONS | {"epoch": 2, "wordNgrams": 2, "bucket": 304}
    model = fasttext.train_supervised(str(tmp_path / "labeled.txt"), **options)
    model.save_model(str(tmp_path / "topics.bin"))
    return model, tmp_path / "topics.bin"


def patch(path: Path, at: int, data: bytes) -> None:
    """Overwrite bytes of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def input_row(path: Path, row: int) -> int:
    """Offset of a row of the input matrix, which the output matrix and its shape follow."""
    n_words, size = len(SubwordVectors(path).stored), 4 * DIMENSION
    return path.stat().st_size - size * n_words - 17 - size * (n_words + N_BUCKETS - row)


# --- reading ----------------------------------------------------------------------------------


def test_words_and_vectors_are_those_of_fasttext(
    model_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fasttext.load_model(str(model_path))
    monkeypatch.setitem(sys.modules, "fasttext", None)  # reading does not need it
    found = load(model_path)
    assert capfd.readouterr() == ("", "")
    listed = model.get_words(on_unicode_error="replace")
    expected = [word for word in listed if "\ufffd" not in word]
    assert list(found.words) == expected
    assert "日本" in found
    for word in expected:
        np.testing.assert_array_equal(found[word], model.get_word_vector(word))
    assert (found.language, found.source) == ("en", "cc.en.10.bin")
    assert str(found.report) == "9 words of 10 dimensions; 1 word not in UTF-8 left out"


def test_limit_and_lowercase(model_path: Path) -> None:
    everything = load(model_path)
    assert load(model_path, limit=3).words == everything.words[:3]
    lowered = load(model_path, casing="lower")
    assert lowered.words == tuple(dict.fromkeys(map(str.lower, everything.words)))
    assert lowered.report is not None
    assert lowered.report.merged == 1
    first = min(everything.index["House"], everything.index["house"])
    np.testing.assert_array_equal(lowered["house"], everything.vectors[first])


def test_a_supervised_model_gives_its_words_without_labels(classifier: tuple[Any, Path]) -> None:
    model, path = classifier
    found = load(path)
    assert set(found.words) == set(model.get_words())
    np.testing.assert_array_equal(found["other"], model.get_word_vector("other"))


def test_a_model_cut_anywhere_is_refused(model_path: Path, tmp_path: Path) -> None:
    content = model_path.read_bytes()
    path = tmp_path / "cut.bin"
    for size in [5, 30, 92, 93, 100, 200, 300, *range(1000, len(content), 2999), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"cut\.bin: the fastText model is truncated"):
            load(path)


@pytest.mark.parametrize("offset", [8, 12 + 4 * 5, 12 + 4 * 6, 64, 68, 72])
def test_a_damaged_header_is_refused(model_path: Path, tmp_path: Path, offset: int) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(model_path.read_bytes())
    patch(path, offset, (1_000_000_007).to_bytes(4, "little"))
    with pytest.raises(FormatError, match=r"odd\.bin: the fastText model is (damaged|truncated)"):
        load(path)


def test_another_version_is_named(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.bin"
    path.write_bytes(model_path.read_bytes())
    patch(path, 4, b"\x0d")
    with pytest.raises(FormatError, match="version 11 or 12 can be read, got 13"):
        load(path)


def test_labels_among_words_are_damage(classifier: tuple[Any, Path]) -> None:
    _, path = classifier
    patch(path, path.read_bytes().index(b"other\0") + 6 + 8, b"\1")
    with pytest.raises(FormatError, match="the fastText model is damaged"):
        load(path)


def test_content_decides_whatever_the_name(model_path: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "model.vec"
    renamed.write_bytes(model_path.read_bytes())
    assert load(renamed).dimension == DIMENSION
    text = tmp_path / "text.bin"
    text.write_bytes(b"2 2\ncat 1 0\ndog 0 1\n")
    assert load(text).words == ("cat", "dog")


@pytest.mark.parametrize("name", ["cc.en.10.bin.gz", "cc.en.10.bin.xz"])
def test_a_packed_model_is_unpacked(model_path: Path, tmp_path: Path, name: str) -> None:
    compress = gzip.compress if name.endswith("gz") else lzma.compress
    content = model_path.read_bytes()
    packed = tmp_path / name
    packed.write_bytes(compress(content))
    expected = SubwordVectors(model_path)(ANY)
    found = load(packed)
    assert (found.words, found.language) == (load(model_path).words, "en")
    model = found.oov_vectors
    assert isinstance(model, SubwordVectors)
    assert model.path == str(packed)
    for again in (model, SubwordVectors(packed), copy.deepcopy(model)):
        np.testing.assert_array_equal(again(ANY), expected)
    write_mapped_model(packed, tmp_path / "mapped.bin", np.eye(DIMENSION))
    assert (tmp_path / "mapped.bin").read_bytes() == content
    packed.write_bytes(compress(content[:-1]))
    with pytest.raises(FormatError, match=f"{name}: the fastText model is truncated"):
        load(packed)
    with pytest.raises(FormatError, match="has changed since it was loaded"):
        model(ANY)


def test_a_model_through_a_pipe_has_vectors_but_no_copies(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_path.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        model = load("-").oov_vectors
    assert model is not None
    np.testing.assert_array_equal(model(ANY), SubwordVectors(model_path)(ANY))
    with pytest.raises(FormatError, match="through a pipe cannot be copied"):
        pickle.dumps(model)


# --- vectors of any words ---------------------------------------------------------------------


def assert_equals_fasttext(path: Path, words: list[str]) -> None:
    model = fasttext.load_model(str(path))
    expected = np.array([model.get_word_vector(word) for word in words])
    np.testing.assert_array_equal(SubwordVectors(path)(words), expected)


@pytest.mark.parametrize("lengths", [(3, 6), (2, 2), (1, 20), (0, 0), (5, 5)], ids=str)
def test_any_word_has_the_vector_that_fasttext_gives(
    corpus: Path, tmp_path: Path, lengths: tuple[int, int]
) -> None:
    minn, maxn = lengths
    model = fasttext.train_unsupervised(str(corpus), minn=minn, maxn=maxn, bucket=77, **OPTIONS)
    model.save_model(str(tmp_path / "en.bin"))
    assert_equals_fasttext(tmp_path / "en.bin", ANY)


def test_blocks_do_not_show(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"word{number}" for number in range(300)] + ANY
    whole = SubwordVectors(model_path)(words)
    for name, size in (
        ("subword._BLOCK", 1_000),
        ("mapped_matrix._WINDOW", 240),
        ("subword._WORDS", 7),
    ):
        monkeypatch.setattr(f"alignx.vectors.fasttext.{name}", size)
    np.testing.assert_array_equal(SubwordVectors(model_path)(words), whole)
    assert_equals_fasttext(model_path, words)


def test_embeddings_of_a_model_give_vectors_of_oov_words(model_path: Path) -> None:
    found = load(model_path, limit=2)
    assert found.oov_vectors is not None
    vectors = found.oov_vectors(["cat", "concatenate", "\ud83d", "a cat", "\udc00x"])
    np.testing.assert_array_equal(vectors[0], load(model_path)["cat"])
    assert vectors.any(axis=1).tolist() == [True, True, False, True, False]  # surrogates have none
    assert found.oov_vectors([]).shape == (0, DIMENSION)
    assert found.most_similar("concatenate", 1)[0][0] in found


def test_an_old_classifier_uses_no_characters(classifier: tuple[Any, Path]) -> None:
    _, path = classifier
    patch(path, 4, b"\x0b")
    patch(path, 8 + 4 * 9, struct.pack("<2i", 2, 4))  # minn and maxn, which were 0
    assert_equals_fasttext(path, ["word1", "other", "unseen"])
    assert not SubwordVectors(path)(["unseen"]).any()


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_named_by_their_word(
    model_path: Path, tmp_path: Path, number: float
) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(model_path.read_bytes())
    row = SubwordVectors(model_path).stored.index(b"cat")
    patch(path, input_row(path, row), np.float32(number).tobytes())
    with pytest.raises(FormatError, match=r"odd\.bin: vectors must be finite, that of 'cat'"):
        load(path)
    with pytest.raises(FormatError, match="that of 'cat' is not"):
        SubwordVectors(path)(["dog", "cat"])
    assert SubwordVectors(path)(["dog"]).any()


@pytest.mark.slow
def test_memory_stays_below_the_size_of_the_matrix(tmp_path: Path) -> None:
    """Pages of the file that were read must not stay, nor copies of rows pile up."""
    dimension, bucket, words = 64, 600_000, [f"w{number}x" for number in range(20_000)]
    path = tmp_path / "large.bin"
    header = struct.pack("<i", 793712314) + struct.pack("<i12id", 12, dimension, *[5] * 5, 1, 1,
        bucket, 3, 6, 100, 1e-4)  # fmt: skip
    with path.open("wb") as file:
        file.write(header + struct.pack("<iiiqq", len(words), len(words), 0, 1, -1))
        for word in words:
            file.write(word.encode() + b"\0" + struct.pack("<qb", 1, 0))
        for rows in (len(words) + bucket, len(words)):
            file.write(struct.pack("<?qq", False, rows, dimension))
            file.write(np.full((rows, dimension), 0.5, np.float32).tobytes())
    code = (
        "import numpy, scipy.sparse, alignx as ax\n"
        "from alignx.support.memory import peak_resident\n"
        "before = peak_resident()\n"
        f"found = ax.load({str(path)!r})\n"
        "assert found.vectors.min() == found.vectors.max() == 0.5\n"
        "print(peak_resident() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 0.6 * path.stat().st_size


# --- another file of the same name ------------------------------------------------------------


@pytest.fixture
def at_home(model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the working directory, and another of the same name in a folder beside."""
    (tmp_path / "m.en.bin").write_bytes(model_path.read_bytes())
    away = tmp_path / "away"
    away.mkdir()
    write_other(model_path, away / "m.en.bin")
    monkeypatch.chdir(tmp_path)
    return away


def write_other(model: Path, path: Path) -> None:
    """Write a model of the same words and size with other numbers, as training again does."""
    path.write_bytes(model.read_bytes())
    start, stop = input_row(path, 0), input_row(path, len(SubwordVectors(model).stored) + N_BUCKETS)
    patch(path, start, bytes(stop - start))


@pytest.mark.slow
def test_a_relative_path_means_the_same_file_in_every_directory(
    at_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load("m.en.bin")
    model = found.oov_vectors
    assert isinstance(model, SubwordVectors)
    expected = model(ANY)
    assert expected.any()
    assert len(pickle.dumps(model)) < 500  # no vectors
    packed = pickle.dumps(found)
    monkeypatch.chdir(at_home)
    others = [copy.deepcopy(found), pickle.loads(packed), pickle.loads(pickle.dumps(found))]
    for other in (found, *others, copy.copy(found)):
        assert other.oov_vectors is not None
        np.testing.assert_array_equal(other.oov_vectors(ANY), expected)
    code = (
        "import pickle, sys; model = pickle.load(sys.stdin.buffer).oov_vectors; "
        f"sys.stdout.buffer.write(model({ANY!r}).tobytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=packed, capture_output=True, timeout=60, check=True
    )
    assert done.stdout == expected.tobytes()


def test_a_link_that_leads_elsewhere_later_changes_nothing(at_home: Path) -> None:
    Path("current.bin").symlink_to("m.en.bin")
    model = SubwordVectors("current.bin")
    expected = model(ANY)
    Path("current.bin").unlink()
    Path("current.bin").symlink_to(at_home / "m.en.bin")
    np.testing.assert_array_equal(copy.deepcopy(model)(ANY), expected)


def test_a_model_that_was_replaced_is_not_taken_for_the_old_one(
    at_home: Path, model_path: Path
) -> None:
    model = SubwordVectors("m.en.bin")
    expected, packed = model(ANY), pickle.dumps(model)
    os.replace(at_home / "m.en.bin", "m.en.bin")  # noqa: PTH105  # as replacing a file does
    np.testing.assert_array_equal(model(ANY), expected)  # the old file is still there
    for reopen in (lambda: copy.deepcopy(model), lambda: pickle.loads(packed)):
        with pytest.raises(FormatError, match=r"m\.en\.bin: .* has changed since it was loaded"):
            reopen()
    again = SubwordVectors("m.en.bin")
    stat = Path("m.en.bin").stat()
    write_other(model_path, Path("m.en.bin"))
    os.utime("m.en.bin", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    with pytest.raises(FormatError, match="has changed since it was loaded; load it again"):
        again(ANY)
    os.truncate("m.en.bin", 5_000)
    with pytest.raises(FormatError, match="was cut while it was mapped"):
        again(ANY)
