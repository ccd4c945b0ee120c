"""Pydantic models of files, with errors of one line."""

from __future__ import annotations

import re
from reprlib import Repr
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from alignx.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Table", "validated", "validated_json"]

AnyTable = TypeVar("AnyTable", bound="Table")

_shown = Repr()
_shown.maxstring = 100


class Table(BaseModel):
    """Base of the models: strict types, no unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
    ...     limit: int
    >>> validated(Limits, {"limit": "all"}, "bench.toml")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: bench.toml: limit must be a valid integer, got 'all'
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise FormatError(path, _problem(model, error, table)) from None


def validated_json(model: type[AnyTable], data: bytes, path: str | Path) -> AnyTable:
    """Validate a file of JSON; raises as `validated` does, also for what is no JSON."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise FormatError(path, _problem(model, error, "")) from None


def _problem(model: type[Table], error: ValidationError, table: str) -> str:
    """Describe the first error in one line."""
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    unknown = [repr(each["loc"][-1]) for each in errors if each["type"] == "extra_forbidden"]
    if unknown:
        section = f" in [{table}]" if table else ""
        noun = "key" if len(unknown) == 1 else "keys"
        known = f"; known here: {', '.join(model.model_fields)}" if len(first["loc"]) == 1 else ""
        return f"unknown {noun} {', '.join(unknown)}{section}{known}"
    keys = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
    name = f"{table}{keys}".removeprefix(".")
    rule = re.sub(r"^(\w+ should|Value error, must)", "must", first["msg"])
    if first["type"] == "missing":
        return f"{name} is missing"
    if not first["loc"]:  # the rule is about several keys and names them
        return rule.removeprefix("Value error, ")
    return f"{name} {rule}, got {_shown.repr(first['input'])}"
