"""Dictionaries in JSON: an object a line, one object of all words, or a list."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from alignx.errors import FormatError
from alignx.lexicon.header import named_words
from alignx.lexicon.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.lexicon.entries import Columns, Lines, Notes
    from alignx.support.files import StrPath

__all__ = ["read_json"]

_Object: TypeAlias = dict[str, Any]

_KEYS = ["source", "target", "score", "probability"]
# Keys in answers of servers, in place of a file.
_ERRORS = {"error", "errors", "message", "status", "code", "detail", "documentation_url"}
_LIKE_JSON = re.compile(r'\s*(?:[\[{]\s*\n|\{\s*"\w|\[\s*(?:\{\s*|\[\s*)?"\w)')
_OBJECT_RULE = "a JSON object must map words to translations, or to translations and scores"
_SHOWN = 60
_ONLY_WORDS = 'a JSON list must hold pairs, such as [["cat", "gato"]], got words'
_RULE = 'a line must be a JSON object with "source" and "target"'


def read_json(path: StrPath, lines: Lines, columns: Columns | None, notes: Notes) -> Table | None:
    """Return the table of a file of JSON; None for other text.

    Objects with the same keys are rows, and their keys the names of columns. Other objects map a
    word to a translation, a list of them, or an object of translations and their scores.
    """
    values = _values(path, lines)
    if values is None:
        return None
    objects = [value for _, value in values if isinstance(value, dict)]
    if len(objects) == 1 and set(objects[0]) <= _ERRORS:
        answer = next(iter(objects[0].values()), "")
        raise FormatError(path, f"a dictionary holds words, got a server's answer: {answer!r}")
    if objects and columns is not None and not isinstance(columns[0], str):
        raise ValueError(f"columns of JSON objects have names, got {tuple(columns)}")
    keys = _shared_keys(objects, columns)
    is_own = keys is not None and columns is None and {"source", "target"} <= set(keys)
    table = Table([], [], names=_KEYS if is_own else keys, is_own=is_own)
    if objects and keys is None:
        notes.shape.append("JSON object of words")
    for line, value in values:
        try:
            rows = list(_rows(value, table.names, is_own=is_own))
        except ValueError as error:
            table.problems.append((line, str(error)))
        else:
            notes.count("cell", "split", len(rows) > 1 and keys is not None)
            table.rows.extend((line, cells) for cells in rows)
    return table


def _values(path: StrPath, lines: Lines) -> list[tuple[int, Any]] | None:
    """Parse each line, or all lines together; None for no JSON."""
    are_lines = ".jsonl" in str(path).lower()[-10:]
    if not lines or not (are_lines or lines[0][1].lstrip()[0] in "{["):
        return None
    first = _parsed(lines[0][1])
    if are_lines or (len(lines) > 1 and isinstance(first, dict | list)):
        found = [(line, _parsed(text)) for line, text in lines]
    else:
        whole = _without_envelope(_parsed("\n".join(text for _, text in lines)))
        each = whole if isinstance(whole, list) else [whole]
        if not each or not all(isinstance(value, dict | list) and value for value in each):
            if _are_words(whole):
                raise FormatError(path, _ONLY_WORDS, lines[0][0])
            if whole is None and _LIKE_JSON.match(lines[0][1] + "\n"):
                raise FormatError(path, "this looks like JSON, but is damaged", lines[0][0])
            return None  # "[ [" are words
        found = [(lines[0][0], value) for value in each]
    outer = {key for _, value in found if isinstance(value, dict) for key in value}
    if len(outer) > 1:  # words, rather than the name of a translation
        return found
    return [(line, _unwrapped(value)) for line, value in found]


def _parsed(text: str) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(text.strip().removesuffix(","))
    except (ValueError, RecursionError):
        return None


def _without_envelope(whole: object) -> object:
    """Return the list in {"name": "en-es", "pairs": [["cat", "gato"]]}, or of columns, the rows."""
    if not isinstance(whole, dict):
        return whole
    lists = [value for value in whole.values() if isinstance(value, list) and value]
    rows = [value for value in lists if all(isinstance(each, dict | list) for each in value)]
    if len(rows) == 1:
        return rows[0]
    if len(lists) == len(whole) > 1 and len(set(map(len, lists))) == 1 and named_words([*whole]):
        return [dict(zip(whole, row, strict=True)) for row in zip(*lists, strict=True)]
    return whole


def _are_words(whole: object) -> bool:
    return isinstance(whole, list) and bool(whole) and all(isinstance(x, str) for x in whole)


def _unwrapped(value: object) -> object:
    """Return the inner object of {"translation": {"en": "cat", "es": "gato"}}."""
    inner = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(inner, dict) and inner and all(isinstance(x, str) for x in inner.values()):
        return inner
    return value


def _shared_keys(objects: list[_Object], columns: Columns | None) -> list[str] | None:
    """Return the keys of objects for one pair each; None if their keys are words."""
    if not objects:
        return None
    keys = list(dict.fromkeys(itertools.chain(*objects)))
    first = objects[0].keys()
    n_alike = sum(each.keys() == first for each in objects)
    are_alike = len(objects) > 1 and len(first) > 1 and 2 * n_alike > len(objects)
    known = first & set(_KEYS) or named_words(list(first))
    return keys if columns is not None or known or are_alike else None


def _rows(value: object, keys: Sequence[str] | None, *, is_own: bool) -> Iterator[tuple[str, ...]]:
    """Yield cells of a list, an object with these keys, or an object of words."""
    if isinstance(value, list):
        yield tuple(map(_cell, value))
    elif not isinstance(value, dict):
        raise ValueError(f"{_RULE}; this is another value or no JSON")
    elif keys is None:
        for source, targets in value.items():
            many = targets if isinstance(targets, list | dict) else [targets]
            for target in many:
                if isinstance(many, dict) and not _is_number(many[target]):
                    found = f"{source!r}: {many}"[:_SHOWN]
                    raise ValueError(f"{_OBJECT_RULE}, got {found}")
                score = [_cell(many[target])] if isinstance(many, dict) else []
                yield source, _cell(target), *score
    else:
        if is_own:
            _require_pair(value)
        yield from _crossed([value.get(key) for key in keys])


def _crossed(cells: list[Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each element of lists; lists of numbers go along with that of words."""
    lists = [cell for cell in cells if isinstance(cell, list)]
    words = {i for i, cell in enumerate(cells) if isinstance(cell, list) and not _is_numbers(cell)}
    if not lists:
        yield tuple(map(_cell, cells))
        return
    for places in itertools.product(*(range(len(cells[i])) for i in sorted(words))):
        at = dict(zip(sorted(words), places, strict=True))
        last = places[-1] if places else 0
        yield tuple(
            _cell(cell[at.get(i, last)] if isinstance(cell, list) else cell)
            for i, cell in enumerate(cells)
        )


def _is_numbers(cell: list[Any]) -> bool:
    return bool(cell) and all(map(_is_number, cell))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: object) -> str:
    """Return a word, or a number as text; "" for anything else."""
    if isinstance(value, str):
        return value
    return repr(value) if _is_number(value) else ""


def _require_pair(value: _Object) -> None:
    """Refuse an object without two words, or with other values than numbers."""
    for key in _KEYS[:2]:
        words = value.get(key)
        listed = words if isinstance(words, list) and words else [words]
        if not all(isinstance(word, str) and word for word in listed):
            found = ", ".join(map(repr, value))
            raise ValueError(f"{_RULE}, each a word or a list of words, got {found}")
    for key in _KEYS[2:]:
        numbers = value.get(key, 0.0)
        listed = numbers if isinstance(value["target"], list) and key in value else [numbers]
        if not isinstance(listed, list) or not _is_numbers(listed):
            raise ValueError('"score" and "probability" must be numbers')
