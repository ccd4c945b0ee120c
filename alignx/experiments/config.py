"""Tables of a TOML file, taken key by key; errors name the key, the rule, and what arrived."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from alignx.errors import FormatError
from alignx.support.files import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Check", "Table", "choice", "flag", "integer", "number", "several", "text"]

T = TypeVar("T")
D = TypeVar("D")
S = TypeVar("S", bound=str)

Check: TypeAlias = "Callable[[object], T]"
"""Gives a value back if it is right, or raises ValueError with the rule ("must be a string")."""

_shown = Repr()
_shown.maxstring = 100


@dataclass
class Table:
    """A table of a TOML file, from which each known key is taken once.

    Parameters
    ----------
    path : Path
        The file.
    values : dict
        What the table holds.
    name : str
        Its name in the file; empty for the file as a whole.

    Examples
    --------
    >>> table = Table("bench.toml", {"limit": 20_000, "colour": "red"})
    >>> table.take("limit", integer(1), None)
    20000
    >>> table.finish()
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: bench.toml: unknown key 'colour'; known here: limit
    """

    path: str | Path
    values: dict[str, Any]
    name: str = ""
    taken: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; raises FormatError if it is not TOML."""
        with reading(path) as file:
            data = file.read()
        try:
            return cls(path, tomllib.loads(data.decode("utf-8-sig")))
        except (ValueError, RecursionError) as error:  # of UTF-8 or of TOML
            raise FormatError(path, f"must be TOML in UTF-8: {error}") from None

    def need(self, key: str, check: Check[T]) -> T:
        """Give the value of a key that must be there."""
        self.taken.append(key)
        if key not in self.values:
            raise self.error(key, "is missing")
        value = self.values[key]
        try:
            return check(value)
        except ValueError as error:
            raise self.error(key, f"{error}, got {_shown.repr(value)}") from None

    def take(self, key: str, check: Check[T], default: D) -> T | D:
        """Give the value of a key, or the default where it is not there."""
        if key in self.values:
            return self.need(key, check)
        self.taken.append(key)
        return default

    def table(self, key: str) -> Table:
        """Give the table below a key, empty where it is not there."""
        values: dict[str, Any] = self.take(key, _mapping, {})
        return Table(self.path, values, f"{self.name}.{key}" if self.name else key)

    def tables(self) -> dict[str, Table]:
        """Give all tables below this one by their keys."""
        return {key: self.table(key) for key, value in self.values.items() if _is_mapping(value)}

    def finish(self) -> None:
        """Refuse keys that nobody has taken."""
        unknown = [repr(key) for key in self.values if key not in self.taken]
        if unknown:
            place = f" in [{self.name}]" if self.name else ""
            noun = "key" if len(unknown) == 1 else "keys"
            known = ", ".join(dict.fromkeys(self.taken))
            raise FormatError(
                self.path, f"unknown {noun} {', '.join(unknown)}{place}; known here: {known}"
            )

    def error(self, key: str, problem: str) -> FormatError:
        """Give an error that says where the problem is."""
        return FormatError(
            self.path, f"{self.name}.{key} {problem}" if self.name else f"{key} {problem}"
        )


def integer(least: int) -> Check[int]:
    """Give a check for whole numbers."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"must be a whole number of at least {least}")
        return value

    return check


def number(value: object) -> float:
    """Check for a finite number of at least 0."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < float("inf")
    ):
        raise ValueError("must be a finite number of at least 0")
    return value


def text(value: object) -> str:
    """Check for a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a string")
    return value


def flag(value: object) -> bool:
    """Check for true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def choice(names: Iterable[S]) -> Check[S]:
    """Give a check for one of some strings."""
    known = {name: name for name in names}

    def check(value: object) -> S:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return known[value]

    return check


def several(each: Check[T]) -> Check[tuple[T, ...]]:
    """Give a check for a list of at least one value, each once."""

    def check(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError("must be a list of at least one value")
        checked = []
        for item in value:
            try:
                checked.append(each(item))
            except ValueError as error:
                raise ValueError(f"has {item!r}, which {error}") from None
        if len(set(checked)) < len(checked):
            raise ValueError("must not repeat a value")
        return tuple(checked)

    return check


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    return value
