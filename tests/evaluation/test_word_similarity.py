from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.stats

from alignx.errors import EmptyLexiconError
from alignx.evaluation.word_similarity import SimilarityReport, evaluate_similarity
from alignx.lexicon.lexicon import Lexicon
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
ENGLISH = Embeddings([f"a{i}" for i in range(20)], RNG.standard_normal((20, 4)).astype(np.float32))
SPANISH = Embeddings([f"b{i}" for i in range(20)], RNG.standard_normal((20, 4)).astype(np.float32))
PAIRS = [(f"a{i}", f"b{(7 * i + 3) % 20}") for i in range(20)]
SCORES = RNG.integers(0, 9, 20) / 2  # with ties


def cosine(first: str, second: str) -> float:
    x, z = ENGLISH[first].astype(np.float64), SPANISH[second].astype(np.float64)
    return float(x @ z / np.linalg.norm(x) / np.linalg.norm(z))


def test_correlations_are_those_of_scipy() -> None:
    report = evaluate_similarity(ENGLISH, SPANISH, Lexicon(PAIRS, SCORES))
    cosines = [cosine(*pair) for pair in PAIRS]
    assert report.pearson == pytest.approx(scipy.stats.pearsonr(cosines, SCORES).statistic, 1e-5)
    assert report.spearman == pytest.approx(scipy.stats.spearmanr(cosines, SCORES).statistic, 1e-5)
    assert report.pearson != pytest.approx(report.spearman, abs=1e-3)
    assert (report.pairs, report.n, report.coverage) == (20, 20, 1.0)


def test_correlations_by_hand() -> None:
    angles = np.deg2rad([0, 30, 60, 90])
    rows = np.stack([np.cos(angles), 5 * np.sin(angles) / 5], axis=1).astype(np.float32)
    words = Embeddings(["east", "a", "b", "north"], rows * np.array([[1], [2], [3], [4]], "f4"))
    judged = Lexicon([("east", "a"), ("east", "b"), ("east", "north")], np.array([4.0, 2, 1]))
    report = evaluate_similarity(words, words, judged)
    assert report.spearman == pytest.approx(1)
    cosines = np.array([math.sqrt(3) / 2, 0.5, 0])
    assert report.pearson == pytest.approx(np.corrcoef(cosines, [4, 2, 1])[0, 1])
    negative = Lexicon(judged.pairs, -np.array([4.0, 2, 1]))
    assert evaluate_similarity(words, words, negative).spearman == pytest.approx(-1)


def test_unknown_pairs_are_dropped_and_counted() -> None:
    more = [("a1", "none"), *PAIRS, ("none", "b1"), ("b1", "a1"), ("none", "none")]
    scores = np.concatenate([[9], SCORES, [9, 9, 9]])
    report = evaluate_similarity(ENGLISH, SPANISH, Lexicon(more, scores))
    whole = evaluate_similarity(ENGLISH, SPANISH, Lexicon(PAIRS, SCORES))
    assert (report.pairs, report.n) == (24, 20)
    assert report.coverage == pytest.approx(20 / 24)
    assert (report.pearson, report.spearman) == (whole.pearson, whole.spearman)


@pytest.mark.parametrize(
    ("pairs", "scores"),
    [
        (PAIRS[:1], [3.0]),
        (PAIRS[:4], [2.0, 2.0, 2.0, 2.0]),
        ([("a1", "b1"), ("a1", "b1")], [1.0, 2.0]),
    ],
)
def test_what_has_no_correlation_is_nan_without_a_warning(
    pairs: list[tuple[str, str]], scores: list[float]
) -> None:
    report = evaluate_similarity(ENGLISH, SPANISH, Lexicon(pairs, np.array(scores)))
    assert math.isnan(report.pearson)
    assert math.isnan(report.spearman)
    assert report.n == len(pairs)


def test_a_lexicon_without_scores_or_known_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a human score each, got none"):
        evaluate_similarity(ENGLISH, SPANISH, Lexicon(PAIRS))
    with pytest.raises(EmptyLexiconError, match="20 with an OOV source word"):
        evaluate_similarity(SPANISH, ENGLISH, Lexicon(PAIRS, SCORES))


def test_report_prints_a_line_and_becomes_json_and_a_frame() -> None:
    more = SimilarityReport(500, 300, 0.7, math.nan)
    report = SimilarityReport(pairs=500, n=275, pearson=0.72812, spearman=-0.5, with_oov=more)
    line = "Pearson 0.728, Spearman -0.500 (275 of 500 pairs, coverage 55.0%)"
    assert str(report).startswith(f"{line}; with phrases and OOV words: Pearson 0.700")
    found = report.as_dict()
    assert json.loads(json.dumps(found)) == found
    assert (found["with_oov"]["n"], found["with_oov"]["spearman"]) == (300, None)
    assert list(report.to_frame()["n"]) == [275, 300]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["en", "es"])
def test_cosines_of_real_vectors_agree_with_human_scores(shared_data: Path, code: str) -> None:
    words = load(shared_data / "vectors" / f"{code}.vec.gz", limit=20_000)
    judged = Lexicon.load(shared_data / "similarity" / f"semeval2017.{code}.txt", casing="lower")
    report = evaluate_similarity(words, words, judged)
    assert report.n == sum(a in words and b in words for a, b in judged)
    assert report.coverage > 0.45
    # Measured: 0.73 and 0.72 in English, 0.71 and 0.73 in Spanish.
    assert report.pearson > 0.65
    assert report.spearman > 0.65
