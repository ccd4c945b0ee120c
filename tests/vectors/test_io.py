from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignx.errors import FormatError, OutputError
from alignx.support.arrays import BLOCK_ROWS, LazyRows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.load_options import LoadReport
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

ODD_WORDS = ["a\u00a0b", "c\u2028d", "e\x85f", "g\x0bh", "日本", "🎉", "\ufeff", "</s>", "12", "\r"]

encodable = st.characters(exclude_categories=["Cs"], exclude_characters="\n")
any_words = st.lists(st.text(encodable, min_size=1, max_size=8), min_size=1, unique=True)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def any_embeddings(draw: st.DrawFn) -> Embeddings:
    chosen = draw(any_words)
    dimension = draw(st.integers(1, 5))
    size = len(chosen) * dimension
    numbers = draw(st.lists(finite, min_size=size, max_size=size))
    return Embeddings(chosen, np.array(numbers, np.float32).reshape(-1, dimension), "en", "x")


# Characters that a format cannot hold.
LOST = {".vec": "[ \t]", ".w2v.bin": "[ \0]", ".npy": "\0|\r$|^\ufeff", ".npz": "\0$"}


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    any_embeddings(),
    st.sampled_from([".safetensors", ".vec", ".txt", ".w2v.bin", ".npy", ".npz"]),
    st.sampled_from(["", ".gz", ".bz2", ".xz"]),
)
def test_files_round_trip(
    tmp_path: Path, embeddings: Embeddings, suffix: str, packing: str
) -> None:
    lost = LOST.get(suffix.replace(".txt", ".vec"), "(?!)")
    words = [re.sub(lost, "_", word) + str(i) for i, word in enumerate(embeddings)]
    embeddings = Embeddings(words, embeddings.vectors, "en", "x")
    name = f"en{suffix}{packing if suffix in ('.vec', '.txt', '.w2v.bin') else ''}"
    save(embeddings, tmp_path / name)
    found = load(tmp_path / name)
    assert tuple(found.words) == embeddings.words
    assert found.vectors.shape == embeddings.vectors.shape
    assert found.vectors.tobytes() == embeddings.vectors.tobytes()
    assert found.checksum == embeddings.checksum
    assert found.language == "en"


@pytest.mark.parametrize(
    ("suffix", "word"),
    [(".w2v.bin", "new york"), (".npy", "cat\r"), (".npy", "\0"), (".npz", "cat\0")],
)
def test_words_that_a_format_cannot_hold_are_refused(
    tmp_path: Path, suffix: str, word: str
) -> None:
    with pytest.raises(FormatError, match=re.escape(f"got {word!r}") + "|" + re.escape(repr(word))):
        save(Embeddings(["cat", word], [[1.0], [2.0]]), tmp_path / f"en{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ODD_WORDS)
def test_an_odd_word_alone_round_trips(word: str, tmp_path: Path) -> None:
    for suffix in (".vec", ".safetensors"):
        save(Embeddings([word], [[0.0]]), tmp_path / f"en{suffix}")
        assert tuple(load(tmp_path / f"en{suffix}").words) == (word,)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["EN.VEC.GZ", "EN.W2V.BIN", "EN.Npy", "EN.NPZ"])
def test_endings_have_any_case(tmp_path: Path, name: str) -> None:
    save(Embeddings(["cat"], [[1.0]]), tmp_path / name)
    assert load(tmp_path / name).words == ("cat",)
    assert (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b" or not name.endswith("GZ")


@pytest.mark.parametrize("suffix", [".vec", ".vec.gz", ".safetensors", ".w2v.bin", ".npy", ".npz"])
def test_progress_rises_to_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"en{suffix}"
    save(Embeddings([f"w{i}" for i in range(20_000)], np.full((20_000, 150), 1 / 3)), path)
    seen: list[float] = []
    load(path, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert all(0 < fraction <= 1 for fraction in seen)
    assert suffix == ".safetensors" or len(seen) > 2


def test_arguments_of_load_are_checked(tmp_path: Path) -> None:
    wrong: Any = "ignore"
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        load("absent.vec", limit=0)
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', got 'ignore'"):
        load("absent.vec", on_error=wrong)
    for suffix in (".vec", ".bin", ".safetensors"):
        with pytest.raises(FileNotFoundError, match="no such file"):
            load(tmp_path / f"absent{suffix}")
    with pytest.raises(OSError, match="this is a directory"):
        load(tmp_path)


def test_a_given_language_wins_over_the_stored_one_and_the_name(tmp_path: Path) -> None:
    (tmp_path / "my.en.vec").write_text("cat 1 0\n")
    named, given = (load(tmp_path / "my.en.vec", language=code) for code in (None, "es"))
    save(given, tmp_path / "my.en.safetensors")
    stored = load(tmp_path / "my.en.safetensors")
    loaded = (named, given, stored, load(tmp_path / "my.en.safetensors", language="de"))
    assert [each.language for each in loaded] == ["en", "es", "es", "de"]
    assert [each.report and each.report.language for each in loaded] == ["en", None, None, None]


@pytest.mark.slow
def test_real_vectors_are_read_and_mapped(tmp_path: Path, shared_data: Path) -> None:
    spanish = load(shared_data / "vectors" / "es.vec.gz", limit=5000)
    assert (len(spanish), spanish.dimension, spanish.language) == (5000, 300, "es")
    save(spanish, tmp_path / "es.safetensors")
    assert load(tmp_path / "es.safetensors").checksum == spanish.checksum


# --- saving -----------------------------------------------------------------------------------


def test_decimals_are_fixed_on_request(tmp_path: Path) -> None:
    save(Embeddings(["cat"], [[1 / 3, -2e5]]), tmp_path / "en.vec", decimals=3)
    assert (tmp_path / "en.vec").read_bytes() == b"1 2\ncat 0.333 -200000.000\n"


def test_equal_embeddings_make_equal_archives(tmp_path: Path) -> None:
    one = Embeddings(["cat"], [[1.0]])
    save(one, tmp_path / "a.vec.gz")
    save(one, tmp_path / "b.vec.gz")
    assert (tmp_path / "a.vec.gz").read_bytes() == (tmp_path / "b.vec.gz").read_bytes()


@pytest.mark.parametrize("word", ["new york", "tab\tbed"])
def test_text_refuses_words_with_separators(word: str, tmp_path: Path) -> None:
    spaced = Embeddings(["cat", word], [[1.0], [2.0]])
    with pytest.raises(FormatError, match=re.escape(f"space or tab, got {word!r}")):
        save(spaced, tmp_path / "en.vec")
    assert list(tmp_path.iterdir()) == []
    save(spaced, tmp_path / "en.safetensors")
    assert word in load(tmp_path / "en.safetensors")


def test_saving_checks_its_arguments(tmp_path: Path) -> None:
    one = Embeddings(["cat"], [[1.0]])
    with pytest.raises(FormatError, match=r"must end in one of \.vec, .*\.safetensors"):
        save(one, tmp_path / "en.kv")
    with pytest.raises(FormatError, match=r"or text and \.w2v\.bin also in \.gz, \.bz2, \.xz"):
        save(one, tmp_path / "en.npz.gz")
    with pytest.raises(FormatError, match=r"the name \.bin is for fastText models; .* \.w2v\.bin"):
        save(one, tmp_path / "en.bin")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float16', got 'int8'"):
        save(one, tmp_path / "en.safetensors", dtype="int8")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match=r"float16 is for \.safetensors only"):
        save(one, tmp_path / "en.vec", dtype="float16")
    with pytest.raises(ValueError, match="decimals are for text only"):
        save(one, tmp_path / "en.safetensors", decimals=2)
    with pytest.raises(ValueError, match=r"decimals must lie in \[0, 20\], got -1"):
        save(one, tmp_path / "en.vec", decimals=-1)
    with pytest.raises(OutputError, match="the directory does not exist; create it first"):
        save(one, tmp_path / "absent" / "en.vec")


# --- rows that are computed when they are written ---------------------------------------------


def many(n: int, source: str = "x") -> Embeddings:
    rows = np.random.default_rng(n).integers(-5, 5, (n, 3)).astype(np.float32)
    rows[1::50] = 0
    return Embeddings([f"w{i}" for i in range(n)], rows, "en", source)


def halved(embeddings: Embeddings) -> LazyRows:
    """Half of the first two numbers of each row."""
    return LazyRows(embeddings.vectors, 2, lambda rows: np.ascontiguousarray(rows[:, :2] / 2))


@pytest.mark.parametrize("n", [1, 2, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS])
@pytest.mark.parametrize("name", ["x.safetensors", "half.safetensors", "x.vec", "x.txt.gz"])
def test_computed_rows_are_written_as_if_they_had_been_there(
    n: int, name: str, tmp_path: Path
) -> None:
    dtype: Literal["float32", "float16"] = "float16" if name.startswith("half") else "float32"
    embeddings = many(n)
    rows = halved(embeddings)
    whole, streamed = tmp_path / f"whole.{name}", tmp_path / f"streamed.{name}"
    save(embeddings.with_vectors(rows.collect()), whole, dtype=dtype)
    save(embeddings, streamed, dtype=dtype, rows=rows)
    assert streamed.read_bytes() == whole.read_bytes()
    save(embeddings, tmp_path / "in.safetensors")
    for limit in (None, n):
        cache = load(tmp_path / "in.safetensors", limit=limit)
        save(cache, streamed, dtype=dtype, rows=halved(cache))
        assert streamed.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("name", ["x.safetensors", "x.vec.gz"])
def test_a_pipe_can_be_written(name: str, tmp_path: Path) -> None:
    embeddings = many(3 * BLOCK_ROWS)
    save(embeddings, tmp_path / f"file.{name}", rows=halved(embeddings))
    os.mkfifo(tmp_path / name)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / name).read_bytes()))
    reader.start()
    save(embeddings, tmp_path / name, rows=halved(embeddings))
    reader.join(10)
    assert read == [(tmp_path / f"file.{name}").read_bytes()]


@pytest.mark.parametrize("name", ["x.safetensors", "x.vec"])
def test_a_reader_that_leaves_a_pipe_is_told(name: str, tmp_path: Path) -> None:
    embeddings = many(30 * BLOCK_ROWS)
    os.mkfifo(tmp_path / name)

    def read_little() -> None:
        with (tmp_path / name).open("rb") as file:
            file.read(100)

    reader = threading.Thread(target=read_little)
    reader.start()
    with pytest.raises(OutputError, match=f"{name}: Broken pipe"):
        save(embeddings, tmp_path / name, rows=halved(embeddings))
    reader.join(10)


def test_an_error_in_the_midst_of_computing_leaves_the_old_file(tmp_path: Path) -> None:
    embeddings = many(3 * BLOCK_ROWS)
    rows = embeddings.vectors.copy()
    rows[-1] = np.nan
    for name in ("x.safetensors", "x.vec", "x.vec.gz"):
        (tmp_path / name).write_text("old")
        with pytest.raises(ValueError, match=f"got nan in row {len(rows) - 1}"):
            save(embeddings, tmp_path / name, rows=LazyRows(rows, 3, np.copy))
        assert (tmp_path / name).read_text() == "old"
    large = LazyRows(embeddings.vectors, 3, lambda rows: rows + np.float32(1e5))
    with pytest.raises(FormatError, match="up to 65504, the vector of 'w0' has"):
        save(embeddings, tmp_path / "x.safetensors", rows=large, dtype="float16")
    with pytest.raises(ValueError, match="one for each word, got 6144 rows, 2 words"):
        save(embeddings.head(2), tmp_path / "x.vec", rows=large)
    assert len(list(tmp_path.iterdir())) == 3


def test_the_report_reads_as_a_sentence_and_as_a_table() -> None:
    report = LoadReport("x", "text", 80_012, 300, skipped=3, merged=12, zero_rows=1)
    assert str(report) == (
        "80,000 words of 300 dimensions; 12 duplicates merged, 3 malformed lines skipped, "
        "1 zero row"
    )
    assert str(LoadReport("x", "text", 1, 1)) == "1 word of 1 dimension"
    assert report.to_frame().loc[0, ["path", "words", "skipped"]].tolist() == ["x", 80_000, 3]
