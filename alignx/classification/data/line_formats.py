"""Texts as JSON objects, and as lines of fastText."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alignx.classification.data.rows import Row, checked_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.text_files import Line

__all__ = [
    "LABEL",
    "fasttext_row",
    "is_fasttext",
    "json_list",
    "json_object",
    "looks_like_json",
    "require_no_page",
]

LABEL = "__label__"


def json_object(line: str) -> dict[str, Any]:
    """Read a JSON object; raises ValueError."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a line must be a JSON object, got something that is no JSON") from None
    if not isinstance(record, dict):
        raise ValueError(f"a line must be a JSON object, got {type(record).__name__}")
    return record


def require_no_page(line: str) -> None:
    """Refuse the first line of a web page, as servers send for missing files."""
    if line.lstrip().lower().startswith(("<!doctype html", "<html", "<?xml")):
        raise ValueError(
            f"a file of texts must be plain text, got {line.strip()[:40]!r}, the beginning of a "
            "web page or XML; check the address it came from"
        )


def looks_like_json(line: str) -> bool:
    """Recognize a line that is a JSON object."""
    try:
        return line.lstrip().startswith("{") and bool(json_object(line))
    except ValueError:
        return False


def json_list(lines: Sequence[Line]) -> list[dict[str, Any] | str] | None:
    """Read a file that is one JSON list of objects or texts; None if it is none."""
    if not lines or not lines[0].text.lstrip().startswith("["):
        return None
    try:
        records = json.loads("\n".join(line.text for line in lines))
    except (ValueError, RecursionError):
        return None
    is_list = isinstance(records, list) and all(isinstance(each, dict | str) for each in records)
    return records if is_list else None


def is_fasttext(line: str) -> bool:
    """Recognize a line of fastText, whose label stands first or last."""
    words = line.split()
    return bool(words) and (words[0].startswith(LABEL) or words[-1].startswith(LABEL))


def fasttext_row(line: str) -> Row:
    """Read a line of fastText, such as ``__label__pets the cat sleeps``; raises ValueError."""
    words = line.split()
    labels = [word for word in words if word.startswith(LABEL)]
    if len(labels) > 1 or line.count(LABEL) > 1:
        raise ValueError(
            f"a text must have one label, got several, {' '.join(labels[:5])}; keep one of them"
        )
    if not is_fasttext(line):
        raise ValueError(f"a line must begin with {LABEL} as the first, got {line[:30]!r}")
    if "," in labels[0]:
        raise ValueError(
            f"a blank must follow a label, got {labels[0][:40]!r}; load a table of commas with "
            "delimiter=','"
        )
    text = line.strip().removeprefix(labels[0]).removesuffix(labels[0]).strip()
    return Row(text, checked_label(labels[0].removeprefix(LABEL)))
