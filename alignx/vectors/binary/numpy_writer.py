"""Writing of NumPy's files: an archive with words, or an array with a list of words beside it."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import BLOCK_ROWS
from alignx.vectors.binary.word_list import write_word_list
from alignx.vectors.word_blocks import word_blocks

if TYPE_CHECKING:
    from alignx.support.arrays import LazyRows
    from alignx.vectors.embeddings import Embeddings

__all__ = ["write_numpy", "write_numpy_archive"]


def write_numpy(
    file: IO[bytes],
    list_file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    rows: LazyRows | None = None,
) -> None:
    """Write a matrix, ``.npy``, and its words into the file of the list beside it.

    The other parameters are those of `alignx.save`.

    Raises
    ------
    FormatError
        If a list of words cannot hold a word.
    """
    write_word_list(list_file, path, embeddings.words)
    _write_matrix(file, embeddings, rows)


def write_numpy_archive(
    file: IO[bytes], path: str, embeddings: Embeddings, rows: LazyRows | None = None
) -> None:
    """Write an archive, ``.npz``, of the arrays ``words`` and ``vectors``.

    The parameters are those of `alignx.save`.

    Raises
    ------
    FormatError
        If a word ends in a zero byte, which NumPy drops.
    """
    words = embeddings.words
    cut = next((word for word in words if word.endswith("\0")), None)
    if cut is not None:
        raise FormatError(path, f"NumPy cannot hold a word that ends in zero, got {cut!r}")
    dtype = np.dtype(f"<U{max(map(len, words))}")
    with zipfile.ZipFile(file, "w") as archive:
        # All words are as long as the longest, so they are packed.
        member = zipfile.ZipInfo("words.npy")
        member.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(member, "w", force_zip64=True) as opened:
            _write_header(opened, dtype, (len(words),))
            for start in range(0, len(words), BLOCK_ROWS):
                opened.write(np.array(words[start : start + BLOCK_ROWS], dtype).data)
        with archive.open(zipfile.ZipInfo("vectors.npy"), "w", force_zip64=True) as opened:
            _write_matrix(opened, embeddings, rows)


def _write_matrix(file: IO[bytes], embeddings: Embeddings, rows: LazyRows | None) -> None:
    dimension, blocks = word_blocks(embeddings, rows)
    _write_header(file, np.dtype("<f4"), (len(embeddings), dimension))
    for _, block in blocks:
        file.write(block.astype("<f4", copy=False).data)


def _write_header(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    facts = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
