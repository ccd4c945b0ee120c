from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import cosines, top_k
from reference import csls_bias as reference_bias

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
from alignx.retrieval.faiss import files as ann_files  # noqa: E402  # after the skip
from alignx.retrieval.faiss.index import FaissIndex, Kind  # noqa: E402
from alignx.retrieval.faiss.tuning import least_settings  # noqa: E402

if TYPE_CHECKING:
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
    return clusters(20_000, 48, 0)


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("biased", [False, True])
def test_a_tuned_index_finds_as_much_as_it_should(
    planted: tuple[Matrix, Matrix], kind: Kind, biased: bool
) -> None:
    keys, queries = planted
    bias = csls_bias(keys, queries) if biased else None
    index = FaissIndex(keys, bias=bias, kind=kind)
    assert index.measured_recall is index.measured_k is None
    most = index._structure.limits()[-1]
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


@pytest.mark.parametrize("dimension", [50, 300, 301])
@pytest.mark.parametrize("biased", [False, True])
def test_compressed_vectors_may_have_any_dimension(dimension: int, biased: bool) -> None:
    keys, queries = clusters(700, dimension, dimension)
    bias = csls_bias(keys, queries) if biased else None
    index = FaissIndex(keys, bias=bias).tune(queries)
    assert_scores(index.search(queries, 5), queries, keys, bias)
    subvectors = (dimension + biased + 1) // 2
    assert index._structure.index.pq.M == subvectors  # noqa: SIM300


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
    index = FaissIndex(keys, bias=bias, kind=kind, seed=seed)
    found = index.search(queries, k)
    assert found.indices.shape == (7, k)
    assert_scores(found, queries, keys, bias)
    pairs = np.take_along_axis(index.search(queries, count).scores, np.zeros((7, 1), int), axis=1)
    exact = ExactIndex(keys, bias=bias).search(queries, 1).scores
    np.testing.assert_allclose(pairs, exact, rtol=0, atol=TOLERANCE)


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


@pytest.mark.parametrize("kind", LISTS)
def test_index_and_answers_do_not_depend_on_the_number_of_threads(
    tmp_path: Path, planted: tuple[Matrix, Matrix], kind: Kind
) -> None:
    keys, queries = planted
    bias = csls_bias(keys, queries)
    files, answers = set(), []
    for n_threads in (1, 2, 3, None):
        index = FaissIndex(keys, bias=bias, kind=kind, seed=5)
        answers.append(index.search(queries, 5))
        index.save(tmp_path / "index")
        files.add((tmp_path / "index").read_bytes())
        assert index.n_threads == n_threads
    assert len(files) == 1
    for found in answers[1:]:
        assert_same(found, answers[0])
    other = FaissIndex(keys, bias=bias, kind=kind, seed=6)
    if kind != "flat":
        assert (other._structure.centroids != index._structure.centroids).any()  # type: ignore[attr-defined]


def test_a_graph_is_the_same_with_one_thread(small: tuple[Matrix, Matrix, Matrix]) -> None:
    keys, queries, bias = small
    once, again = (FaissIndex(keys, bias=bias, kind="hnsw") for _ in range(2))
    assert_same(once.search(queries, 5), again.search(queries, 5))


THREADS = """
import numpy as np
import faiss
from alignx.retrieval.faiss.index import FaissIndex
from alignx.retrieval.exact import ExactIndex
from threadpoolctl import threadpool_info

def counts():
    return faiss.omp_get_max_threads(), *[pool["num_threads"] for pool in threadpool_info()]

rows = np.random.default_rng(0).standard_normal((3_000, 8)).astype(np.float32)
ExactIndex(rows).search(rows[:300])
before = counts()
for kind in ("flat", "ivf", "ivfpq", "hnsw"):
    seen = []
    index = FaissIndex(rows, kind=kind, n_threads=2, progress=lambda _: seen.append(counts()[0]))
    index.search(rows, 3, progress=lambda _: seen.append(counts()[0]))
    assert set(seen) == {2}, seen
    index.tune(rows)
    assert counts() == before, (before, counts())
print(before[0])
"""


def test_the_number_of_threads_of_others_is_left_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    keys, queries = clusters(300, 6, 0)
    for kind in KINDS:
        FaissIndex(keys, kind=kind).tune(queries)
    assert capfd.readouterr() == ("", "")


def test_progress_is_told_and_may_stop_the_work(planted: tuple[Matrix, Matrix]) -> None:
    keys, queries = planted

    class StopError(Exception):
        pass

    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise StopError

    for kind in KINDS:
        told: list[float] = []
        index = FaissIndex(keys[:9_000], kind=kind, progress=told.append)
        assert len(told) > 4
        assert told == sorted(told)
        assert told[-1] == 1
        told = []
        index.tune(queries, progress=told.append)
        assert told == sorted(told)
        assert told[-1] == 1
        settings = index.settings
        with pytest.raises(StopError):
            FaissIndex(keys[:9_000], kind=kind, progress=stop)
        with pytest.raises(StopError):
            index.tune(queries, target=0.5, progress=stop)
        assert index.settings is settings


# --- another bias -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_with_another_bias_leaves_the_first_as_it_is(
    small: tuple[Matrix, Matrix, Matrix], kind: Kind
) -> None:
    keys, queries, bias = small
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
    back = biased.with_bias(None)
    assert back.bias is None
    assert_same(back.search(queries, 4), before)
    with pytest.raises(ValueError, match="bias must hold one value for each of 1500 rows"):
        plain.with_bias(bias[:7])


# --- recall -----------------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 100), st.integers(0, 100))
def test_tuning_finds_the_least_that_suffices(
    most: int, enough: int, percent: int, share: int
) -> None:
    asked: list[int] = []

    def recall_of(settings: dict[str, int]) -> float:
        asked.append(settings["nprobe"])
        return min(1.0, settings["nprobe"] / enough)

    settings, reached = least_settings(recall_of, {"nprobe": most}, percent / 100)
    least = [n for n in range(1, most + 1) if min(1.0, n / enough) >= percent / 100]
    assert settings == {"nprobe": least[0] if least else most}
    assert reached == min(1.0, settings["nprobe"] / enough)
    assert (reached >= percent / 100) == bool(least)
    assert len(asked) == len(set(asked)) <= 20

    def of_two(work: dict[str, int]) -> float:
        return min(1.0, work["nprobe"] / enough) * min(1.0, work["rescored"] / 7)

    two, reached = least_settings(of_two, {"nprobe": 300, "rescored": 9}, share / 100)
    assert reached == of_two(two) >= share / 100
    for name in two:
        assert two[name] == 1 or name == "nprobe" or of_two(two | {name: two[name] - 1}) < 1


def test_too_low_a_recall_is_refused() -> None:
    # A walk that enters a crowd of equal keys does not leave it: each has only others of them near.
    keys, queries = clusters(1_000, 20, 0)
    keys = np.concatenate([keys, np.tile(keys[:1], (2_000, 1))])
    index = FaissIndex(keys, kind="hnsw")
    before = dict(index.settings)
    message = r"kind 'hnsw' finds 0\.\d+ of .* at most \(efSearch=3000\), 1 was asked for; ask for"
    with pytest.raises(RecallError, match=message) as caught:
        index.tune(queries, target=1)
    assert index.settings == before
    assert index.measured_recall is None
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.settings == {"efSearch": 3_000}
    assert 0 <= error.reached < error.target == 1
    assert FaissIndex(keys, kind="ivf").tune(queries, target=1).measured_recall == 1
    compressed = FaissIndex(keys)
    compressed._structure.limits = lambda: [{"nprobe": 1, "rescored": 1}] * 2  # type: ignore[method-assign]
    with pytest.raises(AlignxError, match="nprobe=1, rescored=1"):
        compressed.tune(queries)


def test_more_keys_are_scored_where_some_do_not_suffice() -> None:
    # Where all vectors lean one way, errors of the codes that way outweigh what tells keys apart.
    rng = np.random.default_rng(5)
    lean = 2 * rng.standard_normal(20)
    keys, queries = (unit(rng.standard_normal((n, 20)) + lean) for n in (4_000, 300))
    index = FaissIndex(keys).tune(queries, target=1)
    assert index.measured_recall == 1
    assert index.settings["rescored"] > 128


def test_tuning_draws_its_sample_with_the_seed(planted: tuple[Matrix, Matrix]) -> None:
    keys, queries = planted
    once, again = (FaissIndex(keys, seed=1).tune(queries, sample=80) for n in (1, 2))
    assert once.settings == again.settings
    assert once.measured_recall is not None
    assert once.measured_recall == again.measured_recall
    assert round(80 * once.measured_recall) == pytest.approx(80 * once.measured_recall)
    assert "ivfpq" in repr(once)
    assert "measured_recall=0.9" in repr(once) or "measured_recall=1.0" in repr(once)


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_an_index_is_what_was_saved(
    tmp_path: Path, small: tuple[Matrix, Matrix, Matrix], kind: Kind, mmap: bool, biased: bool
) -> None:
    keys, queries, csls = small
    bias = csls if biased else None
    index = FaissIndex(keys, bias=bias, kind=kind, recall=0.95, seed=3).tune(queries[:300], 2)
    path = tmp_path / "index"
    index.save(path)
    loaded = FaissIndex.load(path, keys, mmap=mmap)
    assert_same(loaded.search(queries, 3), index.search(queries, 3))
    for name in ("kind", "recall", "seed", "settings", "measured_recall", "measured_k"):
        assert getattr(loaded, name) == getattr(index, name)
    assert loaded.n_threads == 1
    if bias is None:
        assert loaded.bias is None
    else:
        np.testing.assert_array_equal(loaded.bias, bias)
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before
    assert_same(loaded.search(queries, 3), index.search(queries, 3))
    other = loaded.with_bias(csls if bias is None else None)
    assert_scores(other.search(queries, 3), queries, keys, other.bias)
    assert loaded.tune(queries, target=0.8).measured_recall >= 0.8  # type: ignore[operator]
    assert list(tmp_path.iterdir()) == [path]


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


def facts_of(content: bytes) -> tuple[dict[str, Any], int]:
    """Give the facts, and where they begin."""
    length = int.from_bytes(content[-24:-16], "little")
    return json.loads(content[-56 - length : -56]), len(content) - 56 - length


def test_the_facts_in_a_file_can_be_read(saved: Path, small: tuple[Matrix, Matrix, Matrix]) -> None:
    facts, begin = facts_of(saved.read_bytes())
    assert facts["format"] == "alignx/ann-index"
    assert facts["version"] == 1
    assert facts["faiss"] == faiss.__version__
    assert (facts["kind"], facts["shape"], facts["seed"]) == ("ivfpq", [200, 15], 0)
    assert facts["keys_checksum"] == ann_files.checksum_of(small[0][:200])
    assert facts["bias_bytes"] == 800
    assert facts["index_bytes"] == begin - 800


def test_every_cut_is_told(saved: Path, small: tuple[Matrix, Matrix, Matrix]) -> None:
    content, keys = saved.read_bytes(), small[0][:200]
    _, begin = facts_of(content)
    cuts = {0, 1, 15, 16, 55, 56, 57, begin // 2, begin - 800, begin - 1, begin, begin + 1}
    for cut in sorted(cuts | set(range(len(content) - 60, len(content)))):
        saved.write_bytes(content[:cut])
        with pytest.raises(FormatError, match=r"index: (this is no index|the index is damaged)"):
            FaissIndex.load(saved, keys)
    for rest in (content[1:], content + b"\0", content[:900] + content[901:]):
        saved.write_bytes(rest)
        with pytest.raises(FormatError, match=r"index: (this is no index|the index is damaged)"):
            FaissIndex.load(saved, keys)


def test_every_changed_byte_is_told(saved: Path, small: tuple[Matrix, Matrix, Matrix]) -> None:
    content, keys = saved.read_bytes(), small[0][:200]
    positions = [*range(0, len(content), 397), *range(len(content) - 80, len(content))]
    for position in positions:
        changed = bytearray(content)
        changed[position] ^= 0x41
        saved.write_bytes(changed)
        with pytest.raises(FormatError, match=r"index: (this is no index|the index is damaged)"):
            FaissIndex.load(saved, keys)


def rewritten(content: bytes, **changes: object) -> bytes:
    """Change facts, with checksums that agree."""
    facts, begin = facts_of(content)
    encoded = json.dumps(facts | changes).encode()
    digest = hashlib.sha256(encoded).digest()
    return content[:begin] + encoded + digest + len(encoded).to_bytes(8, "little") + content[-16:]


def test_other_files_and_other_keys_are_refused(
    saved: Path, small: tuple[Matrix, Matrix, Matrix]
) -> None:
    content, keys = saved.read_bytes(), small[0][:200]
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
        message = f"is of 200 keys of dimension 15, got {shape}; build it again"
        with pytest.raises(FormatError, match=message):
            FaissIndex.load(saved, other)
    with pytest.raises(ValueError, match="n_threads must be at least 1"):
        FaissIndex.load(saved, keys)
    saved.write_bytes(rewritten(content, version=2))
    with pytest.raises(FormatError, match=r"newer alignx .*version 2, not 1.*; update alignx"):
        FaissIndex.load(saved, keys)
    saved.write_bytes(rewritten(content, kind="hnsw", faiss="9.9"))
    with pytest.raises(FormatError, match=r"cannot read this index of FAISS 9\.9; update FAISS"):
        FaissIndex.load(saved, keys)
    plain = saved.parent / "plain"
    faiss.write_index(faiss.IndexFlatIP(15), str(plain))
    with pytest.raises(FormatError, match="this is no index of alignx"):
        FaissIndex.load(plain, keys)


def test_what_faiss_cannot_read_is_told(
    tmp_path: Path, small: tuple[Matrix, Matrix, Matrix]
) -> None:
    keys = small[0]
    path = tmp_path / "index"
    facts = {
        "kind": "flat", "shape": list(keys.shape), "faiss": "9.9", "settings": {}, "seed": 0,
        "recall": 0.9, "measured_recall": None, "measured_k": None, "keys_checksum": "these",
    }  # fmt: skip
    ann_files.write_index_file(path, lambda write: write(b"no index of FAISS"), None, facts)
    for mmap in (False, True):
        with pytest.raises(FormatError, match=r"cannot read this index of FAISS 9\.9"):
            FaissIndex.load(path, keys, keys_checksum="these", mmap=mmap)


def test_places_where_nothing_can_be_written_are_told(
    tmp_path: Path, small: tuple[Matrix, Matrix, Matrix]
) -> None:
    index = FaissIndex(small[0], kind="flat")
    with pytest.raises(OutputError, match="the directory does not exist"):
        index.save(tmp_path / "none" / "index")
    with pytest.raises(OutputError, match="this is a directory"):
        index.save(tmp_path)
    if Path("/dev/full").exists():
        with pytest.raises(OutputError, match="no space is left"):
            index.save("/dev/full")
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


def test_mapped_keys_are_not_copied(tmp_path: Path) -> None:
    keys, queries = clusters(5_000, 40, 9)
    np.save(tmp_path / "keys.npy", keys)
    mapped = np.load(tmp_path / "keys.npy", mmap_mode="r")
    index = FaissIndex(mapped)
    assert np.shares_memory(index.keys, mapped)
    assert_same(index.search(queries, 3), FaissIndex(keys).search(queries, 3))
    index.save(tmp_path / "index")
    loaded = FaissIndex.load(tmp_path / "index", keys)
    assert_same(loaded.search(queries, 3), index.search(queries, 3))


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
    with pytest.raises(ValueError, match="n_threads must be at least 1, got 0"):
        FaissIndex(keys)
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
