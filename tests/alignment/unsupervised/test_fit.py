from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Planted, plant_clusters
from tasks import train_quickly
from threadpoolctl import threadpool_limits

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.diagnosis import LEAST_AGREEMENT, Diagnosis
from alignx.alignment.unsupervised import fit as unsupervised
from alignx.alignment.unsupervised.fit import Workplace, adversarial, self_learning
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.datasets import load_sample
from alignx.errors import (
    AlignmentFailed,
    AlignxError,
    DimensionError,
    EmptyLexiconError,
    FormatError,
    MissingDependencyError,
    OutputError,
)
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Procrustes, Reweighted
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

STAGES = ["self-learning", "refinement", "diagnosis"]


@pytest.fixture(scope="module", autouse=True)
def one_blas_thread() -> Iterator[None]:
    """BLAS threads that wait for each other slow small matrices down tenfold on a busy machine."""
    with threadpool_limits(1):
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
        return align(self.source, self.target, **{"refinement": 2, "n_threads": 1, **options})

    def precision(self, alignment: Alignment) -> float:
        """P@1 of the planted pairs by CSLS."""
        shared = alignment.apply(self.source, self.target)
        return evaluate(shared, self.truth).csls.precision[1]


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(plant_clusters(0.2), identical=60)


@pytest.fixture(scope="module")
def found(case: Case) -> Alignment:
    return case.align()


def scrambled(rows: ArrayLike, seed: int = 3) -> NDArray[np.float32]:
    """Shuffle the coordinates of each row by itself: lengths stay, the shape is gone."""
    return np.random.default_rng(seed).permuted(np.asarray(rows, dtype=np.float32), axis=1)


def unrelated(count: int = 300, dimension: int = 20) -> Case:
    data = plant_clusters(0.2, count=count, dimension=dimension)
    return Case(Planted(data.source, scrambled(data.target), data.rotation, data.pairs))


@pytest.fixture(scope="module")
def failed() -> tuple[Case, Alignment]:
    """An alignment that cannot work, kept nevertheless."""
    case = unrelated()
    return case, case.align(allow_failed=True)


def same(one: Alignment, other: Alignment) -> bool:
    names = ("source_map_", "target_map_")
    return all(
        getattr(one.aligner, n).tobytes() == getattr(other.aligner, n).tobytes() for n in names
    )


# --- without a dictionary ---------------------------------------------------------------------


def test_a_planted_rotation_is_found_without_a_dictionary(case: Case, found: Alignment) -> None:
    assert case.precision(found) > 0.98
    assert found.found_by == "self_learning"
    assert type(found.aligner) is Reweighted
    assert found.pairs == 0
    assert found.calibration is None
    assert len(found.rounds) == 2
    assert found.diagnosis is not None
    assert not found.diagnosis.failed
    assert found.diagnosis.agreement > 0.4
    assert found.diagnosis.criterion > 0.9
    assert found.diagnosis.mutual > 0.9
    assert repr(found) == f"Alignment(en -> es, {found.aligner}, 0 pairs, by self_learning)"


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
def test_other_sizes_and_dimensions_work(noise: float, settings: dict[str, int]) -> None:
    case = Case(plant_clusters(noise, **settings))
    alignment = case.align(refinement=1)
    assert alignment.diagnosis is not None
    assert not alignment.diagnosis.failed
    assert case.precision(alignment) > 0.95
    swapped = align(case.target, case.source, refinement=1)
    shared = swapped.apply(case.target, case.source)
    assert evaluate(shared, case.truth.reversed()).csls.precision[1] > 0.95


def test_two_samples_of_one_language_match() -> None:
    english = load_sample().source
    count = 1_000
    order = np.random.default_rng(0).permutation(count)
    original = Embeddings(english.words[:count], english.vectors[:count], "en")
    words = [f"x{row}" for row in order]
    shuffled = Embeddings(words, english.vectors[order], "xx")
    alignment = align(original, shuffled, refinement=1)
    truth = Lexicon([(english.words[row], f"x{row}") for row in range(count)])
    shared = alignment.apply(original, shuffled)
    assert evaluate(shared, truth).csls.precision[1] > 0.98
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.agreement > 0.8


# --- from a few pairs -------------------------------------------------------------------------


def test_25_pairs_grow(case: Case) -> None:
    few = Lexicon(case.truth.pairs[100:125])
    alignment = case.align(lexicon=few, method="self_learning")
    assert case.precision(alignment) > 0.98
    assert alignment.pairs == 25
    assert alignment.found_by == "self_learning"
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.agreement > 0.8
    assert repr(alignment).endswith(", 25 pairs, by self_learning)")
    from_three = case.align(lexicon=Lexicon(few.pairs[:3]), method="self_learning")
    assert from_three.pairs == 3


@pytest.mark.parametrize(("numerals", "count"), [(False, 60), (True, 30)])
def test_words_that_both_write_the_same_grow(case: Case, numerals: bool, count: int) -> None:
    shared = Lexicon.identical(case.source, case.target, numerals_only=numerals)
    assert len(shared) == count
    alignment = case.align(lexicon=shared, method="self_learning")
    assert alignment.pairs == count
    assert case.precision(alignment) > 0.98


def test_known_pairs_stay_in_the_last_fit() -> None:
    case = Case(plant_clusters(0.1, count=400))
    wrong = Lexicon([("a0", "b399"), *case.truth.pairs[5:60]])
    pair = np.array([[0, 399]])
    seen = []

    def remember(pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        seen.append(pairs)
        return np.full(len(pairs), 1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unsupervised, "balanced_weights", remember)
        case.align(lexicon=wrong, method="self_learning", refinement=0)
    assert (seen[-1] == pair).all(axis=1).any()
    assert len(np.unique(seen[-1], axis=0)) == len(seen[-1]) > 300


def test_a_lexicon_of_unknown_words_is_refused(case: Case) -> None:
    with pytest.raises(EmptyLexiconError):
        case.align(lexicon=Lexicon([("no", "none")]), method="self_learning")


# --- few words for the dimension --------------------------------------------------------------


def workplace(data: Planted) -> Workplace:
    source, target = (Normalizer().fit_transform(rows) for rows in (data.source, data.target))
    return Workplace(source, target, 1, 20_000, 10, 0, 1)


def test_few_words_of_many_dimensions_get_the_orthogonal_map(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = plant_clusters(0.1, count=200, dimension=1_024)
    settings = SelfLearning(burst=1, rounds=1)
    with caplog.at_level(logging.WARNING, logger="alignx"):
        result = self_learning(workplace(data), seed_pairs=data.pairs[:120], settings=settings)
    assert type(result.aligner) is Procrustes
    (record,) = caplog.records
    assert "the reweighted map needs 2 pairs for each of 1024 dimensions, got " in record.message
    assert "the orthogonal map is used instead" in record.message
    assert result.diagnosis.mutual > 0.5


@pytest.mark.parametrize(("count", "kind"), [(39, Procrustes), (40, Reweighted)])
def test_the_line_between_the_maps(count: int, kind: type) -> None:
    data = plant_clusters(0.0, count=count, dimension=20)
    settings = SelfLearning(burst=1, rounds=1)
    result = self_learning(workplace(data), seed_pairs=data.pairs, settings=settings)
    assert type(result.aligner) is kind


def test_few_words_of_unlike_dimensions_are_refused_with_the_reason() -> None:
    case = Case(plant_clusters(0.1, count=60, target_dimension=40))
    expected = r"different dimensions need 2 pairs for each of 40 dimensions, got \d+; use more"
    with pytest.raises(DimensionError, match=expected):
        case.align()


def test_a_single_word_has_no_direction_once_it_is_centered() -> None:
    with pytest.raises(AlignxError, match="must have words with a vector"):
        Case(plant_clusters(0.1, count=1)).align(n_neighbors=1, allow_failed=True)


@pytest.mark.parametrize("count", [2, 5])
def test_a_handful_of_words_ends_in_an_answer(count: int) -> None:
    case = Case(plant_clusters(0.1, count=count))
    alignment = case.align(n_neighbors=count, allow_failed=True)
    assert alignment.diagnosis is not None
    assert np.isfinite(alignment.apply(case.source, case.target).source.vectors).all()


# --- failure ----------------------------------------------------------------------------------


def test_shuffled_coordinates_are_found_out(failed: tuple[Case, Alignment]) -> None:
    case, kept = failed
    with pytest.raises(AlignmentFailed) as caught:
        case.align()
    diagnosis = caught.value.diagnosis
    assert isinstance(diagnosis, Diagnosis)
    assert diagnosis.failed
    assert diagnosis.agreement < LEAST_AGREEMENT
    assert str(diagnosis) in str(caught.value)
    assert caught.value.advice in str(caught.value)
    for gist in ("the alignment failed", "small dictionary", "--allow-failed"):
        assert gist in str(caught.value)
    assert kept.diagnosis == diagnosis
    assert kept.found_by == "self_learning"
    assert case.precision(kept) < 0.05


def test_random_vectors_are_found_out() -> None:
    rng = np.random.default_rng(11)
    source, target = (
        Embeddings([f"{code}{i}" for i in range(300)], rng.standard_normal((300, 20)), code)
        for code in ("aa", "bb")
    )
    with pytest.raises(AlignmentFailed, match=r"agreement of runs 0\.0"):
        align(source, target)


def test_wrong_pairs_are_found_out() -> None:
    case = unrelated()
    with pytest.raises(AlignmentFailed):
        case.align(lexicon=Lexicon(case.truth.pairs[:50]), method="self_learning")


def test_what_works_is_kept_with_and_without_permission(case: Case, found: Alignment) -> None:
    assert same(case.align(allow_failed=True), found)


# --- determinism and the log ------------------------------------------------------------------


def test_the_same_seed_gives_the_same_map(case: Case, found: Alignment) -> None:
    again = case.align()
    assert same(again, found)
    assert again.diagnosis == found.diagnosis
    few: dict[str, Any] = {
        "lexicon": Lexicon(case.truth.pairs[:25]), "method": "self_learning", "refinement": 0
    }  # fmt: skip
    one, two = (case.align(**few, seed=4) for _ in range(2))
    assert same(one, two)


def test_every_seed_has_random_numbers_of_its_own(case: Case) -> None:
    lines = {}
    for seed in (0, 1):
        logged: list[dict[str, Any]] = []
        case.align(seed=seed, log=logged.append, refinement=0)
        lines[seed] = [(line["start"], line["pairs"]) for line in logged if "start" in line]
    assert lines[0][0][0] == lines[1][0][0]
    assert lines[0] != lines[1]


def test_the_log_tells_every_round(case: Case) -> None:
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
    starts = list(dict.fromkeys(line["start"] for line in learning))
    assert starts[:2] == ["principal axes", "4000 words, frequency 0.15"]
    assert [line["round"] for line in learning if line["start"] == starts[1]][:10] == [
        *range(1, 11)
    ]
    assert progress == sorted(progress)
    assert 0 < progress[0] <= progress[-1] <= 1


def test_seeded_runs_are_logged_as_such(case: Case) -> None:
    logged: list[dict[str, Any]] = []
    few = Lexicon(case.truth.pairs[:25])
    case.align(lexicon=few, method="self_learning", log=logged.append)
    names = {line["start"] for line in logged if line["stage"] == "self-learning"}
    assert names == {"known pairs", "chance"}


# --- files ------------------------------------------------------------------------------------


def test_a_saved_alignment_remembers_how_it_was_found(
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


def test_a_map_from_a_dictionary_says_so(tmp_path: Path, case: Case) -> None:
    alignment = case.align(lexicon=case.truth, calibrate=False)
    alignment.save(tmp_path / "map.safetensors")
    for each in (alignment, Alignment.load(tmp_path / "map.safetensors")):
        assert (each.found_by, each.diagnosis) == ("lexicon", None)
        assert "by " not in repr(each)


# --- the choice of the method -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"method": "magic"}, "method must be one of procrustes, .*adversarial, got 'magic'"),
        ({"method": "procrustes"}, "self_learning or adversarial where there is no lexicon"),
        ({"method": "auto"}, "where there is no lexicon, got 'auto'"),
        ({"method": Procrustes()}, "where there is no lexicon, got "),
        ({"method": "adversarial", "restarts": 0}, "restarts must be at least 1, got 0"),
        ({"method": "adversarial", "n_jobs": 0}, "n_jobs must be at least 1, got 0"),
    ],
)
def test_methods_that_do_not_fit_are_refused(
    case: Case, options: dict[str, Any], gist: str
) -> None:
    with pytest.raises(ValueError, match=gist):
        case.align(**options)


@pytest.mark.parametrize("method", ["magic", "adversarial"])
def test_methods_that_do_not_fit_a_lexicon_are_refused(case: Case, method: str) -> None:
    with pytest.raises(ValueError, match=f"method must .*got '{method}'"):
        case.align(lexicon=case.truth, method=method)


def test_the_default_follows_from_the_lexicon(case: Case) -> None:
    alignment = case.align(lexicon=case.truth, calibrate=False, refinement=0)
    assert type(alignment.aligner) is Procrustes


def test_auto_takes_the_best_in_cross_validation(case: Case) -> None:
    logged: list[dict[str, Any]] = []
    some = Lexicon(case.truth.pairs[:300])
    alignment = case.align(lexicon=some, method="auto", calibrate=False, log=logged.append)
    assert alignment.found_by == "lexicon"
    assert logged[0]["stage"] == "selection"
    assert logged[0]["aligner"] == str(alignment.aligner)
    assert logged[0]["refinement"] == len(alignment.rounds)
    assert len(logged[0]["candidates"]) > 8
    assert case.precision(alignment) > 0.98


def test_auto_lists_what_cannot_be_fitted_without_nan() -> None:
    case = Case(plant_clusters(0.1, count=200, dimension=50))
    logged: list[dict[str, Any]] = []
    few = Lexicon(case.truth.pairs[:40])
    case.align(lexicon=few, method="auto", calibrate=False, refinement=0, log=logged.append)
    json.dumps(logged, allow_nan=False)
    assert any(each["reason"] is not None for each in logged[0]["candidates"])


# --- adversarial training ---------------------------------------------------------------------


def useless(
    work: Workplace, _preset: str, number: int, *_: object
) -> tuple[float, NDArray[np.float32]]:
    """Give a map at random."""
    rng = np.random.default_rng(number)
    dimension = work.source.shape[1]
    return 0.5 - number, np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype("f4")


def needs_torch() -> None:
    pytest.importorskip("torch")


@pytest.fixture
def trained_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    return lambda train: monkeypatch.setattr(unsupervised, "_train", train)


@pytest.fixture(scope="module")
def small() -> Case:
    return Case(plant_clusters(0.1, count=600, dimension=10))


def test_adversarial_training_finds_a_planted_rotation(
    small: Case, trained_by: Callable[[Callable[..., Any]], None], tmp_path: Path
) -> None:
    needs_torch()
    trained_by(train_quickly)
    logged: list[dict[str, Any]] = []
    options: dict[str, Any] = {"method": "adversarial", "checkpoint": tmp_path / "run"}
    alignment = small.align(**options, log=logged.append)
    assert alignment.found_by == "adversarial"
    assert small.precision(alignment) > 0.98
    assert alignment.diagnosis is not None
    assert not alignment.diagnosis.failed
    json.dumps(logged, allow_nan=False)
    stages = list(dict.fromkeys(line["stage"] for line in logged))
    assert stages == ["adversarial", *STAGES]
    epochs = [line for line in logged if line["stage"] == "adversarial"]
    assert epochs[0]["start"] == "training 1"
    assert epochs[0]["epoch"] == 1
    trainings = {line["start"] for line in epochs}
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"run.{name.split()[1]}.safetensors" for name in trainings}

    # A second call continues where the files end: nothing is left to train.
    again: list[dict[str, Any]] = []
    resumed = small.align(**options, log=again.append)
    assert not [line for line in again if line["stage"] == "adversarial"]
    assert same(resumed, alignment)
    with pytest.raises(FormatError, match=r"run\.1\.safetensors"):
        small.align(**options, seed=1)


def test_jobs_and_calls_make_no_difference(
    small: Case, trained_by: Callable[[Callable[..., Any]], None], tmp_path: Path
) -> None:
    needs_torch()
    trained_by(train_quickly)
    options: dict[str, Any] = {"method": "adversarial", "restarts": 2, "refinement": 1}
    one = small.align(**options)
    two = small.align(**options, n_jobs=2, checkpoint=tmp_path / "run")
    assert same(two, one)
    assert {path.name for path in tmp_path.iterdir()} == {"run.1.safetensors", "run.2.safetensors"}


def test_trainings_that_fail_are_found_out(
    trained_by: Callable[[Callable[..., Any]], None],
) -> None:
    numbers: list[int] = []

    def train(
        work: Workplace, preset: str, number: int, *_: object
    ) -> tuple[float, NDArray[np.float32]]:
        numbers.append(number)
        return useless(work, preset, number)

    trained_by(train)
    case = unrelated()
    with pytest.raises(AlignmentFailed) as caught:
        case.align(method="adversarial")
    assert isinstance(caught.value.diagnosis, Diagnosis)
    assert numbers == [0, 1, 2]
    kept = case.align(method="adversarial", restarts=1, allow_failed=True)
    assert numbers == [0, 1, 2, 0]
    assert kept.diagnosis is not None
    assert kept.diagnosis.failed


def test_a_training_that_works_after_others_is_taken(
    trained_by: Callable[[Callable[..., Any]], None],
) -> None:
    data = plant_clusters(0.1, count=600, dimension=40)
    case = Case(data)
    numbers: list[int] = []

    def train(
        work: Workplace, preset: str, number: int, *_: object
    ) -> tuple[float, NDArray[np.float32]]:
        numbers.append(number)
        right = data.rotation.astype(np.float32)
        return useless(work, preset, number) if number == 0 else (0.1, right)

    trained_by(train)
    alignment = case.align(method="adversarial", n_jobs=1)
    assert case.precision(alignment) > 0.98
    assert alignment.diagnosis is not None
    assert alignment.diagnosis.agreement > 0.8
    assert numbers == [0, 1]


def test_the_published_preset_refines_an_orthogonal_map(
    trained_by: Callable[[Callable[..., Any]], None],
) -> None:
    data = plant_clusters(0.1, count=400, dimension=10)
    presets: list[str] = []

    def train(_: Workplace, preset: str, *_rest: object) -> tuple[float, NDArray[np.float32]]:
        presets.append(preset)
        return 0.9, data.rotation.astype(np.float32)

    trained_by(train)
    result = adversarial(workplace(data), preset="muse")
    assert type(result.aligner) is Procrustes
    assert type(adversarial(workplace(data)).aligner) is Reweighted
    assert presets == ["muse", "fast"]


def test_adversarial_training_needs_equal_dimensions() -> None:
    needs_torch()
    case = Case(plant_clusters(0.1, count=300, target_dimension=30))
    with pytest.raises(DimensionError):
        case.align(method="adversarial")


# --- the error --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        AlignmentFailed(Diagnosis(0.1, 0.5, 0.5, 1.0), "try again"),
        FormatError("a.vec", "empty", 3),
        OutputError("a.vec", "full"),
        MissingDependencyError("pip install torch"),
    ],
)
def test_errors_travel_between_processes(error: AlignxError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_checkpoint_that_is_none_is_named_by_any_number_of_jobs(
    small: Case, tmp_path: Path
) -> None:
    needs_torch()
    for number in (1, 2):
        (tmp_path / f"run.{number}.safetensors").write_text("rubbish")
    with pytest.raises(FormatError, match=r"run\.[12]\.safetensors: not a safetensors file"):
        small.align(method="adversarial", n_jobs=2, checkpoint=tmp_path / "run")
