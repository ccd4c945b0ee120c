from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant_clusters
from sklearn.base import clone
from tasks import train_quickly
from threadpoolctl import threadpool_limits

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.diagnosis import LEAST_AGREEMENT, Diagnosis
from alignx.alignment.unsupervised import adversarial, base, self_learning
from alignx.alignment.unsupervised.adversarial import Adversarial
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.errors import (
    AlignmentFailed,
    AlignxError,
    DimensionError,
    EmptyLexiconError,
    FormatError,
    NotFittedError,
)
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Procrustes, Reweighted
from alignx.support.config import config_context
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Train = Callable[..., tuple[float, NDArray[np.float32]]]

STAGES = ["self-learning", "refinement", "diagnosis"]
SHORT = SelfLearning(burst=1, max_rounds=1)
QUICK = SelfLearning(max_rounds=40)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """BLAS threads that wait for each other slow small matrices down tenfold on a busy machine."""
    with threadpool_limits(1), config_context(n_threads=1):
        yield


class Case:
    """Two planted languages as a user has them: words and vectors."""

    def __init__(self, data: Planted, *, identical: int = 0) -> None:
        sources = [f"a{i}" for i in range(len(data.source))]
        targets = [f"b{i}" for i in range(len(data.target))]
        for number, (s, t) in enumerate(data.pairs[:identical]):
            sources[s] = targets[t] = str(number) if number % 2 else f"same{number}"
        self.source = Embeddings(sources, data.source, "en")
        self.target = Embeddings(targets, data.target, "es")
        self.truth = Lexicon([(sources[s], targets[t]) for s, t in data.pairs])

    def align(self, **options: Any) -> Alignment:  # noqa: ANN401  # passed on
        return align(self.source, self.target, **{"refinement": 2, **options})

    def precision(self, alignment: Alignment) -> float:
        """P@1 of the planted pairs by CSLS."""
        shared = alignment.apply(self.source, self.target)
        return evaluate(shared, self.truth).csls.precision[1]


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(plant_clusters(0.2, count=800), identical=60)


@pytest.fixture(scope="module")
def found(case: Case) -> Alignment:
    return case.align()


def unrelated(count: int = 300, dimension: int = 20) -> Case:
    """Languages with shuffled coordinates in each target row: lengths stay, the shape is gone."""
    data = plant_clusters(0.2, count=count, dimension=dimension)
    target = np.random.default_rng(3).permuted(data.target, axis=1)
    return Case(Planted(data.source, target, data.rotation, data.pairs))


@pytest.fixture(scope="module")
def failed() -> tuple[Case, Alignment]:
    """Failed alignment, kept by permission."""
    case = unrelated()
    return case, case.align(method=QUICK, allow_failed=True)


def same(one: Alignment, other: Alignment) -> bool:
    names = ("source_map_", "target_map_")
    return all(
        getattr(one.aligner, n).tobytes() == getattr(other.aligner, n).tobytes() for n in names
    )


# --- without a dictionary ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_planted_rotation_is_found(case: Case, found: Alignment) -> None:
    assert case.precision(found) > 0.98
    assert found.found_by == "self_learning"
    assert type(found.aligner) is Reweighted
    assert (found.pairs, found.ranker, len(found.rounds)) == (0, None, 2)
    assert found.diagnosis is not None
    assert not found.diagnosis.failed
    assert found.diagnosis.agreement > 0.4
    assert found.diagnosis.criterion > 0.9
    assert found.diagnosis.mutual > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "settings"),
    [
        (0.4, {}),
        (0.1, {"count": 500}),
        (0.1, {"count": 800, "dimension": 50}),
        (0.2, {"target_count": 1_000}),
        (0.1, {"target_dimension": 32}),
        (0.1, {"count": 1_500, "target_count": 1_200, "target_dimension": 15, "dimension": 15}),
    ],
)
def test_other_sizes_and_dimensions_are_aligned(noise: float, settings: dict[str, int]) -> None:
    case = Case(plant_clusters(noise, **settings))
    alignment = case.align(refinement=1)
    assert case.precision(alignment) > 0.95
    if not settings.keys() & {"target_count", "target_dimension"}:
        return  # both sides are alike, and the other direction tells nothing new
    swapped = align(case.target, case.source, refinement=1)
    shared = swapped.apply(case.target, case.source)
    assert evaluate(shared, case.truth.reversed()).csls.precision[1] > 0.95


# --- plain arrays -----------------------------------------------------------------------------


def rows_of(data: Planted) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return Normalizer().fit_transform(data.source), Normalizer().fit_transform(data.target)


@pytest.mark.slow
def test_fit_on_arrays_is_that_of_align(case: Case, found: Alignment) -> None:
    X, Y = (Normalizer().fit_transform(side.vectors) for side in (case.source, case.target))
    learner = SelfLearning()
    assert learner.fit(X, Y, refinement=2) is learner
    assert learner.aligner_.source_map_.tobytes() == found.aligner.source_map_.tobytes()
    assert (learner.diagnosis_, learner.rounds_) == (found.diagnosis, found.rounds)
    np.testing.assert_array_equal(learner.transform(X), found.aligner.transform(X))
    np.testing.assert_array_equal(learner.transform_target(Y), found.aligner.transform_target(Y))
    copy = pickle.loads(pickle.dumps(learner))
    np.testing.assert_array_equal(copy.transform(X), learner.transform(X))


@pytest.mark.parametrize(
    ("estimator", "gist"),
    [
        (SelfLearning(keep=0), "keep must"),
        (SelfLearning(random_state=-1), "random_state must be at least 0, got -1"),
        (Adversarial(restarts=0), "restarts must be at least 1, got 0"),
        (Adversarial(n_jobs=0), "n_jobs must be at least 1, got 0"),
        (Adversarial(preset="slow"), "preset must be one of fast, muse, got 'slow'"),  # type: ignore[arg-type]
    ],
)
def test_parameters_are_checked_in_fit(estimator: SelfLearning | Adversarial, gist: str) -> None:
    rows = np.eye(4, dtype=np.float32)
    with pytest.raises(ValueError, match=gist):
        estimator.fit(rows, rows)
    with pytest.raises(NotFittedError):
        estimator.transform(rows)


@pytest.mark.parametrize("pairs", [[], [[0, 1, 2]], [[0, 9]], [[-1, 0]]])
def test_pairs_of_absent_rows_are_refused(pairs: list[list[int]]) -> None:
    rows = np.eye(4, dtype=np.float32)
    with pytest.raises(ValueError, match="pairs must"):
        SelfLearning().fit(rows, rows, pairs=pairs)
    with pytest.raises(ValueError, match="pairs must be None for Adversarial"):
        Adversarial().fit(rows, rows, pairs=[[0, 0]])
    with pytest.raises(ValueError, match="guesses must be None for Adversarial"):
        Adversarial().fit(rows, rows, guesses=[[0, 0]])
    with pytest.raises(ValueError, match="pairs must"):
        SelfLearning().fit(rows, rows, guesses=pairs)
    with pytest.raises(ValueError, match="guesses must be None where there are pairs"):
        SelfLearning().fit(rows, rows, pairs=[[0, 0]], guesses=[[0, 0]])


# --- from a few pairs -------------------------------------------------------------------------


@pytest.mark.slow
def test_25_pairs_grow(case: Case) -> None:
    few = Lexicon(case.truth.pairs[100:125])
    logged: list[dict[str, Any]] = []
    alignment = case.align(lexicon=few, method="self_learning", log=logged.append)
    assert case.precision(alignment) > 0.98
    assert alignment.pairs == 25
    assert alignment.found_by == "self_learning"
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.agreement > 0.8
    names = {line["run"] for line in logged if line["stage"] == "self-learning"}
    assert names == {"seed pairs", "random pairs"}


@pytest.mark.slow
@pytest.mark.parametrize(("numerals", "count"), [(False, 60), (True, 30)])
def test_identical_words_grow(case: Case, numerals: bool, count: int) -> None:
    shared = Lexicon.identical(case.source, case.target, numerals_only=numerals)
    alignment = case.align(lexicon=shared, method="self_learning")
    assert alignment.pairs == len(shared) == count
    assert case.precision(alignment) > 0.98


@pytest.mark.slow
def test_identical_words_are_tried_after_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(plant_clusters(0.2, count=800), identical=60)
    random = np.random.default_rng(0)

    def wrong(source: NDArray[np.float32], target: NDArray[np.float32]) -> list[NDArray[np.int64]]:
        orders = [random.permutation(len(target)) for _ in range(2)]
        return [np.stack([np.arange(len(source)), order], axis=1) for order in orders]

    monkeypatch.setattr(self_learning, "distributional_pairs", wrong)
    logged: list[dict[str, Any]] = []
    alignment = case.align(log=logged.append)
    assert case.precision(alignment) > 0.98
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.start == "identical words"
    assert alignment.pairs == 0
    runs = dict.fromkeys(line["run"].split(",")[0] for line in logged if "run" in line)
    assert list(runs) == ["similarity profiles", "guesses"]


@pytest.mark.slow
def test_false_friends_alone_fail() -> None:
    case = unrelated()
    names = [f"name{i}" for i in range(len(case.source))]
    alike = [Embeddings(names, side.vectors, side.language) for side in (case.source, case.target)]
    with pytest.raises(AlignmentFailed):
        align(*alike)


@pytest.mark.slow
def test_known_pairs_stay_in_the_last_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(plant_clusters(0.1, count=400))
    wrong = Lexicon([("a0", "b399"), *case.truth.pairs[5:60]])
    seen = []

    def remember(pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        seen.append(pairs)
        return np.full(len(pairs), 1.0)

    monkeypatch.setattr(base, "balanced_weights", remember)
    case.align(lexicon=wrong, method="self_learning", refinement=0)
    assert (seen[-1] == [[0, 399]]).all(axis=1).any()
    assert len(np.unique(seen[-1], axis=0)) == len(seen[-1]) > 300


def test_a_lexicon_of_oov_words_is_refused(case: Case) -> None:
    with pytest.raises(EmptyLexiconError):
        case.align(lexicon=Lexicon([("no", "none")]), method="self_learning")


# --- few words for the dimension --------------------------------------------------------------


def test_few_words_of_many_dimensions_get_the_orthogonal_map(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = plant_clusters(0.1, count=200, dimension=400)
    with caplog.at_level(logging.WARNING, logger="alignx"):
        learner = clone(SHORT).fit(*rows_of(data), pairs=data.pairs[:120], refinement=1)
    assert type(learner.aligner_) is Procrustes
    (record,) = caplog.records
    assert "needs 2 pairs for each of 400 dimensions, got " in record.message
    assert learner.diagnosis_.mutual > 0.5


@pytest.mark.parametrize(("count", "kind"), [(39, Procrustes), (40, Reweighted)])
def test_the_least_pairs_of_the_reweighted_map(count: int, kind: type) -> None:
    data = plant_clusters(0.0, count=count, dimension=20)
    learner = clone(SHORT).fit(*rows_of(data), pairs=data.pairs, refinement=1)
    assert type(learner.aligner_) is kind


@pytest.mark.slow
def test_few_words_of_different_dimensions_are_refused() -> None:
    case = Case(plant_clusters(0.1, count=60, target_dimension=40))
    with pytest.raises(DimensionError, match=r"2 pairs for each of 40 dimensions, got \d+"):
        case.align()


def test_a_single_word_has_no_direction_after_centering() -> None:
    with pytest.raises(AlignxError, match="must have words with a vector"):
        Case(plant_clusters(0.1, count=1)).align(allow_failed=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [2, 5])
def test_a_handful_of_words_gets_a_finite_map(count: int) -> None:
    case = Case(plant_clusters(0.1, count=count))
    alignment = case.align(allow_failed=True)
    assert np.isfinite(alignment.apply(case.source, case.target).source.vectors).all()


# --- failure ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_shuffled_coordinates_fail(failed: tuple[Case, Alignment]) -> None:
    case, kept = failed
    with pytest.raises(AlignmentFailed) as caught:
        case.align(method=QUICK)
    diagnosis = caught.value.diagnosis
    assert isinstance(diagnosis, Diagnosis)
    assert diagnosis.failed
    assert diagnosis.agreement < LEAST_AGREEMENT
    for gist in ("the alignment failed", str(diagnosis), "small dictionary", "--allow-failed"):
        assert gist in str(caught.value)
    assert kept.diagnosis == diagnosis
    assert case.precision(kept) < 0.05


@pytest.mark.slow
def test_wrong_pairs_fail(failed: tuple[Case, Alignment]) -> None:
    case, _ = failed
    with pytest.raises(AlignmentFailed):
        case.align(lexicon=Lexicon(case.truth.pairs[:50]), method=QUICK)


# --- determinism and the log ------------------------------------------------------------------


@pytest.mark.slow
def test_the_seed_determines_the_map(case: Case, found: Alignment) -> None:
    again = case.align(allow_failed=True)  # the permission changes nothing
    assert same(again, found)
    assert again.diagnosis == found.diagnosis
    few: dict[str, Any] = {"lexicon": Lexicon(case.truth.pairs[:25]), "refinement": 0}
    counts = []
    for seed in (4, 4, 5):
        logged: list[dict[str, Any]] = []
        case.align(**few, method=SelfLearning(random_state=seed), log=logged.append)
        counts.append([line["pairs"] for line in logged if "run" in line])
    assert counts[0] == counts[1] != counts[2]


@pytest.mark.slow
def test_every_round_is_logged(case: Case) -> None:
    logged: list[dict[str, Any]] = []
    progress: list[float] = []
    alignment = case.align(log=logged.append, progress=progress.append)
    json.dumps(logged, allow_nan=False)
    stages = [line["stage"] for line in logged]
    assert list(dict.fromkeys(stages)) == STAGES
    assert stages == sorted(stages, key=STAGES.index)
    assert alignment.diagnosis is not None
    assert logged[-1] == {"stage": "diagnosis", **alignment.diagnosis.as_dict()}
    rounds = [line for line in logged if line["stage"] == "refinement"]
    assert [(line["round"], line["criterion"], line["pairs"]) for line in rounds] == [
        (round_.round, round_.criterion, round_.pairs) for round_ in alignment.rounds
    ]
    learning = [line for line in logged if line["stage"] == "self-learning"]
    runs = list(dict.fromkeys(line["run"] for line in learning))
    assert runs == ["similarity profiles, half 1", "similarity profiles, half 2"]
    numbers = [line["round"] for line in learning if line["run"] == runs[1]]
    assert numbers[:10] == [*range(1, 11)]
    assert progress == sorted(progress)
    assert 0 < progress[0] <= progress[-1] <= 1


# --- files ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_saved_alignment_keeps_method_and_diagnosis(
    tmp_path: Path, found: Alignment, failed: tuple[Case, Alignment]
) -> None:
    for alignment in (found, failed[1]):
        alignment.save(tmp_path / "map.safetensors")
        loaded = Alignment.load(tmp_path / "map.safetensors")
        assert loaded.found_by == "self_learning"
        assert loaded.diagnosis == alignment.diagnosis
        assert loaded.rounds == alignment.rounds
        assert same(loaded, alignment)
        assert repr(loaded) == repr(alignment)


# --- adversarial training ---------------------------------------------------------------------


def random_map(dimension: int, number: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(number)
    return np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype("f4")


@pytest.fixture
def trained_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Train], None]:
    pytest.importorskip("torch")
    return lambda train: monkeypatch.setattr(adversarial, "_train", train)


@pytest.fixture(scope="module")
def small() -> Case:
    return Case(plant_clusters(0.1, count=600, dimension=10))


@pytest.mark.slow
def test_adversarial_training_finds_a_planted_rotation(
    small: Case, trained_by: Callable[[Train], None], tmp_path: Path
) -> None:
    trained_by(train_quickly)
    logged: list[dict[str, Any]] = []
    method = Adversarial(checkpoint=tmp_path / "run")
    alignment = small.align(method=method, log=logged.append)
    assert alignment.found_by == "adversarial"
    assert small.precision(alignment) > 0.98
    json.dumps(logged, allow_nan=False)
    stages = list(dict.fromkeys(line["stage"] for line in logged))
    assert stages == ["adversarial", *STAGES]
    epochs = [line for line in logged if line["stage"] == "adversarial"]
    assert (epochs[0]["run"], epochs[0]["epoch"]) == ("training 1", 1)
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"run.{line['run'].split()[1]}.safetensors" for line in epochs}

    # A second call continues from the files, which are complete.
    again: list[dict[str, Any]] = []
    resumed = small.align(method=method, log=again.append)
    assert not [line for line in again if line["stage"] == "adversarial"]
    assert same(resumed, alignment)
    with pytest.raises(FormatError, match=r"run\.1\.safetensors"):
        small.align(method=clone(method).set_params(random_state=1))


@pytest.mark.slow
def test_jobs_and_checkpoints_make_no_difference(
    small: Case, trained_by: Callable[[Train], None], tmp_path: Path
) -> None:
    trained_by(train_quickly)
    method = Adversarial(restarts=2)
    one = small.align(method=method, refinement=1)
    method.set_params(n_jobs=2, checkpoint=tmp_path / "run")
    assert same(small.align(method=method, refinement=1), one)
    assert {path.name for path in tmp_path.iterdir()} == {"run.1.safetensors", "run.2.safetensors"}


@pytest.mark.slow
def test_failed_trainings_fail_the_alignment(trained_by: Callable[[Train], None]) -> None:
    numbers: list[int] = []

    def train(*arguments: Any) -> tuple[float, NDArray[np.float32]]:  # noqa: ANN401
        source, number = arguments[0], arguments[4]
        numbers.append(number)
        return 0.5 - number, random_map(source.shape[1], number)

    trained_by(train)
    case = unrelated()
    with pytest.raises(AlignmentFailed):
        case.align(method="adversarial")
    assert numbers == [0, 1, 2]
    kept = case.align(method=Adversarial(restarts=1), allow_failed=True)
    assert numbers == [0, 1, 2, 0]
    assert kept.diagnosis is not None
    assert kept.diagnosis.failed


@pytest.mark.slow
def test_a_successful_training_after_others_is_taken(trained_by: Callable[[Train], None]) -> None:
    data = plant_clusters(0.1, count=600, dimension=40)
    case = Case(data)
    numbers: list[int] = []

    def train(*arguments: Any) -> tuple[float, NDArray[np.float32]]:  # noqa: ANN401
        numbers.append(arguments[4])
        right = data.rotation.astype(np.float32)
        return (0.5, random_map(40, 0)) if numbers == [0] else (0.1, right)

    trained_by(train)
    alignment = case.align(method="adversarial")
    assert case.precision(alignment) > 0.98
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.agreement > 0.8
    assert numbers == [0, 1]


@pytest.mark.slow
def test_the_published_preset_refines_an_orthogonal_map(
    trained_by: Callable[[Train], None],
) -> None:
    data = plant_clusters(0.1, count=400, dimension=10)
    trained_by(lambda *_: (0.9, data.rotation.astype(np.float32)))
    learner = Adversarial(preset="muse").fit(*rows_of(data), refinement=1)
    assert type(learner.aligner_) is Procrustes
    assert type(Adversarial().fit(*rows_of(data), refinement=1).aligner_) is Reweighted


def test_adversarial_training_needs_equal_dimensions() -> None:
    pytest.importorskip("torch")
    case = Case(plant_clusters(0.1, count=300, target_dimension=30))
    with pytest.raises(DimensionError):
        case.align(method="adversarial")


@pytest.mark.slow
def test_a_damaged_checkpoint_is_named_from_any_process(small: Case, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for number in (1, 2):
        (tmp_path / f"run.{number}.safetensors").write_text("rubbish")
    with pytest.raises(FormatError, match=r"run\.[12]\.safetensors: not a safetensors file"):
        small.align(method=Adversarial(n_jobs=2, checkpoint=tmp_path / "run"))
