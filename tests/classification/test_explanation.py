from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.classifier import TransferClassifier
from alignx.classification.ensemble import VotingModel
from alignx.errors import NotFittedError
from alignx.texts.documents import TextReader
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alignx.classification.explanation import Explanation

ENGLISH = ["the", "of", "goal", "team", "match", "bank", "money", "tax", "storm", "rain", "cloud"]
SPANISH = ["el", "de", "gol", "equipo", "partido", "banco", "dinero", "impuesto", "tormenta",
           "lluvia", "nube"]  # fmt: skip
CLASSES = {"sport": ENGLISH[2:5], "money": ENGLISH[5:8], "weather": ENGLISH[8:]}


def planted_space() -> SharedSpace:
    """Words of one topic lie together, translations almost at one place."""
    rng = np.random.default_rng(5)
    topics = np.repeat(np.eye(4), [2, 3, 3, 3], axis=0)
    rows = np.concatenate([2 * topics, 0.8 * np.eye(len(ENGLISH))], axis=1)
    spanish = rows + 0.05 * rng.standard_normal(rows.shape)
    return SharedSpace({"en": Embeddings(ENGLISH, rows), "es": Embeddings(SPANISH, spanish)})


SPACE = planted_space()


def training() -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(6)
    texts, labels = [], []
    for label, words in CLASSES.items():
        for _ in range(12):
            texts.append(" ".join(rng.choice([*words, "the", "of"], 5)))
            labels.append(label)
    return texts, labels


def fitted(strategy: str = "zero_shot", **options: Any) -> TransferClassifier:  # noqa: ANN401
    return TransferClassifier(SPACE, strategy=strategy, **options).fit(*training(), language="en")


@pytest.fixture(scope="module")
def classifier() -> TransferClassifier:
    return fitted()


TEXT = "el gol de la tormenta el equipo"


def by_hand(classifier: TransferClassifier, text: str, label: str, code: str) -> dict[str, float]:
    """Effect of each word, by predicting the text that is written without it."""
    column = classifier.classes_.tolist().index(label)

    def logarithm(words: Sequence[str]) -> float:
        return float(np.log(classifier.predict_proba([" ".join(words)], language=code)[0, column]))

    words = text.split()
    whole = logarithm(words)
    return {word: whole - logarithm([w for w in words if w != word]) for word in words}


def effects(explanation: Explanation) -> dict[str, float]:
    return {evidence.word: evidence.effect for evidence in explanation.words}


def test_the_planted_word_carries_the_prediction(classifier: TransferClassifier) -> None:
    explanation = classifier.explain("el partido de la lluvia y el gol", language="es")
    assert (explanation.label, explanation.language, explanation.source) == ("sport", "es", "en")
    found = {evidence.word: evidence for evidence in explanation.words}
    assert set(found) == {"el", "de", "partido", "gol", "lluvia"}
    assert found["gol"].effect > 0
    assert found["partido"].effect > 0
    assert found["lluvia"].effect < 0
    for word, translation in {"partido": "match", "gol": "goal", "lluvia": "rain"}.items():
        assert found[word].nearest[0].word == translation
        assert {near.word for near in found[word].nearest} in map(set, CLASSES.values())
    single = classifier.explain("el impuesto de el", language="es", k=1)
    assert single.label == "money"
    assert [evidence.word for evidence in single.words] == ["impuesto"]
    assert single.words[0].effect > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "head"),
    [
        ("zero_shot", "logistic"),
        ("translate_train", "logistic"),
        ("translate_test", "logistic"),
        ("translate_train_all", "logistic"),
        ("code_switching", "logistic"),
        ("ensemble", "logistic"),
        ("zero_shot", "mlp"),
        ("zero_shot", RandomForestClassifier(20, random_state=0)),
    ],
    ids=str,
)
def test_effects_are_those_of_texts_without_the_word(strategy: str, head: Any) -> None:  # noqa: ANN401
    if head == "mlp":
        pytest.importorskip("torch")
    classifier = fitted(strategy, head=head)
    for code, text in {"es": TEXT, "en": "the goal of the rain team"}.items():
        explanation = classifier.explain(text, language=code, k=9)
        probabilities = classifier.predict_proba([text], language=code)[0]
        assert explanation.label == classifier.predict([text], language=code)[0]
        assert explanation.probability == pytest.approx(probabilities.max(), abs=1e-6)
        expected = by_hand(classifier, text, explanation.label, code)
        expected.pop("la", None)
        assert effects(explanation) == pytest.approx(expected, abs=1e-5)
        sizes = [abs(evidence.effect) for evidence in explanation.words]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
def test_unlabeled_strategies_are_explained_too() -> None:
    texts = ["gol equipo", "banco el dinero", "lluvia de nube", "partido gol", "impuesto banco"] * 4
    for strategy in ("self_training", "seed_words", "prior_matching"):
        classifier = TransferClassifier(SPACE, strategy=strategy)
        classifier.fit(*training(), language="en", unlabeled={"es": texts})
        explanation = classifier.explain(TEXT, language="es", label="weather", k=9)
        expected = by_hand(classifier, TEXT, "weather", "es")
        assert expected.pop("la") == pytest.approx(0)
        assert effects(explanation) == pytest.approx(expected, abs=1e-5)


def test_any_class_can_be_asked_for(classifier: TransferClassifier) -> None:
    explanation = classifier.explain(TEXT, language="es", label="weather")
    assert explanation.label == "weather"
    assert explanation.words[0].word == "tormenta"
    column = classifier.classes_.tolist().index("weather")
    probability = classifier.predict_proba([TEXT], language="es")[0, column]
    assert explanation.probability == pytest.approx(probability, abs=1e-6)
    assert effects(explanation)["gol"] < 0 < effects(explanation)["tormenta"]


def test_words_are_counted(classifier: TransferClassifier) -> None:
    explanation = classifier.explain("Gol, gol y GOL un equipo", language="es")
    counts = {evidence.word: evidence.count for evidence in explanation.words}
    assert counts == {"gol": 3, "equipo": 1}
    assert (explanation.known, explanation.missing) == (4, 3)


def test_nearest_words_are_those_with_the_highest_cosine(classifier: TransferClassifier) -> None:
    explanation = classifier.explain(TEXT, language="es", n_neighbors=100)
    cut = classifier.explain(TEXT, language="es", k=2, n_neighbors=1)
    assert [one.word for one in cut.words] == [one.word for one in explanation.words[:2]]
    assert [len(one.nearest) for one in cut.words] == [1, 1]
    for evidence in explanation.words:
        vector = SPACE["es"][evidence.word].astype(np.float64)
        cosines = SPACE["en"].vectors.astype(np.float64) @ vector
        order = np.argsort(-cosines)
        assert [near.word for near in evidence.nearest] == [ENGLISH[row] for row in order]
        assert [near.cosine for near in evidence.nearest] == pytest.approx(cosines[order], abs=1e-6)


def test_a_word_is_not_near_to_itself(classifier: TransferClassifier) -> None:
    own = classifier.explain("the goal", language="en", n_neighbors=2)
    assert own.source == "en"
    near = {evidence.word: {one.word for one in evidence.nearest} for evidence in own.words}
    assert near["goal"] == {"team", "match"}
    every = classifier.explain("the goal", language="en", n_neighbors=100)
    assert [len(evidence.nearest) for evidence in every.words] == [len(ENGLISH) - 1] * 2
    other = classifier.explain("the goal", language="en", n_neighbors=1, source="es")
    near = {evidence.word: {one.word for one in evidence.nearest} for evidence in other.words}
    assert near == {"the": {"el"}, "goal": {"gol"}}


def test_the_search_for_nearest_words_may_be_saved(classifier: TransferClassifier) -> None:
    every = classifier.explain(TEXT, language="es")
    without = classifier.explain(TEXT, language="es", n_neighbors=0)
    assert without.words == tuple(replace(word, nearest=()) for word in every.words)


def test_words_with_vectors_from_elsewhere_are_named() -> None:
    def by_length(words: Sequence[str]) -> NDArray[np.float32]:
        rows = {"golazo": "gol", "chaparrón": "lluvia"}
        return np.stack([3 * SPACE["es"][rows.get(word, "el")] for word in words])

    classifier = fitted(reader=TextReader(oov_vectors={"es": by_length}))
    text = "golazo el golazo de chaparrón gol"
    explanation = classifier.explain(text, language="es", n_neighbors=1)
    expected = by_hand(classifier, text, "sport", "es")
    assert effects(explanation) == pytest.approx(expected, abs=1e-5)
    found = {evidence.word: evidence for evidence in explanation.words}
    assert (found["golazo"].count, found["golazo"].nearest[0].word) == (2, "goal")
    assert found["golazo"].nearest[0].cosine <= 1 + 1e-6
    assert found["chaparrón"].nearest[0].word == "rain"
    assert (explanation.known, explanation.missing) == (6, 0)


def test_its_tokenizer_cuts_the_text() -> None:
    classifier = fitted(reader=TextReader({"es": lambda text: text.split("/")}))
    explanation = classifier.explain("gol/lluvia/banco", language="es")
    assert {evidence.word for evidence in explanation.words} == {"gol", "lluvia", "banco"}


@pytest.mark.parametrize("text", ["", "así se ve"])
def test_without_a_known_word_there_is_only_the_prior(
    classifier: TransferClassifier, text: str
) -> None:
    explanation = classifier.explain(text, language="es", label="money")
    assert explanation.words == ()
    assert explanation.probability == pytest.approx(1 / 3)
    assert (explanation.known, explanation.missing) == (0, len(text.split()))
    assert "its share in training: none of" in str(explanation)
    only = classifier.explain("gol", language="es")
    expected = np.log(only.probability) - np.log(1 / 3)
    assert only.words[0].effect == pytest.approx(expected, abs=1e-6)


def test_the_classifier_is_asked_once(
    classifier: TransferClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    original = VotingModel.log_probabilities

    def counting(self: VotingModel, *arguments: Any) -> Any:  # noqa: ANN401
        asked.append(len(arguments[0]))
        return original(self, *arguments)

    monkeypatch.setattr(VotingModel, "log_probabilities", counting)
    classifier.explain(TEXT, language="es")
    assert asked == [1 + 5]


def test_it_prints_as_a_table(classifier: TransferClassifier) -> None:
    explanation = classifier.explain(TEXT, language="es", k=2)
    head, columns, first, second = str(explanation).splitlines()
    assert head == (f"sport: probability {explanation.probability:.3f}, from 6 of 7 words (es)")
    assert columns.split() == ["effect", "nearest", "(en)"]
    best = explanation.words[0]
    near = best.nearest[0]
    assert first.split()[:4] == [
        best.word, f"{best.effect:+.3f}", near.word, f"{near.cosine:.2f},",
    ]  # fmt: skip
    assert second.split()[0] == explanation.words[1].word


def test_it_goes_into_json_and_data_frames(classifier: TransferClassifier) -> None:
    explanation = classifier.explain(TEXT, language="es", k=1, n_neighbors=1)
    told = json.loads(json.dumps(explanation.as_dict()))
    word = explanation.words[0]
    near = {"word": word.nearest[0].word, "cosine": word.nearest[0].cosine}
    assert (told["label"], told["known"], told["missing"]) == ("sport", 6, 1)
    assert told["words"] == [{**vars(word), "nearest": [near]}]
    pytest.importorskip("pandas")
    assert explanation.to_frame()["word"].tolist() == [word.word]
    assert word.word in explanation._repr_html_()


def test_labels_are_those_of_python() -> None:
    texts, labels = training()
    numbers = [list(CLASSES).index(label) for label in labels]
    classifier = TransferClassifier(SPACE).fit(texts, numbers, language="en")
    explanation = classifier.explain("gol", language="es")
    assert explanation.label == 0
    assert type(explanation.label) is int
    assert classifier.explain("gol", language="es", label=2).label == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "de"}, "language must be one of en, es, which have vectors, got 'de'"),
        ({"source": "de"}, "source must be one of en, es, which have vectors, got 'de'"),
        ({"label": "politics"}, "labels must be among"),
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"n_neighbors": -1}, "n_neighbors must be at least 0, got -1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    classifier: TransferClassifier, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classifier.explain(TEXT, **{"language": "es", **options})


def test_other_misuse_is_refused(classifier: TransferClassifier) -> None:
    with pytest.raises(TypeError, match="text must be a string, got list"):
        classifier.explain([TEXT], language="es")  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        TransferClassifier(SPACE).explain(TEXT)
