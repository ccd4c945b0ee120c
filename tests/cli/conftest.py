from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from command_line import DIMENSION, STEMS, VECTORS, WORDS, succeed
from conftest import plant_clusters

from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages that are rotations of each other up to noise, dictionaries, and a map."""
    folder = tmp_path_factory.mktemp("prepared")
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((WORDS, DIMENSION))
    rotation, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
    noisy = rows @ rotation + 0.2 * rng.standard_normal(rows.shape)
    for name, word, vectors in zip(VECTORS, ("cat", "gato"), (rows, noisy), strict=True):
        words = [f"{word}{i}" for i in range(WORDS)]
        save(Embeddings(words, vectors.astype(np.float32)), folder / name)
    pairs = [(f"cat{i}", f"gato{i}") for i in range(WORDS)]
    Lexicon(pairs[:200]).save(folder / "train.txt")
    Lexicon([*pairs[200:], ("Unknown", "gato1")]).save(folder / "test.txt")
    files = [folder / name for name in (*VECTORS, "train.txt", "map.safetensors")]
    succeed("align", *files[:2], "-d", files[2], "-o", files[3], "--refinement", 1)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these files, as the current folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages whose shape gives them away, and one that has lost its shape."""
    folder = tmp_path_factory.mktemp("clusters")
    data = plant_clusters(0.1, count=500)
    words = [f"cat{i}" for i in range(500)]
    answers = dict(data.pairs[:, ::-1].tolist())
    others = [f"gato{answers[row]}" for row in range(500)]
    for number in range(40):  # some are spelled the same, half of them numbers
        shared = str(1900 + number) if number % 2 else f"taxi{number}"
        words[number] = others[int(data.pairs[number, 1])] = shared
    save(Embeddings(words, data.source), folder / "shape.en.safetensors")
    save(Embeddings(others, data.target), folder / "shape.es.safetensors")
    lost = np.random.default_rng(3).permuted(data.target, axis=1)
    save(Embeddings(others, lost), folder / "lost.es.safetensors")
    truth = Lexicon([(f"cat{i}", f"gato{i}") for i in range(40, 500)])
    truth.save(folder / "truth.txt")
    Lexicon(truth.pairs[:25]).save(folder / "small.txt")
    Lexicon(truth.pairs[:15]).save(folder / "tiny.txt")
    return folder


@pytest.fixture
def shapes(clusters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these files, as the current folder."""
    shutil.copytree(clusters, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fastText models of related words, the same vectors as text, and their map."""
    fasttext = pytest.importorskip("fasttext")
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    for code, ending in (("en", "ing"), ("es", "ado")):
        lines = []
        for _ in range(1500):
            near = rng.choice(STEMS), rng.choice(STEMS[:5])
            words = [rng.choice(near, p=(0.8, 0.2)) for _ in range(8)]
            lines.append(" ".join(word + rng.choice(["", ending, "s"]) for word in words))
        corpus = folder / f"{code}.txt"
        corpus.write_text("\n".join(lines))
        options = {"dim": 32, "minCount": 1, "bucket": 2_000, "epoch": 5, "thread": 10}
        model = fasttext.train_unsupervised(str(corpus), verbose=0, **options)
        model.save_model(str(folder / f"{code}.bin"))
        save(load(folder / f"{code}.bin"), folder / f"{code}.vec")
    Lexicon([(stem, stem) for stem in STEMS]).save(folder / "train.txt")
    given = (folder / "en.bin", folder / "es.bin", "-d", folder / "train.txt")
    succeed("align", *given, "--refinement", 0, "--no-ranker", "-o", folder / "map")
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide all optional packages."""
    for package in ("torch", "transformers", "faiss", "fasttext", "distributed"):
        monkeypatch.setitem(sys.modules, package, None)
