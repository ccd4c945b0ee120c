from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from conftest import plant_clusters
from sharding import induce_in_folder
from tasks import answer, die, draw, identify, refuse, reject, stay_alone, wait_for

from alignx.errors import ClusterError, FormatError
from alignx.induction.sharded import plan
from alignx.retrieval.clustered import can_search_clusters
from alignx.support import parallel
from alignx.support.parallel import as_completed, run_all
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

distributed = pytest.importorskip("distributed", reason="clusters need the package distributed")
pytestmark = pytest.mark.slow  # it starts schedulers and workers

TESTS = str(Path(__file__).parents[1])


class Cluster:
    """A scheduler and workers, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        self.start("scheduler", "--port", "0", "--idle-timeout", "10 minutes", **failures)

    def start(self, *arguments: str, **environment: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1"]
        command += ["--scheduler-file", str(self.file), "--no-dashboard"]
        paths = [environment.pop("path", ""), TESTS, os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        # Where no source of alignx is, so that an installed one is tested.
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                command, env=os.environ | environment, cwd=self.folder, stdout=log, stderr=log
            )
        self.processes.append(process)

    def start_worker(self, **environment: str) -> None:
        place = ["--local-directory", str(self.folder)]
        self.start("worker", "--nthreads", "1", "--no-nanny", *place, **environment)

    @property
    def address(self) -> str:
        facts: dict[str, str] = {}

        def read() -> bool:
            with suppress(OSError, ValueError):  # not there yet, or not complete
                facts.update(json.loads(self.file.read_text(encoding="utf-8")))
            return bool(facts)

        wait_for(read)
        return facts["address"]

    def keep_workers(self, count: int) -> None:
        """Start as many workers as have died."""
        alive = [process for process in self.processes[1:] if process.poll() is None]
        for _ in range(count - len(alive)):
            self.start_worker()
        if len(alive) < count:
            self.wait_for_workers(count)

    def wait_for_workers(self, count: int) -> None:
        with distributed.Client(self.address, set_as_default=False) as client:
            wait_for(lambda: len(client.ncores()) == count)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.start_worker()
        cluster.wait_for_workers(workers)
        yield cluster
    finally:
        for process in cluster.processes:
            process.kill()
        for process in cluster.processes:
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler for all tests, some of which kill workers: starting them takes seconds."""
    with running(tmp_path_factory.mktemp("cluster"), 0) as cluster:
        yield cluster


@pytest.fixture
def address(cluster: Cluster) -> str:
    """That scheduler, with two workers."""
    cluster.keep_workers(2)
    return cluster.address


def marks(folder: Path) -> list[tuple[int, int]]:
    """Which calls of `answer` have begun, and the processes that they are in."""
    pairs = (path.name.split("-") for path in folder.glob("*-*"))
    return sorted((int(number), int(process)) for number, process in pairs)


def wait_for_marks(folder: Path, count: int) -> None:
    wait_for(lambda: len(marks(folder)) >= count)


# --- results ----------------------------------------------------------------------------------


def test_results_are_those_of_one_process_in_the_order_of_the_arguments(address: str) -> None:
    arguments = [(seed,) for seed in range(12)]
    found = run_all(draw, arguments, cluster=address)
    np.testing.assert_array_equal(found, run_all(draw, arguments, n_jobs=1))


def test_each_worker_takes_part_and_this_process_does_not(address: str, tmp_path: Path) -> None:
    outcomes = as_completed(answer, [(0, tmp_path), (1, tmp_path)], cluster=address)
    opener = threading.Thread(target=open_when_begun, args=(tmp_path, 2))
    opener.start()
    assert sorted(outcomes) == [(0, 0), (1, 1)]
    opener.join()
    processes = {process for _, process in marks(tmp_path)}
    assert len(processes) == 2
    assert os.getpid() not in processes


def open_when_begun(folder: Path, count: int) -> None:
    wait_for_marks(folder, count)
    (folder / "go").touch()


def test_a_single_call_is_made_there_too(address: str) -> None:
    ((number, process),) = run_all(identify, [(3,)], cluster=address)
    assert number == 3
    assert process != os.getpid()


def test_no_calls_have_no_results(address: str) -> None:
    assert run_all(divmod, [], cluster=address) == []


def test_a_result_is_given_before_others_are_there(address: str, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    (ready / "go").touch()
    outcomes = as_completed(answer, [(0, tmp_path), (1, ready), (2, ready)], cluster=address)
    assert sorted([next(outcomes), next(outcomes)]) == [(1, 1), (2, 2)]
    (tmp_path / "go").touch()
    assert list(outcomes) == [(0, 0)]


def test_jobs_bound_how_many_calls_are_made_at_once(address: str, tmp_path: Path) -> None:
    assert run_all(stay_alone, [(tmp_path,)] * 6, cluster=address, n_jobs=1) == [None] * 6


# --- what ends it -----------------------------------------------------------------------------


def test_exceptions_arrive_as_they_are(address: str) -> None:
    with pytest.raises(ValueError, match="number must not be 2, got 2"):
        run_all(refuse, [(1,), (2,), (3,)], cluster=address)
    with pytest.raises(FormatError, match=r"some\.vec:7: it is no good") as caught:
        run_all(reject, [("some.vec",)], cluster=address)
    assert caught.value.line == 7
    assert run_all(refuse, [(1,), (3,)], cluster=address) == [1, 3]


@pytest.mark.parametrize("n_jobs", [None, 1])
def test_arguments_that_cannot_travel_are_refused(address: str, n_jobs: int | None) -> None:
    arguments = [(0,), (1,), (threading.Lock(),), (3,)]
    with pytest.raises(TypeError, match="serialize"):
        run_all(identify, arguments, cluster=address, n_jobs=n_jobs)


def test_what_has_not_begun_is_dropped_when_the_generator_is_closed(
    address: str, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    (ready / "go").touch()
    arguments = [(0, ready), *((number, tmp_path) for number in range(1, 7))]
    outcomes = as_completed(answer, arguments, cluster=address)
    assert next(outcomes) == (0, 0)
    wait_for_marks(tmp_path, 2)
    outcomes.close()
    check_that_no_more_begin(address, tmp_path)


def check_that_no_more_begin(address: str, folder: Path) -> None:
    """End two calls that wait, and see that the workers then do what is asked next."""
    begun = marks(folder)
    assert len(begun) == 2
    (folder / "go").touch()
    assert [number for number, _ in run_all(identify, [(n,) for n in range(4)], cluster=address)]
    assert marks(folder) == begun


INTERRUPTED = """
import signal, sys
from pathlib import Path
from tasks import answer
from alignx.support.parallel import run_all
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignore"
try:
    run_all(answer, [(number, Path(sys.argv[2])) for number in range(6)], cluster=sys.argv[1])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_ends_it_and_drops_what_has_not_begun(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    folder.mkdir()
    command = [sys.executable, "-c", INTERRUPTED, address, str(folder)]
    paths = os.pathsep.join(filter(None, [TESTS, os.environ.get("PYTHONPATH", "")]))
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        cwd=tmp_path,
    ) as process:
        wait_for_marks(folder, 2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert output == "interrupted\n"
    assert process.returncode == 0
    check_that_no_more_begin(address, folder)


# --- workers that die, lack something, or are not there ---------------------------------------


def test_calls_of_a_worker_that_is_killed_are_made_by_others(address: str, tmp_path: Path) -> None:
    def kill_one() -> None:
        wait_for_marks(tmp_path, 2)
        os.kill(marks(tmp_path)[0][1], signal.SIGKILL)
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill_one)
    killer.start()
    numbers = list(range(8))
    assert run_all(answer, [(n, tmp_path) for n in numbers], cluster=address) == numbers
    killer.join()
    begun = [number for number, _ in marks(tmp_path)]
    assert len(begun) == 9  # one of them twice
    assert set(begun) == set(numbers)


def test_a_call_that_kills_its_workers_ends_with_an_error(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.keep_workers(3)
    with pytest.raises(ClusterError, match=r"each worker that made a certain call died.*die-"):
        run_all(die, [()], cluster=cluster.address)
    cluster.wait_for_workers(1)
    monkeypatch.setattr(parallel, "WORKER_SECONDS", 1.0)
    with pytest.raises(ClusterError, match="no worker for 1 s; start some with `dask worker"):
        run_all(die, [()], cluster=cluster.address)


def test_the_end_of_the_scheduler_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    folder.mkdir()
    with running(tmp_path, 1) as cluster:

        def kill_scheduler() -> None:
            wait_for_marks(folder, 1)
            cluster.processes[0].kill()

        killer = threading.Thread(target=kill_scheduler)
        killer.start()
        with pytest.raises(ClusterError, match="its scheduler has gone"):
            run_all(answer, [(0, folder), (1, folder)], cluster=cluster.address)
        killer.join()


def test_workers_must_have_this_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = tmp_path / "old" / "alignx-0.0.1.dist-info"
    facts.mkdir(parents=True)
    text = "Metadata-Version: 2.1\nName: alignx\nVersion: 0.0.1\n"
    (facts / "METADATA").write_text(text, encoding="utf-8")
    with running(tmp_path, 0) as cluster:
        monkeypatch.setattr(parallel, "WORKER_SECONDS", 0.5)
        with pytest.raises(ClusterError, match=r"no worker for 0.5 s"):
            run_all(divmod, [(7, 2)], cluster=cluster.address)
        cluster.start_worker(path=str(facts.parent))
        cluster.wait_for_workers(1)
        with pytest.raises(ClusterError, match=r"worker tcp://.* has alignx 0\.0\.1; install"):
            run_all(divmod, [(7, 2)], cluster=cluster.address)


# --- dictionaries -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["exact", "clustered"])
def test_a_dictionary_is_the_same_though_a_worker_is_killed(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: Literal["exact", "clustered"],
) -> None:
    if kind == "clustered" and not can_search_clusters():
        pytest.skip("this processor does not multiply bytes fast")
    monkeypatch.setattr(plan, "SHARD_ROWS", (100,))
    monkeypatch.chdir(tmp_path)
    planted = plant_clusters(0.5, 3_000, 24)
    languages = (
        Embeddings([f"en{i}" for i in range(3_000)], planted.source),
        Embeddings([f"es{i}" for i in range(3_000)], planted.target @ planted.rotation.T),
    )

    def induce(
        address: str | None = None, progress: Callable[[float], object] | None = None
    ) -> str:
        # A relative path, which is another one where workers are.
        found = induce_in_folder(
            None, *languages, Path("work"), index=kind, cluster=address, progress=progress
        )
        found.lexicon.save("out.tsv")
        return Path("out.tsv").read_text(encoding="utf-8")

    cluster.keep_workers(2)
    killed: list[float] = []

    def kill_one(fraction: float) -> None:
        searched = list(Path("work").glob("cosine.*"))
        if not killed and len(searched) >= 2:
            cluster.processes[-1].kill()
            killed.append(fraction)

    found = induce(cluster.address, kill_one)
    assert len(killed) == 1
    assert found == induce()
    assert not Path("work").exists()


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize("listens", [False, True])
def test_it_is_told_soon_that_no_scheduler_answers(
    listens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CONNECT_SECONDS", 1.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        begin = time.monotonic()
        with pytest.raises(ClusterError, match="no Dask scheduler answers there; start one with"):
            run_all(divmod, [(7, 2)], cluster=f"tcp://127.0.0.1:{other.getsockname()[1]}")
        assert time.monotonic() - begin < 15


@pytest.mark.parametrize(
    "wrong", ["", "here", "tcp://127.0.0.1", "tcp://127.0.0.1:port", "http://127.0.0.1:8787"]
)
def test_a_malformed_address_is_refused(wrong: str) -> None:
    with pytest.raises(ClusterError, match="the address must be tcp://HOST:PORT"):
        run_all(divmod, [(7, 2)], cluster=wrong)
