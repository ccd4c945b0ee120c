"""Rows of labeled texts, and checks of their labels."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from alignx.classification.labels import is_missing

__all__ = ["Row", "checked_label"]

_INVISIBLE = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"


class Row(NamedTuple):
    """Text with its label and language, and the number of its line."""

    text: str
    label: str | None = None
    language: str | None = None
    number: int = 0


def checked_label(label: object) -> str:
    """Convert a label to text that fits a line; raises ValueError."""
    if isinstance(label, str):
        return _checked_text(label)
    if is_missing(label):
        raise ValueError(f"a label is missing, got {json.dumps(label)}; leave it out")
    if isinstance(label, bool) or not isinstance(label, int):
        advice = "; write 1 for 1.0, such as by pandas: astype(int)"
        raise ValueError(
            f"a label must be a string or a whole number, got {json.dumps(label)}"
            + (advice if isinstance(label, float) else "")
        )
    return str(label)


@lru_cache(maxsize=10_000)  # a file has few labels
def _checked_text(label: str) -> str:
    text = label.strip().strip(_INVISIBLE).strip()
    if is_missing(text):
        found = f", got {text!r}" if text else ""
        raise ValueError(f"a label is missing{found}; leave the line out")
    if any(end in text for end in "\t\n\r"):
        raise ValueError(f"a label must hold neither tabs nor line ends, got {text!r}")
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise ValueError(
            f"labels must be UTF-8, got {text!r}; convert the file first, such as with iconv -f "
            "LATIN1 -t UTF-8"
        )
    return text
