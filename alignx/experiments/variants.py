"""Methods of a grid: estimators with their parameters and options of `align`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_type_hints

from pydantic import AfterValidator, Field, create_model

from alignx.alignment.methods import METHODS, UNSUPERVISED
from alignx.errors import FormatError
from alignx.experiments.config import Count
from alignx.experiments.schemes import SCHEMES
from alignx.support.models import Table, validated
from alignx.vectors.normalizer import parse_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["AlignOptions", "SeedDictionary", "Variant", "read_variants"]

SeedDictionary: TypeAlias = Literal["train", "identical", "numerals", "none"]

# The grid sets these itself.
NOT_IN_FILES = ("members", "random_state", "n_jobs", "checkpoint")
TYPES = {int: Count, int | None: Count, float: Annotated[float, Field(ge=0, allow_inf_nan=False)]}


def _require_steps(text: str) -> str:
    try:
        parse_steps(text)
    except ValueError:
        known = '"unit,center,unit", "iterative" or "none"'
        raise ValueError(f"must be steps such as {known}") from None
    return text


class AlignOptions(Table):
    """Options of `align` in ``[options]``."""

    normalize: Annotated[str, AfterValidator(_require_steps)] | None = None
    refinement: Annotated[int, Field(ge=0)] | None = None
    refinement_vocabulary: Count | None = None
    n_neighbors: Count | None = None
    device: str | None = None


@dataclass(frozen=True)
class Variant:
    """Method with options of `align` and parameters of its estimator, under a name."""

    name: str
    algorithm: str
    seed_dictionary: SeedDictionary
    options: dict[str, Any]
    parameters: dict[str, Any]

    @property
    def is_random(self) -> bool:
        """Whether the result depends on a seed."""
        return "random_state" in METHODS[self.algorithm]().get_params()


def read_variants(
    names: Sequence[str], options: Mapping[str, Any], path: str | Path
) -> tuple[Variant, ...]:
    """Read methods and the tables of their options.

    Options are those of all methods, and of each method in a table of its name. A table may name a
    method, and so give it another name. The name of one of `SCHEMES` stands for its options.

    Raises
    ------
    FormatError
        If a method or option is unknown, or a value is wrong.

    Examples
    --------
    >>> options = {"refinement": 0, "cca": {"n_components": 9}}
    >>> [variant] = read_variants(["cca"], options, "bench.toml")
    >>> variant.seed_dictionary, variant.options, variant.parameters
    ('train', {'refinement': 0}, {'n_components': 9})
    """
    tables = {name: value for name, value in options.items() if isinstance(value, dict)}
    rest = {name: value for name, value in options.items() if name not in tables}
    for name in SCHEMES.keys() & {*names, *tables}:
        if "method" not in tables.get(name, {}):  # or it is another method under that name
            tables[name] = {**SCHEMES[name], **tables.get(name, {})}
    shared = validated(AlignOptions, rest, path, "options").model_dump(exclude_unset=True)
    everything = dict.fromkeys([*names, *tables])
    unknown = [
        name for name in everything if name not in METHODS and "method" not in tables.get(name, {})
    ]
    if unknown:
        raise FormatError(
            path,
            f"methods must be of {', '.join([*METHODS, *SCHEMES])}, or have a method in "
            f"[options.{unknown[0]}], got {', '.join(map(repr, unknown))}",
        )
    known = {name: _variant(name, tables.get(name, {}), shared, path) for name in everything}
    return tuple(known[name] for name in names)


def _variant(
    name: str, values: dict[str, Any], shared: dict[str, Any], path: str | Path
) -> Variant:
    algorithm = values.get("method", name)
    table = f"options.{name}"
    given = validated(_options_of(algorithm), values, path, table).model_dump(exclude_unset=True)
    given.pop("method", None)
    default = "none" if algorithm in UNSUPERVISED else "train"
    seed_dictionary = given.pop("seed_dictionary", default)
    names = {*AlignOptions.model_fields, "allow_failed"}
    options = {key: value for key, value in given.items() if key in names}
    parameters = {key: value for key, value in given.items() if key not in names}
    return Variant(name, algorithm, seed_dictionary, shared | options, parameters)


def _options_of(algorithm: object) -> type[AlignOptions]:
    """Return the model of a table of options: those of `align` and those of the estimator."""
    kinds: tuple[str, ...] = ("train", "identical", "numerals")
    if algorithm in UNSUPERVISED:
        kinds = (*kinds, "none") if algorithm == "self_learning" else ("none",)
    fields: dict[str, Any] = {
        "method": (Literal[tuple(METHODS)], None),
        "seed_dictionary": (Literal[kinds], None),
        "allow_failed": (bool, None),
    }
    estimator = METHODS.get(algorithm) if isinstance(algorithm, str) else None
    hints = {} if estimator is None else get_type_hints(estimator.__init__)
    for parameter, hint in hints.items():
        if parameter not in (*NOT_IN_FILES, "return"):
            fields[parameter] = (TYPES.get(hint, hint), None)
    return create_model("Options", __base__=AlignOptions, **fields)
