from __future__ import annotations

import logging
import pickle
import shutil
import signal
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_spaces import WORDS, in_child, made_language, states

from alignx.alignment import pair_searches
from alignx.alignment.pivot import Pivot
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder import prepare, writer
from alignx.alignment.space_folder.manifest import MANIFEST, PairRecord
from alignx.alignment.space_folder.prepare import prepare_space
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.writer import changing
from alignx.alignment.unit_languages import UnitLanguages
from alignx.errors import FormatError, OutputError
from alignx.evaluation.word_translation import evaluate
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.ranking.ranker import LabeledCandidates, PairRanker
from alignx.retrieval.csls import csls_biases
from alignx.server.dictionary import LiveDictionary

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.support.arrays import Matrix

CODES = ("en", "es", "de")


def noisy_space(folder: Path, codes: tuple[str, ...] = CODES) -> Path:
    """Write a space of languages that differ by noise, with a ranker that looks at a pivot."""
    with changing(folder, create=True) as opened:
        for seed, code in enumerate(codes):
            put_noisy(opened, code, seed)
        opened.put_pair(PairRecord(source="es", target="de", induced=3), ranker())
    return folder


def put_noisy(opened: writer.SpaceWriter, code: str, seed: int, count: int = WORDS) -> None:
    embeddings, language_map = made_language(code, seed, count)
    noise = 0.8 * np.random.default_rng(seed).standard_normal(embeddings.vectors.shape)
    noisy = embeddings.with_vectors((embeddings.vectors + noise).astype(np.float32))
    opened.put_language(code, noisy, language_map)


def ranker() -> PairRanker:
    rng = np.random.default_rng(0)
    rows = {code: rng.standard_normal((WORDS, 8)).astype(np.float32) for code in "abc"}
    space = SharedSpace(
        {code: made_language(code, 0)[0].with_vectors(r) for code, r in rows.items()}
    )
    pair, asked = space.pair("a", "b"), np.arange(WORDS)
    both = pair.source.vectors, pair.target.vectors
    queries = Queries(pair.source.words, asked, both[0])
    found = CandidatePairs.search(queries, *both, pair.target.words, 8, n_neighbors=10)
    pivot = Pivot(UnitLanguages.checked({code: space[code] for code in "abc"}))
    found = pivot.search(all_words=True).compared(found, both[0])
    part = LabeledCandidates(found, found.target_rows == asked[:, None], [("a1", "b1")])
    features = ["csls", "target_gap", "pivot_path", "pivot_agreement"]
    return PairRanker(n_candidates=8, hidden=4, epochs=2, features=features).fit([part])


@pytest.fixture(scope="module")
def unprepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noisy_space(tmp_path_factory.mktemp("unprepared") / "space")


@pytest.fixture
def space(unprepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(unprepared, tmp_path / "space")


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat the spaces as large ones, in which a question does not compare all pairs of words."""
    monkeypatch.setattr(pair_searches, "SMALL", 0)


def answers(folder: Path, limit: int | None = None) -> list[Any]:
    """Translate some words in all ways."""
    opened = SharedSpace.open(folder, limit=limit)
    found: list[Any] = []
    for source, target in (("es", "de"), ("de", "es"), ("en", "de")):
        for ranking in (None, "csls"):
            asked = [f"{source}{number}" for number in range(0, 20, 3)]
            found += opened.pair(source, target).translate(asked, ranking=ranking)
    return found


def half_means(rows: Matrix, others: Matrix) -> Matrix:
    """Compute CSLS biases as slowly as the formula says."""
    cosine = rows.astype(np.float64) @ others.T.astype(np.float64)
    half: Matrix = np.sort(cosine, axis=1)[:, -10:].mean(axis=1) / 2
    return half


def test_answers_are_those_without_preparation_bit_by_bit(space: Path) -> None:
    gold = [(f"es{number}", f"de{number}") for number in range(WORDS)]
    before = answers(space)
    evaluated = evaluate(SharedSpace.open(space).pair("es", "de"), gold)
    assert prepare_space(space) == 3
    opened = SharedSpace.open(space)
    assert answers(space) == before
    pair = opened.pair("es", "de")
    assert pair.pivot is not None
    assert pair.translate("es3") == before[1]
    assert evaluate(pair, gold).more == evaluated.more
    assert evaluate(pair, gold).csls == evaluated.csls
    assert not pair._searches.cosine
    assert {*pair.pivot._biases} == {"es", "de"}  # without a search
    for source, target in combinations(CODES, 2):
        stored = opened.languages.stored_biases(source, target)  # type: ignore[attr-defined]
        rows = opened[source].vectors, opened[target].vectors
        np.testing.assert_allclose(stored[0], half_means(*rows), atol=1e-6)
        np.testing.assert_allclose(stored[1], half_means(*rows[::-1]), atol=1e-6)
    assert pickle.loads(pickle.dumps(opened)).pair("es", "de").translate("es3") == before[1]


def test_stored_biases_are_those_that_are_used(space: Path) -> None:
    """Other values give other answers, in each part of the search."""
    prepare_space(space)
    before = answers(space)
    manifest = SpaceFolder.open(space).manifest
    numbers = np.linspace(-0.4, 0.4, WORDS).astype(np.float32)
    scores = [(each[0].word, each[0].score) for each in before]
    for source, target in combinations(CODES, 2):
        pair = manifest.language(source), manifest.language(target)
        with changing(space) as opened:
            opened.put_biases(pair, (numbers, numbers))
        now = [(each[0].word, each[0].score) for each in answers(space)]
        assert now[:7] != scores[:7], (source, target)  # learned from es to de, through en
        scores = now


def test_part_of_the_words_and_other_numbers_of_neighbors_are_searched(space: Path) -> None:
    limited = answers(space, limit=40)
    opened = SharedSpace.open(space).pair("es", "de")
    other = opened.translate("es3", n_neighbors=5)
    more = opened.extended(["es1 es2"]).translate("es3", ranking="csls")
    prepare_space(space)
    assert answers(space, limit=40) == limited
    opened = SharedSpace.open(space).pair("es", "de")
    assert opened.translate("es3", n_neighbors=5) == other
    assert opened.extended(["es1 es2"]).translate("es3", ranking="csls") == more


def test_a_dictionary_that_is_served_needs_no_search_of_all_words(space: Path) -> None:
    prepare_space(space)
    pair = SharedSpace.open(space).pair("es", "de")
    live = LiveDictionary(pair, (pair.source, pair.target))
    assert not pair._searches.cosine
    (found,) = live.directions["es"].translate(["es3"], 5)
    assert [each["word"] for each in found["answers"]] == [e.word for e in pair.translate("es3")]


def test_biases_go_with_the_vectors_that_they_are_of(space: Path) -> None:
    prepare_space(space)
    before = states(space)
    old = SpaceFolder.open(space).manifest
    with changing(space) as opened:
        put_noisy(opened, "de", 7)
        zeros = np.zeros(WORDS, dtype=np.float32)
        opened.put_biases((old.languages[0], old.languages[2]), (zeros, zeros))  # too late
    after = states(space)
    gone = {name for name in before if "de" in name}
    assert {name: after[name] for name in before.keys() - gone} == {
        name: before[name] for name in before.keys() - gone
    }
    assert [each.codes for each in SpaceFolder.open(space).manifest.biases] == [("en", "es")]
    assert not {name for name in after if "biases" in name and "de" in name}
    expected = answers(space)
    assert prepare_space(space) == 2
    assert prepare_space(space) == 0
    assert answers(space) == expected
    with changing(space) as opened:
        opened.remove_language("de")
    assert {name for name in states(space) if "biases" in name} == {
        name for name in before if "en.es.biases" in name
    }


def test_pairs_with_evidence_and_with_pivots_are_prepared(tmp_path: Path) -> None:
    codes = ("en", "es", "de", "sk", "fr", "it")
    folder = noisy_space(tmp_path / "space", codes)
    with changing(folder) as opened:
        opened.put_pair(PairRecord(source="fr", target="sk", pairs=5))
        opened.put_pair(PairRecord(source="it", target="sk"))
        put_noisy(opened, "la", 8, count=9)
    prepare_space(folder)
    prepared = {each.codes for each in SpaceFolder.open(folder).manifest.biases}
    assert prepared == {
        *(("en", code) for code in codes[1:]),
        *(("es", code) for code in codes[2:]),
        ("sk", "fr"),
    }
    assert prepare_space(folder, ["de", "it", "fr"]) == 3
    with pytest.raises(ValueError, match=r"has languages en, .*, got xx"):
        prepare_space(folder, ["en", "xx"])
    with pytest.raises(TypeError, match="progress must be"):
        prepare_space(folder, progress=3)  # type: ignore[arg-type]


def test_a_language_alone_is_prepared(space: Path) -> None:
    assert prepare.prepare_language(space, "de") == 2
    prepared = [each.codes for each in SpaceFolder.open(space).manifest.biases]
    assert prepared == [("en", "de"), ("es", "de")]


@pytest.mark.parametrize("place", [-1, 20])
def test_a_changed_bit_is_told(space: Path, place: int) -> None:
    prepare_space(space)
    file = next((space / "pairs").glob("es.de.biases-*"))
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(FormatError, match=r"es\.de\.biases-.*damaged or gone; run"):
        SharedSpace.open(space).pair("es", "de").translate("es3")
    text = (space / MANIFEST).read_text()
    digest = SpaceFolder.open(space).manifest.biases[0].vectors[0]
    (space / MANIFEST).write_text(text.replace(f'"{digest}",\n', f'"{"0" * 64}",\n', 1))
    with pytest.raises(FormatError, match="biases must be of the vectors of the space"):
        SharedSpace.open(space)


@pytest.mark.parametrize("change", ["bit", "end", "gone"])
def test_a_damaged_file_is_prepared_again_and_stops_no_other_pair(space: Path, change: str) -> None:
    prepare_space(space)
    before, files = answers(space), states(space)
    file = next((space / "pairs").glob("es.de.biases-*"))
    data = file.read_bytes()
    if change == "gone":
        file.unlink()
    else:
        file.write_bytes(data[:-1] + (b"?" if change == "bit" else b""))
    assert SharedSpace.open(space).pair("en", "de").translate("en3", ranking="csls")
    with pytest.raises(FormatError, match="run `alignx hub prepare`"):
        SharedSpace.open(space).pair("es", "de").translate("es3")
    assert prepare_space(space) == 1
    assert file.read_bytes() == data
    assert states(space).keys() == files.keys()
    assert answers(space) == before


def test_an_interrupt_keeps_the_space_and_is_told(
    space: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(prepare, "SECONDS", 0.0)
    before = states(space)

    def interrupted(source: Matrix, target: Matrix, **options: Any) -> Any:  # noqa: ANN401
        if len(SpaceFolder.open(space).manifest.biases) == 1:
            raise KeyboardInterrupt
        return csls_biases(source, target, **options)

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "alignx"):
        patched.setattr(prepare, "csls_biases", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_space(space)
    assert "space is complete; until `alignx hub prepare` has finished" in caplog.text
    now = states(space)
    assert {name: now[name] for name in before} == before
    assert len(now) == len(before) + 1
    assert prepare_space(space) == 2

    def full(*_: object) -> None:
        raise OutputError(space, "no space left on device")

    with changing(space) as opened:
        put_noisy(opened, "de", 7)
    monkeypatch.setattr(writer, "add_file", full)
    with pytest.raises(OutputError, match="no space left"):
        prepare_space(space)
    assert len(SpaceFolder.open(space).manifest.biases) == 1


@pytest.mark.slow
def test_kill_at_any_file_keeps_the_answers(space: Path) -> None:
    before, files = answers(space), states(space)
    for number in range(0, 200, 3):
        ended = in_child(lambda: prepare_space(space), kill_at=number)
        SpaceFolder.open(space).verify()
        now = states(space)
        assert {name: now[name] for name in files} == files
        if ended == 0:
            break
        assert ended == signal.SIGKILL
        with changing(space) as opened:
            opened._biases = ()
    assert ended == 0
    assert number > 20
    assert answers(space) == before
    assert {*states(space)} == {each.path for each in SpaceFolder.open(space).manifest.files()}


def test_a_language_that_is_replaced_meanwhile_is_left_to_its_writer(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread: list[str] = []

    def replacing(source: Matrix, target: Matrix, **options: Any) -> Any:  # noqa: ANN401
        if not unread:
            with changing(space) as opened:
                put_noisy(opened, "de", 7)
            unread.append("de")
        return csls_biases(source, target, **options)

    monkeypatch.setattr(prepare, "csls_biases", replacing)
    assert prepare_space(space) == 1  # of en and es, as de has gone before it was read
    assert [each.codes for each in SpaceFolder.open(space).manifest.biases] == [("en", "es")]
    expected = answers(space)
    assert prepare_space(space) == 2
    assert answers(space) == expected
