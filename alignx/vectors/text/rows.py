"""Words and rows of a text of vectors, and the problems of other lines."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import numpy as np

from alignx import _core
from alignx.errors import FormatError
from alignx.support.config import get_config
from alignx.support.counts import counted
from alignx.vectors.text.layout import QUOTED, TextLayout
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions

__all__ = ["TextRows"]

_SHOWN = 40
_FEW = 100  # of more rows, one whose word is not UTF-8 may be an accident


class TextRows:
    """Collector of the rows of a text with a known layout; `size` is that of its file."""

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
        self._ends_open = False
        blanks = layout.dialect.separator == " "
        self._separators = re.compile(r"[ \t]" if blanks else layout.dialect.separator)
        self._spaced = _Odd()
        self._unquoted = _Odd()
        self._undecoded = _Odd()
        self._n_wide = 0  # words with letters in UTF-8, whole or cut, beyond ASCII

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._vocabulary.is_full

    def add(self, text: memoryview) -> None:
        """Parse whole lines and keep their new words."""
        layout = self._layout
        words, rows, lines, bad, n_lines, spaced, undecoded = _core.parse_vectors(
            text, layout.dimension, get_config().n_threads, *layout.dialect
        )
        words = self._cleaned(words, spaced)
        start = len(self._vocabulary.index)
        kept = self._vocabulary.add(words)
        self._append(rows if len(kept) == len(rows) else rows[kept], start)
        if self.is_full:
            last = lines[kept[-1]]
            bad = [(line, reason) for line, reason in bad if line < last]
            undecoded = [(line, word) for line, word in undecoded if line < last]
        self._ends_open = text[-1] != ord("\n")
        self._note_undecoded(words, undecoded)
        self._note_bad(bad, n_lines)
        self._n_rows += len(words) + len(bad) + len(undecoded)
        self._next_line += n_lines

    def _cleaned(self, words: list[str], spaced: Sequence[int]) -> list[str]:
        """Take off what is no part of words, and count those with separators."""
        if self._layout.is_indented:
            words = [word.lstrip(" \t") for word in words]
        if decoration := self._layout.decoration:
            words = [decoration.sub("", word, count=1) for word in words]
        for row in spaced:
            if self._separators.search(words[row]) and not QUOTED.fullmatch(words[row]):
                self._spaced.add(words[row])
        for row in range(len(words)) if self._layout.is_quoted else spaced:
            if QUOTED.fullmatch(words[row]):
                words[row] = words[row][1:-1].replace('""', '"')
                self._unquoted.add(words[row])
        return words

    def _append(self, rows: Matrix, start: int) -> None:
        stop = start + len(rows)
        if stop > len(self._matrix):
            # The allocator moves pages, not bytes, so the old and the new matrix never coexist.
            self._matrix.resize((stop, self._layout.dimension), refcheck=False)
        self._matrix[start:stop] = rows

    def _note_bad(self, bad: list[tuple[int, str]], n_lines: int) -> None:
        """Raise at the first malformed line, or count it."""
        self._skipped += len(bad)
        if not bad:
            return
        line, reason = self._next_line + bad[0][0], bad[0][1]
        if self._ends_open and bad[0][0] == n_lines - 1:
            reason = f"the file ends within a line: {reason}"
        if not self._skips:
            raise FormatError(
                self._path, f'{reason}; correct it or load with on_error="skip"', line
            )
        self._first_problem = self._first_problem or f"{reason} in line {line}"

    def _note_undecoded(self, words: list[str], undecoded: list[tuple[int, bytes]]) -> None:
        """Count words that are not UTF-8; refuse a text in another encoding."""
        for _, word in undecoded:
            self._n_wide += _is_cut(word)
            self._undecoded.add(word.decode(errors="replace"))
        if not self._undecoded.n or self._skips:
            return
        self._n_wide += sum(not word.isascii() for word in words)
        n_rows = self._n_rows + len(words) + len(undecoded)
        # Words of UTF-8 are cut by some programs; most words of Latin-1 are not UTF-8 at all.
        if self._undecoded.n > 2 * self._n_wide and self._undecoded.n * _FEW > n_rows:
            problem = f"words must be UTF-8, got {self._undecoded.example!r}"
            advice = "convert the file first, such as with iconv -f LATIN1 -t UTF-8"
            line = self._next_line + undecoded[0][0] if undecoded else None
            raise FormatError(self._path, f"{problem}; {advice}", line)

    def embeddings(self) -> Embeddings:
        """Join what was read."""
        n = len(self._vocabulary.index)
        notes = [*self._layout.notes, *self._notes()]
        if not n and self._first_problem:
            raise FormatError(self._path, f"no line is well-formed: {self._first_problem}")
        if not n and self._undecoded.n:
            raise FormatError(self._path, f"words must be UTF-8, got {self._undecoded.example!r}")
        self._matrix.resize((n, self._layout.dimension), refcheck=False)
        return self._vocabulary.embeddings("text", self._matrix, skipped=self._skipped, notes=notes)

    def _notes(self) -> list[str]:
        notes = []
        promised, n_rows = self._layout.n_rows, self._n_rows
        if promised is not None and promised != n_rows and not self.is_full:
            promise = f"the header promises {counted(promised, 'row')}, the file has {n_rows:,}"
            is_cut = self._ends_open and n_rows < promised
            notes.append(promise + (" and ends without a line end" if is_cut else ""))
        if self._spaced.n:
            notes.append(self._spaced.described(f"with {self._layout.dialect.name}"))
        if self._unquoted.n:
            notes.append(self._unquoted.described("taken out of quotes"))
        if self._undecoded.n:
            notes.append(self._undecoded.described("not in UTF-8 left out"))
        return notes


def _is_cut(word: bytes) -> bool:
    """Test for letters in UTF-8, the last of them cut."""
    try:
        return not codecs.getincrementaldecoder("utf-8")().decode(word).isascii()
    except UnicodeDecodeError:
        return False


class _Odd:
    """Number of odd words, and the oddest of them as an example."""

    def __init__(self) -> None:
        self.n = 0
        self.example = ""

    def add(self, word: str) -> None:
        """Count a word; one that ends in a number may be a line with a number too many."""
        if not self.n or (word[-1:].isdigit() and not self.example[-1:].isdigit()):
            self.example = word
        self.n += 1

    def described(self, kind: str) -> str:
        """Return the number, the kind and the example as a phrase."""
        example = self.example if len(self.example) <= _SHOWN else self.example[:_SHOWN] + "..."
        return f"{counted(self.n, 'word')} {kind}, such as {example!r}"
