"""Rows of word2vec's binary format: a word, a space and float32 numbers each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

__all__ = ["CONTROL", "LONGEST_WORD", "Word2VecRows", "are_words"]

LONGEST_WORD = 4096
"""Most bytes of a word, as the search for its end must stop somewhere."""
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
"""Control character, which hardly a word contains, but most numbers do."""


@dataclass
class Word2VecRows:
    r"""Whole rows at the beginning of some bytes.

    Parameters
    ----------
    data : bytes
        Rows, and perhaps the beginning of another.
    size : int
        Bytes of the numbers of a row.
    words : list of bytes
        Bytes before the space of each row, with a line end before the word or without.
    starts : list of int
        First byte of the numbers of each row.
    end : int
        End of the last row.

    Examples
    --------
    >>> data = b"New York \0\0\0\0cat \0\0\0\0"
    >>> Word2VecRows.of(data, 4, is_last=True).words
    [b'New York', b'cat']
    """

    data: bytes
    size: int
    words: list[bytes] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    end: int = 0

    @classmethod
    def of(cls, data: bytes, size: int, *, is_last: bool) -> Self:
        """Find the rows; of bytes that go on, not the last row, which needs the word behind."""
        rows = cls(data, size)
        rows._split()
        if not (are_words(rows.words) and not (is_last and data[rows.end :])):
            rows._join_words(is_last=is_last)
        if not is_last and rows.words:
            rows.end = rows.starts.pop() - 1 - len(rows.words.pop())
        return rows

    def _split(self) -> None:
        """Find the rows behind `end`, each word up to the first space."""
        data, size = self.data, self.size
        find, last, at = data.find, len(data) - size, self.end
        while -1 < (space := find(b" ", at, at + LONGEST_WORD)) < last:
            self.words.append(data[at:space])
            self.starts.append(space + 1)
            at = space + 1 + size
        self.end = at

    def _join_words(self, *, is_last: bool) -> None:
        """Repair words with spaces: bytes that are no word follow their row."""
        position = 0
        while position < len(self.words):
            begin = self.starts[position] - 1 - len(self.words[position])
            space = None
            if self._is_odd_behind(position, is_last=is_last):
                space = self._later_space(begin, self.starts[position] - 1)
            if space is not None:
                del self.words[position:], self.starts[position:]
                self.words.append(self.data[begin:space])
                self.starts.append(space + 1)
                self.end = space + 1 + self.size
                self._split()
            position += 1

    def _is_odd_behind(self, position: int, *, is_last: bool) -> bool:
        """Test for bytes behind a row that are no word, or, at the end, not nothing."""
        if position + 1 < len(self.words):
            return not are_words(self.words[position + 1 : position + 2])
        behind = self.data[self.end :].strip(b"\n") if is_last else b""
        return bool(behind) and not are_words([behind])

    def _later_space(self, begin: int, space: int) -> int | None:
        """Find a later space that ends a word and makes another word, or the end, follow."""
        data = self.data
        while (space := data.find(b" ", space + 1, begin + LONGEST_WORD)) >= 0:
            after = space + 1 + self.size
            if after > len(data) or not _is_word(data[begin:space]):
                return None
            following = data[after : data.find(b" ", after, after + LONGEST_WORD)]
            if not data[after:].strip(b"\n") or _is_word(following):
                return space
        return None


def _is_word(stored: bytes) -> bool:
    """Test for a word of valid UTF-8 without control characters, perhaps behind a line end."""
    return are_words([stored]) and not CONTROL.search(stored.lstrip(b"\n"))


def are_words(stored: list[bytes]) -> bool:
    """Test for words of valid UTF-8 without line ends and zero bytes within, none of them empty."""
    # The line end behind the row before; word2vec itself writes one.
    bare = [word.lstrip(b"\n") for word in stored]
    joined = b"\n".join(bare)
    try:
        joined.decode()
    except UnicodeDecodeError:
        return False
    return all(bare) and joined.count(b"\n") == max(len(bare) - 1, 0) and b"\0" not in joined
