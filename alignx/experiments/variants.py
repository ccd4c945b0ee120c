"""Methods of a grid, with their options, under names of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.alignment.methods import PRESETS, UNSUPERVISED
from alignx.errors import FormatError
from alignx.experiments.config import Table, choice, flag, integer, number, several, text
from alignx.mapping import METHODS
from alignx.vectors.normalizer import parse_steps

if TYPE_CHECKING:
    from alignx.experiments.config import Check

__all__ = ["Variant", "read_variants"]

ALGORITHMS = (*METHODS, "auto", *UNSUPERVISED)
RANDOM = ("auto", *UNSUPERVISED)
STARTS = ("dictionary", "identical", "numerals", "nothing")


@dataclass(frozen=True)
class Variant:
    """A method with its options, under a name of its own.

    Attributes
    ----------
    name : str
        What tables call it.
    algorithm, start, options, parameters
        As in `Cell`.
    """

    name: str
    algorithm: str
    start: str
    options: dict[str, Any]
    parameters: dict[str, Any]

    @property
    def is_random(self) -> bool:
        """Whether the result depends on a seed."""
        return self.algorithm in RANDOM


def read_variants(table: Table) -> tuple[Variant, ...]:
    """Read ``methods`` and the tables of their options.

    Parameters
    ----------
    table : Table
        Of a grid. Options in ``[options]`` are for all methods, those in ``[options.NAME]`` for
        one; there ``method`` makes NAME another name for a method.

    Raises
    ------
    FormatError
        If there is no such method or option, or a value is wrong.

    Examples
    --------
    >>> values = {"methods": ["cca"], "options": {"refinement": 0, "cca": {"n_components": 9}}}
    >>> [variant] = read_variants(Table("bench.toml", values))
    >>> variant.algorithm, variant.start, variant.options, variant.parameters
    ('cca', 'dictionary', {'refinement': 0}, {'n_components': 9})
    """
    names = table.need("methods", several(_name))
    options = table.table("options")
    tables = options.tables()
    common = _take_options(options)
    options.finish()
    unknown = [name for name in names if not _is_known(name, tables)]
    unknown += [name for name in tables if not _is_known(name, tables) and name not in unknown]
    if unknown:
        raise FormatError(
            table.path,
            f"methods must be of {', '.join(ALGORITHMS)}, or have a method in "
            f"[options.{unknown[0]}], got {', '.join(map(repr, unknown))}",
        )
    known = {
        name: _variant(name, tables.get(name) or Table(table.path, {}, f"options.{name}"), common)
        for name in dict.fromkeys([*names, *tables])
    }
    return tuple(known[name] for name in names)


def _is_known(name: str, tables: dict[str, Table]) -> bool:
    return name in ALGORITHMS or (name in tables and "method" in tables[name].values)


def _name(value: object) -> str:
    if re.fullmatch(r"[\w-]+", text(value)) is None:
        raise ValueError("must be of letters, digits, hyphens and underscores")
    return text(value)


def _variant(name: str, table: Table, common: dict[str, Any]) -> Variant:
    algorithm = table.take("method", choice(ALGORITHMS), name)
    is_linear = algorithm not in UNSUPERVISED
    allowed = [start for start in STARTS if _fits(algorithm, start)]
    start = table.take("start", choice(allowed), "dictionary" if is_linear else "nothing")
    options = common | _take_options(table)
    if algorithm == "adversarial":
        options |= _take(table, {"preset": choice(PRESETS), "restarts": integer(1)})
    options |= _take(table, {"allow_failed": flag})
    parameters = _take(table, _parameters(algorithm))
    table.finish()
    return Variant(name, algorithm, start, options, parameters)


def _fits(algorithm: str, start: str) -> bool:
    """Whether `align` takes a method with, or without, pairs to start from."""
    if start == "nothing":
        return algorithm in UNSUPERVISED
    return algorithm != "adversarial"


def _parameters(algorithm: str) -> dict[str, Check[Any]]:
    """Give the parameters of an aligner, all of them numbers."""
    if algorithm not in METHODS:
        return {}
    names = METHODS[algorithm]().get_params()
    return {name: integer(1) if name == "n_components" else number for name in names}


def _take_options(table: Table) -> dict[str, Any]:
    checks: dict[str, Check[Any]] = {
        "normalize": _steps,
        "refinement": integer(0),
        "vocabulary": integer(1),
        "n_neighbors": integer(1),
        "device": text,
    }
    return _take(table, checks)


def _take(table: Table, checks: dict[str, Check[Any]]) -> dict[str, Any]:
    found = {name: table.take(name, check, None) for name, check in checks.items()}
    return {name: value for name, value in found.items() if value is not None}


def _steps(value: object) -> list[str]:
    """Read steps of normalization as the command line does."""
    try:
        return list(parse_steps(text(value)))
    except ValueError:
        raise ValueError(
            'must be steps such as "unit,center,unit", "iterative" or "none"'
        ) from None
