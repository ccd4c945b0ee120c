from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import DIMENSION, VECTORS, WORDS, fail, mapped_space, succeed

from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

APPLY = ("apply", "map.safetensors")


@pytest.mark.usefixtures("folder")
def test_the_file_name_tells_the_side() -> None:
    shared = mapped_space()
    for name, code in zip(VECTORS, ("en", "es"), strict=True):
        output = f"mapped.{code}.safetensors"
        done = succeed(*APPLY, name, "-o", output)
        assert done.out == ""
        assert f"{output}: {WORDS} words of {DIMENSION} dimensions" in done.err
        mapped = load(output)
        np.testing.assert_allclose(mapped.vectors, shared[code].vectors, atol=1e-6)
        assert mapped.words == shared[code].words


def test_side_and_format_can_be_chosen(folder: Path) -> None:
    shutil.copy("wiki.es.vec", "vectors.txt")
    succeed(*APPLY, "wiki.es.vec", "-o", "by_name.vec")
    done = succeed(*APPLY, "vectors.txt", "--side", "target", "-o", "told.vec.gz", "--quiet")
    assert done.out == done.err == ""
    np.testing.assert_array_equal(load("told.vec.gz").vectors, load("by_name.vec").vectors)
    as_half = ("--side", "source", "-o", "other.safetensors", "--dtype", "float16")
    assert "those of es where en is expected" in fail(*APPLY, "vectors.txt", *as_half)
    shutil.copy("wiki.en.vec", "english.txt")
    succeed(*APPLY, "english.txt", *as_half)
    assert (folder / "other.safetensors").stat().st_size < 2.5 * WORDS * DIMENSION + 8_000


@pytest.mark.usefixtures("folder")
def test_another_language_is_refused() -> None:
    shutil.copy("wiki.es.vec", "wiki.de.vec")
    assert "languages en and es, got de" in fail(*APPLY, "wiki.de.vec", "-o", "x.vec")


def test_a_cache_gives_what_the_library_gives_and_may_be_replaced(folder: Path) -> None:
    succeed("convert", "wiki.en.vec", "-o", "en.safetensors")
    mapped = mapped_space().source
    for output in ("new.vec.gz", "en.safetensors"):
        succeed(*APPLY, "en.safetensors", "-o", output)
        found = load(output)
        np.testing.assert_array_equal(found.vectors, mapped.vectors)
        assert found.checksum == mapped.checksum
    assert not list(folder.glob(".alignx-*"))


def test_a_cache_that_was_cut_is_refused(folder: Path) -> None:
    succeed("convert", "wiki.en.vec", "-o", "en.safetensors")
    content = (folder / "en.safetensors").read_bytes()
    (folder / "en.safetensors").write_bytes(content[: len(content) // 2])
    message = fail(*APPLY, "en.safetensors", "-o", "en.safetensors")
    assert message.startswith("en.safetensors: the cache is damaged: ")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("suffix", [".w2v.bin", ".w2v.bin.gz", ".npy", ".npz", ".txt.xz"])
def test_mapped_vectors_are_written_in_every_format(suffix: str) -> None:
    done = succeed(*APPLY, "wiki.en.vec", "-o", f"mapped.en{suffix}")
    assert f"mapped.en{suffix}: {WORDS} words of {DIMENSION} dimensions" in done.err
    found = load(f"mapped.en{suffix}")
    np.testing.assert_array_equal(found.vectors, mapped_space().source.vectors)
    succeed("convert", f"mapped.en{suffix}", "-o", "back.en.safetensors")
    assert load("back.en.safetensors").checksum == found.checksum
    assert "float16 is for .safetensors" in fail(
        *APPLY, "wiki.en.vec", "-o", f"half{suffix}", "--dtype", "float16"
    )
