"""Files of concepts: columns, JSON lines, and linked data."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.induction.concepts.ontolex import write_ontolex
from alignx.induction.concepts.table import Concept, Table
from alignx.lexicon.entries import quoted
from alignx.support.files import replacing
from alignx.support.packing import packing, without_packing
from alignx.support.text_files import read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.files import StrPath

__all__ = ["read", "require_savable", "write"]

_WHAT = "a file of concepts"
_UNFIT = re.compile(r"[\r\n\0\ud800-\udfff]")


def require_savable(path: StrPath) -> None:
    """Refuse a name with another ending, by a FormatError, before long work."""
    suffix = _suffix(path)
    if suffix not in _WRITERS:
        got = suffix or "without an ending"
        raise FormatError(path, f"concepts are written as {', '.join(_WRITERS)}, got {got}")


def write(path: StrPath, table: Table) -> None:
    """Write concepts in the format of the name; see `Concepts.save`."""
    require_savable(path)
    text = io.StringIO()
    for word in (word for row in table.rows for words in row for word in words):
        if _UNFIT.search(word):
            problem = "words must not contain line ends, NUL or halves of characters"
            raise FormatError(path, f"{problem}, got {word!r}")
    _WRITERS[_suffix(path)](text, table)
    with replacing(path, "wb") as file, packing(file, path) as packed:
        packed.write(text.getvalue().encode())


def read(path: StrPath) -> Table:
    """Read columns or JSON lines; a FormatError names the line that is wrong."""
    lines = [(line.number, line.text) for line in read_lines(path, _WHAT)]
    if not lines:
        raise FormatError(path, f"{_WHAT} must have a line of languages, got none")
    header = lines[0][1]
    at = 1
    try:
        if header.startswith("{"):
            codes = [str(code) for code in json.loads(header)["languages"]]
            parse = _of_json
        elif header.startswith(("score\t", "score,")):
            codes = next(csv.reader([header], delimiter=header[5]))[1:]
            parse = _of_tabs if header[5] == "\t" else _of_commas
        else:
            raise ValueError
        rows, scores = [], []
        for at, text in lines[1:]:  # noqa: B007
            score, row = parse(text, codes)
            rows.append(row)
            scores.append(score)
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error):
        wanted = "a header of languages, then a score and words in each line, as `save` writes them"
        raise FormatError(path, f"{_WHAT} must hold {wanted}", at) from None
    return Table(codes, rows, scores)


def _suffix(path: StrPath) -> str:
    return Path(without_packing(path)).suffix.lower()


def _write_columns(file: io.StringIO, table: Table, mark: str = "\t") -> None:
    """Write a header and a line a row; a cell with several words has semicolons between them."""
    codes, rows, scores = table
    writer = csv.writer(file, delimiter=mark, lineterminator="\n")
    writer.writerow(["score", *codes])
    for row, score in zip(rows, scores, strict=True):
        writer.writerow([f"{score:.4f}", *("; ".join(map(_as_item, words)) for words in row)])


def _write_csv(file: io.StringIO, table: Table) -> None:
    _write_columns(file, table, ",")


def _write_json(file: io.StringIO, table: Table) -> None:
    """Write an object with the languages, and one for each row."""
    codes, rows, scores = table
    file.write(json.dumps({"languages": list(codes)}, ensure_ascii=False) + "\n")
    for row, score in zip(rows, scores, strict=True):
        words = {code: own for code, own in zip(codes, row, strict=True) if own}
        each = {"score": round(score, 4), "words": words}
        file.write(json.dumps(each, ensure_ascii=False) + "\n")


def _as_item(word: str) -> str:
    return quoted(word) if ";" in word or '"' in word or word != word.strip() else word


def _of_columns(text: str, codes: Sequence[str], mark: str) -> tuple[float, Concept]:
    score, *cells = next(csv.reader([text], delimiter=mark, strict=True))
    if len(cells) != len(codes):
        raise ValueError
    return float(score), tuple(tuple(_items(cell)) for cell in cells)


def _items(cell: str) -> list[str]:
    return next(csv.reader([cell], delimiter=";", skipinitialspace=True, strict=True), [])


def _of_tabs(text: str, codes: Sequence[str]) -> tuple[float, Concept]:
    return _of_columns(text, codes, "\t")


def _of_commas(text: str, codes: Sequence[str]) -> tuple[float, Concept]:
    return _of_columns(text, codes, ",")


def _of_json(text: str, codes: Sequence[str]) -> tuple[float, Concept]:
    each = json.loads(text)
    if not each["words"].keys() <= set(codes):
        raise ValueError
    return float(each["score"]), tuple(tuple(each["words"].get(code, ())) for code in codes)


_WRITERS = {
    ".tsv": _write_columns, ".txt": _write_columns, ".csv": _write_csv, ".jsonl": _write_json,
    ".ttl": write_ontolex,
}  # fmt: skip
