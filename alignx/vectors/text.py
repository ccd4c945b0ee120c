"""Word2vec text, plain or gzipped: one word and its numbers a line, header optional.

The file is read in blocks. While one block is parsed by all threads (`alignx._core`), a helper
thread reads or unpacks the next, so that loading takes as long as the slower of the two. Rows go
straight into the final matrix; only two blocks exist at any time.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import os
import re
import stat
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import numpy as np

from alignx import _core
from alignx.errors import FormatError
from alignx.support.arrays import row_blocks
from alignx.support.config import get_config
from alignx.support.file_kinds import BINARY, kind_of, markup_of
from alignx.support.files import printable
from alignx.vectors.embeddings import (
    Embeddings,
    LoadOptions,
    LoadReport,
    count_zero_rows,
    enter_words,
    guess_language,
)
from alignx.vectors.fasttext import FASTTEXT_MAGIC

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from alignx.support.arrays import LazyRows

__all__ = ["read_text", "write_text"]

_GZIP_MAGIC = b"\x1f\x8b"

BLOCK_SIZE = 4 << 20
# What is looked at to tell vectors from anything else; also the longest line that is accepted.
_HEAD_SIZE = 1 << 20
_SAMPLE_LINES = 11
# Numbers hardly compress: higher levels take several times as long for a few percent.
_GZIP_LEVEL = 4

_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?")
_LOOKS = {
    rb"\s*[{\[]": "this looks like JSON; write a word and its numbers a line",
    rb"[^\t ]+[\t ]+-?\d+,\d+[\t ]": "write decimal points instead of commas",
    rb"[^;]+;\s*-?\d+[.,]\d+;": "write blanks instead of semicolons",
    rb"[^,]+,\s*-?\d+(\.\d+)?,": "write blanks instead of commas",
    rb"[^\t ]+[\t ]+\d+:-?\d": "sparse vectors cannot be read; write all numbers of a word",
}
_NO_TEXT = "this is not a text file of vectors"
_FIELD = re.compile(rb"[^ \t]+")


def read_text(
    file: io.BufferedReader, path: str, options: LoadOptions, *, block_size: int = BLOCK_SIZE
) -> Embeddings:
    r"""Read word2vec text from an open file.

    Parameters
    ----------
    file : buffered binary file
        At its beginning; need not be seekable.
    path : str
        Its name.
    options : LoadOptions
        How to read it.
    block_size : int
        Bytes to parse at once.

    Returns
    -------
    Embeddings

    Raises
    ------
    FormatError
        At the first line that is malformed, or if the file holds something else.

    Notes
    -----
    Peak memory is the matrix, the words, two blocks and the rows of one.

    Examples
    --------
    >>> file = io.BufferedReader(io.BytesIO(b"2 3\ncat 1 0 0\ndog 0 1 0\n"))
    >>> read_text(file, "en.vec", LoadOptions()).words
    ('cat', 'dog')
    """
    stream = _Stream(file, path)
    layout = _find_layout(stream.take_head(), path)
    stream.push_back(layout.body)
    reader = _Reader(path, layout, options, stream.expected_rows(layout, options.limit))
    progress = options.progress or _ignore
    with contextlib.closing(_blocks(stream, path, block_size)) as blocks:
        for block in blocks:
            reader.add(block)
            if reader.is_full:
                break
            progress(stream.fraction)
    found = reader.finish()
    progress(1.0)
    return found


def write_text(
    file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    decimals: int | None,
    rows: LazyRows | None = None,
) -> None:
    r"""Write embeddings as word2vec text with a header.

    Parameters
    ----------
    file : binary file
        Where to write.
    path : str
        Its name, for messages; the text is gzipped if it ends in ``.gz``.
    embeddings : Embeddings
        What to write.
    decimals : int or None
        Digits behind the point; None for the fewest that read back to the same float32.
    rows : LazyRows, optional
        Take the place of the vectors.

    Raises
    ------
    FormatError
        If a word contains a space or a tab, which separate fields.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_text(file, "en.vec", Embeddings(["cat"], [[0.1, 1e-9]]), decimals=None)
    >>> file.getvalue()
    b'1 2\ncat 0.1 1e-09\n'
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


class _Stream:
    """Bytes of a file, unpacked if they are gzipped, with what was looked at put back."""

    def __init__(self, file: io.BufferedReader, path: str) -> None:
        self._path = path
        self._file = file
        self._size = _size_of(file)
        self.is_packed = file.peek(2)[:2] == _GZIP_MAGIC
        self._unpacked: io.BufferedReader | gzip.GzipFile = (
            gzip.GzipFile(fileobj=file) if self.is_packed else file
        )
        self._pushed_back = memoryview(b"")
        self.fraction = 0.0

    def take_head(self) -> bytes:
        """Return the first bytes."""
        head = bytearray(_HEAD_SIZE)
        return bytes(head[: self.fill(memoryview(head))])

    def push_back(self, data: bytes) -> None:
        """Let the next `fill` begin with these bytes."""
        self._pushed_back = memoryview(data)

    def fill(self, buffer: memoryview) -> int:
        """Fill the buffer, or as much of it as there is before the end of the file."""
        filled = min(len(self._pushed_back), len(buffer))
        buffer[:filled] = self._pushed_back[:filled]
        self._pushed_back = self._pushed_back[filled:]
        try:
            while filled < len(buffer) and (count := self._unpacked.readinto(buffer[filled:])):
                filled += count
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            problem = "the archive is truncated or damaged; download it again"
            raise FormatError(self._path, problem) from error
        if self._size:
            self.fraction = min(1.0, self._file.tell() / self._size)
        return filled

    def expected_rows(self, layout: _Layout, limit: int | None) -> int:
        """How many rows to make room for, never more than the file can hold."""
        if layout.promised is None or self._size is None:
            return 0
        # A row takes at least a letter, and a blank and a digit for each number; gzip makes
        # nothing smaller than a thousandth, usually half.
        possible = self._size * (4 if self.is_packed else 1) // (2 * layout.dimension + 1)
        return min(layout.promised, possible, limit or layout.promised)


class _Layout(NamedTuple):
    """What the first lines tell about a text; `body` is what was looked at, without header."""

    dimension: int
    promised: int | None
    first_line: int
    body: bytes


class _Reader:
    """The words and rows kept so far, and what was wrong with the others."""

    def __init__(self, path: str, layout: _Layout, options: LoadOptions, room: int) -> None:
        self._path = path
        self._layout = layout
        self._options = options
        self._named = None if options.language else guess_language(path)
        self._language = options.language or self._named
        self._index: dict[str, int] = {}
        self._matrix = np.empty((room, layout.dimension), dtype=np.float32)
        self._next_line = layout.first_line
        self._n_lines = 0
        self._report = LoadReport(path, "text", rows=0, dimension=layout.dimension)
        self._first_problem = ""

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return len(self._index) == self._options.limit

    def add(self, text: memoryview) -> None:
        """Parse a block and keep its new words."""
        words, rows, lines, bad, n_lines = _core.parse_vectors(
            text, self._layout.dimension, get_config().n_threads
        )
        start = len(self._index)
        read, kept = enter_words(
            self._index,
            words,
            self._options.limit,
            lowercase=self._options.lowercase,
            language=self._language,
        )
        self._append(rows if len(kept) == len(rows) else rows[kept], start)
        if self.is_full:
            bad = [(line, reason) for line, reason in bad if line < lines[read - 1]]
        self._note_bad(bad)
        self._check_surplus(lines[:read], [line for line, _ in bad])
        self._report = replace(
            self._report,
            rows=self._report.rows + read,
            merged=self._report.merged + read - len(kept),
            skipped=self._report.skipped + len(bad),
        )
        self._next_line += n_lines

    def _append(self, rows: NDArray[np.float32], start: int) -> None:
        """Copy rows to the end of the matrix."""
        stop = start + len(rows)
        if stop > len(self._matrix):
            # The allocator moves pages, not bytes, so the old and the new matrix never coexist.
            self._matrix.resize((stop, self._layout.dimension), refcheck=False)
        self._matrix[start:stop] = rows

    def _note_bad(self, bad: list[tuple[int, str]]) -> None:
        """Raise at the first malformed line, or remember it."""
        if not bad:
            return
        line, reason = self._next_line + bad[0][0], bad[0][1]
        if self._options.on_error == "raise":
            raise FormatError(
                self._path, f'{reason}; correct it or load with on_error="skip"', line
            )
        self._first_problem = self._first_problem or f"{reason} in line {line}"

    def _check_surplus(self, good: NDArray[np.int64], bad: Sequence[int]) -> None:
        """Raise at the first line beyond what the header promises."""
        before, promised = self._n_lines, self._layout.promised
        self._n_lines += len(good) + len(bad)
        if promised is None or self._n_lines <= promised:
            return
        lines = np.sort(np.concatenate([good, np.array(bad, dtype=np.int64)]))
        raise FormatError(
            self._path,
            f"the header promises {promised} rows, this is row {promised + 1}; "
            f"correct the header or load with limit={promised}",
            self._next_line + int(lines[promised - before]),
        )

    def finish(self) -> Embeddings:
        """Check what only the end of the file tells."""
        self._check_complete()
        if not self._index:
            raise FormatError(self._path, f"no line is well-formed: {self._first_problem}")
        self._matrix.resize((len(self._index), self._layout.dimension), refcheck=False)
        zero_rows = count_zero_rows(self._matrix)
        return Embeddings.from_checked(
            tuple(self._index),
            self._matrix,
            language=self._language,
            source=printable(Path(self._path).name),
            report=replace(self._report, zero_rows=zero_rows, language=self._named),
            index=self._index,
            zero_rows=zero_rows,
        )

    def _check_complete(self) -> None:
        """Raise if the file ends before the header's promise is kept."""
        promised = self._layout.promised
        if promised is None or self.is_full or self._n_lines == promised:
            return
        raise FormatError(
            self._path,
            f"the header promises {promised} rows, the file ends after {self._n_lines}; download "
            f"it again or take what there is with limit={max(len(self._index), 1)}",
            self._next_line - 1,
        )


def _blocks(stream: _Stream, path: str, size: int) -> Generator[memoryview]:
    """Yield complete lines, valid until the next are asked for, while a thread reads those."""
    buffers = [bytearray(size), bytearray(size)]
    with ThreadPoolExecutor(max_workers=1) as helper:
        pending = helper.submit(_fill, stream, buffers[0], b"")
        at_end = False
        while not at_end:
            filled, at_end = pending.result()
            buffer = buffers[0]
            cut = filled if at_end else buffer.rfind(b"\n", 0, filled) + 1
            carry = bytes(memoryview(buffer)[cut:filled])
            if len(carry) > _HEAD_SIZE:
                raise FormatError(path, f"a line is longer than {_HEAD_SIZE} bytes; {_NO_TEXT}")
            buffers.reverse()
            if not at_end:
                pending = helper.submit(_fill, stream, buffers[0], carry)
            with memoryview(buffer) as whole, whole[:cut] as block:
                yield block


def _fill(stream: _Stream, buffer: bytearray, carry: bytes) -> tuple[int, bool]:
    """Fill a buffer behind the line that was cut; return how far, and whether the file ends."""
    if 2 * len(carry) > len(buffer):
        buffer.extend(bytes(2 * len(carry)))
    buffer[: len(carry)] = carry
    filled = len(carry) + stream.fill(memoryview(buffer)[len(carry) :])
    return filled, filled < len(buffer)


def _find_layout(head: bytes, path: str) -> _Layout:
    """Tell vectors from anything else by the first lines, and find their dimension."""
    text = head.removeprefix(_BOM)
    _refuse_other_formats(text, path)
    if b"\r" in text.rstrip() and b"\n" not in text:
        problem = "lines end in CR alone, as on old Macs; convert them first, such as with mac2unix"
        raise FormatError(path, problem)
    first, _, rest = text.partition(b"\n")
    header = _HEADER.fullmatch(first)
    body = rest if header else text
    # The last line of a full head may be cut.
    complete = body[: body.rfind(b"\n") + 1] if len(head) == _HEAD_SIZE else body
    sample = list(itertools.islice(filter(bytes.strip, io.BytesIO(complete)), _SAMPLE_LINES))
    promised, promised_dimension = map(int, header.groups()) if header else (None, None)
    if not sample:
        problem = "a header but no vectors" if header else "no vectors"
        raise FormatError(path, f"the file holds {problem}; download it again")
    dimension = _usual_dimension(sample, promised_dimension, path)
    if promised_dimension not in (None, dimension):
        problem = f"the header promises {promised_dimension} dimensions, the lines have {dimension}"
        raise FormatError(path, f"{problem}; correct the header", 1)
    return _Layout(dimension, promised, 2 if header else 1, body)


def _refuse_other_formats(text: bytes, path: str) -> None:
    """Name what is mistaken for vectors most often."""
    if not text:
        raise FormatError(path, "the file is empty; download it again")
    if text.startswith(FASTTEXT_MAGIC):
        raise FormatError(path, "this is a gzipped fastText model; unpack it with gunzip first")
    kind = markup_of(text) or kind_of(text)
    if kind not in (None, BINARY):  # a NUL may be in a word
        raise FormatError(path, f"{_NO_TEXT}: {kind}")
    if b"\n" not in text and len(text) >= _HEAD_SIZE - len(_BOM):
        raise FormatError(path, f"the first line is longer than {_HEAD_SIZE} bytes; {_NO_TEXT}")


def _usual_dimension(lines: Sequence[bytes], promised: int | None, path: str) -> int:
    """Find how many numbers the first lines have, where they do not agree most of them."""
    counts = [_count_numbers(line) for line in lines]
    found = Counter(filter(None, counts))
    # Binary data can hold a line end behind a digit by chance.
    if not found or (None in counts and any(b"\0" in line for line in lines)):
        if any(b"\0" in line for line in lines):
            raise FormatError(path, f"{_NO_TEXT}: {BINARY}")
        shown = lines[0][:40].decode(errors="backslashreplace").rstrip()
        problem = f"{_NO_TEXT}: a line is a word and its numbers, found {shown!r}"
        raise FormatError(path, f"{problem}{_looks_like(lines[0])}")
    if promised is not None and promised in found:
        return promised
    return found.most_common(1)[0][0]


def _looks_like(line: bytes) -> str:
    """Say what a line that is no vector looks like, if that is known."""
    for pattern, what in _LOOKS.items():
        if re.match(pattern, line):
            return f"; {what}"
    return ""


def _count_numbers(line: bytes) -> int | None:
    """Count the fields behind the word; None if the last is no number."""
    fields = _FIELD.findall(line.removesuffix(b"\n").removesuffix(b"\r"))
    try:
        float(fields[-1])
    except (IndexError, ValueError):
        return None
    return len(fields) - 1 or None


def _size_of(file: io.BufferedReader) -> int | None:
    """Size of a regular file; None for pipes and buffers, whose size nobody knows."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _ignore(fraction: float) -> None:
    """Report progress to nobody."""
