"""Bundled sample: vectors of three languages, and a dictionary."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, NamedTuple

from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.vectors.embeddings import Embeddings

__all__ = ["SAMPLE_LANGUAGES", "Sample", "load_sample"]

SAMPLE_LANGUAGES = ("en", "es", "de")
_TRAIN_SHARE = 2 / 3


class Sample(NamedTuple):
    """Vectors and dictionaries of two languages.

    Attributes
    ----------
    source, target : Embeddings
        The 4,000 most frequent words of a Wikipedia, in 300 dimensions.
    train, test : Lexicon
        Pairs of everyday words; no word of the test pairs is in a training pair.
    """

    source: Embeddings
    target: Embeddings
    train: Lexicon
    test: Lexicon


def load_sample(source: str = "en", target: str = "es") -> Sample:
    """Load two of the bundled languages: English, Spanish and German.

    Parameters
    ----------
    source, target : {"en", "es", "de"}
        Language codes.

    Raises
    ------
    ValueError
        If a language is not bundled, or both are the same.

    Examples
    --------
    >>> sample = load_sample("en", "de")
    >>> sample.source.language, len(sample.target)
    ('en', 4000)
    """
    for code in (source, target):
        if code not in SAMPLE_LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(SAMPLE_LANGUAGES)}, got {code!r}")
    if source == target:
        raise ValueError(f"source and target must differ, got {source!r} twice")
    vectors = (_vectors(source), _vectors(target))
    concepts = _concepts(source, target)
    # The lines are in random order, so parts of them have like topics and frequencies.
    cut = round(_TRAIN_SHARE * len(concepts))
    train, rest = (_pairs_with_vectors(part, *vectors) for part in (concepts[:cut], concepts[cut:]))
    learned = [set(words) for words in zip(*train, strict=True)]
    test = [(s, t) for s, t in rest if s not in learned[0] and t not in learned[1]]
    return Sample(*vectors, Lexicon(train), Lexicon(test))


def _vectors(code: str) -> Embeddings:
    with as_file(files("alignx") / "data" / f"{code}.safetensors") as path:
        return load(path, language=code)


def _concepts(source: str, target: str) -> list[tuple[list[str], list[str]]]:
    """Read the words of every concept in both languages."""
    text = (files("alignx") / "data" / "everyday.tsv").read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    columns = [head.split("\t").index(code) for code in (source, target)]
    rows = (line.split("\t") for line in lines)
    return [(row[columns[0]].split("|"), row[columns[1]].split("|")) for row in rows]


def _pairs_with_vectors(
    concepts: Sequence[tuple[list[str], list[str]]], source: Embeddings, target: Embeddings
) -> list[tuple[str, str]]:
    """Pair the words of each concept that have vectors."""
    pairs = [(s, t) for sources, targets in concepts for s in sources for t in targets]
    return [(s, t) for s, t in dict.fromkeys(pairs) if s in source and t in target]
