"""Dictionary files of all formats, chosen by the ending of the name."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from alignx.errors import FormatError, OutputError
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
from alignx.support.files import is_special, replacing
from alignx.support.outputs import require_suffix
from alignx.support.packages import require_packages
from alignx.support.packing import packing, without_packing

if TYPE_CHECKING:
    from alignx.lexicon.formats.content import Content, Format
    from alignx.support.files import StrPath

__all__ = ["FORMATS", "files_of", "is_dictionary", "require_languages", "require_savable", "write"]

logger = logging.getLogger("alignx")

FORMATS = {
    ".tsv": TSV, ".txt": TSV, ".csv": CSV, ".jsonl": JSON_LINES, ".ifo": STARDICT,
    ".dix": APERTIUM, ".ttl": ONTOLEX, ".tmx": TMX, ".md": MARKDOWN, ".html": HTML,
    ".arrow": ARROW, ".feather": ARROW, ".parquet": ARROW,
}  # fmt: skip
# By BCP 47, which has hyphens in place of the underscores of Wikipedia. Names of languages, such as
# "english", would fit the codes of four to eight letters that it reserves.
_CODE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_has_no_surrogates = holding_no(r"[\ud800-\udfff]", "halves of characters (surrogates)")


def _format_of(path: StrPath) -> Format:
    """Return the format of a name; columns with tabs if its ending names none."""
    return FORMATS.get(_suffix_of(path), TSV)


def _suffix_of(path: StrPath) -> str:
    return Path(without_packing(path)).suffix.lower()


def files_of(path: StrPath) -> list[Path]:
    """Return the files that a dictionary of this name consists of."""
    return [Path(path), *(Path(path).with_suffix(each) for each in _format_of(path).more_files)]


def is_dictionary(path: StrPath) -> bool:
    """Return True if a name ends like a dictionary, and not like other texts."""
    return _suffix_of(path) in FORMATS.keys() - {".txt"}


def require_savable(path: StrPath, *, grouped: bool = False) -> None:
    """Refuse a file name that does not fit the options, before long work.

    Raises
    ------
    FormatError
        If the format is unknown, or cannot have groups.
    OutputError
        If a packed file of another dictionary lies beside.
    MissingDependencyError
        If the package that writes the format is not installed.
    """
    require_suffix(without_packing(path), "a dictionary")
    form, suffix = _format_of(path), _suffix_of(path)
    if without_packing(path) != os.fspath(path) and (form.more_files or form.package):
        raise FormatError(path, f"{suffix} is not packed; drop the last ending")
    if form.more_files and is_special(path):
        raise FormatError(path, "a dictionary of several files takes the name of a regular file")
    for other in (Path(path).with_suffix(each) for each in form.in_the_way):
        if other.exists():
            problem = "programs would read this file of another dictionary"
            raise OutputError(other, f"{problem}; remove it, or choose another name")
    if form.package:
        require_packages({f"{suffix} output": form.package})
    if grouped and form.entries == "pairs":
        raise FormatError(
            path, f"{suffix} holds an entry for each pair, and cannot be grouped by source word"
        )


def require_languages(path: StrPath, languages: tuple[str, str] | None) -> None:
    """Refuse missing and malformed codes of languages by a FormatError, where a file has them."""
    if not _format_of(path).needs_languages:
        return
    if languages is None:
        hint = 'give their codes, such as languages=("en", "es")'
        raise FormatError(path, f"{_suffix_of(path)} names its languages; {hint}")
    for code in languages:
        if not _CODE.fullmatch(_as_bcp_47(code)):
            raise FormatError(path, f"a language has a code such as en or pt-BR, got {code!r}")


def write(path: StrPath, content: Content, *, skip: bool) -> None:
    """Write a dictionary, without pairs that the format cannot hold or not at all.

    See `Lexicon.save`.
    """
    require_savable(path, grouped=content.grouped)
    require_languages(path, content.languages)
    form = _format_of(path)
    if form.needs_languages and content.languages is not None:
        source, target = map(_as_bcp_47, content.languages)
        content = replace(content, languages=(source, target))
    problems = {
        position: problem
        for position, pair in enumerate(content.pairs)
        if (problem := _has_no_surrogates(*pair) or form.check(*pair))
    }
    if problems:
        problem = next(iter(problems.values()))
        if not skip:
            raise FormatError(path, f"{problem}; save it as .jsonl, or without this pair")
        logger.warning(
            "%s: left out %d of %d pairs: %s", path, len(problems), len(content.pairs), problem
        )
        content = content.without(problems)
    if without_packing(path) == os.fspath(path):
        form.write(path, content)
        return
    with replacing(path, "wb") as file, tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / Path(without_packing(path)).name
        form.write(plain, content)
        with packing(file, path) as packed, plain.open("rb") as written:
            shutil.copyfileobj(written, packed)


def _as_bcp_47(code: str) -> str:
    return code.replace("_", "-")
