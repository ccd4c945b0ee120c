"""Words of a cache, decoded at first use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np

from alignx.errors import FormatError
from alignx.support.memory import require_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["StoredWords"]


@dataclass(frozen=True, eq=False)
class StoredWords(Sequence[str]):
    r"""Sequence of words in UTF-8 bytes, decoded when the first is needed.

    Parameters
    ----------
    data : (b,) uint8
        UTF-8, newline-joined.
    n : int
        Number of words to use.
    path : str
        File for messages.

    Examples
    --------
    >>> words = StoredWords(np.frombuffer(b"cat\ndog\ncow", dtype=np.uint8), 2, "en.safetensors")
    >>> len(words), words[1]
    (2, 'dog')
    """

    data: NDArray[np.uint8]
    n: int
    path: str

    @property
    def joined(self) -> str:
        """The words, newline-joined."""
        require_whole(self.data)
        ends = np.flatnonzero(self.data == ord("\n"))
        used = self.data[: ends[self.n - 1]] if self.n <= len(ends) else self.data
        try:
            return used.tobytes().decode()
        except UnicodeDecodeError as error:
            problem = "the cache is damaged: its words are not UTF-8; create it again"
            raise FormatError(self.path, problem) from error

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(self.joined.split("\n"))

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[str, ...]: ...
    def __getitem__(self, position: int | slice) -> str | tuple[str, ...]:
        return self._words[position]

    def __eq__(self, other: object) -> bool:
        return self._words == (other._words if isinstance(other, StoredWords) else other)
