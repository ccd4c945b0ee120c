from __future__ import annotations

import hashlib
import json
import pickle
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import cosines, top_k
from reference import csls_bias as reference_bias
from safetensors.numpy import save
from threadpoolctl import threadpool_info

faiss = pytest.importorskip("faiss")

from alignx.errors import (  # noqa: E402
    AlignxError,
    DimensionError,
    FormatError,
    MissingDependencyError,
    OutputError,
    RecallError,
)
from alignx.retrieval.csls import csls_bias  # noqa: E402
from alignx.retrieval.exact import ExactIndex  # noqa: E402
from alignx.retrieval.faiss import backend, files  # noqa: E402
from alignx.retrieval.faiss.index import FaissIndex, Kind  # noqa: E402
from alignx.retrieval.faiss.tuning import smallest_settings  # noqa: E402
from alignx.support.config import config_context  # noqa: E402
from alignx.support.safetensors import read_tensors  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.retrieval.neighbors import Neighbors
    from alignx.support.arrays import Matrix

KINDS: list[Kind] = ["flat", "ivf", "ivfpq", "hnsw"]
# Of a graph only one thread gives the same index every time.
LISTS: list[Kind] = ["flat", "ivf", "ivfpq"]
TOLERANCE = 1e-6


def unit(rows: np.ndarray[Any, np.dtype[np.float64]]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def clusters(count: int, dimension: int, seed: int) -> tuple[Matrix, Matrix]:
    """Keys in clusters of unlike size, and queries that lie near some of the keys."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(80, 0.7))
    centers = rng.standard_normal((80, dimension))
    keys = centers[rng.choice(80, count, p=shares)] + rng.standard_normal((count, dimension))
    near = keys[rng.integers(0, count, 600)] + 0.5 * rng.standard_normal((600, dimension))
    return unit(keys), unit(near)


@pytest.fixture(scope="module")
def planted() -> tuple[Matrix, Matrix]:
    return clusters(8_000, 32, 0)


@pytest.fixture(scope="module")
def small() -> tuple[Matrix, Matrix, Matrix]:
    keys, queries = clusters(1_500, 15, 1)
    return keys, queries, csls_bias(keys, queries)


def assert_scores(found: Neighbors, queries: Matrix, keys: Matrix, bias: Matrix | None) -> None:
    """Compare each score with the float64 definition, and the order with that of the scores."""
    assert found.indices.dtype == np.int64
    assert found.scores.dtype == np.float32
    assert found.indices.shape == found.scores.shape
    scores = cosines(queries, keys) - (0 if bias is None else bias)
    expected = np.take_along_axis(scores, found.indices, axis=1)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=TOLERANCE)
    assert all(len(set(row)) == len(row) for row in found.indices.tolist())
    is_later = np.diff(found.indices, axis=1) > 0
    steps = np.diff(found.scores, axis=1)
    assert ((steps < 0) | ((steps == 0) & is_later)).all()


def assert_same(found: Neighbors, expected: Neighbors) -> None:
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.scores, expected.scores)


def recall(found: Neighbors, expected: Neighbors) -> float:
    return float(np.mean(found.scores >= expected.scores[:, -1:] - TOLERANCE))


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 10, 1_500])
@pytest.mark.parametrize("biased", [False, True])
def test_a_flat_index_is_exact(small: tuple[Matrix, Matrix, Matrix], k: int, biased: bool) -> None:
    keys, queries, csls = small
    bias = csls if biased else None
    found = FaissIndex(keys, bias=bias, kind="flat").search(queries, k)
    assert_scores(found, queries, keys, bias)
    exact = ExactIndex(keys, bias=bias).search(queries, k)
    np.testing.assert_allclose(found.scores, exact.scores, rtol=0, atol=TOLERANCE)
    expected, indices = top_k(cosines(queries, keys) - (0 if bias is None else bias), k)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=TOLERANCE)
    assert (found.indices == indices).mean() > 0.999
    assert found.fallbacks == 0


@pytest.mark.slow
def test_a_bias_makes_the_ranking_that_of_csls() -> None:
    # All lean one way, and some keys lie right in the middle of it: hubs.
    rng = np.random.default_rng(5)
    lean = 1.5 * rng.standard_normal(20)
    keys = unit(rng.standard_normal((2_000, 20)) * rng.choice([0.5, 1, 3], (2_000, 1)) + lean)
    queries = unit(rng.standard_normal((500, 20)) + lean)
    _, expected = top_k(cosines(queries, keys) - reference_bias(keys, queries, 10), 1)
    plain = FaissIndex(keys, kind="flat").search(queries, 1)
    assert (plain.indices == expected).mean() < 0.8
    bias = csls_bias(keys, queries)
    for kind in KINDS:
        index = FaissIndex(keys, bias=bias, kind=kind).tune(queries, target=0.97)
        assert (index.search(queries, 1).indices == expected).mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("biased", [False, True])
def test_a_tuned_index_finds_as_much_as_it_should(
    planted: tuple[Matrix, Matrix], kind: Kind, biased: bool
) -> None:
    keys, queries = planted
    bias = csls_bias(keys, queries) if biased else None
    index = FaissIndex(keys, bias=bias, kind=kind)
    assert index.measured_recall is index.measured_k is None
    most = backend.largest_settings(index._faiss, kind)[-1]
    for k, target in ((1, 0.99), (10, 0.9)):
        assert index.tune(queries[:400], k, target=target) is index
        assert index.measured_k == k
        assert index.measured_recall is not None
        assert index.measured_recall >= target
        asked = queries[400:]
        found = index.search(asked, k)
        assert_scores(found, asked, keys, bias)
        assert recall(found, ExactIndex(keys, bias=bias).search(asked, k)) > target - 0.03
        assert list(index.settings) == list(most)
        assert all(1 <= value <= most[name] for name, value in index.settings.items())
    if "nprobe" in most:
        assert index.settings["nprobe"] < most["nprobe"] / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [1, 2, 3, 17])
@pytest.mark.parametrize("count", [1, 2, 3, 17, 90])
def test_few_keys_of_any_dimension_will_do(kind: Kind, dimension: int, count: int) -> None:
    rng = np.random.default_rng([dimension, count])
    keys, queries = (unit(rng.standard_normal((n, dimension))) for n in (count, 5))
    for bias in (None, csls_bias(keys, queries, n_neighbors=2)):
        index = FaissIndex(keys, bias=bias, kind=kind)
        assert len(index) == count
        for k in {1, min(3, count), count}:
            found = index.search(queries, k)
            assert_scores(found, queries, keys, bias)
        assert recall(found, ExactIndex(keys, bias=bias).search(queries, k)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [50, 300, 301])
@pytest.mark.parametrize("biased", [False, True])
def test_compressed_vectors_may_have_any_dimension(dimension: int, biased: bool) -> None:
    keys, queries = clusters(700, dimension, dimension)
    bias = csls_bias(keys, queries) if biased else None
    index = FaissIndex(keys, bias=bias).tune(queries)
    assert_scores(index.search(queries, 5), queries, keys, bias)
    subvectors = (dimension + biased + 1) // 2
    assert index._faiss.pq.M == subvectors  # noqa: SIM300


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_zero_rows_and_rows_that_occur_twice_are_found(kind: Kind) -> None:
    keys, queries = clusters(600, 10, 3)
    keys[::7] = 0
    keys[300:] = keys[:300]
    queries[::50] = 0
    bias = csls_bias(keys, queries)
    for given_bias in (None, bias):
        index = FaissIndex(keys, bias=given_bias, kind=kind).tune(queries, 4)
        assert_scores(index.search(queries, 4), queries, keys, given_bias)
        assert index.measured_recall >= 0.99  # type: ignore[operator]  # it is tuned
    assert np.count_nonzero(~keys.any(axis=1)) > 80  # more than a graph has neighbors for each
    same = np.tile(keys[1:2], (500, 1))
    found = FaissIndex(same, kind=kind).search(queries, 3)
    assert_scores(found, queries, same, None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ivf", "ivfpq"])
def test_queries_that_find_too_few_are_searched_exactly(kind: Kind) -> None:
    keys, queries = clusters(2_000, 12, 4)
    index = FaissIndex(keys, kind=kind)
    index.settings |= {"nprobe": 1}
    found = index.search(queries, 40)
    assert 0 < found.fallbacks < len(queries)
    assert_scores(found, queries, keys, None)
    everything = index.search(queries, 2_000)
    assert everything.fallbacks == len(queries)
    assert_same(everything, ExactIndex(keys).search(queries, 2_000))


@pytest.mark.slow
@settings(max_examples=30)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 120),
    st.integers(1, 9),
    st.booleans(),
    st.integers(0, 2**32),
    st.data(),
)
def test_every_score_is_the_dot_product_minus_the_bias(
    kind: Kind, count: int, dimension: int, biased: bool, seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    keys, queries = (unit(rng.standard_normal((n, dimension))) for n in (count, 7))
    keys *= rng.integers(0, 2, (count, 1), dtype=np.int32)
    bias = rng.uniform(-1, 1, count).astype(np.float32) if biased else None
    k = data.draw(st.integers(1, count))
    index = FaissIndex(keys, bias=bias, kind=kind, random_state=seed)
    found = index.search(queries, k)
    assert found.indices.shape == (7, k)
    assert_scores(found, queries, keys, bias)
    pairs = np.take_along_axis(index.search(queries, count).scores, np.zeros((7, 1), int), axis=1)
    exact = ExactIndex(keys, bias=bias).search(queries, 1).scores
    np.testing.assert_allclose(pairs, exact, rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_blocks_find_what_all_queries_together_find(planted: tuple[Matrix, Matrix]) -> None:
    keys, queries = planted
    index = FaissIndex(keys)
    told: list[float] = []
    expected = index.search(np.tile(queries, (3, 1)), 3, progress=told.append)
    assert told == [1_024 / 1_800, 1.0]
    found = list(index.search_blocks([queries[:1], queries[1:300], queries[300:]], 3))
    assert [len(block.indices) for block in found] == [1, 299, 300]
    indices = np.concatenate([block.indices for block in found])
    assert (indices == expected.indices[:600]).mean() > 0.999
    assert list(index.search_blocks([])) == []
    empty = index.search(queries[:0], 3)
    assert empty.indices.shape == empty.scores.shape == (0, 3)


# --- the same every time ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", LISTS)
def test_index_and_answers_do_not_depend_on_the_number_of_threads(
    tmp_path: Path, planted: tuple[Matrix, Matrix], kind: Kind
) -> None:
    keys, queries = planted
    bias = csls_bias(keys, queries)
    files, answers = set(), []
    for n_threads in (1, 2, 3, None):
        with config_context(n_threads=n_threads):
            index = FaissIndex(keys, bias=bias, kind=kind, random_state=5)
            answers.append(index.search(queries, 5))
        index.save(tmp_path / "index")
        files.add((tmp_path / "index").read_bytes())
    assert len(files) == 1
    for found in answers[1:]:
        assert_same(found, answers[0])
    if kind != "flat":
        FaissIndex(keys, bias=bias, kind=kind, random_state=6).save(tmp_path / "index")
        assert (tmp_path / "index").read_bytes() not in files


def test_a_graph_is_the_same_with_one_thread(small: tuple[Matrix, Matrix, Matrix]) -> None:
    keys, queries, bias = small
    with config_context(n_threads=1):
        once, again = (FaissIndex(keys, bias=bias, kind="hnsw") for _ in range(2))
    assert_same(once.search(queries, 5), again.search(queries, 5))


def test_threads_of_others_and_the_streams_are_left_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    keys, queries = clusters(300, 6, 0)
    seen: list[int] = []

    def note(_: float) -> None:
        seen.append(faiss.omp_get_max_threads())

    FaissIndex(keys[:10], kind="flat")  # loads FAISS
    before = [pool["num_threads"] for pool in threadpool_info()]
    with config_context(n_threads=3):
        for kind in KINDS:
            index = FaissIndex(keys, kind=kind, progress=note)
            index.search(queries, 3, progress=note)
            index.tune(queries)
    assert set(seen) == {3}
    assert [pool["num_threads"] for pool in threadpool_info()] == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_progress_is_told_and_may_stop_the_work() -> None:
    keys, queries = clusters(9_000, 8, 0)

    class StopError(Exception):
        pass

    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise StopError

    for kind in KINDS:
        told: list[float] = []
        index = FaissIndex(keys, kind=kind, progress=told.append)
        assert len(told) > 4
        assert told == sorted(told)
        assert told[-1] == 1
        told.clear()
        index.tune(queries, progress=told.append)
        assert told == sorted(told)
        assert told[-1] == 1
        settings = index.settings
        with pytest.raises(StopError):
            FaissIndex(keys, kind=kind, progress=stop)
        with pytest.raises(StopError):
            index.tune(queries, target=0.5, progress=stop)
        assert index.settings is settings


# --- values -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_index_with_another_bias_leaves_the_first_as_it_is(
    small: tuple[Matrix, Matrix, Matrix], kind: Kind
) -> None:
    keys, queries, bias = small
    with config_context(n_threads=1):  # a graph is the same only then
        plain = FaissIndex(keys, kind=kind).tune(queries)
        before = plain.search(queries, 4)
        told: list[float] = []
        biased = plain.with_bias(bias, progress=told.append)
        assert told[-1] == 1
        assert biased.keys is plain.keys
        assert biased.settings == plain.settings
        assert biased.settings is not plain.settings
        assert biased.measured_recall is None
        assert_scores(biased.search(queries, 4), queries, keys, bias)
        anew = FaissIndex(keys, bias=bias, kind=kind)
        anew.settings = dict(plain.settings)
        assert_same(biased.search(queries, 4), anew.search(queries, 4))
        assert_same(plain.search(queries, 4), before)
        assert_same(biased.with_bias(None).search(queries, 4), before)
    with pytest.raises(ValueError, match="bias must hold one value for each of 1500 rows"):
        plain.with_bias(bias[:7])


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_is_the_same_index(small: tuple[Matrix, Matrix, Matrix], kind: Kind) -> None:
    keys, queries, bias = small
    index = FaissIndex(keys, bias=bias, kind=kind).tune(queries)
    copied = pickle.loads(pickle.dumps(index))
    assert repr(copied) == repr(index)
    assert repr(index).startswith(f"FaissIndex(1500 keys of dimension 15, kind={kind!r}, ")
    assert_same(copied.search(queries, 4), index.search(queries, 4))


# --- recall -----------------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 100), st.integers(0, 100))
def test_tuning_finds_the_smallest_that_suffices(
    most: int, enough: int, percent: int, share: int
) -> None:
    asked: list[int] = []

    def recall_of(settings: dict[str, int]) -> float:
        asked.append(settings["nprobe"])
        return min(1.0, settings["nprobe"] / enough)

    settings, reached = smallest_settings(recall_of, {"nprobe": most}, percent / 100)
    enough_ = [n for n in range(1, most + 1) if min(1.0, n / enough) >= percent / 100]
    assert settings == {"nprobe": enough_[0] if enough_ else most}
    assert reached == min(1.0, settings["nprobe"] / enough)
    assert (reached >= percent / 100) == bool(enough_)
    assert len(asked) == len(set(asked)) <= 20

    def of_two(work: dict[str, int]) -> float:
        return min(1.0, work["nprobe"] / enough) * min(1.0, work["rescored"] / 7)

    two, reached = smallest_settings(of_two, {"nprobe": 300, "rescored": 9}, share / 100)
    assert reached == of_two(two) >= share / 100
    for name in two:
        assert two[name] == 1 or name == "nprobe" or of_two(two | {name: two[name] - 1}) < 1


@pytest.mark.slow
def test_too_low_a_recall_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # A walk that enters a crowd of equal keys does not leave it: each has only others of them near.
    keys, queries = clusters(1_000, 20, 0)
    keys = np.concatenate([keys, np.tile(keys[:1], (2_000, 1))])
    index = FaissIndex(keys, kind="hnsw")
    before = dict(index.settings)
    with pytest.raises(RecallError, match=r"'hnsw' finds 0\.\d+ .*efSearch=3000") as caught:
        index.tune(queries, target=1)
    assert index.settings == before
    assert index.measured_recall is None
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.settings == {"efSearch": 3_000}
    assert 0 <= error.reached < error.target == 1
    assert FaissIndex(keys, kind="ivf").tune(queries, target=1).measured_recall == 1
    few = {"nprobe": 1, "rescored": 1}
    monkeypatch.setattr(backend, "largest_settings", lambda *_: [few, few])
    with pytest.raises(AlignxError, match="nprobe=1, rescored=1"):
        FaissIndex(keys).tune(queries)


@pytest.mark.slow
def test_more_keys_are_scored_where_some_do_not_suffice() -> None:
    # Where all vectors lean one way, errors of the codes that way outweigh what tells keys apart.
    rng = np.random.default_rng(5)
    lean = 2 * rng.standard_normal(20)
    keys, queries = (unit(rng.standard_normal((n, 20)) + lean) for n in (4_000, 300))
    index = FaissIndex(keys).tune(queries, target=1)
    assert index.measured_recall == 1
    assert index.settings["rescored"] > 128


@pytest.mark.slow
def test_tuning_draws_its_sample_with_the_random_state(planted: tuple[Matrix, Matrix]) -> None:
    keys, queries = planted
    once, again = (FaissIndex(keys, random_state=1).tune(queries, sample=80) for _ in range(2))
    assert once.settings == again.settings
    assert once.measured_recall is not None
    assert once.measured_recall == again.measured_recall
    assert round(80 * once.measured_recall) == pytest.approx(80 * once.measured_recall)


# --- files ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_an_index_is_what_was_saved(
    tmp_path: Path, small: tuple[Matrix, Matrix, Matrix], kind: Kind, mmap: bool, biased: bool
) -> None:
    keys, queries, csls = small
    bias = csls if biased else None
    index = FaissIndex(keys, bias=bias, kind=kind, recall=0.95, random_state=3)
    index.tune(queries[:300], 2)
    path = tmp_path / "indéx"
    index.save(path)
    loaded = FaissIndex.load(path, keys, mmap=mmap)
    assert_same(loaded.search(queries, 3), index.search(queries, 3))
    for name in ("kind", "recall", "random_state", "settings", "measured_recall", "measured_k"):
        assert getattr(loaded, name) == getattr(index, name)
    np.testing.assert_array_equal(loaded.bias, bias)
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before
    assert_same(loaded.search(queries, 3), index.search(queries, 3))
    other = loaded.with_bias(csls if bias is None else None)
    assert_scores(other.search(queries, 3), queries, keys, other.bias)
    assert loaded.tune(queries, target=0.8).measured_recall >= 0.8  # type: ignore[operator]
    assert sorted(tmp_path.iterdir()) == [path, beside(path)]
    assert faiss.read_index(str(path)).ntotal == len(keys)


def beside(path: Path) -> Path:
    return path.with_name(path.name + ".safetensors")


MAPPED = """
import sys
import numpy as np
from alignx.retrieval.faiss.index import FaissIndex

def resident(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

path, kind, mmap = sys.argv[1], sys.argv[2], sys.argv[3] == "mmap"
keys = np.load(path + ".npy", mmap_mode="r")
FaissIndex(keys[:40], kind=kind).search(keys[:1], 1)
before = resident("RssAnon")
index = FaissIndex.load(path, keys, mmap=mmap, keys_checksum="these")
index.search(keys[:1], 1)
print(resident("RssAnon") - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_a_mapped_index_takes_next_to_no_memory(tmp_path: Path, kind: Kind) -> None:
    keys = np.random.default_rng(0).standard_normal((10_000, 256), dtype=np.float32)
    if kind == "hnsw":
        keys = keys[:3_000]
    needed = (1, 14) if kind == "ivf" else (1, 11)
    if tuple(map(int, faiss.__version__.split(".")[:2])) < needed:
        pytest.skip("this FAISS does not map it")
    path = tmp_path / "index"
    np.save(tmp_path / "index.npy", keys)
    FaissIndex(np.load(tmp_path / "index.npy", mmap_mode="r"), kind=kind).save(
        path, keys_checksum="these"
    )
    taken = {}
    for how in ("mmap", "read"):
        command = [sys.executable, "-c", MAPPED, str(path), kind, how]
        taken[how] = int(subprocess.run(command, capture_output=True, check=True).stdout)
    assert taken["read"] > 0.9 * keys.nbytes
    assert taken["mmap"] < taken["read"] / 2


@pytest.fixture
def saved(tmp_path: Path, small: tuple[Matrix, Matrix, Matrix]) -> Path:
    keys, _, bias = small
    path = tmp_path / "index"
    FaissIndex(keys[:200], bias=bias[:200]).save(path)
    return path


@pytest.mark.parametrize("of", [Path, beside])
def test_every_cut_and_every_changed_byte_is_told(
    saved: Path, small: tuple[Matrix, Matrix, Matrix], of: Callable[[Path], Path]
) -> None:
    keys, file = small[0][:200], of(saved)
    content = file.read_bytes()
    cuts = {0, 1, 7, 8, 9, len(content) // 2, len(content) - 1}
    changed = [content[:cut] for cut in cuts] + [content[1:], content + b"\0"]
    for position in {*range(200), *range(200, len(content), 97)} & {*range(len(content))}:
        flipped = bytes([content[position] ^ 0x41])
        changed.append(content[:position] + flipped + content[position + 1 :])
    for bad in changed:
        file.write_bytes(bad)
        with pytest.raises(FormatError, match=r"index.*build (it|the index) again"):
            FaissIndex.load(saved, keys)


def rewritten(path: Path, **changes: object) -> None:
    """Change metadata, with a checksum that agrees."""
    metadata, tensors = read_tensors(beside(path))
    facts = json.dumps(json.loads(metadata["facts"]) | changes)
    digest = hashlib.sha256(path.read_bytes())
    checksum = files._completed(digest, tensors.get("bias"), facts)
    beside(path).write_bytes(save(tensors, metadata | {"facts": facts, "checksum": checksum}))


def test_other_files_and_other_keys_are_refused(
    saved: Path, small: tuple[Matrix, Matrix, Matrix]
) -> None:
    keys = small[0][:200]
    FaissIndex.load(saved, keys)
    with pytest.raises(FileNotFoundError, match="no-such: no such file"):
        FaissIndex.load("no-such", keys)
    with pytest.raises(OSError, match="this is a directory"):
        FaissIndex.load(saved.parent, keys)
    with pytest.raises(FormatError, match="of other keys; build it again from these"):
        FaissIndex.load(saved, keys + np.float32(1e-6))
    with pytest.raises(FormatError, match="of other keys"):
        FaissIndex.load(saved, keys, keys_checksum="other")
    for other, shape in ((keys[:-1], "199 of 15"), (keys[:, :14], "200 of 14")):
        with pytest.raises(FormatError, match=f"200 keys of dimension 15, got {shape}; build"):
            FaissIndex.load(saved, other)
    rewritten(saved, version=3)
    with pytest.raises(FormatError, match=r"newer alignx .*version 3, not 2.*; update alignx"):
        FaissIndex.load(saved, keys)
    saved.write_bytes(b"no index of FAISS")
    rewritten(saved, version=2, faiss="9.9")
    for mmap in (False, True):
        with pytest.raises(FormatError, match=r"cannot read this index of FAISS 9\.9; update"):
            FaissIndex.load(saved, keys, mmap=mmap)
    beside(saved).write_bytes(save({}, {"format": "pt"}))
    with pytest.raises(FormatError, match="no metadata of an index"):
        FaissIndex.load(saved, keys)
    beside(saved).unlink()
    with pytest.raises(FileNotFoundError, match=r"index\.safetensors: no such file"):
        FaissIndex.load(saved, keys)


def test_paths_that_cannot_be_written_are_told(
    tmp_path: Path, small: tuple[Matrix, Matrix, Matrix]
) -> None:
    index = FaissIndex(small[0], kind="flat")
    with pytest.raises(OutputError, match="the directory does not exist"):
        index.save(tmp_path / "none" / "index")
    with pytest.raises(OutputError, match="this is a directory"):
        index.save(tmp_path)
    path = tmp_path / "index"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OutputError, match="exceeds the size"):
            index.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_mapped_keys_are_not_copied(tmp_path: Path) -> None:
    keys, queries = clusters(5_000, 40, 9)
    np.save(tmp_path / "keys.npy", keys)
    mapped = np.load(tmp_path / "keys.npy", mmap_mode="r")
    index = FaissIndex(mapped)
    assert np.shares_memory(index.keys, mapped)
    assert_same(index.search(queries, 3), FaissIndex(keys).search(queries, 3))


# --- bad input --------------------------------------------------------------------------------


def test_arguments_out_of_range_are_refused() -> None:
    keys = np.eye(4, dtype=np.float32)
    index = FaissIndex(keys, kind="flat")
    for k in (0, 5):
        with pytest.raises(ValueError, match=rf"^k must lie in \[1, 4\], got {k}"):
            index.search(keys, k)
        with pytest.raises(ValueError, match=rf"^k must lie in \[1, 4\], got {k}"):
            index.tune(keys, k)
    with pytest.raises(DimensionError, match=r"queries and keys .* got 3 and 4"):
        index.search(keys[:, :3], 1)
    with pytest.raises(ValueError, match="queries must be finite"):
        index.search(np.full((1, 4), np.nan), 1)
    with pytest.raises(ValueError, match="kind must be one of flat, hnsw, ivf, ivfpq, got 'lsh'"):
        FaissIndex(keys, kind="lsh")  # type: ignore[arg-type]
    for recall_asked in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"recall must lie in \(0, 1\]"):
            FaissIndex(keys, recall=recall_asked)
        with pytest.raises(ValueError, match=r"target must lie in \(0, 1\]"):
            index.tune(keys, target=recall_asked)
    with pytest.raises(ValueError, match="sample must be at least 1, got 0"):
        index.tune(keys, sample=0)
    with pytest.raises(ValueError, match="queries must have at least 1 row"):
        index.tune(keys[:0])
    with pytest.raises(ValueError, match="keys must have at least 1 row"):
        FaissIndex(keys[:0])
    with pytest.raises(ValueError, match="bias must hold one value"):
        FaissIndex(keys, bias=[0.0])
    with pytest.raises(ValueError, match="bias must be finite"):
        FaissIndex(keys, bias=np.full(4, np.inf))


def test_scores_that_are_no_numbers_are_refused() -> None:
    index = FaissIndex(np.array([[1e30, 1], [1, 1e30]], np.float32), kind="flat")
    with pytest.raises(ValueError, match="dot products must stay within float32"):
        index.search(np.array([[1e30, 1e30]], np.float32), 1)


@pytest.mark.slow
def test_a_missing_faiss_is_told() -> None:
    code = (
        "import sys; sys.modules['faiss'] = None\n"
        "import alignx, numpy as np\n"
        "try:\n    alignx.FaissIndex(np.eye(3))\n"
        "except alignx.MissingDependencyError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "approximate search needs the package faiss: pip install faiss-cpu\n"
    assert issubclass(MissingDependencyError, ImportError)


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_keeps_its_keys(kind: Kind) -> None:
    keys, queries = clusters(300, 8, 3)
    index = FaissIndex(keys, kind=kind)
    expected = index.search(queries, 3)
    keys[:] = 0
    assert_same(index.search(queries, 3), expected)


def test_a_number_of_answers_that_was_not_given_is_lowered_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = np.eye(3, dtype=np.float32)
    assert FaissIndex(keys, kind="flat").search(keys).indices.shape == (3, 3)
    assert caplog.messages == ["k is 3 instead of 10: there are only 3 rows"]
