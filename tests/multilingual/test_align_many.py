"""Languages that are noisy rotations of each other, from some dictionaries to one space."""

from __future__ import annotations

import logging
import os
import signal
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
from made_spaces import in_child

import alignx as ax
from alignx.alignment.space_folder.writer import SpaceWriter
from alignx.errors import AlignmentFailed, AlignxError, FormatError
from alignx.multilingual.align_many import align_many
from alignx.multilingual.work import Work
from alignx.support.config import config_context
from alignx.support.workspace import Tensors

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.multilingual.multilingual_alignment import MultilingualAlignment

N, D = 300, 8
CODES = ("en", "es", "de")
Words = dict[str, ax.Embeddings]
Pairs = list[tuple[str, str]]


def language(code: str, noise: float = 0.2, d: int = D) -> ax.Embeddings:
    """Turn the same vectors another way for each code; word i of all is a translation."""
    meaning = np.random.default_rng(0).standard_normal((N, D)) * np.linspace(2, 0.5, D)
    rng = np.random.default_rng(list(code.encode()))
    turned = meaning @ np.linalg.qr(rng.standard_normal((d, D)))[0].T if d > D else meaning
    if d == D:
        turned = meaning @ np.linalg.qr(rng.standard_normal((D, D)))[0]
    rows = turned + noise * rng.standard_normal(turned.shape)
    return ax.Embeddings([f"{code}{i}" for i in range(N)], rows, code)


def lexicon(source: str, target: str, count: int = 120, shift: int = 0) -> Pairs:
    chosen = np.random.default_rng(1).permutation(N)[:count].tolist()
    return [(f"{source}{i}", f"{target}{(7 * i + shift) % N if shift else i}") for i in chosen]


@pytest.fixture(scope="module")
def languages() -> Words:
    return {code: language(code) for code in CODES}


STAR = {("en", "es"): lexicon("en", "es"), ("en", "de"): lexicon("en", "de")}


def fit(
    languages: Words,
    lexicons: dict[tuple[str, str], Pairs],
    **options: Any,  # noqa: ANN401  # of `align_many`
) -> MultilingualAlignment:
    options = {"method": "reweighted", "ranker": False, **options}
    return align_many(languages, lexicons=lexicons, **options)


@pytest.fixture(scope="module")
def fitted(languages: Words) -> MultilingualAlignment:
    return fit(languages, STAR)


def right(found: MultilingualAlignment, languages: Words, source: str, target: str) -> float:
    space = found.apply(languages).pair(source, target)
    answers = space.translate([f"{source}{i}" for i in range(N)], k=1)
    return float(np.mean([a[0].word == f"{target}{i}" for i, a in enumerate(answers)]))


@pytest.mark.slow
def test_languages_translate_through_the_space(
    fitted: MultilingualAlignment, languages: Words
) -> None:
    assert right(fitted, languages, "es", "de") > 0.9
    assert fitted.pairs["es", "de"].found_by == "pivot"
    for pair in STAR:
        evidence = fitted.pairs[pair]
        assert evidence.pairs == 120
        for measured in (evidence.pairwise, evidence.star, evidence.joint):
            assert measured is not None
            assert measured.n == 120
            assert measured.precision > 0.9
    assert fitted.triangles[0].error < 0.1
    assert fitted.hub == "en"


def test_the_figures_are_a_table(fitted: MultilingualAlignment) -> None:
    lines = str(fitted).splitlines()
    assert lines[0] == "MultilingualAlignment(en, es, de; 3 pairs of languages), hub en"
    assert lines[2].split()[:5] == ["known", "induced", "pairwise", "star", "joint"]
    assert lines[3].split()[:2] == ["en-es", "120"]
    assert lines[5] == "through other languages: es-de"
    assert lines[6].startswith("around en-es-de-en: ")
    assert fitted.to_frame()["pairs"].tolist() == [120, 120, 0]
    assert [pair["found_by"] for pair in fitted.as_dict()["pairs"]] == ["lexicon"] * 2 + ["pivot"]


@pytest.mark.slow
def test_a_space_on_disk_gives_the_same_answers(
    fitted: MultilingualAlignment, languages: Words, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "space", languages)
    opened = ax.SharedSpace.open(tmp_path / "space")
    expected = fitted.apply(languages)
    for code in CODES:
        np.testing.assert_array_equal(opened[code].vectors, expected[code].vectors)
        assert opened[code].space == expected[code].space


def die(*_: object, **__: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.slow
def test_a_killed_fit_goes_on_and_keeps_what_was_not_saved(
    fitted: MultilingualAlignment,
    languages: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, space = tmp_path / "work", tmp_path / "space"
    work = Work(folder)

    def killed_after(results: int) -> None:
        save, numbers = Tensors.save, count(1)
        monkeypatch.setattr(
            Tensors, "save", lambda *args: save(*args) if next(numbers) <= results else die()
        )
        fit(languages, STAR, work=work)

    def killed_in_save() -> None:
        alignment = fit(languages, STAR, work=work)
        monkeypatch.setattr(SpaceWriter, "put_pair", die)
        alignment.save(space, languages)

    def states() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.glob("*.result")}

    with config_context(n_threads=1):  # as threads do not survive a fork
        # 3 languages, 2 grown dictionaries, 4 maps of two, and 2 steps of the first fold
        assert in_child(lambda: killed_after(11)) == signal.SIGKILL
        begun = states()
        assert len(begun) == 11
        assert folder / "fold-0-round-1.result" in begun
        with pytest.raises(FormatError, match="other settings"):
            fit(languages, {**STAR, ("es", "de"): lexicon("es", "de")}, work=work)
        assert in_child(killed_in_save) == signal.SIGKILL
    assert begun.items() <= states().items()
    assert not (space / "space.json").exists()
    monkeypatch.delattr("alignx.multilingual.align_many.prepared_parts")  # nothing is made again
    again = fit(languages, STAR, work=work)
    assert again.as_dict() == fitted.as_dict()
    for code in CODES:
        np.testing.assert_array_equal(again.maps[code].matrix, fitted.maps[code].matrix)
    again.save(space, languages)
    assert "de" in ax.SharedSpace.open(space)
    work.remove()
    assert not folder.exists()
    work.remove()  # which is gone already
    with pytest.raises(FormatError, match="holds something else"):
        Work(space).remove()
    assert (space / "space.json").exists()


@pytest.mark.slow
def test_paths_give_the_same_as_vectors(
    fitted: MultilingualAlignment, languages: Words, tmp_path: Path
) -> None:
    paths = {code: tmp_path / f"{code}.safetensors" for code in CODES}
    for code, path in paths.items():
        ax.save(languages[code], path)
    found = align_many(paths, lexicons=STAR, method="reweighted", ranker=False)
    for code in CODES:
        np.testing.assert_array_equal(found.maps[code].matrix, fitted.maps[code].matrix)
    np.testing.assert_array_equal(
        found.apply(paths)["es"].vectors, fitted.apply(languages)["es"].vectors
    )


@pytest.mark.slow
def test_both_directions_and_other_capitals_are_one_dictionary(languages: Words) -> None:
    two = {("EN", "es"): lexicon("en", "es", 60), ("es", "en"): lexicon("es", "en", 120)}
    found = fit({code: languages[code] for code in ("en", "es")}, two, hub="ES")
    assert found.hub == "es"
    assert found.pairs["en", "es"].pairs == 120


@pytest.mark.slow
def test_dimensions_may_differ(languages: Words) -> None:
    wider = {**languages, "de": language("de", d=D + 4)}
    assert right(fit(wider, STAR), wider, "es", "de") > 0.9


@pytest.mark.slow
def test_a_wrong_dictionary_is_refused_or_its_language_left_out(
    languages: Words, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = {**STAR, ("en", "de"): lexicon("en", "de", shift=3)}
    with pytest.raises(AlignmentFailed, match=r"en-de \(P@1"):
        fit(languages, wrong)
    with caplog.at_level(logging.WARNING, "alignx"):
        found = fit(languages, wrong, allow_failed=True)
    assert list(found.maps) == ["en", "es"]
    assert list(found.apart) == ["de"]
    assert "de is left out" in caplog.text


def test_bad_input_is_said_in_one_line(languages: Words) -> None:
    cases: list[tuple[Words, Any, type[Exception], str]] = [
        ({"en": languages["en"]}, {}, ValueError, "at least 2"),
        ({**languages, "EN": languages["en"]}, {}, ValueError, "more than case"),
        ({**languages, "../x": languages["en"]}, {}, ValueError, "letters and digits"),
        ({**languages, "pairs": languages["en"]}, {}, ValueError, "and not 'pairs'"),
        ({**languages, "x" * 65: languages["en"]}, {}, ValueError, "at most 64 letters"),
        ({**languages, "fr": languages["en"]}, STAR, ValueError, "en and fr"),
        (languages, {("en", "sk"): [("a", "b")]}, ValueError, "got one of en and sk"),
        (languages, {("en", "en"): [("a", "b")]}, ValueError, "got en twice"),
        (languages, {"en-es": [("a", "b")]}, ValueError, "under two codes"),
        (
            {**languages, "sk": language("sk")},
            {("en", "es"): lexicon("en", "es"), ("de", "sk"): lexicon("de", "sk")},
            AlignxError,
            "islands: en, es | de, sk",
        ),
        (
            languages,
            {**STAR, ("es", "de"): lexicon("es", "de", shift=3)},
            AlignxError,
            "agree around triangles",
        ),
    ]
    for given, lexicons, kind, text in cases:
        with pytest.raises(kind) as caught:
            fit(given, lexicons)
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_codes_with_dashes_keep_their_dictionaries_apart() -> None:
    languages = {code: language(code) for code in ("a", "b-c", "a-b", "c")}
    counts = {("a", "b-c"): 120, ("a-b", "c"): 60, ("a", "c"): 120}
    fitted = fit(languages, {pair: lexicon(*pair, count) for pair, count in counts.items()})
    asked = {pair: fitted.pairs[pair].pairwise for pair in counts}
    assert {pair: each and each.n for pair, each in asked.items()} == counts
