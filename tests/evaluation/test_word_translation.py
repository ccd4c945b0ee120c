from __future__ import annotations

import json
import pickle
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from alignx.alignment.shared_space import SharedSpace
from alignx.errors import EmptyLexiconError
from alignx.evaluation.accuracy import Accuracy
from alignx.evaluation.word_translation import EvaluationReport, evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.ranked import key_biases
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.retrieval.ranked import Ranking

N = 12


def shared_of(source: NDArray[np.float32], target: NDArray[np.float32]) -> SharedSpace:
    sides = [
        Embeddings([f"{prefix}{i}" for i in range(len(rows))], rows)
        for prefix, rows in (("s", source), ("t", target))
    ]
    return SharedSpace({"en": sides[0], "es": sides[1]})


def circle() -> SharedSpace:
    """Target j has rank (j - i) % 12 + 1 among the answers for source i, by cosine and by CSLS.

    Targets are the axes, so the cosines of a source word are its coordinates. These are the same
    numbers for all, shifted by one from word to word, so that no target is closer to all than
    another.
    """
    weights = np.linspace(1, 0.1, N)
    rows = np.stack([np.roll(weights, shift) for shift in range(N)])
    return shared_of(rows.astype(np.float32), np.eye(N, dtype=np.float32))


CIRCLE = circle()
# Ranks of the known pairs: 1, 3, 6, 12, (6 and 2), 1.
LEXICON = Lexicon(
    [
        ("s0", "t0"),
        ("s1", "t3"),
        ("s2", "t7"),
        ("s3", "t2"),
        ("s4", "t9"),
        ("s4", "t5"),
        ("s5", "unknown"),
        ("s6", "unknown"),
        ("s6", "t6"),
        ("unknown", "t1"),
    ]
)


def report_on_circle(policy: Literal["muse", "vecmap", "fasttext", "xling"]) -> EvaluationReport:
    return evaluate(CIRCLE, LEXICON, oov_policy=policy, n_neighbors=N)


# --- protocols, by hand -----------------------------------------------------------------------

BY_WORD = 1 + 1 / 3 + 1 / 6 + 1 / 12 + 1 / 2 + 1
BY_PAIR = BY_WORD + 1 / 6


@pytest.mark.parametrize(
    ("policy", "n", "hits", "reciprocals", "coverage"),
    [
        ("muse", 6, (2, 4, 5), BY_WORD, 6 / 8),
        ("vecmap", 6, (2, 4, 5), BY_WORD, 6 / 8),
        ("fasttext", 8, (2, 4, 5), BY_WORD, 6 / 8),
        ("xling", 7, (2, 4, 6), BY_PAIR, 7 / 10),
    ],
)
def test_every_policy_gives_the_numbers_computed_by_hand(
    policy: Literal["muse", "vecmap", "fasttext", "xling"],
    n: int,
    hits: tuple[int, int, int],
    reciprocals: float,
    coverage: float,
) -> None:
    report = report_on_circle(policy)
    assert (report.oov_policy, report.pairs, report.words) == (policy, 10, 8)
    assert report.coverage == pytest.approx(coverage)
    for accuracy in (report.nn, report.csls):
        assert accuracy.n == n
        assert list(accuracy.precision) == [1, 5, 10]
        assert list(accuracy.precision.values()) == pytest.approx([hit / n for hit in hits])
        assert accuracy.mrr == pytest.approx(reciprocals / n)


def test_default_policy_is_muse_and_the_order_of_pairs_has_no_effect() -> None:
    for lexicon in (LEXICON, LEXICON[::-1]):
        assert evaluate(CIRCLE, lexicon, n_neighbors=N) == report_on_circle("muse")


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"oov_policy": "mine"}, "'fasttext' or 'xling', got 'mine'"),
        ({"n_neighbors": 0}, r"must lie in \[1, 12\], got 0"),
        ({"n_neighbors": N + 1}, r"must lie in \[1, 12\], got 13"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], gist: str) -> None:
    with pytest.raises(ValueError, match=gist):
        evaluate(CIRCLE, LEXICON, **options)


def test_a_lexicon_without_a_known_pair_is_refused() -> None:
    with pytest.raises(EmptyLexiconError, match="got 10 pairs"):
        evaluate(CIRCLE, LEXICON.reversed(), n_neighbors=N)


# --- ranks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answers", "rank"), [(["t2"], 1), (["t5"], 2), (["t5", "t2"], 1)])
def test_equal_scores_are_ranked_by_lower_index(answers: list[str], rank: int) -> None:
    target = np.eye(N, dtype=np.float32)
    target[5] = target[2]
    shared = shared_of(np.eye(N, dtype=np.float32), target)
    lexicon = Lexicon([("s2", answer) for answer in answers])
    report = evaluate(shared, lexicon, n_neighbors=1)
    assert report.nn.mrr == pytest.approx(1 / rank)


def test_a_zero_row_is_no_question_and_no_answer() -> None:
    source, target = np.eye(N, dtype=np.float32), np.eye(N, dtype=np.float32)
    source[4] = target[4] = target[3] = 0
    shared = shared_of(source, target)
    report = evaluate(shared, Lexicon([("s4", "t4"), ("s3", "t3"), ("s0", "t0")]), n_neighbors=1)
    assert (report.csls.n, report.csls.precision[1]) == (1, 1)
    assert report.coverage == pytest.approx(1 / 3)
    with pytest.raises(
        EmptyLexiconError, match="1 with an OOV source word and 1 with an OOV target"
    ):
        evaluate(shared, Lexicon([("s4", "t4")]))


def reference_ranks(scores: NDArray[np.float64], lexicon: dict[int, list[int]]) -> list[int]:
    order = np.argsort(-scores, axis=1, kind="stable")
    return [min(order[s].tolist().index(t) + 1 for t in right) for s, right in lexicon.items()]


@pytest.mark.parametrize("sizes", [(60, 60), (60, 90), (90, 60)])
def test_ranks_by_cosine_and_csls_are_those_of_brute_force(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    source, target = ((rng.standard_normal((n, 5)) + 0.7).astype(np.float32) for n in sizes)
    target[:30] += 2 * source[:30]
    shared = shared_of(source, target)
    known = {i: [i, int(rng.integers(sizes[1]))] for i in range(30)}
    lexicon = Lexicon([(f"s{s}", f"t{t}") for s, right in known.items() for t in right])
    cosines = shared.source.vectors.astype(np.float64) @ shared.target.vectors.T.astype(np.float64)
    crowding = np.sort(cosines, axis=0)[-10:].mean(axis=0)
    report = evaluate(shared, lexicon)
    nn, csls = (
        Accuracy.of_ranks(np.array(reference_ranks(scores, known), dtype=np.float64))
        for scores in (cosines, 2 * cosines - crowding)
    )
    assert report.nn == nn
    assert report.csls == csls
    assert nn != csls


def test_ranks_agree_with_translate() -> None:
    rng = np.random.default_rng(6)
    shared = shared_of(*(rng.standard_normal((2, 40, 4)).astype(np.float32)))
    pairs = [(f"s{i}", f"t{i}") for i in range(40)]
    answers = dict(zip(shared.source.words, shared.translate(shared.source.words, 40), strict=True))
    ranks = [[answer.word for answer in answers[s]].index(t) + 1 for s, t in pairs]
    report = evaluate(shared, Lexicon(pairs))
    assert report.csls.mrr == pytest.approx(np.mean(1 / np.array(ranks)))
    assert report.csls.precision[5] == pytest.approx(np.mean(np.array(ranks) <= 5))


# --- the summary of ranks ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("n", "right"), [(50, 20), (300, 210), (1500, 1230)])
def test_the_interval_of_many_queries_is_that_of_a_bootstrap(n: int, right: int) -> None:
    ranks = np.where(np.arange(n) < right, 1.0, 7.0)
    rng = np.random.default_rng(1)
    means = (ranks[rng.integers(n, size=(20_000, n), dtype=np.int32)] == 1).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    accuracy = Accuracy.of_ranks(ranks)
    assert accuracy.interval == pytest.approx((low, high), abs=1.5 / n)
    assert accuracy.interval[0] <= accuracy.precision[1] <= accuracy.interval[1]


def test_accuracy_of_all_nothing_and_no_query() -> None:
    # Wilson's interval does not collapse where all, or none, are right.
    for rank, mrr, interval in ((1.0, 1, (0.886, 1)), (np.inf, 0, (0, 0.114))):
        accuracy = Accuracy.of_ranks(np.full(30, rank))
        assert accuracy.interval == pytest.approx(interval, abs=5e-4)
        assert accuracy.mrr == mrr
    none = Accuracy.of_ranks(np.empty(0))
    assert none == Accuracy(0, {1: 0.0, 5: 0.0, 10: 0.0}, 0.0)


def test_levels_include_their_rank() -> None:
    accuracy = Accuracy.of_ranks(np.array([1, 2, 5, 6, 10, 11, np.inf]))
    assert list(accuracy.precision.values()) == pytest.approx([1 / 7, 3 / 7, 5 / 7])
    assert accuracy.mrr == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 6 + 1 / 10 + 1 / 11) / 7)


# --- slices -----------------------------------------------------------------------------------


def test_slices_by_frequency_of_the_source_word() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((5_100, 8)).astype(np.float32)
    shared = shared_of(rows, rows[:200])
    right = [0, 7, 150]  # of these the source word itself is the answer
    wrong = [999, 1000, 4_999, 5_000, 5_099]
    pairs = [(f"s{i}", f"t{i}") for i in right] + [(f"s{i}", "t199") for i in wrong]
    slices = evaluate(shared, Lexicon(pairs)).slices
    assert list(slices) == [
        "source rank 1-1,000",
        "source rank 1,001-5,000",
        "source rank 5,001-5,100",
        "identical strings removed",
    ]
    assert [accuracy.n for accuracy in slices.values()] == [4, 2, 2, 8]
    assert slices["source rank 1-1,000"].precision[1] == 0.75
    assert slices["source rank 5,001-5,100"].precision[1] == 0


def test_empty_bands_and_unanswerable_words_are_left_out() -> None:
    slices = report_on_circle("muse").slices
    assert list(slices) == ["source rank 1-12", "identical strings removed"]
    assert slices["source rank 1-12"] == report_on_circle("muse").csls
    report = report_on_circle("fasttext")
    assert (report.csls.n, report.slices["source rank 1-12"].n) == (8, 6)


def test_words_with_a_translation_written_the_same_are_removed() -> None:
    rows = np.eye(4, dtype=np.float32)
    english = Embeddings(["taxi", "hotel", "cat", "dog"], rows)
    spanish = Embeddings(["taxi", "hostal", "perro", "hotel"], rows)
    shared = SharedSpace({"en": english, "es": spanish})
    pairs = [("taxi", "taxi"), ("hotel", "hostal"), ("hotel", "hotel"), ("dog", "perro")]
    report = evaluate(shared, Lexicon(pairs), n_neighbors=1)
    assert report.csls.n == 3
    assert report.csls.precision[1] == pytest.approx(2 / 3)
    rest = report.slices["identical strings removed"]
    assert (rest.n, rest.precision[1]) == (1, 0.0)
    same = evaluate(shared, Lexicon(pairs[:1]), n_neighbors=1)
    assert same.slices["identical strings removed"].n == 0


# --- output -----------------------------------------------------------------------------------


def test_report_prints_a_table() -> None:
    rows = str(report_on_circle("muse")).splitlines()
    assert rows[0].split()[:5] == ["n", "P@1", "P@5", "P@10", "MRR"]
    numbers = ["6", "33.3", "66.7", "83.3", "51.4", "[9.7,", "70.0]"]
    assert [rows[i].split() for i in (1, 2)] == [["nn", *numbers], ["csls", *numbers]]
    assert rows[3] == "csls by slice:"
    assert rows[4].split() == ["source", "rank", "1-12", *numbers]
    assert rows[6] == "8 words in 10 pairs; coverage 75.0% of words; OOV policy: muse"
    assert len({line.index("[") for line in rows if "[" in line}) == 1
    assert "coverage 70.0% of pairs;" in str(report_on_circle("xling"))


@pytest.mark.parametrize("ranking", ["isf", "hnn"])
def test_another_ranking_is_measured_beside(ranking: Ranking) -> None:
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((2, 60, 5)) + 0.4
    shared = shared_of(*rows.astype(np.float32))
    lexicon = Lexicon([(f"s{i}", f"t{i}") for i in range(40)])
    usual, report = evaluate(shared, lexicon), evaluate(shared, lexicon, ranking=ranking)
    assert (report.nn, report.csls, report.slices) == (usual.nn, usual.csls, usual.slices)
    assert usual == evaluate(shared, lexicon, ranking="nn")
    source, target = shared.source.vectors, shared.target.vectors
    _, bias = key_biases(ranking, source, target)
    assert bias is not None
    scores = source @ target.T - bias
    ranks = 1 + (scores > np.diag(scores)[:, None]).sum(axis=1)
    assert report.more == {ranking: Accuracy.of_ranks(ranks[:40])}
    assert report.as_dict()[ranking] == report.more[ranking].as_dict()
    assert list(report.to_frame()["name"][:3]) == ["nn", "csls", ranking]
    assert f"\n{ranking} " in str(report)


def test_report_becomes_json_and_a_frame() -> None:
    report = report_on_circle("xling")
    found = report.as_dict()
    assert json.loads(json.dumps(found)) == found
    assert list(found) == [field.name for field in fields(report)][:-2]
    keys = ["n", "p@1", "p@5", "p@10", "mrr", "p@1_interval"]
    for accuracy in (found["nn"], found["csls"], *found["slices"].values()):
        assert list(accuracy) == keys
        assert all(0 <= accuracy[key] <= 1 for key in keys[1:-1])
    frame = report.to_frame()
    assert list(frame["name"][:2]) == ["nn", "csls"]
    assert list(frame["p@5"]) == [found[k]["p@5"] for k in ("nn", "csls")] + [
        part["p@5"] for part in found["slices"].values()
    ]
    assert report._repr_html_().count("<tr") == 1 + len(frame)
    assert pickle.loads(pickle.dumps(report)) == report
