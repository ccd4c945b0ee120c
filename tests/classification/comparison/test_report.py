from __future__ import annotations

import json
import pickle
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from topics import LANGUAGES, TOPICS, planted_space, topic_texts

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.classifier import TransferClassifier
from alignx.classification.comparison.evaluate import evaluate_transfer
from alignx.classification.comparison.experiments import Experiment, TransferData
from alignx.classification.comparison.report import TransferReport, summarized
from alignx.classification.strategies import STRATEGIES, Ensemble
from alignx.errors import MissingDependencyError
from alignx.texts.documents import TextReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    return planted_space()


TRAIN = {code: topic_texts(code, 90, 1) for code in LANGUAGES}
TEST = {code: topic_texts(code, 120, 2) for code in LANGUAGES}
DATA = TransferData("en", TRAIN, TEST)
SPANISH = TransferData("en", TRAIN, {"es": TEST["es"]})


@pytest.fixture(scope="module")
def report(space: SharedSpace) -> TransferReport:
    experiments = {
        "zero-shot": Experiment(),
        "few-shot": Experiment(shots=5, alpha=0.5),
        "multi-source": Experiment(others=True),
        "ensemble": Experiment(Ensemble(("zero_shot", "translate_train"))),
    }
    return evaluate_transfer(space, DATA, experiments, seeds=(0, 1))


@pytest.mark.slow
def test_accuracies_are_those_of_the_classifier_by_hand(
    report: TransferReport, space: SharedSpace
) -> None:
    for code in ("es", "de"):
        found = []
        for seed in (0, 1):
            pair = type(space)({"en": space["en"], code: space[code]})
            by_hand = TransferClassifier(pair, random_state=seed)
            by_hand.fit(*TRAIN["en"], language="en", unlabeled={code: TRAIN[code][0]})
            found.append(by_hand.predict(TEST[code][0], language=code))
        result = report.experiments["zero-shot"].languages[code]
        labels = np.array(TEST[code][1])
        assert result.accuracy == pytest.approx(np.mean([accuracy_score(labels, f) for f in found]))
        assert result.macro_f1 == pytest.approx(
            np.mean([f1_score(labels, f, average="macro") for f in found])
        )


@pytest.mark.slow
def test_vectors_of_oov_words_are_turned_too(space: SharedSpace) -> None:
    def known(words: Sequence[str]) -> NDArray[np.float32]:
        return np.array([space["es"][word.removesuffix("s")] for word in words])

    texts = [" ".join(f"{word}s" for word in text.split()) for text in TEST["es"][0]]
    data = TransferData("en", TRAIN, {"es": (texts, TEST["es"][1])})
    reader = TextReader(oov_vectors={"es": known})
    found = evaluate_transfer(space, data, {"zero-shot": Experiment()}, reader=reader, seeds=(0, 1))
    assert found.baselines["unaligned"].mean < found.experiments["zero-shot"].mean - 0.2
    # The same function as that of the language, which a reader may ask for.
    spanish = space["es"].with_vectors(space["es"].vectors, known)
    own = SharedSpace({"en": space["en"], "es": spanish})
    reader = TextReader(oov="subword")
    same = evaluate_transfer(own, data, {"zero-shot": Experiment()}, reader=reader, seeds=(0, 1))
    for name, each in found.baselines.items():
        assert same.baselines[name].mean == each.mean


@pytest.mark.slow
def test_aligned_beats_unaligned_and_majority(report: TransferReport) -> None:
    assert list(report.baselines) == ["target-trained", "unaligned", "majority"]
    for each in report.experiments.values():
        assert each.interval[0] > report.baselines["majority"].interval[1]
        # A turned language may fall on the right topics by chance, as there are only three.
        assert each.mean > report.baselines["unaligned"].mean + 0.2


@pytest.mark.slow
def test_the_gap_is_source_minus_target_and_its_interval_holds_it(report: TransferReport) -> None:
    for each in report.experiments.values():
        for code, (gap, low, high) in each.gaps.items():
            assert gap == each.source[code].accuracy - each.languages[code].accuracy
            assert low <= gap <= high
    assert report.baselines["target-trained"].gaps == {}


@pytest.mark.slow
def test_mean_variance_and_worst(report: TransferReport) -> None:
    each = report.experiments["ensemble"]
    accuracies = [result.accuracy for result in each.languages.values()]
    assert each.mean == pytest.approx(sum(accuracies) / 2)
    assert each.variance == pytest.approx(((accuracies[0] - accuracies[1]) / 2) ** 2)
    assert each.languages[each.worst].accuracy == min(accuracies)
    assert each.interval[0] <= each.mean <= each.interval[1]


def test_intervals_shrink_with_the_root_of_the_number_of_texts() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for n in (100, 400):
        labels = np.array(["a", "b"] * (n // 2))
        guess = np.where(rng.random(n) < 0.7, labels, "a")
        low, high = summarized([guess], labels, ["a", "b"], 1.0).interval
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.2)


def test_classes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels = rng.choice(TOPICS, 60)
    found = [rng.choice(TOPICS, 60), labels]
    result = summarized(found, labels, list(TOPICS), 0.5)
    expected = precision_recall_fscore_support(np.tile(labels, 2), np.concatenate(found))
    for number, topic in enumerate(TOPICS):
        figures = result.classes[topic]
        assert figures["precision"] == pytest.approx(expected[0][number])
        assert figures["recall"] == pytest.approx(expected[1][number])
        assert figures["f1"] == pytest.approx(expected[2][number])
        assert figures["n"] == (labels == topic).sum()


@pytest.mark.slow
def test_labels_of_targets_change_only_the_bound_and_shots(space: SharedSpace) -> None:
    rng = np.random.default_rng(3)
    shuffled = {
        code: (texts, labels if code == "en" else rng.permutation(labels).tolist())
        for code, (texts, labels) in TRAIN.items()
    }
    test = {"es": TEST["es"]}
    names = [name for name in STRATEGIES if name not in ("adversarial", "ensemble")]
    right, wrong = (
        evaluate_transfer(space, TransferData("en", train, test), names)
        for train in (TRAIN, shuffled)
    )
    for name in names:
        a, b = (each.experiments[name].languages["es"].right for each in (right, wrong))
        assert np.array_equal(a, b), name
    bounds = [each.baselines["target-trained"].languages["es"].accuracy for each in (right, wrong)]
    assert bounds[0] > bounds[1] + 0.2


@pytest.mark.slow
def test_a_space_for_each_target(space: SharedSpace) -> None:
    pairs = {code: type(space)({"en": space["en"], code: space[code]}) for code in ("es", "de")}
    data = TransferData("en", {"en": TRAIN["en"]}, TEST)
    one, several = (evaluate_transfer(each, data).as_dict() for each in (space, pairs))
    assert list(one["bounds"]) == ["unaligned", "majority"]  # targets have no labels
    for code in ("es", "de"):
        a, b = (
            each["strategies"]["zero_shot"]["languages"][code]["accuracy"]
            for each in (one, several)
        )
        assert a == b


class Peer:
    """A classifier of another make, that always says the same."""

    def __init__(self, seed: int) -> None:
        self.model = DummyClassifier(strategy="constant", constant="war", random_state=seed)
        self.size_ = 17

    def fit(
        self, texts: Sequence[str], labels: Sequence[str], *, language: str, unlabeled: object
    ) -> None:
        assert language == "en"
        assert set(unlabeled) == {"es"}  # type: ignore[call-overload]
        self.model.fit(np.zeros((len(texts), 1)), labels)

    def predict(self, texts: Sequence[str], *, language: str) -> NDArray[Any]:  # noqa: ARG002
        return np.asarray(self.model.predict(np.zeros((len(texts), 1))))


@pytest.mark.slow
def test_peers_stand_in_the_same_table(space: SharedSpace) -> None:
    found = evaluate_transfer(space, SPANISH, {"constant": Peer})
    share = np.mean(np.array(TEST["es"][1]) == "war")
    assert found.experiments["constant"].languages["es"].accuracy == pytest.approx(share)
    assert found.experiments["constant"].facts == {"es": {"size": 17}}
    assert found.experiments["constant"].gaps == {}


@pytest.mark.slow
def test_the_table_names_everything(report: TransferReport) -> None:
    text = str(report)
    for name in (
        *report.experiments,
        *report.baselines,
        *TOPICS,
        "gap es",
        "worst",
        "2 seeds",
        "peak",
    ):
        assert name in text
    assert "- ensemble, de: members zero_shot + translate_train" in text
    result = report.experiments["zero-shot"].languages["de"]
    low, high = (100 * bound for bound in result.interval)
    assert f"{100 * result.accuracy:.1f} [{low:.1f}, {high:.1f}]" in text


@pytest.mark.slow
def test_costs_are_reported(report: TransferReport, space: SharedSpace, tmp_path: Path) -> None:
    facts = report.experiments["zero-shot"].facts["es"]
    assert facts["vectors"] == space["es"].vectors.nbytes
    pair = type(space)({"en": space["en"], "es": space["es"]})
    classifier = TransferClassifier(pair, random_state=1)
    classifier.fit(*TRAIN["en"], language="en", unlabeled={"es": TRAIN["es"][0]})
    classifier.save(tmp_path / "model")
    assert facts["size"] == (tmp_path / "model").stat().st_size
    assert facts["peak_memory"] > 10_000_000
    assert report.experiments["zero-shot"].fit_seconds > 0


@pytest.mark.slow
def test_programs_read_the_same(report: TransferReport) -> None:
    read = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    entry, few = read["strategies"]["few-shot"], report.experiments["few-shot"]
    assert read["seeds"] == [0, 1]
    assert entry["worst"] == few.worst
    assert entry["languages"]["es"]["interval"] == list(few.languages["es"].interval)
    assert entry["languages"]["es"]["coverage"] == 1.0
    assert set(read["bounds"]) == {"target-trained", "unaligned", "majority"}
    assert len(repr(report)) < 300
    assert str(pickle.loads(pickle.dumps(report))) == str(report)
    pytest.importorskip("pandas")
    frame = report.to_frame()
    assert len(frame) == 2 * 7
    assert frame["accuracy"][0] == report.experiments["zero-shot"].languages["es"].accuracy
    assert "few-shot" in report._repr_html_()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": "fr"}, "train must hold the source language 'fr'"),
        ({"test": {"en": TEST["en"]}}, "a language other than the source"),
        ({"test": {"fr": TEST["es"]}}, "the space for 'fr' must hold it"),
        ({"test": {"es": ([], [])}}, "at least 1, got 0 and 0"),
        ({"test": {"es": (["es40"], ["art"])}}, "must occur in the training texts.*'art'"),
        ({"experiments": ["magic"]}, "strategy must be one of zero_shot.*got 'magic'"),
        ({"experiments": {"few": Experiment(shots=1)}, "train": {"en": TRAIN["en"]}}, "shots need"),
        ({"experiments": ["self_training"], "train": {"en": TRAIN["en"]}}, "unlabeled texts of es"),
        ({"seeds": ()}, "seeds must hold at least 1"),
        ({"train": {**TRAIN, "de": (["de40"], [])}}, "of 'de' must be as many as labels"),
    ],
)
def test_bad_input_is_named(space: SharedSpace, change: dict[str, Any], problem: str) -> None:
    data = replace(DATA, **{k: v for k, v in change.items() if k in ("train", "test", "source")})
    options = {k: v for k, v in change.items() if k in ("experiments", "seeds")}
    with pytest.raises(ValueError, match=problem):
        evaluate_transfer(space, data, **options)


@pytest.mark.slow
def test_progress_goes_up_to_one(space: SharedSpace) -> None:
    told: list[float] = []
    evaluate_transfer(space, DATA, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.slow
def test_all_leaves_out_what_lacks_texts(
    space: SharedSpace, caplog: pytest.LogCaptureFixture
) -> None:
    few = {"en": tuple(part[:30] for part in TRAIN["en"])}
    test = {"es": tuple(part[:9] for part in TEST["es"])}
    found = evaluate_transfer(space, TransferData("en", few, test), "all")  # type: ignore[arg-type]
    lacking = ("self_training", "seed_words", "adversarial", "prior_matching")
    assert set(found.experiments) == set(STRATEGIES) - set(lacking)
    for name in lacking:
        assert f"left out: {name}, which needs unlabeled texts of es" in caplog.text


def test_what_is_missing_is_named_before_the_work(
    space: SharedSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    told: list[float] = []
    data = TransferData("en", {"en": TRAIN["en"]}, TEST)
    experiments = {
        "zero": Experiment(),
        "net": Experiment(head="mlp"),
        "teacher": Experiment("self_training"),
    }
    with pytest.raises(MissingDependencyError) as caught:
        evaluate_transfer(space, data, experiments, progress=told.append)
    assert "strategy 'net' needs the package torch" in str(caught.value)
    assert "'teacher' needs unlabeled texts of es, de; pass unlabeled=" in str(caught.value)
    assert not told


@pytest.mark.slow
def test_test_texts_that_were_learned_from_are_counted(space: SharedSpace) -> None:
    texts, labels = TEST["es"]
    train = {"en": TRAIN["en"], "es": (list(texts[:30]), list(labels[:30]))}
    report = evaluate_transfer(space, TransferData("en", train, {"es": TEST["es"]}))
    assert list(report.learned) == ["es"]
    found = report.learned["es"]
    assert (found.learned, found.n) == (30, 120)
    right = report.experiments["zero_shot"].languages["es"].right
    assert found.accuracy["zero_shot"] == pytest.approx(right[30:].mean())
    assert "es: 30 of 120 test texts were learned from; accuracy without" in report.as_markdown()
    assert report.as_dict()["learned"]["es"]["learned"] == 30
