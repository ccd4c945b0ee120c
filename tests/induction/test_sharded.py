from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import plant_clusters
from reference import csls
from sharding import induce_in_folder
from tasks import wait_for

from alignx.alignment.align import align
from alignx.alignment.shared_space import SharedSpace
from alignx.errors import AlignxError, FormatError, OutputError, RecallError
from alignx.induction.induce import induce_lexicon
from alignx.induction.sharded import induce as dictionary
from alignx.induction.sharded import plan, search, shards
from alignx.induction.sharded.plan import Sharding, make_plan, slower_than_exact
from alignx.lexicon.lexicon import Lexicon
from alignx.retrieval.clustered import SearchParams, can_search_clusters
from alignx.retrieval.neighbors import CrossNeighbors
from alignx.retrieval.recall import MeasuredRecall
from alignx.support.arrays import unit_rows
from alignx.support.config import config_context
from alignx.support.workspace import Tensors, Workspace
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.alignment.alignment import Alignment
    from alignx.induction.sharded.induce import ShardedInduction

SOURCES, TARGETS, DIMENSION = 2_000, 1_700, 24
KNOWN = TARGETS - 1  # one has no vector
SHARD_ROWS = 300
needs_clusters = pytest.mark.skipif(
    not can_search_clusters(), reason="this processor does not multiply bytes fast"
)
KINDS = ["exact", pytest.param("clustered", marks=needs_clusters)]
FAISS = ["ivf", "hnsw", "ivfpq"]


def words(prefix: str, count: int) -> list[str]:
    """Name words, of which some are numbers and some are punctuation."""
    forms = {7: "{i}", 11: "!{bang}"}
    return [
        forms.get(i % 50, prefix + "{i}").format(i=i, bang="." * (i // 50 + 1))
        for i in range(count)
    ]


def pair(count: int, target_count: int, dimension: int, noise: float = 0.9) -> tuple[Any, Any]:
    """Give two languages in one space, of which a word each lacks a vector."""
    planted = plant_clusters(noise, count, dimension, target_count=target_count)
    source = planted.source.copy()
    target = unit_rows((planted.target @ planted.rotation.T).astype(np.float32))
    source[5] = target[9] = 0
    return (
        Embeddings(words("a", count), source, "en"),
        Embeddings(words("b", target_count), target, "es"),
    )


@pytest.fixture(scope="module")
def languages() -> tuple[Embeddings, Embeddings]:
    """Two languages in one space, that are similar enough for half of the words."""
    return pair(SOURCES, TARGETS, DIMENSION)


@pytest.fixture(scope="module")
def alignment(languages: tuple[Embeddings, Embeddings]) -> Alignment:
    """A map between them, without a learned ranking."""
    shared = SharedSpace(dict(zip(("en", "es"), languages, strict=True)))
    known = induce_lexicon(shared)
    pairs = Lexicon(known.pairs[:400])
    return align(*languages, lexicon=pairs, method="procrustes", ranker=False)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several shards of each language."""
    monkeypatch.setattr(plan, "SHARD_ROWS", (SHARD_ROWS,))


def text(lexicon: Lexicon, folder: Path) -> bytes:
    path = folder / "dictionary.tsv"
    lexicon.save(path)
    return path.read_bytes()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def oracle(languages: tuple[Embeddings, Embeddings]) -> Any:  # noqa: ANN401  # float64 matrix
    return csls(languages[0].vectors, languages[1].vectors, 10)


# --- exact search -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mapped", "options"),
    [
        *(
            (mapped, options)
            for mapped in (True, False)
            for options in (
                {},
                {"reverse": True},
                {"k": 2},
                {"mutual": False, "k": 2},
                {"exclude": ["punctuation"], "n_neighbors": 5},
                {"exclude": ["numbers"], "mutual": False},
            )
        ),
    ],
)
@pytest.mark.parametrize("shard_rows", [SHARD_ROWS, 100_000])
def test_exact_search_in_shards_gives_the_dictionary_of_one_search(
    languages: tuple[Embeddings, Embeddings],
    alignment: Alignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    mapped: bool,
    shard_rows: int,
) -> None:
    monkeypatch.setattr(plan, "SHARD_ROWS", (shard_rows,))
    shared = SharedSpace(dict(zip(("en", "es"), languages, strict=True)))
    if mapped:
        shared = alignment.apply(*languages)
    rest = dict(options)
    if rest.pop("reverse", False):
        shared = shared.reversed()
    expected = induce_lexicon(shared, **rest)
    found = induce_in_folder(
        alignment if mapped else None, *languages, tmp_path / "work", index="exact", **options
    )
    assert len(found.lexicon) > 100
    assert text(found.lexicon, tmp_path) == text(expected, tmp_path)
    assert (found.plan.kind, found.plan.reason) == ("exact", "as asked")
    assert found.recall == (1.0, 0.0, 0)
    assert found.seconds.keys() == {"rows", "cosine", "csls", "dictionary"}
    assert found.peak_memory > 1e7
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_progress_goes_from_start_to_end(
    languages: tuple[Embeddings, Embeddings],
    tmp_path: Path,
    kind: Any,  # noqa: ANN401
) -> None:
    seen: list[float] = []
    told: list[dict[str, Any]] = []
    induce_in_folder(
        None, *languages, tmp_path / "work", index=kind, progress=seen.append, log=told.append
    )
    assert seen == sorted(seen)
    assert len(set(seen)) > 7  # at least once for each shard
    assert seen[-1] == 1
    stages = [each["stage"] for each in told]
    assert stages[0] == "index"
    assert stages[-1] == "dictionary"
    assert told[0]["kind"] == kind


@pytest.mark.slow
def test_a_word_without_vector_is_in_no_pair(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path
) -> None:
    for kind in ("exact", "clustered")[: 1 + can_search_clusters()]:
        found = induce_in_folder(
            None,
            *languages,
            tmp_path / "work",
            index=kind,
            recall=0.9,
            mutual=False,
        )
        mentioned = {word for pair in found.lexicon for word in pair}
        assert languages[0].words[5] not in mentioned
        assert languages[1].words[9] not in mentioned


# --- search of clusters -----------------------------------------------------------------------


def clustered(
    languages: tuple[Embeddings, Embeddings],
    folder: Path,
    **options: Any,  # noqa: ANN401
) -> ShardedInduction:
    return induce_in_folder(None, *languages, folder, index="clustered", **options)


def begin_with(monkeypatch: pytest.MonkeyPatch, clusters: int) -> None:
    monkeypatch.setattr(dictionary, "SearchParams", partial(SearchParams, clusters))


@pytest.mark.slow
@needs_clusters
@pytest.mark.parametrize("clusters", [2, 4, 32])
def test_measured_recall_is_that_of_brute_force(
    languages: tuple[Embeddings, Embeddings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clusters: int,
) -> None:
    begin_with(monkeypatch, clusters)
    options = {"mutual": False, "exclude": ()}
    found = clustered(languages, tmp_path / "work", recall=0.1, **options)
    assert found.effort.clusters == clusters
    scores = oracle(languages)
    rows = [{word: row for row, word in enumerate(each.words)} for each in languages]
    chosen = np.array([[rows[0][s], rows[1][t]] for s, t in found.lexicon])
    is_best = scores[chosen[:, 0], chosen[:, 1]] > scores[chosen[:, 0]].max(axis=1) - 1e-5
    true = is_best.mean()
    assert found.recall.sample == 1_000
    assert abs(found.recall.value - true) < 4 * found.recall.error + 0.004
    assert found.recall.error == pytest.approx(
        np.sqrt(found.recall.value * (1 - found.recall.value) / 1_000)
    )


@pytest.mark.slow
@needs_clusters
def test_scores_of_the_same_pairs_are_those_of_exact_search(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path
) -> None:
    shared = SharedSpace(dict(zip(("en", "es"), languages, strict=True)))
    exact = induce_lexicon(shared)
    found = clustered(languages, tmp_path / "work")
    assert found.recall.value >= 0.99
    assert exact.scores is not None
    assert found.lexicon.scores is not None
    known = dict(zip(exact.pairs, exact.scores, strict=True))
    same = [known[each] for each in found.lexicon if each in known]
    theirs = [
        s for each, s in zip(found.lexicon, found.lexicon.scores, strict=True) if each in known
    ]
    assert len(same) > 0.98 * len(exact)
    np.testing.assert_allclose(theirs, same, atol=1e-5)


@pytest.mark.slow
@needs_clusters
def test_threads_change_nothing_and_shards_next_to_nothing(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with(monkeypatch, 16)
    found = []
    for rows, threads in ((SHARD_ROWS, 1), (SHARD_ROWS, 2), (100_000, 1)):
        monkeypatch.setattr(plan, "SHARD_ROWS", (rows,))
        with config_context(n_threads=threads):
            options = {"recall": 0.9, "mutual": False}
            found.append(clustered(languages, tmp_path / "work", **options).lexicon)
    assert text(found[0], tmp_path) == text(found[1], tmp_path)
    assert len({*found[0]} & {*found[2]}) > 0.999 * len(found[0])


@pytest.mark.slow
@needs_clusters
def test_effort_is_doubled_until_the_recall_is_reached(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with(monkeypatch, 2)
    told: list[dict[str, Any]] = []
    found = clustered(languages, tmp_path / "work", recall=0.95, log=told.append)
    measured = [(each["effort"], each["recall"]) for each in told if "recall" in each]
    assert found.effort.clusters in (4, 8, 16)
    assert found.recall.value >= 0.95
    assert [int(effort) for effort, _ in measured] == [
        2**power for power in range(1, found.effort.clusters.bit_length())
    ]
    assert all(recall < 0.95 for _, recall in measured[:-1])
    assert measured[-1][1] == found.recall.value


@pytest.mark.slow
@needs_clusters
def test_a_recall_that_is_not_reached_is_an_error_and_less_may_be_asked_for(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with(monkeypatch, 1)
    monkeypatch.setattr(dictionary, "MOST_DOUBLINGS", 1)
    work = tmp_path / "work"
    with pytest.raises(RecallError, match=r"0\.\d+ of the best keys at most \(effort=2\.0\)"):
        clustered(languages, work, recall=0.999)
    calls = counted(monkeypatch)
    found = clustered(languages, work, recall=0.4)
    assert calls == []
    assert found.recall.value >= 0.4
    assert not work.exists()


# --- FAISS ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAISS)
def test_faiss_reaches_the_recall(tmp_path: Path, kind: Any) -> None:  # noqa: ANN401
    pytest.importorskip("faiss")
    languages = pair(3_000, 3_000, 24, noise=0.5)
    shared = SharedSpace(dict(zip(("en", "es"), languages, strict=True)))
    exact = induce_lexicon(shared)
    options: dict[str, Any] = {"index": kind, "recall": 0.97}
    with config_context(n_threads=1):
        found = induce_in_folder(None, *languages, tmp_path / "work", **options)
        again = induce_in_folder(None, *languages, tmp_path / "work", **options)
    assert found.plan.kind == kind
    assert found.recall.value >= 0.97
    assert len({*found.lexicon} & {*exact}) > 0.95 * len(exact)
    assert text(found.lexicon, tmp_path) == text(again.lexicon, tmp_path)


@pytest.mark.slow
def test_a_faiss_index_gets_the_biases_of_the_second_attempt(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss")
    from alignx.retrieval.faiss.index import FaissIndex

    answers = iter([MeasuredRecall(0.1, 0.0, 1), MeasuredRecall(1.0, 0.0, 1)])
    monkeypatch.setattr(dictionary, "measure_recall", lambda *_, **__: next(answers))
    work = tmp_path / "work"
    options: dict[str, Any] = {"index": "ivf", "recall": 0.6}
    induce_in_folder(None, *languages, work, keep_checkpoint=True, **options)
    (last,) = work.glob("cosine.0.9.safetensors")
    found = CrossNeighbors(*(shards.read_neighbors(Tensors(last), side) for side in search.SIDES))
    of_source, of_target = found.biases(10)
    for name, bias in (("source", of_source), ("target", of_target)):
        rows = np.load(work / f"{name}.npy")
        path = work / f"{name}.csls.faiss"
        index = FaissIndex.load(path, rows, keys_checksum=shards._NO_CHECKSUM)
        np.testing.assert_array_equal(index.bias, bias)


# --- interrupts -------------------------------------------------------------------------------


def counted(monkeypatch: pytest.MonkeyPatch, end_after: int | None = None) -> list[str]:
    """Note the shards that are searched; Ctrl-C is pressed before one too many."""
    calls: list[str] = []
    original = shards.search_shard

    def search_shard(shard: Any, progress: Any = None) -> str:  # noqa: ANN401
        if len(calls) == end_after:
            raise KeyboardInterrupt
        calls.append(Path(shard.output).name)
        return original(shard, progress)

    monkeypatch.setattr(search, "search_shard", search_shard)
    return calls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "end_after"),
    [
        ("exact", 0),
        ("exact", 2),
        *(pytest.param("clustered", end, marks=needs_clusters) for end in (0, 2, 13, 20)),
    ],
)
def test_what_is_finished_is_not_searched_again(
    languages: tuple[Embeddings, Embeddings],
    alignment: Alignment,
    tmp_path: Path,
    kind: Any,  # noqa: ANN401
    end_after: int,
) -> None:
    work = tmp_path / "work"
    induce = partial(induce_in_folder, alignment, *languages, work, index=kind, recall=0.9)
    with pytest.MonkeyPatch.context() as patch:
        every = counted(patch)
        expected = text(induce().lexicon, tmp_path)
    assert len(every) == 7 if kind == "exact" else 26
    assert not work.exists()
    with pytest.MonkeyPatch.context() as patch:
        before = counted(patch, end_after)
        with pytest.raises(KeyboardInterrupt):
            induce()
    kept = {path.name: path.stat().st_mtime_ns for path in work.iterdir()}
    assert {"source.npy", "target.npy", "settings.json"} <= kept.keys()
    with pytest.MonkeyPatch.context() as patch:
        after = counted(patch)
        assert text(induce(keep_checkpoint=True).lexicon, tmp_path) == expected
    assert before + after == every
    rows = {name: (work / name).stat().st_mtime_ns for name in ("source.npy", "target.npy")}
    assert rows.items() <= kept.items()
    with pytest.MonkeyPatch.context() as patch:
        assert counted(patch) == []
        assert text(induce().lexicon, tmp_path) == expected
    assert not work.exists()


@pytest.mark.slow
@needs_clusters
def test_ctrl_c_while_clusters_are_made_leaves_what_goes_on(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    expected = text(clustered(languages, work).lexicon, tmp_path)
    for part in ("source.clusters.safetensors", "target.unordered.npy", "target.ordered.npy"):
        with pytest.MonkeyPatch.context() as patch:
            interrupt_at(patch, part)
            with pytest.raises(KeyboardInterrupt):
                clustered(languages, work)
        assert not (work / part).exists()
        assert not any(name.endswith(".tmp") for name in files(work))
    assert text(clustered(languages, work).lexicon, tmp_path) == expected


def interrupt_at(patch: pytest.MonkeyPatch, part: str) -> None:
    """Press Ctrl-C when a part is about to take its place."""
    original = Path.replace

    def rename(self: Path, target: Path) -> Path:
        if Path(target).name == part:
            raise KeyboardInterrupt
        return original(self, target)

    patch.setattr(Path, "replace", rename)


def damage(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [damage, empty, garble, Path.unlink])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_shards_are_searched_again(
    languages: tuple[Embeddings, Embeddings],
    tmp_path: Path,
    kind: Any,  # noqa: ANN401
    spoil: Callable[[Path], object],
) -> None:
    work = tmp_path / "work"
    induce = partial(induce_in_folder, None, *languages, work, index=kind)
    expected = text(induce().lexicon, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        before = counted(patch, 4)
        with pytest.raises(KeyboardInterrupt):
            induce()
    spoil(work / before[1])
    with pytest.MonkeyPatch.context() as patch:
        after = counted(patch)
        assert text(induce(keep_checkpoint=True).lexicon, tmp_path) == expected
    assert after[0] == before[1]
    assert not {before[0], *before[2:]} & set(after)
    (merged,) = work.glob("cosine.*")
    spoil(merged)
    assert text(induce().lexicon, tmp_path) == expected


def test_damaged_rows_are_told(languages: tuple[Embeddings, Embeddings], tmp_path: Path) -> None:
    work = tmp_path / "work"
    induce = partial(induce_in_folder, None, *languages, work, index="exact")
    induce(keep_checkpoint=True)
    damage(work / "source.npy")
    with pytest.raises(FormatError, match=r"source\.npy: a finished part is damaged"):
        induce()


RUN = f"""
import os, signal, sys, time
from pathlib import Path
from alignx.cli import main as cli
from alignx.induction.sharded import plan, search, shards
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignore"
plan.SHARD_ROWS = ({SHARD_ROWS},)
mark, original, calls = Path(sys.argv.pop(1)), shards.search_shard, []
def search_shard(*arguments):
    if len(calls) == 3 and mark.name == "wait":
        mark.touch()
        time.sleep(60)
    calls.append(1)
    return original(*arguments)
search.search_shard = search_shard
try:
    cli.main()
finally:
    mark.write_text(str(len(calls)))
"""


def command(folder: Path, mark: str, *arguments: str) -> list[str]:
    vectors = [str(folder / name) for name in ("en.vec", "es.vec")]
    given = [*vectors, "-o", str(folder / "out.tsv"), *arguments]
    return [sys.executable, "-c", RUN, str(folder / mark), "induce", "-", *given]


def finish(folder: Path, *arguments: str) -> int:
    """Run it to its end, and give how many shards it has searched."""
    done = subprocess.run(
        command(folder, "go", *arguments), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return int((folder / "go").read_text())


@pytest.fixture
def vectors(languages: tuple[Embeddings, Embeddings], tmp_path: Path) -> Path:
    """A folder with both languages in files."""
    for name, language in zip(("en.vec", "es.vec"), languages, strict=True):
        save(language, tmp_path / name)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "number"), [("exact", signal.SIGINT), ("clustered", signal.SIGKILL)]
)
def test_a_process_that_is_killed_goes_on(vectors: Path, kind: str, number: signal.Signals) -> None:
    index, work = ["--index", kind], vectors / "out.tsv.shards"
    if kind == "exact":
        work = vectors / "work"
        index += ["--checkpoint", str(work)]
    every = finish(vectors, *index)
    expected = (vectors / "out.tsv").read_bytes()
    (vectors / "out.tsv").unlink()
    assert not work.exists()
    started = command(vectors, "wait", *index)
    with subprocess.Popen(started, stderr=subprocess.PIPE, text=True) as process:
        wait_for((vectors / "wait").exists)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode
    assert "Traceback" not in errors
    if number == signal.SIGINT:
        assert f"interrupted: finished shards are in {work}; the same command goes on" in errors
    assert not (vectors / "out.tsv").exists()
    assert len([name for name in files(work) if name.startswith("cosine")]) == 3
    stale = work / ".alignx-00.tmp"
    stale.touch()
    assert finish(vectors, *index) == every - 3
    assert (vectors / "out.tsv").read_bytes() == expected
    assert not work.exists()


# --- folders that will not do -----------------------------------------------------------------


@pytest.fixture
def begun(languages: tuple[Embeddings, Embeddings], alignment: Alignment, tmp_path: Path) -> Path:
    """The folder of a run that was interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        counted(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            induce_in_folder(alignment, *languages, tmp_path / "work", index="exact")
    return tmp_path / "work"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"k": 2}, "k"),
        ({"n_neighbors": 5, "random_state": 3}, "n_neighbors, random_state"),
        ({"index": "ivf"}, "index"),
        ({"reverse": True}, "mapped, vectors"),
    ],
)
def test_the_folder_of_other_settings_is_refused(
    languages: tuple[Embeddings, Embeddings],
    alignment: Alignment,
    begun: Path,
    options: dict[str, Any],
    names: str,
) -> None:
    before = contents(begun)
    with pytest.raises(FormatError, match=rf"other settings \({names}\); delete it or name"):
        induce_in_folder(alignment, *languages, begun, **({"index": "exact"} | options))
    assert contents(begun) == before


@pytest.mark.slow
def test_the_folder_of_other_vectors_or_of_another_map_is_refused(
    languages: tuple[Embeddings, Embeddings], alignment: Alignment, begun: Path
) -> None:
    source, target = languages
    with pytest.raises(FormatError, match=r"other settings \(mapped\)"):
        induce_in_folder(None, source, target, begun, index="exact")
    changed = source.vectors.copy()
    changed[-1, 0] += 0.5
    other = Embeddings(source.words, changed, "en")
    induce = partial(induce_in_folder, alignment, index="exact")
    with pytest.raises(FormatError, match=r"other settings \((mapped, )?vectors\)"):
        induce(source=other, target=target, folder=begun)
    with pytest.raises(FormatError, match=r"other settings \(mapped, vectors\)"):
        induce(source=source.head(1_500), target=target.head(500), folder=begun)
    for refitted in (0, 1):
        pairs = induce_lexicon(alignment.apply(*languages)).pairs[refitted : 300 + refitted]
        new = align(*languages, lexicon=Lexicon(pairs), method="procrustes", ranker=False)
        with pytest.raises(FormatError, match=r"other settings \(mapped\)"):
            induce_in_folder(new, *languages, begun, index="exact")


@pytest.mark.parametrize("content", [None, "", "[]", "3"])
def test_a_folder_of_something_else_is_refused_and_stays(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, content: str | None
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.txt").write_text("all of it")
    if content is not None:
        (work / "settings.json").write_text(content)
    before = contents(work)
    with pytest.raises(FormatError, match="work: this folder holds something else; name another"):
        induce_in_folder(None, *languages, work, index="exact")
    assert contents(work) == before


def test_a_folder_that_cannot_be_made_is_named(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "work", tmp_path / "no" / "work"):
        with pytest.raises(OutputError, match=str(folder)):
            induce_in_folder(None, *languages, folder, index="exact")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_without_permission_is_named(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, mode: int
) -> None:
    work = tmp_path / "work"
    work.mkdir(mode=mode)
    with pytest.raises(OutputError, match=r"[Pp]ermission"):
        induce_in_folder(None, *languages, work, index="exact")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (100_000, {"settings.json"}),
        (194_000, {"settings.json", "source.npy", "target.npy", "shards"}),
    ],
)
def test_a_full_disk_is_told_and_what_is_finished_stays(
    vectors: Path, limit: int, kept: set[str]
) -> None:
    options = ("--checkpoint", str(vectors / "work"), "--index", "exact", "--quiet")
    done = subprocess.run(
        command(vectors, "go", *options),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"alignx: error: {vectors / 'work'}")
    assert done.stderr.endswith("exceeds the size that is allowed here; choose another place\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    left = files(vectors / "work")
    shards = {name for name in left if name.startswith("cosine.exact.") or ".source." in name}
    assert len(shards) == (-(-SOURCES // SHARD_ROWS) if "shards" in kept else 0)
    assert left - shards == kept - {"shards"}
    assert not (vectors / "out.tsv").exists()
    assert finish(vectors, *options) == -(-SOURCES // SHARD_ROWS) - len(shards)
    assert (vectors / "out.tsv").exists()


def test_a_dictionary_that_cannot_be_written_loses_no_work(
    vectors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(_: Lexicon, path: Path, **__: object) -> None:
        raise OutputError(path, "no space is left on the device")

    from alignx.cli import main as cli

    monkeypatch.setattr(Lexicon, "save", save)
    folder = vectors / "out.tsv.shards"
    arguments = command(vectors, "go", "--index", "exact", "--checkpoint", str(folder))[4:]
    monkeypatch.setattr(sys, "argv", ["alignx", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    assert any(name.startswith("cosine") for name in files(folder))


# --- the workspace ----------------------------------------------------------------------------


def test_parts_are_found_again(tmp_path: Path) -> None:
    work = Workspace.open(tmp_path / "work", {"seed": 1, "pair": ("a", "b")})
    assert Workspace.open(tmp_path / "work", {"pair": ["a", "b"], "seed": 1}) == work
    work.write_json("numbers.json", [1, 2])
    assert work.has("numbers.json")
    assert work.read_json("numbers.json") == [1, 2]
    work.path("numbers.json").write_text("[1,")
    assert work.read_json("numbers.json") is None
    assert work.read_json("missing.json") is None
    rows = np.arange(12.0).reshape(6, 2)[::2]
    Tensors.save(work.path("rows"), {"rows": rows})
    tensors = Tensors(work.path("rows"))
    np.testing.assert_array_equal(tensors["rows"], rows)
    np.testing.assert_array_equal(tensors.rows("rows", 1, 3), rows[1:])
    assert "rows" in tensors
    assert "others" not in tensors
    work.remove()
    assert not work.folder.exists()


# --- the plan ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "recall", "kind", "reason"),
    [
        ((200_000, 200_000), 0.99, "exact", "200,000 x 200,000 words take seconds"),
        ((1_000_000, 1_000_000), 1.0, "exact", "recall 1 is asked for"),
        pytest.param(
            (1_000_000, 900_000), 0.99, "clustered", "minutes to hours", marks=needs_clusters
        ),
    ],
)
def test_auto_chooses_by_size_and_recall(
    sizes: tuple[int, int], recall: float, kind: str, reason: str
) -> None:
    made = make_plan(*sizes, 300, Sharding(recall=recall), 10)
    assert made.kind == kind
    assert reason in made.reason


def test_a_processor_without_the_kernel_searches_exactly_or_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "can_search_clusters", lambda: False)
    made = make_plan(1_000_000, 1_000_000, 300, Sharding(), 10)
    assert made.kind == "exact"
    assert "no fast kernel" in made.reason
    with pytest.raises(AlignxError, match="no fast kernel for clusters; take --index exact or ivf"):
        make_plan(1_000, 1_000, 300, Sharding(index="clustered"), 10)


@pytest.mark.parametrize("kind", [*KINDS, *FAISS])
def test_less_memory_makes_shards_smaller_until_it_is_refused(
    kind: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "SHARD_ROWS", (262_144, 65_536, 32_768))
    made = partial(make_plan, 2_000_000, 1_000_000, 300, k=10)
    ample = made(sharding=Sharding(index=kind))
    assert (ample.kind, ample.reason, ample.shard_rows) == (kind, "as asked", 262_144)
    tight = made(sharding=Sharding(index=kind, memory=ample.memory - 1))
    assert tight.shard_rows == 65_536
    assert tight.memory < ample.memory
    assert make_plan(1_000, 500, 300, Sharding(index=kind), 10).memory < tight.memory
    with pytest.raises(AlignxError) as caught:
        made(sharding=Sharding(index=kind, memory=300_000_000))
    gist = f"GB with the {kind} index, 0.3 GB are allowed; raise memory (--memory)"
    assert gist in str(caught.value)
    assert str(caught.value).startswith("2,000,000 x 1,000,000 words of 300 dimensions take ")
    needed = float(str(caught.value).split(" take ")[1].split(" GB")[0])
    assert made(sharding=Sharding(index=kind, memory=int((needed + 0.1) * 1e9))).shard_rows


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"index": "annoy"}, "index must be one of auto, exact, .*, got 'annoy'"),
        ({"recall": 0}, r"recall must lie in \(0, 1\], got 0"),
        ({"recall": 1.1}, r"recall must lie in \(0, 1\], got 1.1"),
        ({"n_neighbors": 0}, rf"n_neighbors must lie in \[1, {KNOWN}\], got 0"),
        ({"n_neighbors": 1_701}, rf"n_neighbors must lie in \[1, {KNOWN}\], got 1701"),
        ({"k": 0}, rf"k must lie in \[1, {KNOWN}\], got 0"),
    ],
)
def test_values_out_of_range_are_refused_before_anything_is_made(
    languages: tuple[Embeddings, Embeddings], tmp_path: Path, options: dict[str, Any], gist: str
) -> None:
    with pytest.raises(ValueError, match=gist):
        induce_in_folder(None, *languages, tmp_path / "work", **options)
    assert files(tmp_path) == set()


PEAK = """
import json, sys
from pathlib import Path
from alignx.induction.sharded import plan
from sharding import induce_in_folder
from alignx.support.memory import peak_resident
from alignx.vectors.io import load
plan.SHARD_ROWS = (8_192,)
languages = [load(path) for path in sys.argv[2:4]]
facts = []
found = induce_in_folder(
    None, *languages, Path(sys.argv[4]), index=sys.argv[1], log=facts.append
)
print(json.dumps([peak_resident(), facts[0]["memory"], len(found.lexicon)]))
"""


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Larger languages in files that can be mapped into memory."""
    folder = tmp_path_factory.mktemp("caches")
    paths = [str(folder / name) for name in ("en.safetensors", "es.safetensors")]
    for path, language in zip(paths, pair(30_000, 30_000, 64, noise=0.4), strict=True):
        save(language, path)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_promise_about_memory_is_kept(caches: list[str], tmp_path: Path, kind: str) -> None:
    arguments = [kind, *caches, str(tmp_path / "work")]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    peak, promised, pairs = json.loads(done.stdout)
    assert peak < promised
    assert pairs > 10_000


@pytest.mark.parametrize("kind", FAISS)
def test_an_index_that_is_slower_than_exact_search_is_told_before_the_work(
    kind: Any,  # noqa: ANN401
    languages: tuple[Embeddings, Embeddings],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class StartedError(Exception):
        pass

    def started(_: dict[str, Any]) -> None:
        raise StartedError

    with pytest.raises(StartedError):
        induce_in_folder(None, *languages, tmp_path / "work", index=kind, log=started)
    (message,) = caplog.messages
    assert re.fullmatch(
        rf"{kind} takes some [\d.]+ times as long as --index exact for 2,000 x 1,700 words", message
    )


@pytest.mark.parametrize("kind", ["auto", "exact"])
def test_nothing_is_said_of_an_index_that_pays(
    kind: Any,  # noqa: ANN401
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    small = pair(60, 60, 8)
    induce_in_folder(None, *small, tmp_path / "work", index=kind)
    assert not caplog.messages


def test_indexes_pay_from_the_sizes_that_were_measured() -> None:
    sizes = [10**4, 10**5, 10**6, 10**7]
    for kind, pays in {"exact": 0, "clustered": 2, "ivfpq": 3, "hnsw": 4, "ivf": 4}.items():
        is_slower = [slower_than_exact(kind, n, n) is not None for n in sizes]  # type: ignore[arg-type]
        assert is_slower == [True] * pays + [False] * (4 - pays), kind
