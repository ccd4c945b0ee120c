"""Values of pairs of languages of a space on disk, read at first use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StoredValues"]

Pair: TypeAlias = tuple[str, str]
Record = TypeVar("Record")
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False, repr=False)
class StoredValues(Mapping[Pair, Value], Generic[Record, Value]):
    """Values by source and target code, each read once; a subclass says how.

    Parameters
    ----------
    folder : Path
        The space.
    records : mapping of (str, str) to record
        Those of the manifest.
    """

    folder: Path
    records: Mapping[Pair, Record]
    _read: dict[Pair, Value] = field(default_factory=dict, init=False)

    @abstractmethod
    def _value(self, record: Record) -> Value:
        """Read the value of a record."""

    def __getitem__(self, pair: Pair) -> Value:
        if pair not in self._read:
            self._read[pair] = self._value(self.records[pair])
        return self._read[pair]

    def __contains__(self, pair: object) -> bool:
        return pair in self.records  # which reads nothing

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)
