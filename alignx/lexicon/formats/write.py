"""Dictionary files of all formats, chosen by the ending of the name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.errors import FormatError
from alignx.lexicon.formats.apertium import APERTIUM
from alignx.lexicon.formats.arrow import ARROW
from alignx.lexicon.formats.comma_separated import CSV
from alignx.lexicon.formats.content import holding_no
from alignx.lexicon.formats.html_page import HTML
from alignx.lexicon.formats.json_lines import JSON_LINES
from alignx.lexicon.formats.markdown import MARKDOWN
from alignx.lexicon.formats.ontolex import ONTOLEX
from alignx.lexicon.formats.stardict import STARDICT
from alignx.lexicon.formats.tmx import TMX
from alignx.lexicon.formats.tsv import TSV
from alignx.support.files import is_special
from alignx.support.outputs import require_suffix
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from alignx.lexicon.formats.content import Content, Format
    from alignx.support.files import StrPath

__all__ = ["FORMATS", "files_of", "require_savable", "unwritable", "write"]

FORMATS = {
    ".tsv": TSV, ".txt": TSV, ".csv": CSV, ".jsonl": JSON_LINES, ".ifo": STARDICT,
    ".dix": APERTIUM, ".ttl": ONTOLEX, ".tmx": TMX, ".md": MARKDOWN, ".html": HTML,
    ".arrow": ARROW, ".feather": ARROW, ".parquet": ARROW,
}  # fmt: skip
# By BCP 47, without the underscores of some file names.
_CODE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_no_surrogates = holding_no(r"[\ud800-\udfff]", "halves of characters (surrogates)")


def _format_of(path: StrPath) -> Format:
    """Return the format of a name; columns with tabs if its ending names none."""
    return FORMATS.get(Path(path).suffix.lower(), TSV)


def files_of(path: StrPath) -> list[Path]:
    """Return the files that a dictionary of this name consists of."""
    return [Path(path), *(Path(path).with_suffix(each) for each in _format_of(path).more_files)]


def require_savable(
    path: StrPath, *, grouped: bool = False, languages: tuple[str, str] | None = None
) -> None:
    """Refuse a file name and options that do not fit each other, before long work.

    Languages are checked if they are given.

    Raises
    ------
    FormatError
        If the format is unknown, or cannot have groups or these languages.
    MissingDependencyError
        If the package that writes the format is not installed.
    """
    require_suffix(path, "a dictionary")
    form, suffix = _format_of(path), Path(path).suffix
    if form.more_files and is_special(path):
        raise FormatError(path, "a dictionary of several files takes the name of a regular file")
    if form.package:
        require_packages({f"{suffix} output": form.package})
    if grouped and form.entries == "pairs":
        raise FormatError(
            path, f"{suffix} holds an entry for each pair, and cannot be grouped by source word"
        )
    for code in languages or ():
        if form.needs_languages and not _CODE.fullmatch(code):
            raise FormatError(path, f"a language has a code such as en or pt-BR, got {code!r}")


def unwritable(path: StrPath, content: Content) -> dict[int, str]:
    """Return the positions of pairs that the format cannot hold, with the rules they break."""
    check = _format_of(path).check
    problems = {i: check(*pair) or _no_surrogates(*pair) for i, pair in enumerate(content.pairs)}
    return {i: problem for i, problem in problems.items() if problem}


def write(path: StrPath, content: Content) -> None:
    """Write a dictionary; see `Lexicon.save`."""
    require_savable(path, grouped=content.grouped, languages=content.languages)
    form = _format_of(path)
    if form.needs_languages and content.languages is None:
        named = f"{Path(path).suffix} names its languages"
        raise FormatError(path, f'{named}; give their codes, such as languages=("en", "es")')
    for problem in unwritable(path, content).values():
        raise FormatError(path, f"{problem}; save it as .jsonl, or without this pair")
    form.write(path, content)
