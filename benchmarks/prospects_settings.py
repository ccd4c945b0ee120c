"""Pairs of languages whose accuracy is measured: real vectors, weaker ones, and impossible ones.

A setting names two sides, each ``LANGUAGE:KIND@WORDS``. Kinds:

- ``strong``: the vectors of 45 million words (German: 16 million), 300 dimensions.
- ``T-D-E``: fastText on the first T MB of the Wikipedia text, D dimensions, E epochs; ``T'`` is its
  last T MB.
- ``small``: UBiLexAT, 50 dimensions.
- a suffix ``+noise0.5``, ``+renamed``, ``+alphabetical``, ``+shuffled``, ``+half``: Gaussian noise
  of that length added to unit rows; all words renamed, so that none is identical; another order;
  the coordinates of each row in random order; half of the dimensions, drawn at random.
"""

from __future__ import annotations

import itertools
import json
import lzma
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import alignx as ax
from alignx.support.arrays import unit_rows
from benchmarks.common import HERE, data_directory

if TYPE_CHECKING:
    from pathlib import Path

MODEL = HERE.parent / "alignx" / "data" / "prospects.json"  # what is fitted on all settings
SIZES = (0, 500, 5_000)
MEGABYTE = 1_000_000
FEWEST_TESTED = 200
Pair = tuple[str, str]
TEST_WORDS = slice(5_000, 6_500)  # of a language paired with itself


class Setting(NamedTuple):
    """Two sides, and the group that the error of the model is measured by."""

    source: str
    target: str

    @property
    def languages(self) -> tuple[str, str]:
        """Codes of the languages."""
        return self.source[:2], self.target[:2]

    @property
    def pair(self) -> str:
        """The languages, in whichever direction."""
        return "-".join(sorted(self.languages))

    @property
    def corpus(self) -> str:
        """Kinds of vectors, without their vocabulary."""
        return " ".join(sorted({side.split(":")[1].partition("@")[0] for side in self}))


def _both(pair: str, kind: str, *words: int) -> list[Setting]:
    source, target = pair.split("-")
    return [Setting(f"{source}:{kind}@{n}", f"{target}:{kind}@{n}") for n in words]


REAL = ("en-es", "de-en", "es-de")
BACK = ("es-en", "en-de", "de-es")
WEAK, WEAKER = "8-50-2", "2-50-10"


WORDS = {"en": 80_000, "es": 80_000, "de": 60_000}
WHOLE = {
    f"{a}-{b}": Setting(f"{a}:strong@{WORDS[a]}", f"{b}:strong@{WORDS[b]}")
    for a, b in itertools.permutations(WORDS, 2)
    if (a, b) != ("de", "es")  # no other benchmark measures it
} | {
    "en against es, coordinates shuffled": Setting("en:strong@80000", "es:strong+shuffled@80000"),
}


def settings() -> list[Setting]:
    """Most different ones first, so that an early end leaves a sample of all."""
    rounds = [
        [s for p in ("es-en", "zh-en") for s in _both(p, "small", 10_000)],
        [s for p in REAL for s in _both(p, "strong", 5_000)],
        _each(
            "en:strong@5000 es:strong+shuffled@5000",
            "zh:small@10000 en:small+noise1@10000",
            "de:strong+noise1@5000 en:strong+noise1@5000",
            "en:small@10000 es:small+noise1@10000",
            f"de:strong@5000 en:{WEAKER}@5000",
            "zh:small@10000 en:small+shuffled@10000",
            "es:strong+noise2@5000 de:strong+noise2@5000",
            "zh:small@2500 en:small@2500",
            "es:small+half@10000 en:small+half@10000",
            "en:strong+noise1@5000 es:strong+noise1@5000",
            "zh:small+half@10000 en:small+half@10000",
            "es:strong@20000 en:strong@20000",
            "es:strong+noise1@5000 de:strong+noise1@5000",
            "en:small+half+noise1@10000 es:small+half+noise1@10000",
            "en:strong@20000 de:strong@20000",
            "es:small@10000 en:small+renamed@10000",
            "en:strong+noise2@5000 es:strong+noise2@5000",
        ),
        [s for p in REAL for s in _both(p, WEAKER, 5_000)],
        [s for p in REAL for s in _both(p, WEAK, 5_000)],
        [s for p in REAL for s in _both(p, WEAKER, 10_000)],
        _each(
            f"en:strong@5000 es:{WEAKER}@5000",
            f"es:{WEAK}@5000 de:{WEAKER}@5000",
            "de:strong@5000 en:strong+renamed@5000",
            f"es:{WEAK}@5000 en:{WEAK}+renamed@5000",
            f"en:strong@7000 en:{WEAK}+renamed@7000",
            "de:strong@5000 es:strong+shuffled@5000",
            "en:strong@5000 es:strong+alphabetical@5000",
        ),
        [s for p in BACK for s in _both(p, WEAK, 20_000)],
        [s for p in BACK for s in _both(p, "strong", 3_000)],
        _each(
            "en:small@2500 es:small@2500",
            "de:strong+half@5000 en:strong+half@5000",
            f"es:{WEAKER}@7000 es:strong+renamed@7000",
            f"en:{WEAKER}@5000 es:{WEAKER}+renamed@5000",
            f"de:{WEAKER}@5000 en:{WEAKER}+shuffled@5000",
        ),
        [s for p in REAL for s in _both(p, "strong", 10_000, 20_000)],
    ]
    return list(itertools.chain(*rounds))


def _each(*pairs: str) -> list[Setting]:
    return [Setting(*pair.split()) for pair in pairs]


@lru_cache(maxsize=8)
def _vectors(language: str, kind: str, pair: str, folder: Path) -> ax.Embeddings:
    data = data_directory()
    if kind == "strong":
        copy = folder / f"{language}.strong.safetensors"  # read in no time
        if not copy.exists():
            ax.save(ax.load(data / f"vectors/{language}.vec.gz"), copy)
        return ax.load(copy, language=language)
    if kind == "small":
        name = pair if (data / "ubilexat" / pair).is_dir() else "-".join(pair.split("-")[::-1])
        return ax.load(data / f"ubilexat/{name}/word2vec.{language}", language=language)
    path = folder / f"{language}.{kind}.safetensors"
    if not path.exists():
        _train(language, kind, path)
    return ax.load(path, language=language)


def _train(language: str, kind: str, path: Path) -> None:
    size, dimension, epochs = kind.split("-")
    amount = int(size.rstrip("'")) * MEGABYTE
    with lzma.open(data_directory() / f"corpora/wikipedia.{language}.txt.xz", "rb") as file:
        text = file.read()
    part = text[-amount:].partition(b"\n")[2] if size.endswith("'") else text[:amount]
    corpus = path.with_suffix(".txt")
    corpus.write_bytes(part.decode("utf-8", "ignore").encode())
    parameters = ax.FastTextParameters(dim=int(dimension), epoch=int(epochs))
    ax.train(corpus, path, parameters=parameters, language=language)
    corpus.unlink()


def side(text: str, pair: str, folder: Path) -> ax.Embeddings:
    """Make one side of a setting."""
    language, rest = text.split(":")
    kinds, words = rest.split("@")
    kind, *changes = kinds.split("+")
    made = _vectors(language, kind, pair, folder).head(int(words))
    random = np.random.default_rng([len(text), *text.encode()])
    for change in changes:
        if change.startswith("noise"):
            noise = random.standard_normal(made.vectors.shape, dtype=np.float32)
            noise *= float(change.removeprefix("noise"))
            made = made.with_vectors(
                unit_rows(made.vectors) + noise / np.sqrt(made.vectors.shape[1])
            )
        elif change == "shuffled":
            made = made.with_vectors(random.permuted(made.vectors, axis=1))
        elif change == "half":
            kept = random.permutation(made.vectors.shape[1])[: made.vectors.shape[1] // 2]
            made = made.with_vectors(made.vectors[:, kept])
        elif change == "alphabetical":
            order = sorted(range(len(made)), key=lambda row: made.words[row])
            words_ = [made.words[row] for row in order]
            made = ax.Embeddings(words_, made.vectors[order], language=language)
        elif change == "renamed":
            made = ax.Embeddings([renamed(word) for word in made.words], made.vectors, language)
        else:
            raise ValueError(f"a change must be known, got {change!r}")
    return made


def renamed(word: str) -> str:
    """Put a letter before a word that no language has."""
    return f"\ue000{word}"


def languages(setting: Setting, folder: Path) -> tuple[ax.Embeddings, ax.Embeddings]:
    pair = "-".join(setting.languages)
    return side(setting.source, pair, folder), side(setting.target, pair, folder)


def dictionaries(
    setting: Setting, source: ax.Embeddings, target: ax.Embeddings
) -> tuple[list[Pair], list[Pair]]:
    """MUSE's training and test dictionary; of a language and itself, its own words.

    Where few test words are in both vocabularies, every other training word tests too.
    """
    one, other = setting.languages
    if one == other:
        words = source.words
        known = [(word, word) for word in words[: TEST_WORDS.start]]
        test = [(word, word) for word in words[TEST_WORDS]]
    else:
        folder = data_directory() / "dictionaries/muse"
        known, test = (
            list(ax.Lexicon.load(folder / f"{one}-{other}.{part}.txt"))
            for part in ("0-5000", "5000-6500")
        )
    if "renamed" in setting.target:
        known, test = ([(s, renamed(t)) for s, t in pairs] for pairs in (known, test))
    known, test = ([(s, t) for s, t in p if s in source and t in target] for p in (known, test))
    if len({s for s, _ in test}) < FEWEST_TESTED:
        held_out = set(list(dict.fromkeys(s for s, _ in known))[::2])
        test += [pair for pair in known if pair[0] in held_out]
        known = [pair for pair in known if pair[0] not in held_out]
    return known, test


def measured(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.exists() else []
    return rows


def whole_vocabularies() -> list[dict[str, Any]]:
    """Take the accuracy of whole vocabularies from the benchmarks that measure it too.

    Failed maps, whose accuracy they do not measure, count as 0.
    """
    found = []
    for name in ("unsupervised", "dictionary"):
        for row in measured(HERE / "results" / f"{name}.json"):
            pairs, setting = row.get("size", 0), WHOLE.get(row["job"])
            is_default = row["engine"] in ("self_learning", "default") and not row.get("seed", 0)
            if setting and is_default and pairs in SIZES:
                csls = row.get("csls", {"n": 0, "p@1": 0.0})
                accuracy = {"n": csls["n"], "csls": csls["p@1"]}
                found.append({**setting._asdict(), "pairs": pairs, **accuracy})
    return found
