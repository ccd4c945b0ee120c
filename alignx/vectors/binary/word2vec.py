"""Vectors in word2vec's binary format: a word, a space and its float32 numbers a row."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import numpy as np

from alignx.errors import FormatError
from alignx.support.arrays import Matrix, first_not_finite
from alignx.support.counts import counted
from alignx.support.file_kinds import WORD2VEC, kind_of
from alignx.vectors.binary.word2vec_rows import CONTROL, LONGEST_WORD, Word2VecRows, are_words
from alignx.vectors.vocabulary_reader import VocabularyReader
from alignx.vectors.word_blocks import word_blocks

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import Indices, LazyRows
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions

__all__ = ["is_word2vec_binary", "read_word2vec_binary", "write_word2vec_binary"]

_BLOCK = 1 << 20  # bytes to parse at once
_LARGEST_DIMENSION = 100_000


def is_word2vec_binary(head: bytes) -> bool:
    """Recognize the format by its header and first rows."""
    return kind_of(head) is WORD2VEC


def read_word2vec_binary(stream: io.BufferedReader, path: str, options: LoadOptions) -> Embeddings:
    r"""Read word2vec's binary format, with or without a line end behind each row.

    Words that are not valid UTF-8 are left out, and noted, as is another number of rows than the
    header says. Peak memory is the matrix, the words and two blocks of the file.

    Raises
    ------
    FormatError
        If the file is cut within a row, or damaged.

    Examples
    --------
    >>> import io
    >>> from alignx.vectors.load_options import LoadOptions
    >>> data = b"2 1\ncat " + np.float32(1).tobytes() + b"dog " + np.float32(2).tobytes()
    >>> found = read_word2vec_binary(io.BufferedReader(io.BytesIO(data)), "en.bin", LoadOptions())
    >>> found.words, found.vectors.tolist()
    (('cat', 'dog'), [[1.0], [2.0]])
    """
    promised, dimension = map(int, stream.readline().split())
    if not 0 < dimension <= _LARGEST_DIMENSION:
        limits = f"[1, {_LARGEST_DIMENSION}]"
        raise FormatError(path, f"the dimension must lie in {limits}, got {dimension}", 1)
    reader = VocabularyReader(path, options)
    matrix: Matrix = np.empty((0, dimension), "<f4")
    n_rows = n_left_out = 0
    for stored, starts, windows in _read_blocks(stream, path, promised, dimension):
        words, positions = _decoded(stored, path, n_rows)
        kept = [positions[position] for position in reader.add(words)]
        start, n_left_out = len(matrix), n_left_out + len(stored) - len(words)
        # The allocator moves pages, not bytes, so the old and the new matrix never coexist.
        matrix.resize((start + len(kept), dimension), refcheck=False)
        matrix[start:].view(np.uint8)[:] = windows[starts[kept]]
        bad = first_not_finite(matrix[start:])
        if bad is not None:
            word = list(reader.index)[start + bad]
            raise FormatError(path, f"vectors must be finite, that of {word!r} is not")
        n_rows += len(stored)
        if reader.is_full:
            break
        if options.progress is not None:
            options.progress(min(1.0, n_rows / max(promised, 1)))
    if n_left_out == n_rows:
        raise FormatError(path, "the file has no words that are valid UTF-8")
    notes = []
    if n_rows != promised and not reader.is_full:
        notes = [f"the header promises {counted(promised, 'row')}, the file has {n_rows:,}"]
    if n_left_out:
        notes.append(f"{counted(n_left_out, 'word')} not in UTF-8 left out")
    vectors = matrix.astype(np.float32, copy=False)
    return reader.embeddings("word2vec", vectors, notes=notes)


def _read_blocks(
    stream: io.BufferedReader, path: str, promised: int, dimension: int
) -> Iterator[tuple[list[bytes], Indices, NDArray[np.uint8]]]:
    """Yield the words of some rows, the starts of their numbers, and the bytes at all starts."""
    size = 4 * dimension
    rest, n_rows, is_last = b"", 0, False
    while not is_last:
        block = stream.read(max(_BLOCK, 4 * size))
        is_last = not block
        rows = Word2VecRows.of(rest + block, size, is_last=is_last)
        if rows.words:
            windows = np.lib.stride_tricks.sliding_window_view(
                np.frombuffer(rows.data, np.uint8), size
            )
            yield rows.words, np.array(rows.starts), windows
        rest = rows.data[rows.end :]
        n_rows += len(rows.words)
        if len(rest) > 2 * (size + LONGEST_WORD):
            raise _damaged(path, n_rows)
    if rest.strip(b"\n"):
        if n_rows >= promised:
            problem = (
                f"the header promises {promised:,} rows, behind row {n_rows:,} are {len(rest):,} "
                f"bytes that are none; take the rows with limit={n_rows}"
            )
        else:
            problem = (
                f"the file ends within row {n_rows + 1:,} of {promised:,}; get it again, or take "
                f"what there is with limit={max(n_rows, 1)}"
            )
        raise FormatError(path, problem)


def _decoded(stored: list[bytes], path: str, n_before: int) -> tuple[list[str], Sequence[int]]:
    """Decode words, with their positions; leave out those that are not UTF-8, or empty."""
    bare = [word.lstrip(b"\n") for word in stored]
    if are_words(stored):
        return b"\n".join(bare).decode().split("\n"), range(len(stored))
    words: list[str] = []
    positions: list[int] = []
    for position, word in enumerate(bare):
        is_text = are_words([word])
        # Numbers in place of a word, as the row before has another length.
        if word and not is_text and CONTROL.search(word):
            raise _damaged(path, n_before + position)
        if is_text:
            words.append(word.decode())
            positions.append(position)
    return words, positions


def _damaged(path: str, n_rows: int) -> FormatError:
    """Make the error of a row that begins without a word."""
    return FormatError(
        path,
        f"row {n_rows + 1:,} begins without a word: the file is damaged, or a word before it holds "
        f"a space; take the rows before it with limit={max(n_rows, 1)}",
    )


def write_word2vec_binary(
    file: IO[bytes], path: str, embeddings: Embeddings, rows: LazyRows | None = None
) -> None:
    """Write word2vec's binary format, without line ends, as gensim does.

    The parameters are those of `alignx.save`.

    Raises
    ------
    FormatError
        If a word contains a space, which ends words in this format, or a zero byte.
    """
    odd = next((word for word in embeddings.words if " " in word or "\0" in word), None)
    if odd is not None:
        problem = f"the format cannot hold a word with a space or zero byte, got {odd!r}"
        raise FormatError(path, f"{problem}; write .npz or .safetensors")
    dimension, blocks = word_blocks(embeddings, rows)
    file.write(f"{len(embeddings)} {dimension}\n".encode())
    for words, block in blocks:
        numbers = block.astype("<f4", copy=False)
        file.write(
            b"".join(
                part
                for word, row in zip(words, numbers, strict=True)
                for part in (word.encode(), b" ", row.data)
            )
        )
