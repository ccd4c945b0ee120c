"""TOML files validated by pydantic models, with errors of one line."""

from __future__ import annotations

import re
import tomllib
from reprlib import Repr
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from alignx.errors import FormatError
from alignx.support.files import reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Count", "Distinct", "Table", "read_toml", "validated"]

T = TypeVar("T")
AnyTable = TypeVar("AnyTable", bound="Table")

_shown = Repr()
_shown.maxstring = 100


def _require_distinct(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


Count = Annotated[int, Field(ge=1)]
Distinct = Annotated[list[T], Field(min_length=1), AfterValidator(_require_distinct)]


class Table(BaseModel):
    """Base of the models: strict types, no unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file; raises FormatError if it is not TOML."""
    with reading(path) as file:
        data = file.read()
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # of UTF-8 or of TOML
        raise FormatError(path, f"must be TOML in UTF-8: {error}") from None


def validated(
    model: type[AnyTable], values: Mapping[str, Any], path: str | Path, table: str = ""
) -> AnyTable:
    """Validate a table of a file.

    Raises
    ------
    FormatError
        If a key is unknown, missing or has a wrong value. The message names the key, the rule and
        the value.

    Examples
    --------
    >>> class Limits(Table):
    ...     limit: Count
    >>> validated(Limits, {"limit": 0}, "bench.toml")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: bench.toml: limit must be greater than or equal to 1, got 0
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = error.errors()
    unknown = [repr(each["loc"][0]) for each in errors if each["type"] == "extra_forbidden"]
    if unknown:
        section = f" in [{table}]" if table else ""
        noun = "key" if len(unknown) == 1 else "keys"
        known = ", ".join(model.model_fields)
        message = f"unknown {noun} {', '.join(unknown)}{section}; known here: {known}"
        raise FormatError(path, message)
    first = errors[0]
    keys = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
    name = f"{table}{keys}".removeprefix(".")
    rule = re.sub(r"^(\w+ should|Value error, must)", "must", first["msg"])
    if first["type"] == "missing":
        raise FormatError(path, f"{name} is missing")
    if not first["loc"]:  # the rule is about several keys and names them
        raise FormatError(path, rule.removeprefix("Value error, "))
    raise FormatError(path, f"{name} {rule}, got {_shown.repr(first['input'])}")
