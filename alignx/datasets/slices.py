"""Bundled toy of semantic change: sentences of three years, some of whose words change."""

from __future__ import annotations

import random
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.support.files import output_errors, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.files import StrPath

__all__ = ["SLICES", "changed_words", "slice_lines", "write_slices"]

SLICES = ("1900", "1950", "2000")
_SLOT = re.compile(r"\{(\w+)\}")
_BEFORE_VOWEL = re.compile(r"\ba(?= [aeiou])")
_KEPT_SENSE = 0.1  # share of uses of a changed word in its first sense


def write_slices(folder: StrPath, *, seed: int = 0) -> list[Path]:
    """Write made sentences of 1900, 1950 and 2000, one a line, among them 14 words that change.

    Parameters
    ----------
    folder : path
        Folder of ``1900.txt``, ``1950.txt`` and ``2000.txt``; created if it is missing.
    seed : int
        Seed of the random draws; the same seed gives the same sentences.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    OutputError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_slices(tempfile.mkdtemp())]
    ['1900.txt', '1950.txt', '2000.txt']
    """
    paths = [Path(folder) / f"{name}.txt" for name in SLICES]
    with output_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, path in zip(SLICES, paths, strict=True):
        with replacing(path) as file:
            file.writelines(f"{line}\n" for line in slice_lines(name, seed=seed))
    return paths


def changed_words() -> list[str]:
    """Return the words of the toy that change their meaning between 1900 and 2000.

    Examples
    --------
    >>> changed_words()[:3]
    ['broadcast', 'record', 'plane']
    """
    return list(_grammar()["changes"])


def slice_lines(
    name: str, *, seed: int = 0, lines: int = 6_000, with_changes: bool = True
) -> Iterator[str]:
    """Draw the sentences of a slice.

    Parameters
    ----------
    name : {"1900", "1950", "2000"}
        The slice.
    seed : int
        Seed of the random draws.
    lines : int
        Number of sentences.
    with_changes : bool
        False keeps each word in its first topic, at its first frequency, and all topics equally
        frequent, so that slices differ by chance alone.

    Examples
    --------
    >>> next(slice_lines("1900"))  # doctest: +SKIP
    'the clear willow froze near the pebble'
    """
    at = SLICES.index(name)
    grammar, rng = _grammar(), random.Random(f"{seed} {name}")
    period = at if with_changes else 0
    topics = _topics(grammar, period)
    shares = [topic.pop("share", {}).get(SLICES[period], 1.0) for topic in topics]
    for topic in rng.choices(topics, shares, k=lines):
        parts = _SLOT.split(rng.choice(grammar["frames"]))
        parts[1::2] = (rng.choices(*topic[slot])[0] for slot in parts[1::2])
        yield _BEFORE_VOWEL.sub("an", "".join(parts))


def _topics(grammar: dict[str, Any], period: int) -> list[dict[str, Any]]:
    """Return the words of each topic and their weights, by slot."""
    uses: dict[str, dict[str, float]] = {}
    for word, senses in grammar["changes"].items():
        for topic, weight in ((senses[period], 1.0), (senses[0], _KEPT_SENSE)):
            uses.setdefault(topic, {}).setdefault(word, weight)
    often = {word: weights[period] for word, weights in grammar["frequencies"].items()}
    found = []
    for name, topic in grammar["topics"].items():
        nouns = {word: often.get(word, 1.0) for word in topic["noun"]} | uses.get(name, {})
        slots = {slot: (topic[slot], None) for slot in ("verb", "adjective", "place")}
        share = {"share": topic["share"]} if "share" in topic else {}
        found.append({**slots, "noun": (list(nouns), list(nouns.values())), **share})
    return found


def _grammar() -> dict[str, Any]:
    text = (files("alignx") / "data" / "slices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
