"""Vectors as word2vec text, plain or gzipped: a word and its numbers a line.

One block of the file is parsed by all threads while a helper thread reads the next. Rows go
straight into the final matrix.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from alignx import _core
from alignx.errors import FormatError
from alignx.support.arrays import Matrix, row_blocks
from alignx.support.config import get_config
from alignx.support.file_kinds import GZIP_MAGIC
from alignx.vectors.text_layout import HEAD_SIZE, NOT_TEXT, TextLayout
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    from collections.abc import Generator

    from alignx.support.arrays import Indices, LazyRows
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions

__all__ = ["read_text", "write_text"]

BLOCK_SIZE = 4 << 20
# Numbers hardly compress: higher levels take several times as long for a few percent.
_GZIP_LEVEL = 4


def read_text(
    file: io.BufferedReader, path: str, options: LoadOptions, *, block_size: int = BLOCK_SIZE
) -> Embeddings:
    r"""Read word2vec text from an open file.

    Parameters
    ----------
    file : buffered binary file
        File at its beginning; need not be seekable.
    path : str
        Name of the file.
    options : LoadOptions
        Options of the caller.
    block_size : int
        Bytes to parse at once.

    Raises
    ------
    FormatError
        At the first malformed line, or if the file holds something else.

    Notes
    -----
    Peak memory is the matrix, the words, two blocks and the rows of one.

    Examples
    --------
    >>> from alignx.vectors.load_options import LoadOptions
    >>> file = io.BufferedReader(io.BytesIO(b"2 3\ncat 1 0 0\ndog 0 1 0\n"))
    >>> read_text(file, "en.vec", LoadOptions()).words
    ('cat', 'dog')
    """
    stream = _TextStream(file, path)
    reader = _TextReader(path, options, stream.layout, stream.expected_rows(options.limit))
    progress = options.progress or (lambda _: None)
    with contextlib.closing(stream.blocks(block_size)) as blocks:
        for block in blocks:
            reader.add(block)
            if reader.is_full:
                break
            progress(stream.fraction)
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
    """Write embeddings as word2vec text with a header.

    Parameters
    ----------
    file : binary file
        Where to write.
    path : str
        Name of the file; the text is gzipped if it ends in ``.gz``.
    embeddings : Embeddings
        Words and vectors.
    decimals : int or None
        Digits behind the point; None for the fewest that read back to the same float32.
    rows : LazyRows, optional
        Rows to write in place of the vectors.

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
    with contextlib.ExitStack() as stack:
        if path.endswith(".gz"):
            # Neither name nor time of day: equal embeddings make equal files.
            archive = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)
            file = cast("IO[bytes]", stack.enter_context(archive))
        dimension = embeddings.dimension if rows is None else rows.dimension
        file.write(f"{len(embeddings)} {dimension}\n".encode())
        start = 0
        for block in row_blocks(embeddings.vectors) if rows is None else rows.blocks():
            words = embeddings.words[start : start + len(block)]
            file.write(_core.format_vectors(words, block, decimals))
            start += len(block)


class _TextStream:
    """Blocks of whole lines of a file, unpacked if it is gzipped."""

    def __init__(self, file: io.BufferedReader, path: str) -> None:
        self._path = path
        self._file = file
        self._size = _size_of(file)
        self._is_packed = file.peek(2)[:2] == GZIP_MAGIC
        self._unpacked: io.BufferedReader | gzip.GzipFile = (
            gzip.GzipFile(fileobj=file) if self._is_packed else file
        )
        with self._archive_errors():
            head = self._unpacked.read(HEAD_SIZE)
        self.layout = TextLayout.of(head, path)
        self._head = io.BytesIO(self.layout.body)

    @property
    def fraction(self) -> float:
        """Share of the file read so far; 0 for a pipe."""
        return min(1.0, self._file.tell() / self._size) if self._size else 0.0

    def expected_rows(self, limit: int | None) -> int:
        """Number of rows to make room for, never more than the file can hold."""
        promised = self.layout.n_rows
        if promised is None or self._size is None:
            return 0
        # A row takes at least a letter, and a blank and a digit for each number; gzip seldom
        # shrinks numbers to less than half.
        possible = self._size * (4 if self._is_packed else 1) // (2 * self.layout.dimension + 1)
        return min(promised, possible, limit or promised)

    def blocks(self, size: int) -> Generator[bytes]:
        """Yield whole lines, about `size` bytes at a time, while a thread reads the next."""
        with ThreadPoolExecutor(max_workers=1) as helper:
            block = self._next_block(size)
            while block:
                pending = helper.submit(self._next_block, size)
                yield block
                block = pending.result()

    def _next_block(self, size: int) -> bytes:
        with self._archive_errors():
            block = self._head.read(size) or self._unpacked.read(size)
            while not block.endswith(b"\n"):
                rest = self._head.readline() or self._unpacked.readline(HEAD_SIZE)
                if not rest:
                    break
                if len(rest) == HEAD_SIZE and not rest.endswith(b"\n"):
                    problem = f"a line is longer than {HEAD_SIZE} bytes; {NOT_TEXT}"
                    raise FormatError(self._path, problem)
                block += rest
        return block

    @contextlib.contextmanager
    def _archive_errors(self) -> Generator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = "the archive is truncated or damaged; download it again"
            raise FormatError(self._path, problem) from error


class _TextReader:
    """Words and rows kept so far, and the problems of other lines."""

    def __init__(self, path: str, options: LoadOptions, layout: TextLayout, room: int) -> None:
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

    def add(self, text: bytes) -> None:
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


def _size_of(file: io.BufferedReader) -> int | None:
    """Size of a regular file; None for pipes and buffers."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
