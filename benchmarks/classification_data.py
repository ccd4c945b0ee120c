"""The labeled texts of the benchmark of classification, and the spaces that they are read in."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import alignx as ax
from benchmarks.common import data_directory

if TYPE_CHECKING:
    from pathlib import Path

Texts = tuple[list[str], list[str]]

LANGUAGES = ("en", "es", "de")
DATASETS = ("sib200", "umsab")
ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def labeled(dataset: str, split: str) -> dict[str, Texts]:
    """Texts and labels of each language."""
    folder = data_directory() / "classification" / dataset
    read = sib200 if dataset == "sib200" else umsab
    return {code: read(folder / code, split) for code in LANGUAGES}


def sib200(folder: Path, split: str) -> Texts:
    lines = (folder / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [row[2] for row in rows], [row[1] for row in rows]


def umsab(folder: Path, split: str) -> Texts:
    texts = (folder / f"{split}_text.txt").read_text(encoding="utf-8").split("\n")
    labels = (folder / f"{split}_labels.txt").read_text(encoding="utf-8").split()
    # English tweets come with the escapes of JSON and HTML.
    plain = [
        ESCAPE.sub(lambda found: chr(int(found[1], 16)), html.unescape(text)) for text in texts
    ]
    return plain[: len(labels)], [("negative", "neutral", "positive")[int(x)] for x in labels]


def vectors() -> dict[str, ax.Embeddings]:
    folder = data_directory() / "vectors"
    return {code: ax.load(folder / f"{code}.vec.gz") for code in LANGUAGES}


def spaces(languages: dict[str, ax.Embeddings], method: str) -> dict[str, ax.SharedSpace]:
    """A space of English and each other language."""
    result = {}
    for code in LANGUAGES[1:]:
        lexicon = None
        if method != "self_learning":
            name = f"en-{code}.0-5000.txt"
            lexicon = ax.Lexicon.load(data_directory() / "dictionaries" / "muse" / name)
        alignment = ax.align(
            languages["en"],
            languages[code],
            lexicon=lexicon,
            method=method,
            ranker=False,
        )
        result[code] = alignment.apply(languages["en"], languages[code])
    return result


def joint(languages: dict[str, ax.Embeddings]) -> ax.SharedSpace:
    """One space of all languages, without a Spanish-German dictionary."""
    folder = data_directory() / "dictionaries" / "muse"
    lexicons = {("en", code): folder / f"en-{code}.0-5000.txt" for code in LANGUAGES[1:]}
    return ax.align_many(languages, lexicons=lexicons, ranker=False).apply(languages)
