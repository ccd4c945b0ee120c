from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from ciphered import ciphered, labeled
from conftest import Planted, plant

from alignx.alignment.align import align
from alignx.evaluation.word_translation import EvaluationReport, evaluate
from alignx.ranking.ranker import PairRanker
from alignx.retrieval.csls import csls_neighbors
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.retrieval.neighbors import CrossNeighbors

COUNT, K = 200, 12


@pytest.fixture(scope="session")
def ranked() -> SharedSpace:
    """Two languages with a ranker that was fitted on half of the words."""
    space, known = ciphered(COUNT), np.arange(0, COUNT, 2)
    parts = [labeled(space, known[i::2], known[1 - i :: 2], K) for i in range(2)]
    ranker = PairRanker(n_candidates=K, hidden=4, features=["csls", "target_gap", "ngrams"])
    return ciphered(COUNT, ranker=ranker.fit(parts))


@pytest.fixture(scope="session")
def pairs(ranked: SharedSpace) -> list[tuple[str, str]]:
    """The right translation of each second word."""
    return list(zip(ranked.source.words[1::2], ranked.target.words[1::2], strict=True))


@pytest.fixture(scope="session")
def evaluation(ranked: SharedSpace, pairs: list[tuple[str, str]]) -> EvaluationReport:
    return evaluate(ranked, pairs)


@pytest.fixture(scope="session")
def by_csls(ranked: SharedSpace) -> CrossNeighbors:
    cosine = ranked.cosine_neighbors()
    return csls_neighbors(
        ranked.source.vectors, ranked.target.vectors, K, n_neighbors=10, cosine=cosine
    )


@pytest.fixture(scope="session")
def noise() -> Planted:
    return plant(0.6, count=300)


@pytest.fixture(scope="session")
def languages(noise: Planted) -> tuple[Embeddings, Embeddings]:
    """Vectors of two languages."""
    source = Embeddings([f"cat{i}" for i in range(len(noise.source))], noise.source, "en")
    return source, Embeddings([f"gato{i}" for i in range(len(noise.target))], noise.target, "es")


@pytest.fixture(scope="session")
def known(noise: Planted) -> list[tuple[str, str]]:
    """The right pairs of these languages, most frequent first."""
    return [(f"cat{s}", f"gato{t}") for s, t in noise.pairs.tolist()]


@pytest.fixture(scope="session")
def alignment(languages: tuple[Embeddings, Embeddings], known: list[tuple[str, str]]) -> Alignment:
    """A map that was fitted on the first 150 pairs."""
    return align(*languages, lexicon=known[:150], method="procrustes", ranker=False)
