"""Sentence pairs from the help pages of LibreOffice, whose paragraphs have the same ids.

Debian has them in packages of 2 to 3 MB (MPL 2.0); nothing of them is part of this repository:

    apt-get download libreoffice-help-en-us libreoffice-help-es libreoffice-help-de
    for package in *.deb; do dpkg -x "$package" help; done
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import alignx as ax

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["help_sentences"]

_PARAGRAPH = re.compile(r'<(p|h\d)\b[^>]*\bid="([^"]+)"[^>]*>(.*?)</\1>', re.DOTALL)
_FEWEST_WORDS, _MOST_WORDS = 5, 60
_LARGEST_RATIO = 2  # of the lengths of a paragraph and its translation


def help_sentences(folder: Path, code: str, count: int) -> ax.SentencePairs:
    """Take random English paragraphs, all different, and their translations.

    Parameters
    ----------
    folder : path
        Folder of the unpacked packages.
    code : str
        Code of the other language.
    count : int
        Number of pairs; fewer are the first of more.
    """
    pairs = _usable_pairs(folder, code)
    chosen = np.random.default_rng(0).permutation(len(pairs))[:count]
    both = [pairs[i] for i in chosen.tolist()]
    return ax.SentencePairs([s for s, _ in both], [t for _, t in both], "LibreOffice help")


@cache
def _usable_pairs(folder: Path, code: str) -> list[tuple[str, str]]:
    """Pair paragraphs of 5 to 60 words and of similar length."""
    english, other = _paragraphs(folder, "en-US"), _paragraphs(folder, code)
    pairs: dict[str, str] = {}
    for key, source in english.items():
        target = other.get(key, "")
        lengths = [len(text.split()) for text in (source, target)]
        is_usable = _FEWEST_WORDS <= min(lengths) <= max(lengths) <= _MOST_WORDS
        if is_usable and source != target and max(lengths) <= _LARGEST_RATIO * min(lengths):
            pairs.setdefault(source, target)
    return list(pairs.items())


def _paragraphs(folder: Path, code: str) -> dict[tuple[str, str], str]:
    """Read all paragraphs of a language by file and id."""
    top = folder / "usr" / "share" / "libreoffice" / "help" / code
    found: dict[tuple[str, str], str] = {}
    for path in sorted((top / "text").rglob("*.html")):
        for _, name, body in _PARAGRAPH.findall(path.read_text(encoding="utf-8")):
            text = html.unescape(re.sub(r"<[^>]*>", "", body))
            found.setdefault((str(path.relative_to(top)), name), " ".join(text.split()))
    return found
