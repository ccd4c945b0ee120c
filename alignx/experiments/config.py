"""TOML files as tables of values."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from alignx.errors import FormatError
from alignx.support.files import reading

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Count", "Distinct", "read_toml"]

T = TypeVar("T")


def _require_distinct(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


Count = Annotated[int, Field(ge=1)]
Distinct = Annotated[list[T], Field(min_length=1), AfterValidator(_require_distinct)]


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file; raises FormatError if it is not TOML."""
    with reading(path) as file:
        data = file.read()
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # of UTF-8 or of TOML
        raise FormatError(path, f"must be TOML in UTF-8: {error}") from None
