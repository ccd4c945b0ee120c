"""Vectors as word2vec text: a word and its numbers a line.

One block of the file is parsed by all threads while a helper thread reads the next. Rows go
straight into the final matrix.
"""

from __future__ import annotations

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO, TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.errors import FormatError
from alignx.support.arrays import Matrix, row_blocks
from alignx.support.config import get_config
from alignx.vectors.text_layout import HEAD_SIZE, NOT_TEXT, TextLayout, require_text_vectors
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from alignx.support.arrays import Indices, LazyRows
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions
    from alignx.vectors.vector_stream import VectorStream

__all__ = ["read_text", "write_text"]

BLOCK_SIZE = 4 << 20
_PIECE_SIZE = 1 << 16  # bytes to unpack at once


def read_text(
    stream: VectorStream, path: str, options: LoadOptions, *, block_size: int = BLOCK_SIZE
) -> Embeddings:
    r"""Read word2vec text from a stream.

    The stream is called `path` in messages. `block_size` bytes are parsed at
    once; peak memory is the matrix, the words, two blocks and the rows of one.

    Raises
    ------
    FormatError
        At the first malformed line, or if the file holds something else.

    Examples
    --------
    >>> import io
    >>> from alignx.vectors.load_options import LoadOptions
    >>> from alignx.vectors.vector_stream import VectorStream
    >>> file = io.BufferedReader(io.BytesIO(b"2 3\ncat 1 0 0\ndog 0 1 0\n"))
    >>> read_text(VectorStream(file, "en.vec"), "en.vec", LoadOptions()).words
    ('cat', 'dog')
    """
    pieces = iter(partial(stream.read1, min(block_size, _PIECE_SIZE)), b"")
    head = b""
    while len(head) < HEAD_SIZE and (piece := next(pieces, None)) is not None:
        head += piece
    pieces = itertools.chain([require_text_vectors(head, path)], pieces)
    progress = options.progress or (lambda _: None)
    with contextlib.closing(_read_ahead(_whole_lines(pieces, block_size, path))) as blocks:
        layout = TextLayout.of(bytes(next(blocks, b"")), path)
        reader = _TextReader(path, options, layout, stream.size)
        block: bytes | memoryview = layout.body
        while block:
            reader.add(block)
            if reader.is_full:
                break
            if fraction := stream.fraction:
                progress(fraction)
            block = next(blocks, b"")
    found = reader.embeddings()
    progress(1.0)
    return found


def write_text(
    file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    decimals: int | None,
    rows: LazyRows | None = None,
) -> None:
    """Write word2vec text with a header.

    The parameters are those of `alignx.save`.

    Raises
    ------
    FormatError
        If a word contains a space or a tab, which separate fields.
    """
    split = next((word for word in embeddings.words if " " in word or "\t" in word), None)
    if split is not None:
        raise FormatError(
            path, f"text cannot hold a word with a space or tab, got {split!r}; use .safetensors"
        )
    dimension = embeddings.dimension if rows is None else rows.dimension
    file.write(f"{len(embeddings)} {dimension}\n".encode())
    start = 0
    for block in row_blocks(embeddings.vectors) if rows is None else rows.blocks():
        words = embeddings.words[start : start + len(block)]
        file.write(_core.format_vectors(words, block, decimals))
        start += len(block)


def _whole_lines(pieces: Iterable[bytes], size: int, path: str) -> Iterator[memoryview]:
    """Join pieces of a text to blocks of whole lines, `size` bytes or a little more."""
    parts: list[bytes] = []
    for piece in pieces:
        parts.append(piece)
        if sum(map(len, parts)) >= size:
            block = b"".join(parts)
            cut = block.rfind(b"\n") + 1
            parts = [block[cut:]]
            if len(parts[0]) > HEAD_SIZE:
                raise FormatError(path, f"a line is longer than {HEAD_SIZE} bytes; {NOT_TEXT}")
            if cut:
                yield memoryview(block)[:cut]
    yield memoryview(b"".join(parts))


def _read_ahead(blocks: Iterator[memoryview]) -> Generator[memoryview]:
    """Yield blocks while a thread reads the next."""
    with ThreadPoolExecutor(max_workers=1) as helper:
        pending = helper.submit(next, blocks, None)
        while block := pending.result():
            pending = helper.submit(next, blocks, None)
            yield block


class _TextReader:
    """Words and rows kept so far, and the problems of other lines."""

    def __init__(
        self, path: str, options: LoadOptions, layout: TextLayout, size: int | None
    ) -> None:
        promised = layout.n_rows or 0
        # A row takes at least a letter, and a blank and a digit for each number; archives seldom
        # shrink numbers to less than a quarter.
        possible = 4 * (size or 0) // (2 * layout.dimension + 1)
        room = min(promised, possible, options.limit or promised)
        self._path = path
        self._layout = layout
        self._skips = options.on_error == "skip"
        self._vocabulary = VocabularyReader(path, options)
        self._matrix: Matrix = np.empty((room, layout.dimension), dtype=np.float32)
        self._next_line = layout.first_line
        self._n_rows = 0  # malformed ones included
        self._skipped = 0
        self._first_problem = ""

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._vocabulary.is_full

    def add(self, text: bytes | memoryview) -> None:
        """Parse whole lines and keep their new words."""
        words, rows, lines, bad, n_lines = _core.parse_vectors(
            text, self._layout.dimension, get_config().n_threads
        )
        start, before = len(self._vocabulary.index), self._vocabulary.rows
        kept = self._vocabulary.add(words)
        self._append(rows if len(kept) == len(rows) else rows[kept], start)
        read = lines[: self._vocabulary.rows - before]
        if self.is_full:
            bad = [(line, reason) for line, reason in bad if line < read[-1]]
        self._note_bad(bad)
        self._check_surplus(read, bad)
        self._next_line += n_lines

    def _append(self, rows: Matrix, start: int) -> None:
        stop = start + len(rows)
        if stop > len(self._matrix):
            # The allocator moves pages, not bytes, so the old and the new matrix never coexist.
            self._matrix.resize((stop, self._layout.dimension), refcheck=False)
        self._matrix[start:stop] = rows

    def _note_bad(self, bad: list[tuple[int, str]]) -> None:
        """Raise at the first malformed line, or count it."""
        self._skipped += len(bad)
        if not bad:
            return
        line, reason = self._next_line + bad[0][0], bad[0][1]
        if not self._skips:
            raise FormatError(
                self._path, f'{reason}; correct it or load with on_error="skip"', line
            )
        self._first_problem = self._first_problem or f"{reason} in line {line}"

    def _check_surplus(self, good: Indices, bad: list[tuple[int, str]]) -> None:
        """Raise at the first line beyond the number of rows in the header."""
        before, promised = self._n_rows, self._layout.n_rows
        self._n_rows += len(good) + len(bad)
        if promised is None or self._n_rows <= promised:
            return
        lines = sorted([*good.tolist(), *(line for line, _ in bad)])
        raise FormatError(
            self._path,
            f"the header promises {promised} rows, this is row {promised + 1}; "
            f"correct the header or load with limit={promised}",
            self._next_line + lines[promised - before],
        )

    def embeddings(self) -> Embeddings:
        """Finish, if the file is complete."""
        n, promised = len(self._vocabulary.index), self._layout.n_rows
        if promised is not None and not self.is_full and self._n_rows < promised:
            raise FormatError(
                self._path,
                f"the header promises {promised} rows, the file ends after {self._n_rows}; "
                f"download it again or take what there is with limit={max(n, 1)}",
                self._next_line - 1,
            )
        if not n:
            raise FormatError(self._path, f"no line is well-formed: {self._first_problem}")
        self._matrix.resize((n, self._layout.dimension), refcheck=False)
        return self._vocabulary.embeddings("text", self._matrix, skipped=self._skipped)
