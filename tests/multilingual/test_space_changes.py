from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_spaces import states

from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.errors import AlignmentFailed, EmptyLexiconError, SpaceError
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping.joint import JointReweighted
from alignx.multilingual import space_changes, start_by_vectors
from alignx.multilingual.extend import fit_new_language
from alignx.multilingual.multilingual_alignment import MultilingualAlignment
from alignx.multilingual.pair_tasks import LearnedPairs
from alignx.multilingual.space_changes import add_language, remove_language, update_language
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from pathlib import Path

WORDS, DIMENSION = 300, 10
KNOWN = range(0, WORDS, 2)


def language(code: str, seed: int, noise: float = 0.1, dimension: int = DIMENSION) -> Embeddings:
    """Rotate the same rows, with noise."""
    rng = np.random.default_rng(seed)
    shares = np.sqrt(np.arange(1, DIMENSION + 1))
    rows = np.random.default_rng(0).standard_normal((WORDS, DIMENSION)) / shares
    rotation, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    rotated = rows @ rotation[:DIMENSION] + noise * rng.standard_normal((WORDS, dimension)) / 3
    return Embeddings([f"{code}{number}" for number in range(WORDS)], rotated, code)


def lexicon(source: str, target: str) -> list[tuple[str, str]]:
    return [(f"{source}{number}", f"{target}{number}") for number in KNOWN]


@pytest.fixture(scope="module")
def prepared() -> tuple[MultilingualAlignment, dict[str, Embeddings]]:
    languages = {"en": language("en", 1), "es": language("es", 2)}
    normalizers = {code: Normalizer().fit(each.vectors) for code, each in languages.items()}
    rows = [normalizers[code].transform(each.vectors) for code, each in languages.items()]
    method = JointReweighted()
    method.fit(rows, {(0, 1): np.stack([np.array(KNOWN)] * 2, axis=1)})
    mean = np.zeros(DIMENSION, np.float32)
    maps = {
        code: LanguageMap.of(code, languages[code], normalizers[code], matrix, mean)
        for code, matrix in zip(languages, method.maps_, strict=True)
    }
    return MultilingualAlignment(maps, method=method, frame=method.frame_), languages


@pytest.fixture
def space(prepared: tuple[MultilingualAlignment, dict[str, Embeddings]], tmp_path: Path) -> Path:
    alignment, languages = prepared
    alignment.save(tmp_path / "space", languages)
    return tmp_path / "space"


def accuracy(folder: Path, source: str, target: str) -> float:
    """Share of unknown words whose best answer is right."""
    shared = SharedSpace.open(folder).pair(source, target)
    asked = [number for number in range(WORDS) if number not in KNOWN]
    answers = shared.translate([f"{source}{number}" for number in asked], k=1)
    return float(
        np.mean([b[0].word == f"{target}{n}" for n, b in zip(asked, answers, strict=True)])
    )


def test_maps_are_read_as_they_were_saved(
    space: Path, prepared: tuple[MultilingualAlignment, dict[str, Embeddings]]
) -> None:
    saved, languages = prepared
    read = MultilingualAlignment.load(space)
    assert read.method is not None
    assert saved.method is not None
    assert read.method.get_params() == saved.method.get_params()
    assert read.frame is not None
    assert saved.frame is not None
    np.testing.assert_array_equal(read.frame.strengths, saved.frame.strengths)
    assert [each.digest() for each in read.maps.values()] == [
        each.digest() for each in saved.maps.values()
    ]
    with pytest.raises(ValueError, match=r"languages must hold all of the maps, got none of"):
        saved.save(space, {"en": languages["en"]})


def test_a_new_language_moves_no_other(space: Path) -> None:
    before = states(space)
    known = Lexicon(lexicon("de", "en"))
    added = add_language(space, "de", language("de", 3), {"en": known})
    after = states(space)
    assert {name: after[name] for name in before} == before
    with_en, with_es = added.pairs
    assert (with_en.source, with_en.target, with_en.pairs) == ("de", "en", len(KNOWN))
    assert (with_es.found_by, with_es.joint) == ("pivot", None)
    assert with_en.joint is not None
    assert with_en.joint.precision > 0.8
    for source, target in (("de", "en"), ("en", "de"), ("de", "es"), ("es", "de")):
        assert accuracy(space, source, target) > 0.8
    manifest = SpaceFolder.open(space).manifest
    assert [pair.codes for pair in manifest.pairs] == [("de", "en"), ("de", "es")]
    assert manifest.language("de").added <= manifest.changed
    known_pairs = SharedSpace.open(space).pair("en", "de").known
    assert known_pairs is not None
    assert known_pairs.holds([("en0", "de0"), ("en1", "de1")]).tolist() == [True, False]


@pytest.mark.slow
def test_a_language_without_a_dictionary_is_joined_by_its_vectors(space: Path) -> None:
    before, done = states(space), list[float]()
    added = add_language(space, "de", language("de", 3), progress=done.append)
    after = states(space)
    assert {name: after[name] for name in before} == before
    assert done == sorted(done)
    assert done[-1] == 1
    assert [(pair.target, pair.found_by) for pair in added.pairs] == [
        ("en", "self_learning"),
        ("es", "self_learning"),
    ]
    for pair in added.pairs:
        assert (pair.pairs, pair.known, pair.joint, pair.ranking_gain) == (0, None, None, None)
        assert pair.diagnosis is not None
        assert not pair.diagnosis.failed
    stored = SpaceFolder.open(space).manifest.pairs
    assert [pair.diagnosis for pair in stored] == [pair.diagnosis for pair in added.pairs]
    for source, target in (("de", "en"), ("es", "de")):
        assert accuracy(space, source, target) > 0.8
    update_language(space, "de", language("de", 4), prepare=False, progress=done.append)
    assert done[-1] == 1
    assert not [pair for pair in SpaceFolder.open(space).manifest.biases if "de" in pair.codes]
    assert accuracy(space, "en", "de") > 0.8


@pytest.mark.slow
def test_vectors_that_alone_give_no_map_change_nothing(
    space: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = states(space)
    noise = np.random.default_rng(0).standard_normal((60, DIMENSION))
    german = Embeddings([f"de{number}" for number in range(60)], noise, "de")
    quick = partial(SelfLearning, max_rounds=20)
    monkeypatch.setattr("alignx.multilingual.pair_tasks.SelfLearning", quick)
    refused = r"failed: de-en \(agreement of runs .*; de-es \(.*; give a dictionary of de and a"
    with pytest.raises(AlignmentFailed, match=refused) as failure:
        add_language(space, "de", german)
    assert "\n" not in str(failure.value)
    assert states(space) == before
    add_language(space, "de", german, allow_failed=True)
    assert "vectors alone give no map: agreement of runs" in caplog.text
    [only] = [pair for pair in SpaceFolder.open(space).manifest.pairs if pair.diagnosis]
    assert only.diagnosis is not None
    assert only.diagnosis.failed


def test_the_hub_and_the_most_similar_languages_are_tried(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, noise in (("nl", 2.0), ("fr", 0.2)):
        known = {"en": lexicon(code, "en")}
        add_language(space, code, language(code, 6, noise), known, ranker=False)
    tried = []

    def learn(words: Embeddings, other: Embeddings, *_: object) -> LearnedPairs:
        tried.append(other.words[0])
        every = np.stack([np.arange(len(words))] * 2, axis=1)
        return LearnedPairs(every, Diagnosis(float(len(tried) != 2), 1, 1, 0))

    monkeypatch.setattr(start_by_vectors, "learned_pairs", learn)
    added = add_language(space, "de", language("de", 3), ranker=False)
    assert tried == ["en0", "es0", "fr0"]
    assert [(pair.target, pair.found_by) for pair in added.pairs] == [
        ("en", "self_learning"),
        ("fr", "self_learning"),
        ("es", "pivot"),
        ("nl", "pivot"),
    ]


@pytest.mark.slow
def test_a_language_is_brought_up_to_date_and_removed(space: Path) -> None:
    before = states(space)
    add_language(space, "de", language("de", 3), {("en", "de"): lexicon("en", "de")})
    first = SpaceFolder.open(space).manifest.language("de")
    update_language(space, "de", language("de", 4), {"es": lexicon("de", "es")})
    second = SpaceFolder.open(space).manifest.language("de")
    assert second.vectors != first.vectors
    assert second.added == first.added
    assert SpaceFolder.open(space).manifest.pairs[0].codes == ("de", "es")
    assert accuracy(space, "de", "es") > 0.8
    remove_language(space, "de")
    assert states(space) == before


def test_a_language_of_another_dimension_joins(space: Path) -> None:
    wide = language("de", 3, dimension=DIMENSION + 3)
    add_language(space, "de", wide, {"en": lexicon("de", "en")})
    assert SharedSpace.open(space)["de"].dimension == DIMENSION
    assert accuracy(space, "de", "en") > 0.7


def test_wrong_calls_change_nothing(space: Path) -> None:
    before = states(space)
    german = language("de", 3)
    known = {"en": lexicon("de", "en")}
    with pytest.raises(ValueError, match="must not be in the space, got es; update it"):
        add_language(space, "es", german, known)
    with pytest.raises(ValueError, match="must be one of en, es, got de; add it"):
        update_language(space, "de", german, known)
    with pytest.raises(ValueError, match="dictionaries must be of"):
        add_language(space, "de", german, {"fr": lexicon("de", "fr")})
    with pytest.raises(ValueError, match="dictionaries must be of de, got one of en and es"):
        add_language(space, "de", german, {("en", "es"): lexicon("en", "es")})
    with pytest.raises(ValueError, match="a language code must be at most 64 letters and digits"):
        add_language(space, "d/e", german, known)
    with pytest.raises(EmptyLexiconError, match="the lexicon of de and en"):
        add_language(space, "de", german, {"en": [("x", "y")]})
    with pytest.raises(ValueError, match="must not be in the space, got es"):
        add_language(space, "ES", german, known)
    with pytest.raises(ValueError, match="a language code must be"):
        update_language(space, 5, german, known)  # type: ignore[arg-type]
    good: dict[str, Any] = {"lexicons": known}
    for wrong in ({"lexicons": [("de0", "en0")]}, {"ranker": "x"}, {"progress": 4}):
        with pytest.raises(TypeError, match=f"{next(iter(wrong))} must be"):
            add_language(space, "de", german, **(good | wrong))
    with pytest.raises(ValueError, match="different vectors, got the same for es and de"):
        add_language(space, "de", language("es", 2), {"en": lexicon("es", "en")})
    with pytest.raises(EmptyLexiconError, match="150 fit with both exchanged"):
        add_language(space, "de", german, {"en": lexicon("en", "de")})
    with pytest.raises(ValueError, match="a space needs 2 languages"):
        remove_language(space, "es")
    assert states(space) == before


@pytest.mark.slow
def test_a_map_that_failed_is_refused_unless_it_is_asked_for(space: Path) -> None:
    before = states(space)
    numbers = np.random.default_rng(0).permutation(WORDS)
    wrong = [(f"de{number}", f"en{numbers[number]}") for number in KNOWN]
    with pytest.raises(AlignmentFailed, match="de-en"):
        add_language(space, "de", language("de", 3), {"en": wrong})
    assert states(space) == before
    add_language(space, "de", language("de", 3), {"en": wrong}, allow_failed=True)
    assert "de" in SharedSpace.open(space)


@pytest.mark.slow
def test_doubtful_evidence_is_told(space: Path, caplog: pytest.LogCaptureFixture) -> None:
    numbers = np.random.default_rng(0).permutation(WORDS)
    wrong = [(f"de{number}", f"es{numbers[number]}") for number in KNOWN]
    with caplog.at_level(logging.WARNING, "alignx"):
        both = {"en": lexicon("de", "en"), "es": wrong}
        with pytest.raises(AlignmentFailed, match=r"failed: de-es .*to keep the map"):
            add_language(space, "de", language("de", 3), both)
        add_language(space, "de", language("de", 3), both, allow_failed=True)
        add_language(space, "fr", language("fr", 4), {"en": lexicon("fr", "en")[:9]})
    assert "de-es: the dictionary does not fit the map: P@1" in caplog.text
    assert "fr and en could not be validated: too few pairs (9)" in caplog.text


@pytest.mark.slow
def test_the_fit_is_repeated_where_its_languages_change(
    space: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_language(space, "fr", language("fr", 5), {"en": lexicon("fr", "en")})
    before, changes, fits = fit_new_language, 1, 0

    def fit(folder: SpaceFolder, code: str, *rest: object, **options: object) -> object:
        nonlocal fits
        if code == "de":
            fits += 1
            if fits <= changes:
                update_language(space, "fr", language("fr", 5 + fits), {"en": lexicon("fr", "en")})
        return before(folder, code, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(space_changes, "fit_new_language", fit)
    with caplog.at_level(logging.WARNING, "alignx"):
        add_language(space, "de", language("de", 3), {"fr": lexicon("de", "fr")})
    assert fits == 2
    assert "languages of de have changed" not in caplog.text
    assert f"{space}: languages that de was fitted on have changed meanwhile" in caplog.text
    assert accuracy(space, "de", "fr") > 0.8
    remove_language(space, "de")
    changes = 9
    with pytest.raises(SpaceError, match="must stay as it is during the fit of de"):
        add_language(space, "de", language("de", 3), {"fr": lexicon("de", "fr")})
    assert "de" not in SharedSpace.open(space)


@pytest.mark.slow
def test_a_new_language_gets_learned_rankings(space: Path) -> None:
    every = [(f"de{number}", f"en{number}") for number in range(WORDS)]
    added = add_language(space, "de", language("de", 3, noise=0.5), {"en": every})
    ways = {(pair.source, pair.target): pair for pair in added.pairs}
    assert ways.keys() == {("de", "en"), ("en", "de"), ("de", "es")}
    for pair in (("de", "en"), ("en", "de")):
        gain = ways[pair].ranking_gain
        assert gain is not None
        assert gain.n >= 200
        ranker = SharedSpace.open(space).pair(*pair).ranker
        assert (ranker is not None) == (gain.gain > 0)
    assert ways["de", "es"].ranker is None  # as the space has no ranking of other languages
    with_fr = [(f"fr{number}", f"en{number}") for number in range(WORDS)]
    taught = add_language(space, "fr", language("fr", 4, noise=0.5), {"en": with_fr})
    shared = [pair for pair in taught.pairs if pair.is_transferred]
    assert {(pair.source, pair.target) for pair in shared} == {
        ("fr", "es"),
        ("es", "fr"),
        ("fr", "de"),
        ("de", "fr"),
    }
    for each in shared:
        assert each.ranking_gain is not None
        assert each.ranking_gain.transferred
        assert each.ranking_gain.gain > 0
        ranker = SharedSpace.open(space).pair(each.source, each.target).ranker
        assert ranker is not None
    without = add_language(space, "nl", language("nl", 6)).pairs  # no dictionary
    assert len(without) == 2 * 4
    for each in without:
        assert each.is_transferred
        assert each.ranker is not None
        assert each.ranking_gain == shared[0].ranking_gain
    remove_language(space, "nl")
    remove_language(space, "fr")
    none = update_language(space, "de", language("de", 3), {"en": every}, ranker=False)
    assert [pair.ranking_gain for pair in none.pairs] == [None, None]


@pytest.mark.slow
def test_a_space_without_a_method_takes_languages_by_rotation(
    prepared: tuple[MultilingualAlignment, dict[str, Embeddings]], tmp_path: Path
) -> None:
    alignment, languages = prepared
    MultilingualAlignment(alignment.maps).save(tmp_path / "space", languages)
    add_language(tmp_path / "space", "de", language("de", 3), {"en": lexicon("de", "en")})
    assert accuracy(tmp_path / "space", "de", "es") > 0.7
