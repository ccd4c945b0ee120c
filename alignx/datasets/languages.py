"""Languages with public vectors: codes, names and other codes."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from alignx.support.characters import plain

__all__ = ["Language", "languages", "parse_name"]


class Language(NamedTuple):
    """Language with public vectors.

    Attributes
    ----------
    code, name : str
        Code of its Wikipedia, and its English name.
    other_codes : tuple of str
        Codes of ISO 639 with three letters.
    vectors : tuple of str
        Collections that contain it.
    sha256 : str or None
        SHA-256 of ``wiki.CODE.vec``.
    """

    code: str
    name: str
    other_codes: tuple[str, ...]
    vectors: tuple[str, ...]
    sha256: str | None

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


@cache
def languages() -> dict[str, Language]:
    """Return the languages with public vectors by code."""
    text = (files("alignx") / "data" / "public_vectors.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {
        code: Language(
            code, name, (*filter(None, others.split(",")),), (*kinds.split(","),), sha or None
        )
        for code, name, others, kinds, sha in rows
    }


def parse_name(text: str) -> tuple[str, ...]:
    """Find the code of a language, or the codes of a pair.

    Raises
    ------
    ValueError
        If a language is unknown; the message has near names.

    Examples
    --------
    >>> parse_name("es"), parse_name("English-Spanish"), parse_name("zh-min-nan")
    (('es',), ('en', 'es'), ('zh_min_nan',))
    """
    if code := _code_of(text):
        return (code,)
    parts = text.split("-")
    halves = [("-".join(parts[:i]), "-".join(parts[i:])) for i in range(1, len(parts))]
    for half in halves:
        codes = [code for code in map(_code_of, half) if code]
        if len(codes) == 2:
            return tuple(codes)
    unknown = next((part for part in parts if not _code_of(part)), text)
    what = f"in {text!r}, got {unknown!r}" if unknown != text else f"got {text!r}"
    raise ValueError(
        f"the language must be one with public files, {what}{_near(unknown)}; "
        "`alignx fetch --list` prints all"
    )


def _folded(text: str) -> str:
    """Fold case, accents and separators."""
    return plain(text.strip()).replace("-", "_").replace(" ", "_")


@cache
def _codes_by_name() -> dict[str, str]:
    names = {_folded(language.name): code for code, language in languages().items()}
    others = {other: code for code, each in languages().items() for other in each.other_codes}
    return names | others | {code: code for code in languages()}


def _code_of(text: str) -> str | None:
    return _codes_by_name().get(_folded(text))


def _near(text: str) -> str:
    """List languages with names like a text."""
    known = _codes_by_name()
    near = difflib.get_close_matches(_folded(text), known, n=6, cutoff=0.6)
    codes = list(dict.fromkeys(known[name] for name in near))[:3]
    return f" (near: {', '.join(str(languages()[code]) for code in codes)})" if codes else ""
