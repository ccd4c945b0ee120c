from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant_clusters
from reference import csls, top_k
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised.runs import Run, RunSettings, agreement, converge, search
from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
from alignx.support.config import config_context
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

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
    """Creates runs on two languages and keeps their log."""

    languages: tuple[Matrix, Matrix]
    logged: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self,
        pairs: Indices,
        name: str = "run",
        seed: int = 0,
        **settings: Any,  # noqa: ANN401  # passed on
    ) -> Run:
        random = np.random.default_rng(seed)
        chosen = RunSettings(**settings)
        return Run(name, *self.languages, pairs, chosen, random, self.logged.append)


@pytest.fixture
def bench(languages: tuple[Matrix, Matrix]) -> Bench:
    return Bench(languages)


def searched(forward: Indices, backward: Indices) -> CrossNeighbors:
    """Result of a search with these first answers."""
    both = (forward, backward)
    return CrossNeighbors(
        *(Neighbors(a[:, None], np.zeros((len(a), 1), dtype=np.float32)) for a in both)
    )


def mutual(found: CrossNeighbors) -> set[tuple[int, int]]:
    """Mutual pairs, word by word."""
    forward = {x: int(row[0]) for x, row in enumerate(found.of_source.indices)}
    backward = {z: int(row[0]) for z, row in enumerate(found.of_target.indices)}
    return {(x, z) for x, z in forward.items() if backward[z] == x}


def random_search(rng: np.random.Generator, n: int, m: int) -> CrossNeighbors:
    """Answers of which most are row i for row i, so that searches share some."""
    forward, backward = np.arange(n) % m, np.arange(m) % n
    for answers, count in ((forward, m), (backward, n)):
        changed = rng.random(len(answers)) < 0.3
        answers[changed] = rng.integers(0, count, changed.sum())
    return searched(forward, backward)


# --- agreement --------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(1, 1), (6, 4), (9, 200), (200, 9), (40, 40)])
def test_agreement_is_that_of_sets(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(40):
        a, b = random_search(rng, n, m), random_search(rng, n, m)
        x, y = mutual(a), mutual(b)
        pairs = a.mutual_pairs()
        assert [(int(s), int(t)) for s, t in pairs] == sorted(x)
        expected = 2 * len(x & y) / max(1, len(x) + len(y))
        assert agreement(a, b) == agreement(b, a) == pytest.approx(expected)


# --- one round --------------------------------------------------------------------------------


@pytest.mark.parametrize("components", [1, 3, 100])
@pytest.mark.parametrize("vocabulary", [30, 1_000])
def test_candidates_match_the_formula(components: int, vocabulary: int) -> None:
    data = plant_clusters(0.3, count=90, dimension=8, target_count=70, target_dimension=11)
    source, target = normalized(data)
    run = Bench((source, target)).run(
        data.pairs[5:45], n_components=components, vocabulary=vocabulary, n_candidates=4
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


def test_without_drops_the_pairs_are_the_best_of_both_directions(
    bench: Bench, planted_clusters: Planted
) -> None:
    run = bench.run(planted_clusters.pairs[:100], keep=1.0)
    run.advance(1)
    n, m = len(planted_clusters.source), len(planted_clusters.target)
    forward = np.stack([np.arange(n), run.found.of_source.indices[:, 0]], axis=1)
    backward = np.stack([run.found.of_target.indices[:, 0], np.arange(m)], axis=1)
    np.testing.assert_array_equal(run.pairs, np.concatenate([forward, backward]))


def directions(run: Run) -> tuple[Indices, Indices]:
    """Divide pairs where the source rows stop ascending."""
    turn = 1 + int(np.flatnonzero(np.diff(run.pairs[:, 0]) <= 0)[0])
    forward, backward = run.pairs[:turn], run.pairs[turn:, ::-1]
    assert (np.diff(backward[:, 0]) > 0).all()
    return forward, backward


@pytest.mark.parametrize("keep", [0.1, 0.8])
def test_candidates_are_kept_with_the_probability(
    bench: Bench, planted_clusters: Planted, keep: float
) -> None:
    counts: NDArray[Any] = np.zeros(4)
    total = 0
    for seed in range(4):
        run = bench.run(planted_clusters.pairs[:100], seed=seed, keep=keep, n_candidates=3)
        run.advance(1)
        found = run.found.of_source.indices, run.found.of_target.indices
        for pairs, candidates in zip(directions(run), found, strict=True):
            rank = (candidates[pairs[:, 0]] == pairs[:, 1:]).argmax(axis=1)
            assert (candidates[pairs[:, 0], rank] == pairs[:, 1]).all()
            counts[:3] += np.bincount(rank, minlength=3)
            counts[3] += len(candidates) - len(pairs)
            total += len(candidates)
    # The best that is kept: 1st, or 2nd after one drop, or 3rd after two, or none after three.
    expected = np.array([keep * (1 - keep) ** rank for rank in range(3)] + [(1 - keep) ** 3])
    errors = np.sqrt(expected * (1 - expected) / total)
    assert (np.abs(counts / total - expected) < 4 * errors).all()


def test_pairs_stay_if_all_candidates_are_dropped() -> None:
    data = plant_clusters(0.0, count=3, dimension=2)
    run = Bench(normalized(data)).run(data.pairs, keep=1e-12, n_candidates=1)
    run.advance(3)
    np.testing.assert_array_equal(run.pairs, data.pairs)
    assert run.round == 3


def test_every_round_is_logged(bench: Bench, planted_clusters: Planted) -> None:
    run = bench.run(planted_clusters.pairs[:100], "mine")
    for round_ in (1, 2, 3):
        run.advance(1)
        facts = bench.logged[-1]
        assert facts.keys() == {"stage", "run", "round", "criterion", "pairs", "seconds"}
        assert (facts["stage"], facts["run"], facts["round"]) == ("self-learning", "mine", round_)
        assert (facts["criterion"], facts["pairs"]) == (run.criterion, len(run.pairs))
        json.dumps(facts, allow_nan=False)
    assert len(bench.logged) == run.round == 3


@pytest.mark.slow
def test_only_the_seed_changes_the_pairs(bench: Bench, planted_clusters: Planted) -> None:
    found = []
    for seed, threads in [(5, 1), (5, 2), (6, 1)]:
        run = bench.run(planted_clusters.pairs[:50], seed=seed)
        with threadpool_limits(threads, user_api="blas"), config_context(n_threads=threads):
            run.advance(3)
        found.append((run.criterion, run.pairs.tobytes()))
    assert found[0] == found[1] != found[2]


# --- search -----------------------------------------------------------------------------------


@dataclass(eq=False)
class Scripted(Run):
    """Run with criteria and pairs set in advance, round by round; the last one repeats.

    Its siblings follow `other`; by default they agree with no run.
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
    """Searches without a common pair."""
    rows = np.arange(40)
    return [searched(np.roll(rows, -shift), np.roll(rows, shift)) for shift in range(count)]


def scripted(
    name: str,
    *script: tuple[float, CrossNeighbors],
    **settings: Any,  # noqa: ANN401  # passed on
) -> Scripted:
    nothing = np.zeros((0, 2), dtype=np.int64)
    rows = np.zeros((1, 1), dtype=np.float32)
    chosen, random = RunSettings(**settings), np.random.default_rng(0)
    return Scripted(name, rows, rows, nothing, chosen, random, script=tuple(script))


def test_two_that_agree_end_the_search_before_a_third_begins() -> None:
    one, other = distinct(2)
    runs = [scripted("a", (0.1, one)), scripted("b", (0.2, one)), scripted("c", (0.3, other))]
    taken = []

    def one_by_one() -> Iterator[Run]:
        for run in runs:
            taken.append(run.name)
            yield run

    best, agreed = search(one_by_one(), RunSettings(burst=4))
    assert (best.name, agreed) == ("b", 1.0)
    assert taken == ["a", "b"]
    assert [run.round for run in runs] == [4, 4, 0]


def test_two_that_agree_do_not_count_if_a_third_is_better() -> None:
    one, other = distinct(2)
    settings = RunSettings(burst=4, max_rounds=4)
    runs = [scripted("a", (0.3, other)), scripted("b", (0.1, one)), scripted("c", (0.2, one))]
    best, agreed = search(runs, settings)
    assert (best.name, agreed) == ("a", 0.0)
    assert [run.round for run in runs] == [4, 4, 4]


@pytest.mark.parametrize(("shared", "stops"), [(15, False), (16, True)])
def test_the_threshold_of_agreement(shared: int, stops: bool) -> None:
    rows = np.arange(40)
    part = rows.copy()
    part[shared:] = np.roll(part[shared:], 1)
    runs = [
        scripted("a", (0.2, searched(rows, rows))),
        scripted("b", (0.1, searched(part, np.argsort(part)))),
        scripted("c", (0.0, distinct(4)[3])),
    ]
    best, agreed = search(runs, RunSettings(agreement=0.4, max_rounds=10))
    assert best.name == "a"
    assert agreed == pytest.approx(shared / 40)
    assert (runs[2].round == 0) is stops


def test_the_worse_half_is_dropped_after_each_burst() -> None:
    ways = distinct(7)
    criteria = [0.1, 0.7, 0.3, 0.6, 0.2, 0.5, 0.4]
    runs = [scripted(str(c), (c, way)) for c, way in zip(criteria, ways, strict=True)]
    reports: list[float] = []
    best, agreed = search(runs, RunSettings(burst=5, max_rounds=25), reports.append)
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
    best, agreed = search([a, b], RunSettings(burst=2, max_rounds=100))
    assert (best.name, agreed) == ("b", 1.0)
    assert (a.round, b.round) == (6, 6)


def test_agreement_with_a_sibling_ends_the_search() -> None:
    one, two, three = distinct(3)
    a, b = scripted("a", (0.1, one)), scripted("b", (0.2, two))
    b.other = ((0.15, three),) * 6 + ((0.15, two),)
    a.other = ((0.1, one),)  # never used: only the best run has a sibling
    best, agreed = search([a, b], RunSettings(burst=3, max_rounds=100))
    assert (best.name, agreed) == ("b", 1.0)
    assert (a.round, b.round) == (9, 9)
    assert a.siblings == []
    assert [each.round for each in b.siblings] == [6, 9]


@pytest.mark.parametrize(("last", "expected"), [(0.29, 0.0), (0.31, 1.0)])
def test_a_sibling_counts_only_if_the_criterion_rose(last: float, expected: float) -> None:
    # A wrong run may agree with its sibling, but its criterion hardly rises.
    one, two, three = distinct(3)
    at_chance = scripted("chance", (0.23, one))
    run = scripted("run", (0.24, two), (0.24, three), (last, three))
    run.other = ((last, three),)
    best, agreed = search([at_chance, run], RunSettings(burst=1, max_rounds=6))
    assert (best.name, agreed) == ("run", expected)
    assert best.round == (3 if expected else 6)


def test_a_sibling_continues_with_other_random_numbers(
    bench: Bench, planted_clusters: Planted
) -> None:
    run, twin = (bench.run(planted_clusters.pairs[:50]) for _ in range(2))
    for each in (run, twin):
        each.advance(2)
    siblings = [run.sibling(), run.sibling()]
    for each in siblings:
        assert (each.round, each.criterion) == (2, run.criterion)
        assert each.pairs.tobytes() == run.pairs.tobytes()
        each.advance(1)
    for each in (run, twin):
        each.advance(1)
    assert run.pairs.tobytes() == twin.pairs.tobytes()  # siblings have no effect on it
    assert len({each.pairs.tobytes() for each in (run, *siblings)}) == 3


def test_a_search_needs_a_run() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        search([], RunSettings())


@pytest.mark.parametrize(("rounds", "burst"), [(7, 3), (2, 10), (1, 1), (9, 3)])
def test_no_run_exceeds_its_rounds(rounds: int, burst: int) -> None:
    settings = RunSettings(burst=burst, max_rounds=rounds)
    runs = [scripted(str(i), (i / 10, way)) for i, way in enumerate(distinct(4))]
    best, _ = search(runs, settings)
    assert best.round == max(run.round for run in runs) == rounds
    gaining = scripted("x", *[(2.0**i, distinct(1)[0]) for i in range(30)], **vars(settings))
    converge(gaining)
    assert gaining.round == rounds


@pytest.mark.parametrize(
    ("criteria", "rounds"),
    [
        ([0.5, 0.6, 0.7, 0.8, 0.8, 0.9], 5),
        ([0.5, 0.504, 0.6], 2),  # less than 1 %
        ([0.5, 0.506, 0.51, 0.9], 3),
        ([-0.5, -0.4, -0.399, 0.1], 3),  # 1 % of the size, also if negative
    ],
)
def test_a_run_continues_while_its_criterion_rises(criteria: list[float], rounds: int) -> None:
    one = distinct(1)[0]
    run = scripted("a", *((criterion, one) for criterion in criteria), burst=1, max_rounds=50)
    reports: list[float] = []
    converge(run, reports.append)
    assert run.round == rounds
    assert reports == [round_ / 50 for round_ in range(1, rounds + 1)]


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocabulary", 0),
        ("n_components", 0),
        ("n_candidates", -1),
        ("burst", 0),
        ("max_rounds", 0),
        ("keep", 0.0),
        ("keep", 1.1),
        ("keep", float("nan")),
        ("agreement", -0.1),
        ("agreement", 1.1),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} must .*, got {value}"):
        replace(RunSettings(), **{name: value})  # type: ignore[arg-type]  # of each its own type
