"""Dictionaries in JSON lines: an object for each pair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alignx.errors import FormatError
from alignx.lexicon.entries import Columns, Parser, require_valid_numbers

if TYPE_CHECKING:
    from alignx.support.files import StrPath
    from alignx.support.text_files import Line

__all__ = ["has_json_suffix", "is_json_object", "make_parser", "refuse_document"]

_KEYS = ("source", "target", "score", "probability")


def has_json_suffix(path: StrPath) -> bool:
    """Return True if a file name ends in .jsonl, packed or not."""
    return str(path).lower().endswith((".jsonl", ".jsonl.gz", ".jsonl.bz2", ".jsonl.xz"))


def is_json_object(line: str) -> bool:
    """Return True if a line holds a JSON object."""
    return line.lstrip().startswith("{") and isinstance(_parsed(line), dict)


def _parsed(text: str) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def refuse_document(path: StrPath, what: str, lines: list[Line]) -> None:
    """Refuse a single JSON document in place of JSON lines."""
    if (
        not lines
        or lines[0].text.lstrip()[0] not in "[{"
        or lines[-1].text.rstrip()[-1] not in "]}"
    ):
        return
    text = "\n".join(line.text for line in lines)
    found = _parsed(text) if '"' in text else None
    # One object is one line of JSON lines.
    if isinstance(found, list) or (
        isinstance(found, dict)
        and not (has_json_suffix(path) or {"source", "target"} <= found.keys())
    ):
        raise FormatError(
            path,
            f"{what} holds two words a line, got JSON as a whole; write an object a line, such as "
            '{"source": "cat", "target": "gato"}',
            lines[0].number,
        )


def make_parser(columns: Columns | None) -> Parser:
    """Return a parser of JSON objects; `columns` names their keys."""
    if columns is not None and not isinstance(columns[0], str):
        raise ValueError(f"columns of JSON lines have names, got {tuple(columns)}")
    names = [str(name) for name in columns or _KEYS]

    def parse(text: str) -> tuple[str, str, tuple[float, ...], str]:
        entry = _parsed(text)
        if not isinstance(entry, dict) or not set(names[:2]) <= entry.keys():
            found = f", got {', '.join(map(repr, entry))}" if isinstance(entry, dict) else ""
            hint = "; name others with columns=" if found else ""
            raise ValueError(
                f'a line must be a JSON object with "{names[0]}" and "{names[1]}"{found}{hint}'
            )
        source, target = entry[names[0]], entry[names[1]]
        for name in names[:2]:
            if isinstance(entry[name], list):
                raise ValueError(f'"{name}" must be one word, got a list; write a line for each')
        if not (isinstance(source, str) and isinstance(target, str) and source and target):
            raise ValueError(f'"{names[0]}" and "{names[1]}" must be words')
        numbers = [entry[name] for name in names[2:] if name in entry]
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            raise ValueError('"score" and "probability" must be numbers')
        require_valid_numbers(numbers)
        return source, target, tuple(map(float, numbers)), ""

    return parse
