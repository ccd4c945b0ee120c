"""Checks of the pairs and numbers of a lexicon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.arguments import shown
from alignx.support.arrays import freeze, is_frozen

if TYPE_CHECKING:
    from collections.abc import Collection

    from alignx.lexicon.entries import Notes
    from alignx.support.arrays import Double

__all__ = ["checked_languages", "checked_numbers", "checked_pairs", "frame_columns", "full_column"]


def checked_numbers(name: str, values: Any, count: int) -> Double:  # noqa: ANN401  # array-like
    """Convert to read-only finite float64."""
    given = np.asarray(values, dtype=np.float64)
    if len(given) != count:
        raise ValueError(f"{name} must hold one value for each of {count} pairs, got {len(given)}")
    wrong = ~np.isfinite(given)
    if name == "probabilities":
        wrong |= (given < 0) | (given > 1)
    if wrong.any():
        row = int(wrong.argmax())
        rule = "lie in [0, 1]" if name == "probabilities" else "be finite"
        raise ValueError(f"{name} must {rule}, got {given[row]} in row {row}")
    return given if is_frozen(given) else freeze(given.copy())


def checked_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Convert pairs or a dict to pairs of nonempty strings."""
    if isinstance(pairs, Mapping):
        pairs = [
            (source, target)
            for source, targets in pairs.items()
            for target in ([targets] if isinstance(targets, str) else _ordered(targets))
        ]
    checked = tuple(map(_checked_pair, _ordered(pairs)))
    for row, pair in enumerate(checked):
        if "" in pair:
            raise ValueError(f"a pair must hold two words, got {pair} in row {row}")
    return checked


def checked_languages(codes: Any) -> tuple[str, str] | None:  # noqa: ANN401  # two codes
    """Convert codes of source and target language to a tuple."""
    if codes is None:
        return None
    given = codes if isinstance(codes, str) else tuple(codes)
    if (
        isinstance(given, str)
        or len(given) != 2
        or not all(isinstance(c, str) and c for c in given)
    ):
        raise ValueError(f'languages must be two codes, such as ("en", "es"), got {codes!r}')
    return given[0], given[1]


def frame_columns(frame: Any) -> dict[str, Any]:  # noqa: ANN401  # of pandas, or alike
    """Return the pairs of a data frame, and perhaps their scores and probabilities."""
    names = list(frame.columns)
    words = names if len(names) == 2 and "source" not in names else ["source", "target"]
    if not set(words) <= set(names):
        raise ValueError(
            "a data frame must have the columns source and target, or two columns, got "
            f"{', '.join(map(str, names[:6]))}; choose two, such as frame[['en', 'es']]"
        )
    numbers = {"scores": "score", "probabilities": "probability"}
    return {
        "pairs": list(zip(*(frame[name] for name in words), strict=True)),
        **{plural: list(frame[name]) for plural, name in numbers.items() if name in names},
    }


def full_column(rows: Collection[tuple[float, ...]], index: int, notes: Notes) -> Double | None:
    """Collect a number of each pair; None, and a note, unless all have it."""
    values = [numbers[index] for numbers in rows if len(numbers) > index]
    if len(values) == len(rows):
        return np.array(values, dtype=np.float64)
    if values:
        name = ("scores", "probabilities")[index]
        few = f"only {len(values):,} of {len(rows):,} pairs have one"
        notes.shape.append(f"{name} left out, as {few}")
    return None


def _ordered(values: Iterable[Any]) -> Iterable[Any]:
    if isinstance(values, str | bytes | set | frozenset) or not isinstance(values, Iterable):
        raise TypeError(
            "Lexicon takes a list of pairs (source word, target word), or a dict of words, got "
            f"{shown(values)}; Lexicon.load(path) reads a file"
        )
    return values


def _checked_pair(pair: object) -> tuple[str, str]:
    if type(pair) is tuple and len(pair) == 2 and type(pair[0]) is type(pair[1]) is str:
        return pair  # as nearly all are
    if not isinstance(pair, str | bytes | set | frozenset | Mapping):
        try:
            source, target = pair  # type: ignore[misc]  # or it is refused
        except (TypeError, ValueError):
            source = target = None
        if isinstance(source, str) and isinstance(target, str):
            return source, target
    raise TypeError(f"a pair of a Lexicon must be two strings, got {shown(pair)}")
