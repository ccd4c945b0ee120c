from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.align import align
from alignx.alignment.mapped_subwords import MappedSubwords
from alignx.errors import DimensionError
from alignx.lexicon.lexicon import Lexicon
from alignx.support.arrays import unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext import SubwordVectors
from alignx.vectors.io import load

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment

fasttext = pytest.importorskip("fasttext", reason="fasttext is not installed")

WORDS = [f"word{number}" for number in range(40)]
INVENTED = ["wordy", "unword7", "word7s"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SubwordVectors:
    rng = np.random.default_rng(4)
    corpus = tmp_path_factory.mktemp("unseen") / "corpus.txt"
    corpus.write_text("\n".join(" ".join(rng.choice(WORDS, size=12)) for _ in range(80)))
    trained = fasttext.train_unsupervised(
        str(corpus), dim=8, minCount=1, bucket=400, epoch=2, thread=10, verbose=0
    )
    path = corpus.with_name("xx.bin")
    trained.save_model(str(path))
    return SubwordVectors(path)


@pytest.fixture(scope="module")
def alignment(model: SubwordVectors) -> Alignment:
    language = load(model.path, language="xx")
    turned = np.linalg.qr(np.random.default_rng(5).standard_normal((8, 8)))[0]
    other = Embeddings(language.words, language.vectors @ turned, language="yy")
    lexicon = Lexicon(list(zip(WORDS, WORDS, strict=True)))
    return align(language, other, lexicon=lexicon, refinement=0, ranker=False)


def test_words_are_mapped_as_those_of_the_vocabulary(
    model: SubwordVectors, alignment: Alignment
) -> None:
    language = load(model.path, language="xx")
    unseen = MappedSubwords(model, alignment.source)
    known = alignment.apply_source(language)
    assert np.allclose(unseen(language.words), known.vectors, atol=1e-6)
    rows = model(INVENTED)
    by_hand = alignment.aligner.transform(alignment.source.normalizer.transform(rows))
    assert np.allclose(unseen(INVENTED), unit_rows(by_hand), atol=1e-6)
    assert not unseen(["\ud83d"]).any()


def test_without_a_map_rows_are_of_unit_length(model: SubwordVectors) -> None:
    rows = MappedSubwords(model)(INVENTED)
    assert np.allclose(rows, unit_rows(model(INVENTED)))


def test_another_dimension_is_refused(model: SubwordVectors) -> None:
    rng = np.random.default_rng(6)
    pair = [Embeddings(WORDS, rng.standard_normal((40, 5)), language=code) for code in ("a", "b")]
    lexicon = Lexicon(list(zip(WORDS, WORDS, strict=True)))
    other = align(*pair, lexicon=lexicon, refinement=0, ranker=False, allow_failed=True)
    with pytest.raises(DimensionError):
        MappedSubwords(model, other.target)(INVENTED)
