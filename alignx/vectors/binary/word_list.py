"""List of words beside an array of vectors."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING

from alignx.errors import FormatError
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.files import StrPath

__all__ = ["list_beside", "read_word_list", "require_list_beside", "write_word_list"]

_SUFFIX = ".words.txt"
_OTHERS = (".words", ".vocab", ".vocab.txt", ".txt", ".json")
_PACKED = re.compile(r"\.(gz|bz2|xz|zip|tar|tgz|npy)$", re.IGNORECASE)
_SHOWN = 100  # lines that tell a list from a table
# Not kept by a list: what ends a line with "\n", a byte order mark, and a sign of binary files.
_LOST = re.compile("\0|\r\\Z|\\A\ufeff")


def list_beside(path: str) -> Path:
    """Name the list of the words of an array: ``en.words.txt`` for ``en.npy``."""
    return Path(_base(path) + _SUFFIX)


def _base(path: str) -> str:
    while found := _PACKED.search(path):
        path = path[: found.start()]
    return path


def require_list_beside(path: str, n_rows: int) -> Path:
    """Find the list of the words of an array, under its own name or another usual one."""
    ours, base = list_beside(path), _base(path)
    if ours.exists():
        return ours
    beside = [Path(base + suffix) for suffix in _OTHERS if Path(base + suffix).exists()]
    if len(beside) == 1:
        return beside[0]
    named = f"lists {' and '.join(other.name for other in beside)}" if beside else "without words"
    raise FormatError(
        path,
        f"this is a NumPy array (.npy) of {n_rows:,} rows, {named}; put its words, one a line, "
        f"into {ours.name}, or in Python: ax.Embeddings.from_arrays(vectors, words)",
    )


def read_word_list(path: StrPath, n_rows: int) -> Sequence[str]:
    """Read one word a line, or JSON: a list, or an object with the row of each word.

    Raises
    ------
    FormatError
        If there is not one word for each row, or lines end in numbers, as counts or vectors.
    """
    name = str(path)
    if name.endswith(".json"):
        words = _read_json(name)
    else:
        words = [line.text for line in read_lines(path, "a list of words", markup=False)]
        fields = [word.split() for word in itertools.islice(words, _SHOWN)]
        if all(len(found) > 1 and _is_number(found[-1]) for found in fields):
            raise FormatError(path, "its lines end in numbers; keep the words alone, one a line")
    if len(words) != n_rows:
        raise FormatError(path, f"the list has {len(words):,} words, the array {n_rows:,} rows")
    return words


def _read_json(path: str) -> list[str]:
    """Read a list of strings, or an object of strings and their rows."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(path, f"the list of words is no JSON in UTF-8: {error}") from error
    if isinstance(found, dict) and sorted(found.values(), key=repr) == sorted(
        range(len(found)), key=repr
    ):
        found = sorted(found, key=found.__getitem__)
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        problem = "words must be a JSON list of strings, or an object with the row of each word"
        raise FormatError(path, problem)
    return found


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def write_word_list(file: IO[bytes], path: StrPath, words: Sequence[str]) -> None:
    """Write one word a line; FormatError if one would not be read back."""
    lost = next((word for word in words if _LOST.search(word)), None)
    if lost is not None:
        raise FormatError(path, f"a list of words cannot hold {lost!r}; use .safetensors")
    file.writelines(f"{word}\n".encode() for word in words)
