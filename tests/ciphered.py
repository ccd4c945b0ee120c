"""Two made languages whose words are spelled alike, letter for letter, in another script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from made_languages import unit

from alignx.alignment.shared_space import SharedSpace
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.ranking.ranker import LabeledCandidates
from alignx.retrieval.csls import csls_biases
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Indices


def random_words(count: int, seed: int = 0) -> list[str]:
    """Make different words of 3 to 8 letters, the common ones more often."""
    rng = np.random.default_rng(seed)
    letters, shares = np.array(list("etaoinshrdlucmfwypvbgkjqxz")), 1 / np.arange(3, 29)
    words: dict[str, None] = {}
    while len(words) < count:
        drawn = rng.choice(letters, rng.integers(3, 9), p=shares / shares.sum())
        words["".join(drawn)] = None
    return list(words)


def cipher(word: str) -> str:
    """Shift Latin letters to Cyrillic ones."""
    return "".join(chr(ord(letter) - ord("a") + ord("а")) for letter in word)  # noqa: RUF001


def ciphered(
    count: int = 300, noise: float = 1.5, seed: int = 0, ranker: PairRanker | None = None
) -> SharedSpace:
    """Give languages in one space, the translation of each word at the same row."""
    rng = np.random.default_rng(seed)
    rows = unit(rng.standard_normal((count, 20)))
    other = unit(rows + noise * rng.standard_normal((count, 20)) / np.sqrt(20))
    words = random_words(count, seed)
    return SharedSpace(
        {
            "en": Embeddings(words, rows, "en"),
            "ru": Embeddings([cipher(word) for word in words], other, "ru"),
        },
        ranker,
    )


def candidates(space: SharedSpace, rows: Indices, k: int = 10) -> CandidatePairs:
    """Search the candidates of some source rows."""
    source, target = space.source, space.target
    return CandidatePairs.search(
        Queries([source.words[row] for row in rows.tolist()], rows, source.vectors[rows]),
        source.vectors,
        target.vectors,
        target.words,
        k,
        n_neighbors=10,
        biases=csls_biases(source.vectors, target.vectors, n_neighbors=10),
    )


def labeled(space: SharedSpace, asked: Indices, known: Indices, k: int = 10) -> LabeledCandidates:
    """Label the candidates of asked rows; spelling may be learned from the known ones."""
    pairs = candidates(space, asked, k)
    both = [(space.source.words[row], space.target.words[row]) for row in known.tolist()]
    return LabeledCandidates(pairs, pairs.target_rows == asked[:, None], both)
