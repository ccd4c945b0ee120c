from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from alignx.alignment.align import align
from alignx.alignment.alignment import Alignment
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.classification.comparison.evaluate import evaluate_transfer
from alignx.classification.comparison.experiments import TransferData
from alignx.classification.data.texts import LabeledTexts
from alignx.errors import AlignmentFailed
from alignx.evaluation.word_similarity import evaluate_similarity
from alignx.evaluation.word_translation import evaluate
from alignx.induction.induce import induce_lexicon
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Refinement
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.alignment.shared_space import SharedSpace

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_blas_thread")]


class Languages(NamedTuple):
    source: Embeddings
    target: Embeddings
    train: Lexicon
    test: Lexicon


def dictionaries(shared_data: Path, pair: str) -> tuple[Lexicon, Lexicon]:
    folder = shared_data / "dictionaries" / "muse"
    names = (f"{pair}.0-5000.txt", f"{pair}.5000-6500.txt")
    train, test = (Lexicon.load(folder / name) for name in names)
    return train, test


@pytest.fixture(scope="module")
def wikipedia(shared_data: Path) -> Languages:
    """English and Spanish as a user has them, 300 dimensions, 20,000 words each."""
    source, target = (
        load(shared_data / "vectors" / f"{code}.vec.gz", limit=20_000) for code in ("en", "es")
    )
    return Languages(source, target, *dictionaries(shared_data, "en-es"))


@pytest.fixture(scope="module")
def alignment(wikipedia: Languages) -> Alignment:
    source, target, train, _ = wikipedia
    return align(source, target, lexicon=train, refinement=Refinement(rounds=2, vocabulary=10_000))


@pytest.fixture(scope="module")
def shared(wikipedia: Languages, alignment: Alignment) -> SharedSpace:
    return alignment.apply(wikipedia.source, wikipedia.target)


@pytest.fixture(scope="module")
def small(shared_data: Path) -> Languages:
    """Spanish and English of UBiLexAT, 50 dimensions."""
    folder = shared_data / "ubilexat" / "es-en"
    source = load(folder / "word2vec.es", language="es")
    target = load(folder / "word2vec.en", language="en")
    return Languages(source, target, *dictionaries(shared_data, "es-en"))


# --- the main job -----------------------------------------------------------------------------


def test_the_main_job_reaches_its_accuracy(wikipedia: Languages, shared: SharedSpace) -> None:
    report = evaluate(shared, wikipedia.test)
    assert report.csls.n == 1_249
    assert report.coverage == pytest.approx(1_249 / 1_500)
    # Measured: 72.9 and 69.6.
    assert report.csls.precision[1] > 0.71
    assert report.nn.precision[1] > 0.67
    assert report.csls.precision[10] > 0.87


def test_refinement_helps(wikipedia: Languages) -> None:
    source, target, train, test = wikipedia
    few = Lexicon(train.pairs[:500])
    plain, refined = (
        align(
            source,
            target,
            lexicon=few,
            method="procrustes",
            refinement=Refinement(rounds=rounds, vocabulary=5_000),
            ranker=False,
        )
        for rounds in (0, 2)
    )
    before, after = (
        evaluate(fitted.apply(source, target), test).csls.precision[1]
        for fitted in (plain, refined)
    )
    assert after > before + 0.05
    assert refined.rounds[1].criterion > refined.rounds[0].criterion


def test_a_saved_map_gives_the_same_accuracy(
    wikipedia: Languages, alignment: Alignment, shared: SharedSpace, tmp_path: Path
) -> None:
    alignment.save(tmp_path / "map.safetensors")
    loaded = Alignment.load(tmp_path / "map.safetensors")
    again = loaded.apply(wikipedia.source, wikipedia.target)
    assert again.source.vectors.tobytes() == shared.source.vectors.tobytes()
    assert again.target.vectors.tobytes() == shared.target.vectors.tobytes()


def test_similarity_across_languages_agrees_with_human_scores(
    shared_data: Path, shared: SharedSpace
) -> None:
    judged = Lexicon.load(shared_data / "similarity" / "semeval2017.en-es.txt", casing="lower")
    report = evaluate_similarity(shared.source, shared.target, judged)
    assert report.n > 450
    # Measured: 0.717 and 0.708.
    assert report.pearson > 0.68
    assert report.spearman > 0.67


# --- probabilities ----------------------------------------------------------------------------


def judged_by_test(lexicon: Lexicon, languages: Languages) -> tuple[float, float, int]:
    """Give mean probability, share of right pairs and number, for the words of the dictionary."""
    gold = languages.test.translations()
    assert lexicon.probabilities is not None
    asked = [
        (probability, target in gold[source])
        for (source, target), probability in zip(lexicon, lexicon.probabilities, strict=True)
        if any(word in languages.target for word in gold.get(source, ()))
    ]
    probability, right = np.array(asked, dtype=np.float64).mean(axis=0)
    return float(probability), float(right), len(asked)


@pytest.mark.parametrize("mutual", [False, True])
def test_probabilities_tell_the_share_of_right_answers(
    wikipedia: Languages, shared: SharedSpace, mutual: bool
) -> None:
    lexicon = induce_lexicon(shared, mutual=mutual)
    probability, right, count = judged_by_test(lexicon, wikipedia)
    assert count > 700
    assert probability == pytest.approx(right, abs=0.1)


def test_the_threshold_makes_a_dictionary_more_precise(
    wikipedia: Languages, shared: SharedSpace
) -> None:
    _, every, _ = judged_by_test(induce_lexicon(shared, mutual=False), wikipedia)
    sure = induce_lexicon(shared, mutual=False).at_least(0.9)
    _, likely, count = judged_by_test(sure, wikipedia)
    assert count > 300
    assert likely > 0.88 > every + 0.05


# --- a published benchmark --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "least"),
    # Measured: 78.4, 76.3, 78.4; MUSE's own program reaches 77.9 with the first.
    [("procrustes", 0.765), ("cca", 0.74), ("least_squares", 0.765)],
)
def test_ubilexat(small: Languages, method: str, least: float) -> None:
    source, target, train, test = small
    fitted = align(source, target, lexicon=train, method=method)
    mapped = fitted.apply(source, target)
    report = evaluate(mapped, test)
    assert report.csls.n == 393
    assert report.csls.precision[1] > least
    induced = induce_lexicon(mapped, mutual=False)
    probability, right, _ = judged_by_test(induced, small)
    assert probability == pytest.approx(right, abs=0.1)


def test_ubilexat_without_a_dictionary(small: Languages) -> None:
    source, target, _, test = small
    found = align(source, target, method=SelfLearning(random_state=1))
    assert found.diagnosis is not None
    assert not found.diagnosis.failed
    report = evaluate(found.apply(source, target), test)
    assert report.csls.n == 393
    assert report.csls.precision[1] > 0.70


def test_ubilexat_that_has_lost_its_shape_is_found_out(small: Languages) -> None:
    source, target, _, _ = small
    rows = np.random.default_rng(0).permuted(target.vectors[:500], axis=1)
    lost = Embeddings(target.words[:500], rows, "en")
    frequent = Embeddings(source.words[:500], source.vectors[:500], "es")
    with pytest.raises(AlignmentFailed, match=r"agreement of runs 0\."):
        align(frequent, lost)


def test_topics_learned_from_english_are_found_in_spanish(
    shared: SharedSpace, shared_data: Path
) -> None:
    folder = shared_data / "classification" / "sib200"
    train, test = (
        {
            code: (found.texts, found.labels or ())
            for code in ("en", "es")
            for found in [LabeledTexts.load(folder / code / f"{split}.tsv")]
        }
        for split in ("train", "dev")
    )
    data = TransferData("en", train, test)
    report = evaluate_transfer(shared, data, ["zero_shot", "translate_train"])
    for experiment in report.experiments.values():
        found = experiment.languages["es"]
        assert found.accuracy > 0.7
        assert found.coverage > 0.85
        for baseline in ("unaligned", "majority"):
            assert found.interval[0] > report.baselines[baseline].languages["es"].interval[1]
    assert report.baselines["target-trained"].languages["es"].accuracy > 0.75
