from __future__ import annotations

import json
import os
import pickle
import random
import resource
import signal
import time
from itertools import chain
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ciphered import ciphered, labeled
from made_spaces import WORDS, in_child, made_language, make_space, states

from alignx.alignment.diagnosis import Diagnosis
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder import stored_language, writer
from alignx.alignment.space_folder.manifest import MANIFEST, PairRecord
from alignx.alignment.space_folder.reader import SpaceFolder
from alignx.alignment.space_folder.writer import changing
from alignx.alignment.validation import Validation
from alignx.errors import (
    AlignxError,
    DimensionError,
    FormatError,
    InputError,
    MissingFileError,
    OutputError,
)
from alignx.ranking.gain import RankingGain
from alignx.ranking.ranker import PairRanker
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.vectors.embeddings import Embeddings


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return make_space(tmp_path / "space")


def add(folder: Path, code: str, seed: int = 9) -> None:
    with changing(folder) as opened:
        opened.put_language(code, *made_language(code, seed))


def only_named_files(folder: Path) -> bool:
    """Whether the folder holds the files of its manifest and nothing else."""
    return {*states(folder)} == {file.path for file in SpaceFolder.open(folder).manifest.files()}


# --- what is read is what was written ---------------------------------------------------------


def test_rows_are_those_of_the_maps(space: Path) -> None:
    shared = SharedSpace.open(space)
    assert list(shared) == ["en", "es", "de"]
    for seed, code in enumerate(shared):
        embeddings, language_map = made_language(code, seed)
        expected = language_map.map_rows(embeddings.vectors).collect()
        np.testing.assert_array_equal(shared[code].vectors, expected)
        assert list(shared[code]) == list(embeddings)
        assert (shared[code].language, shared[code].name) == (code, f"wiki.{code}.vec")
        assert not shared[code].vectors.flags.writeable
        read = SpaceFolder.open(space).language_map(code)
        assert read.digest() == language_map.digest()
    assert [best.word for best in shared.pair("es", "de").translate("es7", k=1)] == ["de7"]
    assert repr(shared) == f"SharedSpace(en: {WORDS}, es: {WORDS}, de: {WORDS})"


def test_words_without_a_vector_are_left_out(tmp_path: Path) -> None:
    """Also those that the normalization leaves without."""
    embeddings, language_map = made_language("es", 1)
    rows = embeddings.vectors.copy()
    rows[3] = 0
    rows[5] = rows[7:].mean(axis=0)
    language_map.normalizer.__init__(steps=("center",))  # type: ignore[misc]
    language_map.normalizer.restore(rows.shape[1], [rows[5].astype(np.float64)])
    with changing(tmp_path / "space", create=True) as opened:
        opened.put_language("en", *made_language("en", 0))
        opened.put_language("es", embeddings.with_vectors(rows), language_map)
    shared = SharedSpace.open(tmp_path / "space")
    assert len(shared["es"]) == WORDS - 2
    assert not {"es3", "es5"} & {*shared["es"]}
    assert shared["es"].zero_rows == 0
    with changing(tmp_path / "space") as opened, pytest.raises(AlignxError, match="all 60 vectors"):
        opened.put_language("fr", embeddings.with_vectors(0 * rows), language_map)


def test_figures_and_rankings_of_pairs_are_kept(space: Path) -> None:
    en_ru = ciphered(80)
    order = np.arange(80)
    ranker = PairRanker(n_candidates=5, epochs=1, hidden=4)
    ranker.fit([labeled(en_ru, order[:40], order[40:], 5)])
    known = KnownPairs.of([("en1", "es1")]).reversed()
    record = PairRecord(
        source="en",
        target="es",
        pairs=5,
        induced=7,
        found_by="self_learning",
        joint=Validation(3, 4, 5, 60, 0.1, 2),
        diagnosis=Diagnosis(0.5, 0.4, 0.3, 1.5),
        ranking_gain=RankingGain.of(np.arange(40) > 2, np.arange(40) > 3, np.full(40, 0.9)),
        is_transferred=True,
    )
    with changing(space) as opened:
        opened.put_pair(record, ranker, known)
        opened.put_pair(PairRecord(source="de", target="en"))
        opened.put_frame({"strengths": np.arange(3.0)})
    found = SpaceFolder.open(space)
    (stored, bare) = found.manifest.pairs
    assert stored.model_copy(update={"file": None}) == record
    assert bare.file is None
    np.testing.assert_array_equal(found.frame()["strengths"], [0, 1, 2])
    parts = SharedSpace.open(space).pair("en", "es")
    assert parts.known is not None
    assert parts.known.holds([("es1", "en1"), ("es1", "en2")]).tolist() == [True, False]
    assert parts.ranker is not None
    assert parts.ranker.space_ == parts.source.space == found.manifest.space
    for name, array in ranker.tensors().items():
        np.testing.assert_array_equal(parts.ranker.tensors()[name], array)
    assert parts.reversed().ranker is None
    assert parts.reversed().known is not None
    line = next(line for line in str(found).splitlines() if line.startswith("en-es  "))
    assert line.split()[:6] == ["en-es", "5", "7", "-", "-", "75.0"]


def test_nothing_is_read_before_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_space(tmp_path / "space", [f"l{number}" for number in range(50)])
    read = []

    def counted(path: Path, **options: Any) -> Embeddings:  # noqa: ANN401
        read.append(path)
        return load(path, **options)

    monkeypatch.setattr(stored_language, "load", counted)
    start = time.process_time()
    shared = SharedSpace.open(tmp_path / "space")
    assert "l49: 60" in repr(shared)
    pair = shared.pair("l30", "l7")
    assert time.process_time() - start < 0.5  # it takes milliseconds
    assert read == []
    assert pair.translate("l303", k=1)[0].word == "l73"
    assert len(read) == 2
    assert pair.reversed().source is shared["l7"]
    again = pickle.loads(pickle.dumps(shared))
    assert len(pickle.dumps(shared)) < 50_000
    assert again.pair("l30", "l7").translate("l303", k=1)[0].word == "l73"


def test_a_limit_keeps_the_first_words(space: Path) -> None:
    shared = SharedSpace.open(space, limit=10)
    assert list(shared["es"]) == [f"es{number}" for number in range(10)]
    assert repr(shared) == "SharedSpace(en: 10, es: 10, de: 10)"
    with pytest.raises(ValueError, match="limit must be at least 1"):
        SharedSpace.open(space, limit=0)


# --- damage -----------------------------------------------------------------------------------


def changed(manifest: dict[str, Any], key: str, value: object) -> str:
    return json.dumps({**manifest, key: value})


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("format", "zip", "not the manifest of a space that alignx has written"),
        ("version", 2, "version must be 1, got 2: written by alignx .*; update alignx"),
        ("hub", 3, "hub must be a valid string, got 3"),
        ("color", "red", "unknown key 'color'"),
        ("languages", [], "languages .*2 items"),
        ("pairs", [{"source": "en", "target": "xx"}], "pairs must be of languages of the space"),
    ],
)
def test_other_manifests_are_refused(space: Path, key: str, value: object, problem: str) -> None:
    manifest = json.loads((space / MANIFEST).read_text())
    (space / MANIFEST).write_text(changed(manifest, key, value))
    for work in (SpaceFolder.open, lambda path: add(path, "fr")):
        with pytest.raises(FormatError, match=problem) as caught:
            work(space)
        assert "\n" not in str(caught.value)


def test_a_manifest_cannot_name_files_elsewhere(space: Path) -> None:
    text = (space / MANIFEST).read_text()
    (space / MANIFEST).write_text(text.replace('"es/vectors', '"../es/vectors'))
    with pytest.raises(FormatError, match="must match pattern"):
        SpaceFolder.open(space)


def test_missing_and_truncated_files_are_found_at_opening(space: Path) -> None:
    file = next((space / "es").glob("vectors-*"))
    data = file.read_bytes()
    file.write_bytes(data[:-5])
    with pytest.raises(FormatError, match=r"es/vectors-.* damaged: it must have .* bytes, got"):
        SharedSpace.open(space)
    file.unlink()
    with pytest.raises(MissingFileError, match=r"es/vectors-.*this file of the space is missing"):
        SharedSpace.open(space)
    (space / MANIFEST).write_text("{")
    with pytest.raises(FormatError, match="it must be JSON"):
        SharedSpace.open(space)
    (space / MANIFEST).unlink()
    with pytest.raises(FormatError, match=r"this folder holds no space\.json"):
        SharedSpace.open(space)
    with pytest.raises(InputError, match="no such file"):
        SharedSpace.open(space / "nothing")


def test_checksums_are_compared_when_asked_for(space: Path) -> None:
    SpaceFolder.open(space).verify()
    file = next((space / "es").glob("vectors-*"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(FormatError, match=r"es/vectors-.*its content has changed"):
        SpaceFolder.open(space).verify()


# --- changes ----------------------------------------------------------------------------------


def test_other_languages_keep_their_files(space: Path) -> None:
    before = states(space)
    add(space, "fr")
    after = states(space)
    assert {name: after[name] for name in before} == before
    with changing(space) as opened:
        opened.put_language("fr", *made_language("fr", 5, count=20))
    assert {name: states(space)[name] for name in before} == before
    assert len(SharedSpace.open(space)["fr"]) == 20
    with changing(space) as opened:
        opened.remove_language("fr")
    assert states(space) == before
    assert not (space / "fr").exists()


def test_removing_a_language_removes_its_pairs(space: Path) -> None:
    with changing(space) as opened:
        for pair in (("en", "es"), ("en", "de"), ("de", "es")):
            known = KnownPairs.of([("a", "b")])
            opened.put_pair(PairRecord(source=pair[0], target=pair[1]), None, known)
    with changing(space) as opened:
        opened.remove_language("en")  # the hub
    found = SpaceFolder.open(space)
    assert found.manifest.codes == ["es", "de"]
    assert [pair.codes for pair in found.manifest.pairs] == [("de", "es")]
    assert only_named_files(space)
    assert found.manifest.hub == "en"
    before = states(space)
    with (
        pytest.raises(ValueError, match="a space needs 2 languages, got es and de"),
        changing(space) as opened,
    ):
        opened.remove_language("de")
    with pytest.raises(ValueError, match="has languages es, de, got fr"), changing(space) as opened:
        opened.remove_language("fr")
    assert states(space) == before


@pytest.mark.parametrize("code", ["", "pairs", "..", "a/b", "e s", "-en", "x" * 65, "Pairs", "é"])
def test_codes_that_name_no_folder_are_refused(space: Path, code: str) -> None:
    with (
        pytest.raises(ValueError, match="a language code must be at most 64 letters"),
        changing(space) as opened,
    ):
        opened.put_language(code, *made_language("fr", 3))


def test_codes_and_dimensions_must_fit_the_space(space: Path) -> None:
    embeddings, language_map = made_language("fr", 3)
    with (
        pytest.raises(ValueError, match="differ in more than capitals, got es and ES"),
        changing(space) as opened,
    ):
        opened.put_language("ES", embeddings, language_map)
    narrow = language_map.matrix[:, :4].copy()
    with (
        pytest.raises(DimensionError, match="a space has one dimension, 8 here, got 4 for fr"),
        changing(space) as opened,
    ):
        opened.put_language("fr", embeddings, language_map.__class__(**_with(language_map, narrow)))
    assert only_named_files(space)


def _with(language_map: Any, matrix: Any) -> dict[str, Any]:  # noqa: ANN401
    names = ("code", "checksum", "words", "sketch", "normalizer", "mean")
    return {**{name: getattr(language_map, name) for name in names}, "matrix": matrix}


def test_a_new_space_takes_the_place_of_an_old_one_as_a_whole(space: Path) -> None:
    (space / ".work").mkdir()
    (space / "es" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="a space needs 2 languages, got 1"):
        make_space(space, ["fr"])
    assert SpaceFolder.open(space).manifest.codes == ["en", "es", "de"]
    make_space(space, ["fr", "sk"])
    assert SpaceFolder.open(space).manifest.codes == ["fr", "sk"]
    assert {path.name for path in space.iterdir()} == {
        *(".lock", ".work", "es", "fr", "sk", "space.json")
    } - ({".lock"} if not (space / ".lock").exists() else set())
    assert (space / "es" / "notes.txt").read_text() == "mine"


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="holds no space but other files"):
        make_space(tmp_path)
    with pytest.raises(OutputError, match="the directory does not exist"):
        make_space(tmp_path / "a" / "b")
    with pytest.raises(OutputError, match="is a file"):
        make_space(tmp_path / "letter.txt")
    with pytest.raises(FormatError, match=r"this folder holds no space\.json"):
        add(tmp_path, "fr")
    with pytest.raises(FormatError, match="a space is a folder, from `alignx hub`; this is a file"):
        SharedSpace.open(tmp_path / "letter.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_of_folders_and_an_index_are_refused(tmp_path: Path) -> None:
    index = tmp_path / "index"
    for path in (tmp_path / "letters" / "one.txt", index / "search.json", index / ".lock"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for folder in (tmp_path, index):
        with pytest.raises(OutputError, match="holds no space but other files"):
            make_space(folder)
    assert {path.name for path in index.iterdir()} == {"search.json", ".lock"}


def test_what_was_opened_stays_while_others_change_it(space: Path) -> None:
    shared = SharedSpace.open(space)
    rows = shared["es"].vectors.copy()
    with changing(space) as opened:
        for code in ("es", "de"):
            opened.put_language(code, *made_language(code, 7, count=20))
    np.testing.assert_array_equal(shared["es"].vectors, rows)
    with pytest.raises(MissingFileError, match="changed since it was opened; open it again"):
        shared["de"]


def test_a_ranking_that_has_gone_asks_to_open_the_space_again(space: Path) -> None:
    with changing(space) as opened:
        record = PairRecord(source="en", target="es")
        opened.put_pair(record, None, KnownPairs.of([("en1", "es1")]))
    shared = SharedSpace.open(space)
    with changing(space) as opened:
        opened.remove_language("es")
    with pytest.raises(MissingFileError, match="changed since it was opened; open it again"):
        shared.pair("en", "es")


# --- interruptions ----------------------------------------------------------------------------


def assert_old_or_new(folder: Path, old: dict[str, Any], new: list[str]) -> bool:
    """Check a space after a crash, and that the next writer clears it; return True for the new."""
    found = SpaceFolder.open(folder)
    found.verify()
    now = states(folder)
    assert {name: now[name] for name in old} == old
    with changing(folder):
        pass
    assert only_named_files(folder)
    assert found.manifest.codes in (["en", "es", "de"], new)
    return found.manifest.codes == new


@pytest.mark.slow
def test_kill_at_any_file_leaves_the_old_space_or_the_new_one(space: Path) -> None:
    before = states(space)
    new = ["en", "es", "de", "fr"]

    def change() -> None:
        with changing(space) as opened:
            opened.put_language("fr", *made_language("fr", 3))
            opened.put_pair(PairRecord(source="fr", target="en"), None, KnownPairs.of([("a", "b")]))

    outcomes = []
    for number in range(200):
        ended = in_child(change, kill_at=number)
        outcomes.append(assert_old_or_new(space, before, new))
        if outcomes[-1]:
            with changing(space) as opened:
                opened.remove_language("fr")
        if ended == 0:
            break
        assert ended == signal.SIGKILL
    assert ended == 0
    assert len(outcomes) > 15
    first = outcomes.index(True)
    assert all(outcomes[first:])
    assert first > 8


@pytest.mark.slow
def test_kill_at_any_moment_leaves_the_old_space_or_the_new_one(space: Path) -> None:
    before = states(space)
    random.seed(0)

    def change() -> None:
        while True:
            with changing(space) as opened:
                opened.put_language("fr", *made_language("fr", 3, count=4_000))
            with changing(space) as opened:
                opened.remove_language("fr")

    for _ in range(8):
        child = os.fork()
        if child == 0:  # pragma: no cover  # another process
            change()
        time.sleep(random.uniform(0.01, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert_old_or_new(space, before, ["en", "es", "de", "fr"])


def test_kill_while_a_space_is_made_leaves_a_folder_to_make_it_in(tmp_path: Path) -> None:
    for number in (3, 8, 14):
        assert in_child(lambda: make_space(tmp_path / "space"), kill_at=number) == signal.SIGKILL
        with pytest.raises(FormatError, match=r"holds no space\.json"):
            SpaceFolder.open(tmp_path / "space")
    make_space(tmp_path / "space")
    assert only_named_files(tmp_path / "space")


@pytest.mark.parametrize("where", ["write_vectors", "map_to_bytes", "replacing", "sync_folder"])
def test_an_interrupt_leaves_no_trace(
    space: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    before = states(space)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, where, interrupt)
    with pytest.raises(KeyboardInterrupt):
        add(space, "fr")
    assert states(space) == before
    assert SpaceFolder.open(space).manifest.codes == ["en", "es", "de"]


def test_an_interrupt_after_the_manifest_leaves_the_new_space(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def interrupt(folder: Path) -> None:
        calls.append(folder)
        if (space / MANIFEST).stat().st_mtime_ns != written:
            raise KeyboardInterrupt

    written = (space / MANIFEST).stat().st_mtime_ns
    monkeypatch.setattr(writer, "sync_folder", interrupt)
    with pytest.raises(KeyboardInterrupt):
        add(space, "fr")
    assert SpaceFolder.open(space).manifest.codes == ["en", "es", "de", "fr"]
    assert only_named_files(space)


def test_a_full_disk_is_an_error_of_one_line(space: Path) -> None:
    before = states(space)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(OutputError, match=r"fr/vectors: the file exceeds the size") as caught:
            add(space, "fr")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert states(space) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error_of_one_line(space: Path) -> None:
    space.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="permission to write here is denied"):
            add(space, "fr")
    finally:
        space.chmod(0o700)


# --- several writers --------------------------------------------------------------------------


def add_in_turn(folder: Path, codes: list[str]) -> None:
    for code in codes:
        add(folder, code, seed=len(code))


@pytest.mark.slow
def test_concurrent_writers_lose_nothing(space: Path) -> None:
    before = states(space)
    context = get_context("fork")
    parts = [[f"x{writer}n{number}" for number in range(4)] for writer in range(4)]
    started = [context.Process(target=add_in_turn, args=(space, part)) for part in parts]
    for process in started:
        process.start()
    seen = 0
    while any(process.is_alive() for process in started):
        found = SpaceFolder.open(space)  # while they write
        assert len(found.manifest.codes) >= seen
        seen = len(found.manifest.codes)
    for process in started:
        process.join()
        assert process.exitcode == 0
    found = SpaceFolder.open(space)
    found.verify()
    assert {*found.manifest.codes} == {"en", "es", "de", *chain(*parts)}
    assert only_named_files(space)
    assert {name: states(space)[name] for name in before} == before


def test_a_writer_waits_for_another(space: Path) -> None:
    with changing(space):
        context = get_context("fork")
        waiting = context.Process(target=add, args=(space, "fr"))
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
    waiting.join(60)
    assert waiting.exitcode == 0
    assert SpaceFolder.open(space).manifest.codes == ["en", "es", "de", "fr"]
