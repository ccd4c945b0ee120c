"""Grids of experiments on planted languages, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conftest import plant_clusters

from alignx.experiments.grid import Grid
from alignx.experiments.runner import GridRunner
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path

WORDS, DIMENSION = 500, 12
FILES = """
vectors = "{language}.vec"
train = "{source}-{target}.train"
test = "{source}-{target}.test"
"""
TWO_PAIRS = FILES + 'pairs = ["en-es", "en-de"]\nmethods = ["procrustes", "cca"]\n'
ONE_PAIR = FILES + 'pairs = ["en-es"]\n'


def write_languages(folder: Path) -> Path:
    """Write three languages, and dictionaries of two pairs."""
    for noise, code in ((0.4, "es"), (0.6, "de")):
        planted = plant_clusters(noise, WORDS, DIMENSION)
        save(Embeddings([f"en{i}" for i in range(WORDS)], planted.source), folder / "en.vec")
        words = [f"{code}{i}" for i in range(WORDS)]
        save(Embeddings(words, planted.target), folder / f"{code}.vec")
        pairs = [(f"en{s}", f"{code}{t}") for s, t in planted.pairs]
        Lexicon(pairs[:300]).save(folder / f"en-{code}.train")
        Lexicon([*pairs[300:], ("unknown", "unknown")]).save(folder / f"en-{code}.test")
    return folder


def runner(folder: Path, text: str) -> GridRunner:
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return GridRunner(Grid.load(path), folder / "bench.cells")
