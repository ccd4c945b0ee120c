from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant_clusters
from reference import csls, top_k
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised.initial_pairs import STARTS, SimilarityStarts
from alignx.alignment.unsupervised.self_learning import (
    Run,
    SelfLearning,
    agreement,
    converge,
    search,
)
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Double = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Matrix = NDArray[np.float32]


def normalized(data: Planted) -> tuple[Matrix, Matrix]:
    return Normalizer().fit_transform(data.source), Normalizer().fit_transform(data.target)


@pytest.fixture(scope="module")
def planted_clusters() -> Planted:
    return plant_clusters(0.2)


@pytest.fixture(scope="module")
def languages(planted_clusters: Planted) -> tuple[Matrix, Matrix]:
    return normalized(planted_clusters)


@dataclass(frozen=True)
class Bench:
    """Starts runs on two languages and keeps what they log."""

    languages: tuple[Matrix, Matrix]
    logged: list[dict[str, Any]]

    def run(
        self,
        pairs: Indices,
        name: str = "start",
        seed: int = 0,
        **settings: Any,  # noqa: ANN401  # passed on
    ) -> Run:
        random = np.random.default_rng(seed)
        return Run(
            name,
            *self.languages,
            pairs,
            SelfLearning(**settings),
            random,
            log=self.logged.append,
        )


@pytest.fixture
def bench(languages: tuple[Matrix, Matrix]) -> Bench:
    return Bench(languages, [])


def searched(forth: Indices, back: Indices) -> CrossNeighbors:
    """What a search would give with these first answers."""
    return CrossNeighbors(
        *(Neighbors(a[:, None], np.zeros((len(a), 1), dtype=np.float32)) for a in (forth, back))
    )


def mutual(found: CrossNeighbors) -> set[tuple[int, int]]:
    """Pairs that choose each other, word by word."""
    forth = {x: int(row[0]) for x, row in enumerate(found.of_source.indices)}
    back = {z: int(row[0]) for z, row in enumerate(found.of_target.indices)}
    return {(x, z) for x, z in forth.items() if back[z] == x}


def random_search(rng: np.random.Generator, n: int, m: int) -> CrossNeighbors:
    """Answers most of which are those of row i for row i, so that some are shared."""
    forth, back = np.arange(n) % m, np.arange(m) % n
    for answers, count in ((forth, m), (back, n)):
        changed = rng.random(len(answers)) < 0.3
        answers[changed] = rng.integers(0, count, changed.sum())
    return searched(forth, back)


# --- mutual pairs and their agreement ---------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(1, 1), (6, 4), (4, 6), (9, 200), (200, 9), (40, 40)])
def test_agreement_is_that_of_sets(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    seen = set()
    for _ in range(40):
        a, b = random_search(rng, n, m), random_search(rng, n, m)
        x, y = mutual(a), mutual(b)
        pairs = a.mutual_pairs()
        assert [(int(s), int(t)) for s, t in pairs] == sorted(x)
        assert pairs.shape == (len(x), 2)
        expected = 2 * len(x & y) / max(1, len(x) + len(y))
        assert agreement(a, b) == agreement(b, a) == pytest.approx(expected)
        seen.add(expected)
    assert n == 1 or len(seen) > 2


def test_agreement_goes_from_0_to_1() -> None:
    rows = np.arange(7)
    same, other = searched(rows, rows), searched(rows[::-1], rows[::-1])
    assert agreement(same, same) == 1
    assert agreement(same, searched(np.roll(rows, 1), np.roll(rows, -1))) == 0
    assert agreement(same, other) == pytest.approx(1 / 7)
    swap = np.array([1, 0])
    nothing = searched(swap, np.array([0, 1]))
    assert nothing.mutual_pairs().shape == (0, 2)
    assert agreement(nothing, nothing) == 0


# --- one round --------------------------------------------------------------------------------


@pytest.mark.parametrize("components", [1, 3, 8, 100])
@pytest.mark.parametrize("vocabulary", [30, 1_000])
def test_candidates_are_those_of_the_directions_that_agree_best(
    components: int, vocabulary: int
) -> None:
    data = plant_clusters(0.3, count=90, dimension=8, target_count=70, target_dimension=11)
    source, target = normalized(data)
    run = Bench((source, target), []).run(
        data.pairs[5:45], components=components, vocabulary=vocabulary, candidates=4
    )
    run.advance(1)
    x, y = source.astype(np.float64), target.astype(np.float64)
    # The directions are eigenvectors of C C', which needs no SVD.
    C = np.sum([np.outer(x[s], y[t]) for s, t in data.pairs[5:45]], axis=0)
    values, U = np.linalg.eigh(C @ C.T)
    U = U[:, ::-1][:, : min(components, 8)]
    V = C.T @ U / np.sqrt(values[::-1][: min(components, 8)])
    X, Y = x[:vocabulary] @ U, y[:vocabulary] @ V
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    scores = csls(X, Y, 10)
    for found, expected in ((run.found.of_source, scores), (run.found.of_target, scores.T)):
        best, _ = top_k(expected, 4)
        np.testing.assert_allclose(found.scores, best, atol=1e-4)
        chosen = np.take_along_axis(expected, found.indices, axis=1)
        np.testing.assert_allclose(chosen, best, atol=1e-4)
    criterion = (scores.max(axis=1).mean() + scores.max(axis=0).mean()) / 2
    assert run.criterion == pytest.approx(criterion, abs=1e-4)


def test_without_dropping_the_pairs_are_the_best_of_both_directions(
    bench: Bench, planted_clusters: Planted
) -> None:
    run = bench.run(planted_clusters.pairs[:100], keep=1.0)
    run.advance(1)
    n, m = len(planted_clusters.source), len(planted_clusters.target)
    forth = np.stack([np.arange(n), run.found.of_source.indices[:, 0]], axis=1)
    back = np.stack([run.found.of_target.indices[:, 0], np.arange(m)], axis=1)
    np.testing.assert_array_equal(run.pairs, np.concatenate([forth, back]))


def directions(run: Run) -> tuple[Indices, Indices]:
    """Divide pairs where the source rows no longer ascend."""
    turn = 1 + int(np.flatnonzero(np.diff(run.pairs[:, 0]) <= 0)[0])
    forth, back = run.pairs[:turn], run.pairs[turn:, ::-1]
    assert (np.diff(back[:, 0]) > 0).all()
    return forth, back


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.8])
def test_candidates_are_dropped_as_often_as_told(
    bench: Bench, planted_clusters: Planted, keep: float
) -> None:
    counts: NDArray[Any] = np.zeros(4)
    total = 0
    for seed in range(4):
        run = bench.run(planted_clusters.pairs[:100], seed=seed, keep=keep, candidates=3)
        run.advance(1)
        found = run.found.of_source.indices, run.found.of_target.indices
        for pairs, candidates in zip(directions(run), found, strict=True):
            assert candidates.shape[1] == 3
            rank = (candidates[pairs[:, 0]] == pairs[:, 1:]).argmax(axis=1)
            assert (candidates[pairs[:, 0], rank] == pairs[:, 1]).all()
            counts[:3] += np.bincount(rank, minlength=3)
            counts[3] += len(candidates) - len(pairs)
            total += len(candidates)
    # The best that is kept: 1st, or 2nd after one drop, or 3rd after two, or none after three.
    expected = np.array([keep * (1 - keep) ** rank for rank in range(3)] + [(1 - keep) ** 3])
    errors = np.sqrt(expected * (1 - expected) / total)
    assert (np.abs(counts / total - expected) < 4 * errors).all()


def test_where_all_is_dropped_the_pairs_stay() -> None:
    data = plant_clusters(0.0, count=3, dimension=2)
    run = Bench(normalized(data), []).run(data.pairs, keep=1e-12, candidates=1)
    run.advance(3)
    np.testing.assert_array_equal(run.pairs, data.pairs)
    assert run.round == 3


def test_every_round_is_logged(bench: Bench, planted_clusters: Planted) -> None:
    run = bench.run(planted_clusters.pairs[:100], "mine")
    assert run.criterion < -3  # worse than any
    for round_ in (1, 2, 3):
        run.advance(1)
        facts = bench.logged[-1]
        assert facts.keys() == {"stage", "start", "round", "criterion", "pairs", "seconds"}
        assert (facts["stage"], facts["start"], facts["round"]) == ("self-learning", "mine", round_)
        assert facts["criterion"] == run.criterion
        assert facts["pairs"] == len(run.pairs)
        assert facts["seconds"] > 0
        json.dumps(facts, allow_nan=False)
    assert len(bench.logged) == run.round == 3


# --- randomness -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_and_another_not(
    languages: tuple[Matrix, Matrix], planted_clusters: Planted
) -> None:
    found = {}
    for name, seed, threads in [("a", 5, 1), ("b", 5, 2), ("c", 6, 1)]:
        random = np.random.default_rng(seed)
        run = Run(name, *languages, planted_clusters.pairs[:50], SelfLearning(), random, threads)
        with threadpool_limits(threads, user_api="blas"):
            run.advance(3)
        found[name] = run
    assert found["a"].pairs.tobytes() == found["b"].pairs.tobytes()
    assert found["a"].criterion == found["b"].criterion
    assert found["a"].pairs.tobytes() != found["c"].pairs.tobytes()


# --- searching --------------------------------------------------------------------------------


@dataclass(eq=False)
class Scripted(Run):
    """A run whose criterion and pairs are told in advance: round by round, the last for good.

    Its siblings follow `other`, and agree with no run unless told.
    """

    script: tuple[tuple[float, CrossNeighbors], ...] = ()
    other: tuple[tuple[float, CrossNeighbors], ...] = ()
    siblings: list[Scripted] = field(default_factory=list)

    def sibling(self) -> Scripted:
        script = self.other or ((-9.0, distinct(40)[39]),)
        self.siblings.append(replace(self, script=script, siblings=[]))
        return self.siblings[-1]

    def advance(self, rounds: int) -> None:
        self.round += rounds
        self.criterion, self.found = self.script[min(self.round, len(self.script)) - 1]


def distinct(count: int) -> list[CrossNeighbors]:
    """Searches that have no pair in common."""
    rows = np.arange(40)
    return [searched(np.roll(rows, -shift), np.roll(rows, shift)) for shift in range(count)]


def scripted(
    name: str,
    *script: tuple[float, CrossNeighbors],
    **settings: Any,  # noqa: ANN401  # passed on
) -> Scripted:
    nothing = np.zeros((0, 2), dtype=np.int64)
    rows = np.zeros((1, 1), dtype=np.float32)
    chosen = SelfLearning(**settings)
    return Scripted(
        name, rows, rows, nothing, chosen, np.random.default_rng(0), script=tuple(script)
    )


def test_two_that_agree_end_the_search_before_a_third_begins() -> None:
    one, other = distinct(2)
    runs = [scripted("a", (0.1, one)), scripted("b", (0.2, one)), scripted("c", (0.3, other))]
    taken = []

    def starts() -> Iterator[Run]:
        for run in runs:
            taken.append(run.name)
            yield run

    best, agreed = search(starts(), SelfLearning(burst=4))
    assert (best.name, agreed) == ("b", 1.0)
    assert taken == ["a", "b"]
    assert [run.round for run in runs] == [4, 4, 0]


def test_two_that_agree_do_not_count_where_a_third_is_better() -> None:
    one, other = distinct(2)
    settings = SelfLearning(burst=4, rounds=4)
    runs = [scripted("a", (0.3, other)), scripted("b", (0.1, one)), scripted("c", (0.2, one))]
    best, agreed = search(runs, settings)
    assert (best.name, agreed) == ("a", 0.0)
    assert [run.round for run in runs] == [4, 4, 4]


@pytest.mark.parametrize(("shared", "stops"), [(15, False), (16, True)])
def test_the_line_between_agreeing_and_not(shared: int, stops: bool) -> None:
    rows = np.arange(40)
    part = rows.copy()
    part[shared:] = np.roll(part[shared:], 1)
    back = np.argsort(part)
    runs = [
        scripted("a", (0.2, searched(rows, rows))),
        scripted("b", (0.1, searched(part, back))),
        scripted("c", (0.0, distinct(4)[3])),
    ]
    best, agreed = search(runs, SelfLearning(agreement=0.4, rounds=10))
    assert best.name == "a"
    assert agreed == pytest.approx(shared / 40)
    assert (runs[2].round == 0) is stops


def test_the_worse_half_is_given_up_after_each_burst() -> None:
    ways = distinct(7)
    criteria = [0.1, 0.7, 0.3, 0.6, 0.2, 0.5, 0.4]
    runs = [scripted(str(c), (c, way)) for c, way in zip(criteria, ways, strict=True)]
    reports: list[float] = []
    best, agreed = search(runs, SelfLearning(burst=5, rounds=25), reports.append)
    assert (best.name, agreed) == ("0.7", 0.0)
    assert {run.name: run.round for run in runs} == {
        "0.7": 25, "0.6": 25, "0.5": 10, "0.4": 10, "0.3": 5, "0.2": 5, "0.1": 5,
    }  # fmt: skip
    assert reports == sorted(reports)
    assert reports[0] > 0
    assert reports[-1] == 1


def test_late_agreement_counts() -> None:
    one, two, three = distinct(3)
    a = scripted("a", *[(0.1, one)] * 5, (0.3, three))
    b = scripted("b", *[(0.2, two)] * 5, (0.4, three))
    best, agreed = search([a, b], SelfLearning(burst=2, rounds=100))
    assert (best.name, agreed) == ("b", 1.0)
    assert (a.round, b.round) == (6, 6)


def test_a_sibling_that_ends_at_the_same_pairs_ends_the_search() -> None:
    one, two, three = distinct(3)
    a, b = scripted("a", (0.1, one)), scripted("b", (0.2, two))
    b.other = ((0.15, three),) * 6 + ((0.15, two),)
    a.other = ((0.1, one),)  # never asked: only the best run has a sibling
    best, agreed = search([a, b], SelfLearning(burst=3, rounds=100))
    assert (best.name, agreed) == ("b", 1.0)
    assert (a.round, b.round) == (9, 9)
    assert a.siblings == []
    assert [each.round for each in b.siblings] == [6, 9]


@pytest.mark.parametrize(("last", "expected"), [(0.29, 0.0), (0.31, 1.0)])
def test_a_sibling_counts_only_where_the_criterion_stands_out(last: float, expected: float) -> None:
    # A wrong run may agree with its sibling, but gains next to nothing on what chance gives.
    one, two, three = distinct(3)
    at_chance = scripted("chance", (0.23, one))
    run = scripted("run", (0.24, two), (0.24, three), (last, three))
    run.other = ((last, three),)
    best, agreed = search([at_chance, run], SelfLearning(burst=1, rounds=6))
    assert (best.name, agreed) == ("run", expected)
    assert best.round == (3 if expected else 6)


def test_a_sibling_starts_where_the_run_is_and_goes_another_way(
    bench: Bench, planted_clusters: Planted
) -> None:
    run, twin = (bench.run(planted_clusters.pairs[:50]) for _ in range(2))
    for each in (run, twin):
        each.advance(2)
    siblings = [run.sibling(), run.sibling()]
    for each in siblings:
        assert each.round == 2
        assert each.criterion == run.criterion
        assert each.pairs.tobytes() == run.pairs.tobytes()
        each.advance(1)
    for each in (run, twin):
        each.advance(1)
    assert run.pairs.tobytes() == twin.pairs.tobytes()  # it has gone on as if alone
    ways = {each.pairs.tobytes() for each in (run, *siblings)}
    assert len(ways) == 3


def test_a_search_needs_a_start() -> None:
    with pytest.raises(ValueError, match="starts must be at least 1, got 0"):
        search([], SelfLearning())


@pytest.mark.parametrize(("rounds", "burst"), [(7, 3), (2, 10), (1, 1), (9, 3)])
def test_no_run_takes_more_than_its_rounds(rounds: int, burst: int) -> None:
    settings = SelfLearning(burst=burst, rounds=rounds)
    runs = [scripted(str(i), (i / 10, way)) for i, way in enumerate(distinct(4))]
    best, _ = search(runs, settings)
    assert best.round == max(run.round for run in runs) == rounds
    gaining = scripted("x", *[(2.0**i, distinct(1)[0]) for i in range(30)], **vars(settings))
    converge(gaining)
    assert gaining.round == rounds


def test_a_single_run_agrees_with_none() -> None:
    run = scripted("a", (0.5, distinct(1)[0]))
    best, agreed = search([run], SelfLearning(burst=2, rounds=6))
    assert best is run
    assert agreed == 0
    assert run.round == 6


@pytest.mark.parametrize(
    ("criteria", "rounds"),
    [
        ([0.5, 0.6, 0.7, 0.8, 0.8, 0.9], 5),
        ([0.5, 0.504, 0.6], 2),  # less than 1 %
        ([0.5, 0.506, 0.51, 0.9], 3),
        ([0.5, 0.4, 0.9], 2),
        ([-0.5, -0.4, -0.399, 0.1], 3),  # of the size, also where it is negative
    ],
)
def test_a_run_goes_on_while_it_gains(criteria: list[float], rounds: int) -> None:
    one = distinct(1)[0]
    run = scripted("a", *((criterion, one) for criterion in criteria), burst=1, rounds=50)
    reports: list[float] = []
    converge(run, reports.append)
    assert run.round == rounds
    assert reports == [round_ / 50 for round_ in range(1, rounds + 1)]


# --- what it finds ----------------------------------------------------------------------------


def share_right(run: Run, data: Planted) -> float:
    found = {(int(s), int(t)) for s, t in run.found.mutual_pairs()}
    truth = {(int(s), int(t)) for s, t in data.pairs}
    return len(found & truth) / len(truth)


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_a_planted_rotation_is_found_without_a_dictionary(noise: float) -> None:
    data = plant_clusters(noise)
    bench = Bench(normalized(data), [])
    similarity = SimilarityStarts(*bench.languages)
    settings = SelfLearning()
    starts = (
        bench.run(similarity.pairs(start), str(start), seed=number)
        for number, start in enumerate(STARTS)
    )
    run, agreed = search(starts, settings)
    assert agreed >= settings.agreement
    converge(run)
    assert share_right(run, data) > 0.95
    begun = similarity.pairs(STARTS[0])
    truth = data.pairs[:, 1]
    assert (truth[begun[:, 0]] == begun[:, 1]).mean() < 0.6  # it was not there from the start


def test_a_few_pairs_grow(bench: Bench, planted_clusters: Planted) -> None:
    few = planted_clusters.pairs[:15]
    best, agreed = search((bench.run(few, seed=seed) for seed in (1, 2)), SelfLearning())
    assert agreed > 0.9
    assert share_right(best, planted_clusters) > 0.95


def test_runs_on_unrelated_languages_never_agree() -> None:
    rng = np.random.default_rng(3)
    rows = [rng.standard_normal((300, 20)).astype(np.float32) for _ in range(2)]
    X, Y = (Normalizer().fit_transform(each) for each in rows)
    bench = Bench((X, Y), [])
    similarity = SimilarityStarts(X, Y)
    starts = [bench.run(similarity.pairs(start), str(start)) for start in STARTS[:4]]
    run, agreed = search(starts, SelfLearning(rounds=60))
    assert agreed < 0.3  # with its sibling, which started from the same pairs
    assert run.round == 60
    kept = sorted(each.round for each in starts)
    assert kept == [10, 10, 60, 60]


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary": 0}, "vocabulary must be at least 1, got 0"),
        ({"components": 0}, "components must be at least 1, got 0"),
        ({"candidates": -1}, "candidates must be at least 1, got -1"),
        ({"burst": 0}, "burst must be at least 1, got 0"),
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"keep": 0.0}, r"keep must lie in \(0, 1\], got 0.0"),
        ({"keep": 1.1}, r"keep must lie in \(0, 1\], got 1.1"),
        ({"keep": float("nan")}, r"keep must lie in \(0, 1\], got nan"),
        ({"agreement": -0.1}, r"agreement must lie in \[0, 1\], got -0.1"),
        ({"agreement": 1.1}, r"agreement must lie in \[0, 1\], got 1.1"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SelfLearning(**settings)


def test_settings_at_the_edge_of_their_range_are_fine() -> None:
    ones = dict.fromkeys(("vocabulary", "components", "candidates", "burst", "rounds"), 1)
    assert SelfLearning(**ones, keep=1.0, agreement=0.0).keep == 1
    assert SelfLearning(agreement=1.0).agreement == 1
