"""Checks of class labels: missing values, mixed types and near duplicates."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.arguments import require_ordered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["is_missing", "require_labels", "spelling_variants"]

# As Python, pandas, R, JSON and SQL write missing values. "none" and "NONE" may be classes.
_MISSING = {
    *("", "nan", "Nan", "NaN", "NAN", "-nan", "-NaN", "<nan>", "None", "null", "NULL", "<null>"),
    *("NA", "<NA>", "#NA", "N/A", "#N/A", "n/a", "NaT", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
}
_AROUND = "\"'\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
_MISSING_TYPES = {"NAType", "NaTType"}
_KINDS = {
    "str": str,
    "bool": bool | np.bool_,
    "int": int | np.integer,
    "float": float | np.floating,
}


def is_missing(label: object) -> bool:
    """Recognize a missing label, as a value or spelled out.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing("NaN"), is_missing("none")
    (True, True, True, False)
    """
    if label is None or type(label).__name__ in _MISSING_TYPES:
        return True
    if isinstance(label, str):
        return label in _MISSING or label.strip().strip(_AROUND).strip() in _MISSING
    if isinstance(label, np.datetime64):
        return bool(np.isnat(label))
    return isinstance(label, float | np.floating) and math.isnan(label)


def require_labels(labels: ArrayLike, name: str = "labels") -> NDArray[Any]:
    """Convert labels to an array; messages call them `name`.

    Raises
    ------
    ValueError
        If one is missing, has blanks at its ends, or they are of several types; names the row,
        from 0.

    Examples
    --------
    >>> require_labels(["pets", None])
    Traceback (most recent call last):
        ...
    ValueError: labels must not be missing, got None in row 1; leave such texts out
    """
    if not hasattr(labels, "tolist"):
        require_ordered(labels, name)
    given: list[Any] = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)  # type: ignore[arg-type]  # or it is no sequence
    kinds: dict[str, int] = {}
    for row, label in enumerate(given):
        if is_missing(label):
            raise ValueError(
                f"{name} must not be missing, got {label!r} in row {row}; leave such texts out"
            )
        if isinstance(label, str) and label != label.strip():
            raise ValueError(
                f"{name} must not begin or end with blanks, got {label!r} in row {row}; strip them"
            )
        kind = next((k for k, types in _KINDS.items() if isinstance(label, types)), None)
        kinds.setdefault(kind or type(label).__name__, row)
    if len(kinds) > 1:
        (first, at), (second, there) = list(kinds.items())[:2]
        raise ValueError(
            f"{name} must be of one type, got {first} in row {at} and {second} in row {there}"
        )
    return np.asarray(labels)


def spelling_variants(labels: Iterable[str]) -> list[str]:
    """Find labels that differ only in case, blanks, composition or decimals.

    Returns the first such group; empty if there is none.

    Examples
    --------
    >>> spelling_variants(["My Pets", "weather", "my pets"]), spelling_variants(["1", "2", "1.0"])
    (['My Pets', 'my pets'], ['1', '1.0'])
    """
    groups: dict[str, list[str]] = {}
    for label in dict.fromkeys(labels):
        key = " ".join(unicodedata.normalize("NFC", label).casefold().split())
        if key.endswith(".0") and key[:-2].isdecimal():
            key = key[:-2]
        groups.setdefault(key, []).append(label)
    return next((group for group in groups.values() if len(group) > 1), [])
