"""Dictionary files of all formats, chosen by the ending of the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.lexicon.formats import json_lines, tsv
from alignx.lexicon.json_lines import has_json_suffix
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.files import StrPath

__all__ = ["write_pairs"]


def write_pairs(
    path: StrPath, pairs: Sequence[tuple[str, str]], numbers: Mapping[str, Sequence[float]]
) -> None:
    """Write pairs with their numbers by name; see `Lexicon.save`."""
    require_suffix(path, "a dictionary")
    is_json = has_json_suffix(path)
    if not is_json:
        tsv.require_separable(path, pairs)
    format_line = json_lines.format_line if is_json else tsv.format_line
    with replacing(path) as file:
        for (source, target), *values in zip(pairs, *numbers.values(), strict=True):
            line = format_line(source, target, dict(zip(numbers, values, strict=True)))
            file.write(line + "\n")
