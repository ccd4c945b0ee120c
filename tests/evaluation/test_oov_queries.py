from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from alignx.alignment.shared_space import SharedSpace
from alignx.errors import EmptyLexiconError
from alignx.evaluation.word_similarity import evaluate_similarity
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

N, M, DIMENSION, N_NEIGHBORS = 40, 50, 6, 4


class Model:
    """Vectors of words that begin in a certain way, whatever follows."""

    def __init__(self, prefix: str, seed: int) -> None:
        self.prefix, self.seed = prefix, seed

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(words), DIMENSION), dtype=np.float32)
        for row, word in zip(rows, words, strict=True):
            if word.startswith(self.prefix):
                row[:] = np.random.default_rng([self.seed, *word.encode()]).standard_normal(6)
        return rows


def language(prefix: str, count: int, seed: int) -> Embeddings:
    # A common direction makes hubs, so that CSLS and cosine disagree.
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)) + 0.5
    words = [f"{prefix}{i}" for i in range(count)]
    return Embeddings(words, rows.astype(np.float32), oov_vectors=Model(prefix, seed))


SHARED = SharedSpace({"en": language("a", N, 1), "es": language("b", M, 2)})
LEXICON = Lexicon(
    [
        ("a1", "b1"), ("a2", "b7"),  # known
        ("a3", "b900"), ("a3", "b5"),  # known, with another answer that is OOV
        ("axe", "b3"), ("axe", "bow"), ("axe", "zzz"),  # OOV
        ("a4", "bee"),  # only the answer is OOV
        ("same", "same"),  # without a vector
        ("a1 a2", "b2"), ("a6", "b3 b4"), ("a1 axe", "b8"),  # phrases
    ]
)  # fmt: skip


def unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    double = rows.astype(np.float64)
    return np.asarray(double / np.linalg.norm(double, axis=-1, keepdims=True))


def rank(query: NDArray[np.float64], added: Sequence[str], right: Sequence[str]) -> int:
    """Rank of the best right answer by CSLS among the vocabulary and what is added to it."""
    source, target = unit(SHARED.source.vectors), unit(SHARED.target.vectors)
    words = [*SHARED.target.words, *added]
    more = SHARED.extended(target=added, oov="subword").target
    keys = np.vstack([target, unit(more.vectors[M:])])
    hubness = np.sort(keys @ source.T, axis=1)[:, -N_NEIGHBORS:].mean(axis=1)
    order: list[int] = np.argsort(-(2 * keys @ query - hubness)).tolist()
    return 1 + min(order.index(words.index(answer)) for answer in right)


def source_vector(entry: str) -> NDArray[np.float64]:
    return unit(SHARED.extended([entry], oov="subword").source[entry])


def test_each_kind_of_query_is_measured_separately() -> None:
    report = evaluate(SHARED, LEXICON, oov="subword", n_neighbors=N_NEIGHBORS)
    added = ["bow", "bee", "b3 b4"]
    words = [
        rank(source_vector("axe"), added, ["b3", "bow"]),
        rank(source_vector("a4"), added, ["bee"]),
    ]
    phrases = [
        rank(source_vector("a1 a2"), added, ["b2"]),
        rank(source_vector("a6"), added, ["b3 b4"]),
        rank(source_vector("a1 axe"), added, ["b8"]),
    ]
    assert list(report.oov) == ["OOV words", "OOV words, copied", "phrases"]
    for name, ranks in (("OOV words", words), ("phrases", phrases)):
        found = report.oov[name]
        assert found.n == len(ranks)
        assert found.mrr == pytest.approx(np.mean([1 / r for r in ranks]))
        assert found.precision[5] == pytest.approx(np.mean([r <= 5 for r in ranks]))
    assert report.oov["OOV words, copied"].precision[1] == 0
    assert (report.csls.n, report.coverage) == (3, 3 / 9)
    assert report.coverage_with_oov == pytest.approx(8 / 9)


def test_oov_queries_do_not_change_other_figures() -> None:
    alone = evaluate(SHARED, LEXICON[:4], n_neighbors=N_NEIGHBORS)
    beside = evaluate(SHARED, LEXICON, oov="subword", n_neighbors=N_NEIGHBORS)
    assert (beside.nn, beside.csls) == (alone.nn, alone.csls)
    assert alone.oov == {}
    assert alone.coverage_with_oov == alone.coverage == 1


def test_phrases_need_no_model() -> None:
    report = evaluate(SHARED, LEXICON, n_neighbors=N_NEIGHBORS)
    assert list(report.oov) == ["phrases"]
    assert report.oov["phrases"].n == 2
    assert report.coverage_with_oov == pytest.approx(5 / 9)


def test_copying_is_right_for_identical_words() -> None:
    lexicon = Lexicon([("ab", "ab"), ("ac", "b1"), ("ad", "a1")])
    shared = SharedSpace({"en": SHARED.source, "es": language("a", M, 2)})
    report = evaluate(shared, lexicon, oov="subword", n_neighbors=N_NEIGHBORS)
    copied = report.oov["OOV words, copied"]
    assert (copied.n, copied.precision[1]) == (2, 0.5)


def test_each_pair_is_a_query_by_xling() -> None:
    report = evaluate(SHARED, LEXICON, oov_policy="xling", oov="subword", n_neighbors=N_NEIGHBORS)
    assert report.csls.n == 3
    # axe with b3 and bow, a3 with b900, a4 with bee.
    assert report.oov["OOV words"].n == 4
    assert report.coverage_with_oov == pytest.approx(10 / 12)


def test_a_dictionary_may_hold_oov_words_only() -> None:
    report = evaluate(SHARED, Lexicon([("axe", "b3")]), oov="subword", n_neighbors=N_NEIGHBORS)
    assert (report.csls.n, report.coverage, report.coverage_with_oov) == (0, 0, 1)
    assert "csls of OOV queries" in str(report)
    assert "coverage 0.0% of words (100.0% with OOV queries)" in str(report)
    with pytest.raises(EmptyLexiconError):
        evaluate(SHARED, Lexicon([("axe", "b3")]), n_neighbors=N_NEIGHBORS)


def test_subwords_need_a_model_in_one_language() -> None:
    blind = SharedSpace({code: words.with_vectors(words.vectors) for code, words in SHARED.items()})
    with pytest.raises(ValueError, match="fastText model"):
        evaluate(blind, LEXICON, oov="subword")
    half = SharedSpace({"en": SHARED.source, "es": blind.target})
    report = evaluate(half, LEXICON, oov="subword", n_neighbors=N_NEIGHBORS)
    assert report.oov["OOV words"].n == 1  # axe is, bee is not


# --- translation ------------------------------------------------------------------------------


def test_oov_words_and_phrases_are_translated() -> None:
    asked = ["a1", "axe", "a1 a2", "zzz"]
    answers = SHARED.translate(asked, M, oov="subword", n_neighbors=N_NEIGHBORS)
    found = dict(zip(asked, answers, strict=True))
    assert [found[word][0].origin for word in asked[:3]] == ["vocabulary", "subwords", "phrase"]
    assert found["zzz"] == []
    for word in asked[:3]:
        names = [answer.word for answer in found[word]]
        for place in (1, 2, 10):
            assert rank(source_vector(word), [], [names[place - 1]]) == place
    assert SHARED.translate("axe", n_neighbors=N_NEIGHBORS) == []


def test_a_list_is_translated_in_its_order() -> None:
    wider = SHARED.extended(["a1 a2", "axe"], ["b3 b4"], oov="subword")
    listed = ["axe", "a7", "a1 a2", "zzz"]
    lexicon = induce_lexicon(wider, words=listed, mutual=False, k=2, n_neighbors=N_NEIGHBORS)
    assert [source for source, _ in lexicon] == ["axe", "axe", "a7", "a7", "a1 a2", "a1 a2"]
    for i, word in enumerate(("axe", "a7", "a1 a2")):
        best = wider.translate(word, 2, n_neighbors=N_NEIGHBORS)
        assert [target for _, target in lexicon.pairs[2 * i : 2 * i + 2]] == [b.word for b in best]
    everything = induce_lexicon(wider, mutual=True, n_neighbors=N_NEIGHBORS)
    some = induce_lexicon(wider, words=listed, mutual=True, n_neighbors=N_NEIGHBORS)
    assert set(some) == {pair for pair in everything if pair[0] in listed}


# --- similarity -------------------------------------------------------------------------------


def test_similarity_reports_oov_words_and_phrases_separately() -> None:
    pairs = [("a1", "b1"), ("a2", "b2"), ("a3", "b9"), ("a4 a5", "b3"), ("axe", "b4"), ("z", "b1")]
    judged = Lexicon(pairs, np.array([3.0, 1.0, 2.0, 5.0, 0.0, 1.0]))
    report = evaluate_similarity(SHARED.source, SHARED.target, judged, oov="subword")
    plain = Lexicon(pairs[:3], judged.scores[:3] if judged.scores is not None else None)
    alone = evaluate_similarity(SHARED.source, SHARED.target, plain)
    assert (report.n, report.pearson, report.spearman) == (3, alone.pearson, alone.spearman)
    assert alone.with_oov is None
    assert report.with_oov is not None
    assert report.with_oov.n == 5
    cosines = [float(source_vector(a) @ unit(SHARED.target[b])) for a, b in pairs[:5]]
    expected = np.corrcoef(cosines, judged.scores[:5] if judged.scores is not None else [])[0, 1]
    assert report.with_oov.pearson == pytest.approx(expected, abs=1e-6)
    assert "with phrases and OOV words: Pearson" in str(report)
    assert evaluate_similarity(SHARED.source, SHARED.target, judged).as_dict()["with_oov"]
