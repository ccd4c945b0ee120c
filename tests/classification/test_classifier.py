from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sklearn
from safetensors import safe_open
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted
from topics import LANGUAGES, TOPICS, planted_space, topic_texts

from alignx.alignment.nearness import nearness
from alignx.alignment.shared_space import SharedSpace
from alignx.classification.classifier import TransferClassifier
from alignx.classification.heads import Examples, fit_head
from alignx.classification.labeled_strategies import CodeSwitching, ZeroShot
from alignx.classification.strategies import (
    STRATEGIES,
    Ensemble,
    SeedWords,
    SelfTraining,
)
from alignx.classification.word_translator import WordTranslator
from alignx.errors import FormatError, NotFittedError, OutputError
from alignx.support.arrays import unit_rows
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import TextReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alignx.support.arrays import Matrix

SPACE = planted_space()
TRAIN = {code: topic_texts(code, 90, 1) for code in LANGUAGES}
TEST = {code: topic_texts(code, 150, 2) for code in LANGUAGES}
UNLABELED = {code: TRAIN[code][0] for code in ("es", "de")}


def fitted(strategy: Any = "zero_shot", **parameters: Any) -> TransferClassifier:  # noqa: ANN401
    classifier = TransferClassifier(SPACE, strategy=strategy, **parameters)
    return classifier.fit(*TRAIN["en"], language="en", unlabeled=UNLABELED)


# --- every strategy ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_carries_over_to_other_languages(strategy: str, tmp_path: Path) -> None:
    if strategy == "adversarial":
        pytest.importorskip("torch")
    classifier = fitted(strategy)
    for code in LANGUAGES:
        assert classifier.score(*TEST[code], language=code) > 0.7
        probabilities = classifier.predict_proba(TEST[code][0], language=code)
        assert probabilities.shape == (150, 3)
        assert np.allclose(probabilities.sum(axis=1), 1)
        best = np.array(TOPICS)[probabilities.argmax(axis=1)]
        assert np.array_equal(best, classifier.predict(TEST[code][0], language=code))
    # Fitting again, and a file, give the same answers.
    again = clone(classifier).fit(*TRAIN["en"], language="en", unlabeled=UNLABELED)
    classifier.save(tmp_path / "model.safetensors")
    loaded = TransferClassifier.load(tmp_path / "model.safetensors", SPACE)
    for code in LANGUAGES:
        expected = classifier.predict_proba(TEST[code][0], language=code)
        assert np.array_equal(expected, again.predict_proba(TEST[code][0], language=code))
        found = loaded.predict_proba(TEST[code][0], language=code)
        assert np.allclose(expected, found, atol=1e-6)
    assert loaded.strategy == strategy
    assert (tmp_path / "model.safetensors").stat().st_size < 100_000


@pytest.mark.parametrize("strategy", ["self_training", "seed_words", "adversarial"])
def test_strategies_that_need_unlabeled_texts_say_so(strategy: str) -> None:
    if strategy == "adversarial":
        pytest.importorskip("torch")
    with pytest.raises(ValueError, match="needs unlabeled texts of de; pass unlabeled="):
        TransferClassifier(SPACE, strategy=strategy).fit(
            *TRAIN["en"], language="en", unlabeled={"es": UNLABELED["es"]}
        )


def test_unlabeled_texts_without_seed_words_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'es' must hold a translated seed word, got none in 2 texts"
    ):
        TransferClassifier(SPACE, strategy="seed_words").fit(
            *TRAIN["en"], language="en", unlabeled={"es": ["zzz", ""], "de": UNLABELED["de"]}
        )


def test_translation_is_word_by_word() -> None:
    # The planted languages have the same words in the same order.
    rows = SPACE.best_rows("es", "en")
    assert (rows == np.arange(len(rows))).mean() > 0.9
    classifier = fitted("translate_test")
    translated = [
        " ".join(SPACE["en"].words[rows[SPACE["es"].index[word]]] for word in text.split())
        for text in TEST["es"][0]
    ]
    expected = classifier.predict_proba(translated, language="en")
    assert np.allclose(classifier.predict_proba(TEST["es"][0], language="es"), expected, atol=1e-6)


def test_a_text_may_count_with_its_translation(tmp_path: Path) -> None:
    classifier = fitted(ZeroShot())
    documents = classifier.read(TEST["es"][0], "es")
    translated = WordTranslator(SPACE).translate(documents, "en")
    own, other = map(classifier.encoder_.transform, (documents, translated))
    rows = own.astype(np.float64) + other
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    (member,) = classifier.model_.heads.members
    expected = np.exp(member.heads["*"].log_probabilities(rows.astype(np.float32)))
    found = classifier.predict_proba(TEST["es"][0], language="es")
    assert np.allclose(found, expected, atol=1e-6)
    for strategy in ("translate_test", ZeroShot(both=False)):
        alone = fitted(strategy).predict_proba(TEST["es"][0], language="es")
        assert not np.allclose(found, alone, atol=1e-3)
    classifier.save(tmp_path / "model.safetensors")
    loaded = TransferClassifier.load(tmp_path / "model.safetensors", SPACE)
    assert np.allclose(loaded.predict_proba(TEST["es"][0], language="es"), found, atol=1e-5)


@pytest.mark.slow
def test_translate_train_learns_from_words_that_translate_back() -> None:
    pair = planted_space(noise=1.2, languages=("en", "es"))
    forth, back = pair.best_rows("en", "es"), pair.best_rows("es", "en")
    translation = {
        pair["en"].words[row]: pair["es"].words[forth[row]]
        for row in range(len(forth))
        if back[forth[row]] == row
    }
    assert 0.5 < len(translation) / len(forth) < 1
    texts = [
        " ".join(translation[word] for word in text.split() if word in translation)
        for text in TRAIN["en"][0]
    ]
    moved = TransferClassifier(pair, strategy="translate_train")
    moved.fit(*TRAIN["en"], language="en", unlabeled={"es": UNLABELED["es"]})
    # The head that learns from these texts by hand, of the same encoder and folds.
    rows = moved.encode(texts, language="es")
    numbers = np.unique(TRAIN["en"][1], return_inverse=True)[1]
    by_hand = fit_head(Examples(rows, np.eye(3)[numbers], np.ones(90), np.arange(90)))
    found = moved.predict_proba(TEST["es"][0], language="es")
    expected = np.exp(by_hand.log_probabilities(moved.encode(TEST["es"][0], language="es")))
    assert np.allclose(found, expected, atol=1e-5)


def test_several_languages_at_once() -> None:
    texts = TRAIN["en"][0] + TRAIN["es"][0]
    labels = TRAIN["en"][1] + TRAIN["es"][1]
    codes = ["en"] * 90 + ["es"] * 90
    order = np.random.default_rng(0).permutation(180)
    mixed = [[each[i] for i in order] for each in (texts, labels, codes)]
    classifier = TransferClassifier(SPACE).fit(mixed[0], mixed[1], language=mixed[2])
    found = classifier.predict_proba(mixed[0], language=mixed[2])
    for code in ("en", "es"):
        rows = [i for i, each in enumerate(mixed[2]) if each == code]
        alone = classifier.predict_proba([mixed[0][i] for i in rows], language=code)
        assert np.allclose(found[rows], alone, atol=1e-12)
    assert classifier.score(*TEST["de"], language="de") > 0.8


@pytest.mark.slow
def test_labels_of_several_languages_vote_in_others(tmp_path: Path) -> None:
    texts = [*TRAIN["en"][0], *TRAIN["es"][0][:30]]
    labels = [*TRAIN["en"][1], *TRAIN["es"][1][:30]]
    codes = ["en"] * 90 + ["es"] * 30
    unlabeled = {"de": UNLABELED["de"]}
    classifier = TransferClassifier(SPACE).fit(texts, labels, language=codes, unlabeled=unlabeled)
    members = classifier.model_.heads.members
    near = np.array([nearness(SPACE[code], SPACE["de"]) for code in ("en", "es")])
    weights = np.array([0.75, 0.25]) * near**4 / (np.array([0.75, 0.25]) * near**4).sum()
    assert [member.weights["de"] for member in members] == pytest.approx(weights)
    found = classifier.predict_proba(TEST["de"][0], language="de")
    documents = classifier.read(TEST["de"][0], "de")
    votes = []
    for code, member in zip(("en", "es"), members, strict=True):
        translated = WordTranslator(SPACE).translate(documents, code)
        own, other = map(classifier.encoder_.transform, (documents, translated))
        rows = unit_rows(own + other)
        votes.append(np.exp(member.heads["*"].log_probabilities(rows)))
    assert np.allclose(found, weights[0] * votes[0] + weights[1] * votes[1], atol=1e-6)
    # One head of all texts serves the languages with labels.
    assert members[0].heads["en"] is members[1].heads["es"]
    classifier.save(tmp_path / "model.safetensors")
    loaded = TransferClassifier.load(tmp_path / "model.safetensors", SPACE)
    assert np.allclose(loaded.predict_proba(TEST["de"][0], language="de"), found, atol=1e-6)
    equal = TransferClassifier(SPACE, alpha=0).fit(texts, labels, language=codes)
    equal_weights = [member.weights["de"] for member in equal.model_.heads.members]
    assert equal_weights == pytest.approx(near**4 / (near**4).sum())


def test_a_language_without_some_classes_does_not_vote() -> None:
    texts, labels = TRAIN["es"]
    some = [at for at, label in enumerate(labels) if label != TOPICS[0]]
    classifier = TransferClassifier(SPACE).fit(
        [*TRAIN["en"][0], *(texts[at] for at in some)],
        [*TRAIN["en"][1], *(labels[at] for at in some)],
        language=["en"] * 90 + ["es"] * len(some),
    )
    assert len(classifier.model_.heads.members) == 1


@pytest.mark.slow
def test_alpha_weighs_languages() -> None:
    texts, codes = TRAIN["en"][0] + TRAIN["es"][0][:10], ["en"] * 90 + ["es"] * 10
    # The labels of the small language contradict those of the large one.
    turned = [TOPICS[(TOPICS.index(label) + 1) % 3] for label in TRAIN["es"][1][:10]]
    labels = TRAIN["en"][1] + turned
    scores = [
        TransferClassifier(SPACE, alpha=alpha)
        .fit(texts, labels, language=codes)
        .score(*TEST["de"], language="de")
        for alpha in (1.0, 0.0)
    ]
    assert scores[0] > scores[1]


def test_a_language_is_centered_by_its_unlabeled_texts() -> None:
    classifier = fitted()
    alone = TransferClassifier(SPACE).fit(*TRAIN["en"], language="en")
    assert not np.allclose(classifier.encoder_.means_["es"], alone.encoder_.means_["es"])
    assert np.allclose(classifier.encoder_.means_["en"], alone.encoder_.means_["en"])


@pytest.mark.slow
def test_other_heads_and_encoders() -> None:
    pytest.importorskip("torch")
    for head in ("mlp", GaussianNB()):
        assert fitted(head=head).score(*TEST["es"], language="es") > 0.7
    encoder = DocumentEncoder(components=1)
    assert fitted(encoder=encoder).encoder_.components_.shape == (1, 20)
    assert not hasattr(encoder, "weights_")


def test_vectors_of_oov_words_by_a_callable() -> None:
    def vectors(words: Sequence[str]) -> Matrix:
        rows = [SPACE["es"].vectors[SPACE["es"].index[word.removesuffix("s")]] for word in words]
        return np.array(rows, np.float32)

    texts = [" ".join(f"{word}s" for word in text.split()) for text in TEST["es"][0]]
    blind = fitted()
    seeing = fitted(reader=TextReader(oov_vectors={"es": vectors}))
    assert blind.coverage(texts, language="es").max() == 0
    assert seeing.coverage(texts, language="es").min() == 1
    assert seeing.score(texts, TEST["es"][1], language="es") > 0.8


# --- what says nothing ------------------------------------------------------------------------


def test_texts_without_known_words_get_the_prior(caplog: pytest.LogCaptureFixture) -> None:
    texts, labels = TRAIN["en"]
    classifier = TransferClassifier(SPACE).fit(
        [*texts, "zzz", ""], [*labels, "war", "war"], language="en"
    )
    shares = np.array([labels.count(topic) for topic in TOPICS]) / len(labels)
    with caplog.at_level(logging.WARNING, logger="alignx"):
        found = classifier.predict_proba(["", "qqq www", "es40 es43"], language="es")
    assert np.allclose(found[:2], shares)
    assert not np.allclose(found[2], shares)
    assert "2 of 3 texts have no word in the vocabulary" in caplog.text


@pytest.mark.parametrize(
    ("texts", "labels", "language", "problem"),
    [
        (["en40", "en41"], ["war", "war"], "en", "at least 2 classes, got only"),
        (["en40", "en41"], ["war"], "en", r"labels must have shape \(2,\), got \(1,\)"),
        (
            ["en40", "en41"],
            ["war", "food"],
            "fr",
            "one of en, es, de, which have vectors, got 'fr'",
        ),
        (["en40", "en41"], ["war", "food"], ["en"], "must name 2 languages, one a text, got 1"),
        (["es40", "es41"], ["war", "food"], "en", "must have words that are in the vocabulary"),
        ([], [], "en", "at least 2 classes"),
    ],
)
def test_bad_texts_are_named(texts: Any, labels: Any, language: Any, problem: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=problem):
        TransferClassifier(SPACE, reader=TextReader()).fit(texts, labels, language=language)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"strategy": "magic"}, "strategy must be one of zero_shot, .*, got 'magic'"),
        ({"head": "svm"}, "head must be 'logistic', 'mlp' or a classifier"),
        ({"alpha": 2.0}, r"alpha must lie in \[0, 1\], got 2.0"),
    ],
)
def test_bad_parameters_are_named(parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        fitted(**parameters)


@pytest.mark.parametrize(
    ("strategy", "options", "problem"),
    [
        (CodeSwitching, {"rate": 2}, r"rate must lie in \[0, 1\]"),
        (CodeSwitching, {"copies": 0}, "copies must be at least 1"),
        (SeedWords, {"budget": 0}, "budget must be at least 1"),
        (SelfTraining, {"rounds": 0}, "rounds must be at least 1"),
        (SelfTraining, {"teacher": "x"}, "teacher must be one of"),
        (Ensemble, {"members": ("x",)}, "members must be one of"),
        (Ensemble, {"members": ()}, "members must hold at least 1"),
        (Ensemble, {"members": ("ensemble",)}, "members must be one of .*, got 'ensemble'"),
    ],
)
def test_bad_options_are_named(strategy: Any, options: dict[str, Any], problem: str) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=problem):
        strategy(**options)


@pytest.mark.slow
def test_options_stay_with_a_saved_strategy(tmp_path: Path) -> None:
    for strategy in (CodeSwitching(copies=1), Ensemble(("zero_shot", "translate_test"))):
        fitted(strategy).save(tmp_path / "model.safetensors")
        assert TransferClassifier.load(tmp_path / "model.safetensors", SPACE).strategy == strategy


def test_use_before_fit(tmp_path: Path) -> None:
    classifier = TransferClassifier(SPACE)
    with pytest.raises(NotFittedError):
        classifier.predict(["x"])
    with pytest.raises(NotFittedError):
        classifier.encode(["x"], language="en")
    with pytest.raises(NotFittedError):
        classifier.save(tmp_path / "model.safetensors")
    with pytest.raises(NotFittedError):
        classifier.known_labels(["x"])


# --- files ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_file_holds_no_vectors_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    fitted(encoder=DocumentEncoder(weighting="idf", components=2)).save(path)
    with safe_open(path, framework="np") as file:
        facts = json.loads(file.metadata()["alignx-classifier"])
    assert facts["classes"] == list(TOPICS)
    assert set(facts["languages"]) == set(LANGUAGES)
    loaded = TransferClassifier.load(path, SPACE)
    assert loaded.encoder_.get_params()["weighting"] == "idf"
    assert loaded.language is None
    TransferClassifier(SPACE, language="es").fit(*TRAIN["es"]).save(path)
    loaded = TransferClassifier.load(path, SPACE)
    assert (loaded.language, loaded.explain(TEST["de"][0][0], language="de").source) == ("es", "es")
    fitted().save(path)
    first = path.read_bytes()
    fitted().save(path)
    assert path.read_bytes() == first


def test_other_vectors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    fitted().save(path)
    shorter = SharedSpace({**SPACE, "es": SPACE["es"].head(100)})
    with pytest.raises(FormatError, match="made with other es vectors, of 150 words; give those"):
        TransferClassifier.load(path, shorter)
    turned = SPACE["es"].with_vectors(SPACE["es"].vectors[:, ::-1])
    with pytest.raises(FormatError, match="the es vectors are mapped otherwise"):
        TransferClassifier.load(path, SharedSpace({**SPACE, "es": turned}))
    named = SharedSpace({"en": SPACE["en"], "fr": SPACE["es"]})
    with pytest.raises(FormatError, match="made for languages en, es, de, got vectors of fr"):
        TransferClassifier.load(path, named)


@pytest.mark.slow
def test_languages_that_are_not_to_be_predicted_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    classifier = fitted(ZeroShot(both=False))
    classifier.save(path)
    some = SharedSpace({code: SPACE[code] for code in ("es", "de")})
    loaded = TransferClassifier.load(path, some)
    expected = classifier.predict_proba(TEST["es"][0], language="es")
    assert np.allclose(loaded.predict_proba(TEST["es"][0], language="es"), expected, atol=1e-6)
    for strategy in ("translate_test", "zero_shot"):
        fitted(strategy).save(path)
        with pytest.raises(FormatError, match="it translates into en; give the vectors of en too"):
            TransferClassifier.load(path, some)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        TransferClassifier.load(path, SPACE)
    path.write_bytes(b"")
    with pytest.raises(FormatError, match="not a safetensors file, or truncated"):
        TransferClassifier.load(path, SPACE)
    fitted().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="not a safetensors file, or truncated"):
        TransferClassifier.load(path, SPACE)
    path.write_bytes(
        whole.replace(b'\\"format_version\\": \\"3\\"', b'\\"format_version\\": \\"9\\"')
    )
    with pytest.raises(FormatError, match="format version must be 3, got 9"):
        TransferClassifier.load(path, SPACE)
    path.write_bytes(whole.replace(b"alignx-classifier", b"something-elsewhe"))
    with pytest.raises(FormatError, match="not a classifier that alignx has saved"):
        TransferClassifier.load(path, SPACE)


def test_heads_that_only_pickle_could_hold_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="alignx writes no pickle files"):
        fitted(head=GaussianNB()).save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match="directory does not exist"):
        fitted().save(tmp_path / "nowhere" / "model.safetensors")


# --- tools of scikit-learn ----------------------------------------------------------------------


NOT_NAMED = r"language must be named where there are several \(en, es, de\): pass language="


@pytest.mark.slow
@pytest.mark.parametrize("code", LANGUAGES)
def test_cross_validation_reads_one_language(code: str) -> None:
    classifier = TransferClassifier(SPACE, language=code, head=GaussianNB())
    scores = cross_val_score(classifier, *TRAIN[code], cv=3, error_score="raise")
    assert scores.min() > 0.8
    balanced = cross_val_score(classifier, *TRAIN[code], cv=3, scoring="balanced_accuracy")
    np.testing.assert_allclose(balanced, scores, atol=0.05)
    assert cross_val_predict(classifier, TRAIN[code][0], TRAIN[code][1], cv=3).shape == (90,)


@pytest.mark.slow
def test_no_language_is_assumed() -> None:
    with pytest.raises(ValueError, match=NOT_NAMED):
        TransferClassifier(SPACE).fit(*TRAIN["en"])
    with pytest.raises(ValueError, match=NOT_NAMED):
        cross_val_score(
            TransferClassifier(SPACE), *TRAIN["en"], params={"language": "en"}, error_score="raise"
        )
    classifier = fitted()
    text = TEST["es"][0][:1]
    for method in (classifier.predict, classifier.predict_proba):
        with pytest.raises(ValueError, match=NOT_NAMED):
            method(text)
    with pytest.raises(ValueError, match=NOT_NAMED):
        classifier.score(text, TEST["es"][1][:1])
    with pytest.raises(ValueError, match=NOT_NAMED):
        classifier.explain(text[0])


def test_a_call_says_more_than_the_estimator() -> None:
    classifier = TransferClassifier(SPACE, language="en").fit(*TRAIN["en"])
    expected = fitted().score(*TEST["es"], language="es")
    assert classifier.score(*TEST["es"], language="es") == pytest.approx(expected, abs=0.05)
    assert classifier.score(*TEST["en"]) > 0.8
    assert classifier.explain(TEST["de"][0][0], language="de").source == "en"
    with pytest.raises(ValueError, match="one of en, es, de, which have vectors, got 'fr'"):
        TransferClassifier(SPACE, language="fr").fit(*TRAIN["en"])
    with pytest.raises(TypeError, match="language must be a string, got list"):
        TransferClassifier(SPACE, language=["en"]).fit(*TRAIN["en"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="language must be strings, got int"):
        classifier.predict(["en40"], language=[1])  # type: ignore[list-item]


def test_one_language_needs_no_name() -> None:
    space: Any = {"es": SPACE["es"]}
    classifier = TransferClassifier(space).fit(*TRAIN["es"])
    assert classifier.score(*TEST["es"]) > 0.8
    assert classifier.explain(TEST["es"][0][0]).language == "es"


@pytest.mark.slow
def test_languages_of_each_text_are_routed() -> None:
    texts = [*TRAIN["en"][0], *TRAIN["es"][0]]
    labels = [*TRAIN["en"][1], *TRAIN["es"][1]]
    order = np.random.default_rng(3).permutation(180)
    texts, labels = [texts[i] for i in order], [labels[i] for i in order]
    codes = np.array(["en"] * 90 + ["es"] * 90)[order]
    unlabeled = {"de": TRAIN["de"][0]}
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = TransferClassifier(SPACE, head=GaussianNB())
        with pytest.raises(ValueError, match=r"language.* are passed but are not explicitly set"):
            cross_val_score(classifier, texts, labels, params={"language": codes})
        classifier.set_fit_request(language=True, unlabeled=True)
        classifier.set_score_request(language=True).set_predict_request(language=True)
        given = {"language": codes, "unlabeled": unlabeled}
        scores = cross_val_score(classifier, texts, labels, cv=3, params=given, error_score="raise")
        assert scores.min() > 0.8
        search = GridSearchCV(
            classifier, {"strategy": ["zero_shot", "prior_matching"]}, cv=3, error_score="raise"
        ).fit(texts, labels, **given)
        assert search.best_score_ > 0.8
        best = search.best_estimator_
        assert best.score(*TEST["de"], language="de") > 0.8
        steps = make_pipeline(FunctionTransformer(list), classifier)
        assert cross_val_score(steps, texts, labels, cv=3, params=given).min() > 0.8


@pytest.mark.slow
def test_tools_without_routing_take_the_language_of_the_estimator() -> None:
    classifier = TransferClassifier(SPACE, language="en", head=GaussianNB())
    texts: Any = np.array(TRAIN["en"][0])
    labels = np.array(TRAIN["en"][1], dtype=object)
    search = GridSearchCV(
        classifier, {"encoder": [None, DocumentEncoder(weighting="uniform")]}, cv=3
    ).fit(texts, labels, unlabeled=UNLABELED)
    assert search.best_score_ > 0.8
    assert search.best_estimator_.predict(TEST["es"][0], language="es").shape == (150,)
    assert CalibratedClassifierCV(classifier, cv=3).fit(texts, labels).score(*TEST["en"]) > 0.8
    ready = FrozenEstimator(classifier.fit(texts, labels))
    assert CalibratedClassifierCV(ready).fit(texts, labels).score(*TEST["en"]) > 0.8
    steps = make_pipeline(FunctionTransformer(list), classifier).fit(texts, labels)
    assert steps.score(*TEST["en"]) > 0.8
    assert steps.predict(TEST["es"][0], language="es").shape == (150,)


def test_it_is_an_estimator() -> None:
    classifier = TransferClassifier(SPACE, language="es", alpha=0.5)
    assert "language='es'" in repr(classifier)
    assert len(repr(classifier)) < 200
    copy = clone(classifier.set_params(strategy="code_switching"))
    assert copy.get_params() == classifier.get_params()
    assert get_tags(classifier).estimator_type == "classifier"
    assert get_tags(classifier).input_tags.string
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(copy)
    copy.fit(*TRAIN["es"])
    check_is_fitted(copy)
    again = pickle.loads(pickle.dumps(copy))
    expected = copy.predict_proba(TEST["en"][0], language="en")
    np.testing.assert_array_equal(again.predict_proba(TEST["en"][0], language="en"), expected)


@pytest.mark.parametrize("values", [[0, 1, 2], [0.5, 1.5, 2.5], list(TOPICS)])
def test_labels_come_back_as_they_were_given(values: list[Any], tmp_path: Path) -> None:
    labels = [values[TOPICS.index(label)] for label in TRAIN["en"][1]]
    for given in (labels, np.array(labels, dtype=object)):
        classifier = TransferClassifier(SPACE, language="en").fit(TRAIN["en"][0], given)
        classifier.save(tmp_path / "model.safetensors")
        loaded = TransferClassifier.load(tmp_path / "model.safetensors", SPACE)
        for each in (classifier, loaded):
            found = each.predict(TEST["en"][0]).tolist()
            assert set(found) == set(values)
            assert {type(label) for label in found} == {type(values[0])}


def test_score_weighs_texts_and_wants_a_label_for_each() -> None:
    classifier = fitted()
    texts, labels = TEST["es"]
    right = classifier.predict(texts, language="es") == np.array(labels)
    assert 0 < right.mean() < 1
    assert classifier.score(texts, labels, right, language="es") == 1
    assert classifier.score(texts, labels, sample_weight=~right, language="es") == 0
    for some in (labels[:1], labels[:-1], [[label] for label in labels]):
        with pytest.raises(ValueError, match="labels must be one for each of the texts"):
            classifier.score(texts, some, language="es")
    assert classifier.predict([], language="es").shape == (0,)
    with pytest.raises(ValueError, match="which occur in training, got 'art'"):
        classifier.score(["es40"], ["art"], language="es")
    with pytest.raises(ValueError, match="at least 1"):
        classifier.score([], [], language="es")
    with pytest.raises(ValueError, match="sample_weight must be one for each of 150 texts"):
        classifier.score(texts, labels, [1.0], language="es")


@pytest.mark.parametrize(
    "texts", ["es40", {"es40": 1}, {"es40"}, np.array([["es40"]]), [b"es40"], [None]]
)
def test_what_is_no_list_of_texts_is_refused(texts: Any) -> None:  # noqa: ANN401
    with pytest.raises(TypeError, match="texts must be"):
        fitted().predict(texts, language="es")
    with pytest.raises(TypeError, match="texts must be"):
        TransferClassifier(SPACE).fit(*TRAIN["en"], language="en", unlabeled={"es": texts})


def test_unlabeled_texts_have_a_language() -> None:
    texts: Any = TRAIN["es"][0]
    with pytest.raises(TypeError, match="unlabeled must be a mapping of languages to texts"):
        TransferClassifier(SPACE).fit(*TRAIN["en"], language="en", unlabeled=texts)
    with pytest.raises(TypeError, match="documents must be what TransferClassifier"):
        fitted().encoder_.transform(texts[0])
