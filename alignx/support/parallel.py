"""The one way to do independent work at the same time: joblib, on one machine or a Dask cluster.

Tasks are a function of a module and its arguments, which travel by pickle: file paths and row
ranges rather than matrices, so that workers open files memory-mapped themselves.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from joblib import Parallel, delayed
from joblib.parallel import ParallelBackendBase

from alignx.errors import AlignxError, ClusterError, MissingDependencyError
from alignx.support.config import Config, config_context, get_config

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from distributed import Client, Future

__all__ = ["as_completed", "run_all"]

Result = TypeVar("Result")

CONNECT_SECONDS = 5.0
WORKER_SECONDS = 10.0


def run_all(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    cluster: str | None = None,
) -> list[Result]:
    """Call a function once for each tuple of arguments, in processes of their own.

    Parameters
    ----------
    function : callable
        Picklable for more than one job, as functions of modules are.
    arguments : iterable of tuple
        The positional arguments of each call.
    n_jobs : int, optional
        How many calls at the same time, at least 1; one for each core unless given. With 1 and no
        cluster the calls are made one after the other in this process. On a cluster as many as
        its workers take, unless given.
    cluster : str, optional
        Address of the scheduler of a Dask cluster that is to make the calls, such as
        "tcp://HOST:PORT"; see `as_completed`.

    Returns
    -------
    list
        The results in the order of the arguments.

    Raises
    ------
    ValueError
        If `n_jobs` is less than 1.
    ClusterError, MissingDependencyError
        As of `as_completed`.

    Notes
    -----
    The first exception of a call is raised here, with its own class, and calls that have not
    begun are dropped. Each process gets its share of the threads of BLAS and OpenMP.

    Examples
    --------
    >>> run_all(divmod, [(7, 2), (9, 4)], n_jobs=1)
    [(3, 1), (2, 1)]
    """
    results = dict(as_completed(function, arguments, n_jobs=n_jobs, cluster=cluster))
    return [results[position] for position in range(len(results))]


def as_completed(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    cluster: str | None = None,
) -> Generator[tuple[int, Result], None, None]:
    """Call a function as `run_all` does, and give each result as soon as it is there.

    Parameters
    ----------
    function : callable
        Picklable for more than one job, as functions of modules are.
    arguments : iterable of tuple
        The positional arguments of each call.
    n_jobs : int, optional
        How many calls at the same time, at least 1; one for each core unless given. With 1 and no
        cluster each call is made in this process when its result is asked for. On a cluster as
        many as its workers take, unless given.
    cluster : str, optional
        Address of the scheduler of a Dask cluster that is to make the calls.

    Yields
    ------
    tuple of (int, result)
        Position among the arguments, and the result, in the order in which calls end.

    Raises
    ------
    ValueError
        If `n_jobs` is less than 1.
    AlignxError
        If a process of this machine was ended from outside.
    ClusterError
        If no scheduler answers at the address or it ends, if there is no worker for a while, if
        one has another version of alignx, or if each that makes a certain call dies.
    MissingDependencyError
        If a cluster is given and Dask is not installed.

    Notes
    -----
    The work begins with the first result asked for. Calls that have not begun are dropped when
    one raises, and when the generator is closed. Processes of this machine are then ended;
    workers of a cluster end the call that they are in.

    On a cluster:

    - Scheduler and workers need this version of alignx, and the files at the same paths.
    - ``dask scheduler`` starts the one; ``dask worker tcp://HOST:8786 --nworkers 8 --nthreads 1
      --memory-limit 0``, on each machine, starts eight of the others. A worker makes as many calls
      at once as it has threads, and alignx has threads of its own, hence one. Without the last
      option Dask ends workers for their memory, of which it takes mapped files to be a part.
    - Dask limits OpenMP and BLAS to one thread in each worker unless `OMP_NUM_THREADS` and
      `OPENBLAS_NUM_THREADS` are set where workers are started. A number of threads among the
      arguments of a call is kept as it is: give as many as a worker has cores for itself.
    - Calls of a worker that dies are made again by others, so they must not mind being made twice.

    Examples
    --------
    >>> for position, result in as_completed(divmod, [(7, 2), (9, 4)], n_jobs=1):
    ...     print(position, result)
    0 (3, 1)
    1 (2, 1)
    """
    if n_jobs is not None and n_jobs < 1:
        raise ValueError(f"n_jobs must be at least 1, got {n_jobs}")
    if cluster is not None:
        return _on_cluster(function, arguments, n_jobs, cluster)
    if n_jobs == 1:
        return _in_this_process(function, arguments)
    parallel = Parallel(n_jobs or -1, "loky", return_as="generator_unordered")
    return _through_joblib(parallel, function, arguments)


def _numbered(
    position: int, function: Callable[..., Result], arguments: tuple[Any, ...], config: Config
) -> tuple[int, Result]:
    """Call a function with the settings of the process that asked for it."""
    with config_context(**asdict(config)):
        return position, function(*arguments)


def _in_this_process(
    function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]
) -> Generator[tuple[int, Result], None, None]:
    for position, each in enumerate(arguments):
        yield position, function(*each)


def _through_joblib(
    parallel: Parallel, function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]
) -> Generator[tuple[int, Result], None, None]:
    outcomes = parallel(
        delayed(_numbered)(position, function, each, get_config())
        for position, each in enumerate(arguments)
    )
    try:
        for outcome in outcomes:  # noqa: UP028  # `yield from` would close it itself
            yield outcome
    except BrokenProcessPool as error:
        raise AlignxError(
            "a process of the work was ended from outside, most likely as memory ran out; do less "
            "at the same time, or give more memory"
        ) from error
    finally:
        with warnings.catch_warnings():
            # That results are left is no news to who stops asking for them.
            warnings.simplefilter("ignore", UserWarning)
            outcomes.close()


def _on_cluster(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    n_jobs: int | None,
    address: str,
) -> Generator[tuple[int, Result], None, None]:
    with _connected(address) as client:
        _check_workers(client, address)
        parallel = Parallel(
            backend=_DaskBackend(client, address, getattr(function, "__name__", "call")),
            return_as="generator_unordered",
            pre_dispatch=n_jobs or "all",
            batch_size=1,
        )
        yield from _through_joblib(parallel, function, arguments)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler; leaving drops what was asked of it."""
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependencyError(
            "work on a cluster needs the package distributed: pip install 'alignx[cluster]'"
        ) from error
    try:
        # A thread of its own, as that of a notebook has a loop already.
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, _greet(address)).result()
    except ValueError as error:
        raise ClusterError(address, f"the address must be tcp://HOST:PORT: {error}") from error
    except (OSError, MemoryError) as error:  # the latter where something else than Dask answers
        raise ClusterError(
            address,
            "no Dask scheduler answers there; start one with `dask scheduler`, which prints its "
            "address",
        ) from error
    with Client(address, timeout=CONNECT_SECONDS, set_as_default=False) as client:
        yield client


async def _greet(address: str) -> None:
    """See whether a scheduler answers: the client of Dask would wait forever for other services."""
    from distributed import Security
    from distributed.comm import connect

    security = Security().get_connection_args("client")
    comm = await asyncio.wait_for(
        connect(address, timeout=CONNECT_SECONDS, **security), CONNECT_SECONDS
    )
    comm.abort()


def _check_workers(client: Client, address: str) -> None:
    """Make sure of the same alignx everywhere, as the functions themselves do not travel."""
    found = client.get_versions(packages=["alignx"])
    ours = found["client"]["packages"]["alignx"]
    others = {"its scheduler": found["scheduler"]}
    others |= {f"its worker {worker}": each for worker, each in found["workers"].items()}
    for name, each in others.items():
        theirs = each["packages"]["alignx"]
        if theirs != ours:
            problem = f"has alignx {theirs}" if theirs else "lacks alignx"
            raise ClusterError(address, f"{name} {problem}; install alignx {ours} there")


class _DaskBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib is not typed
    """Make the calls of joblib on a cluster.

    joblib's own backend makes them in this process where the cluster has but one thread, and
    waits forever where one cannot be sent or unpacked, or no worker survives it.
    """

    supports_retrieve_callback = True

    def __init__(self, client: Client, address: str, name: str) -> None:
        super().__init__()
        self.client = client
        self.address = address
        self.name = name
        self.waiting: dict[str, Callable[[object], None]] = {}

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Two, whatever there is: with one joblib would make the calls in this process."""
        del n_jobs
        return 2

    def start_call(self) -> None:
        self.client.loop.add_callback(self.watch)

    def submit(
        self, func: Callable[[], object], callback: Callable[[object], None]
    ) -> Future | None:
        key = f"{self.name}-{uuid4().hex}"
        self.waiting[key] = callback
        try:
            future = self.client.submit(func, key=key)
        except Exception as error:  # such as what cannot travel, in whichever thread asks
            self.tell(key, error)
            return None
        self.client.loop.add_callback(self.receive, future)
        return future

    async def receive(self, future: Future) -> None:
        """Wait for a call and tell joblib of it, in the thread of the client and no longer."""
        from distributed import KilledWorker

        outcome: object
        try:
            outcome = await self.client.gather(future, asynchronous=True)
        except KilledWorker as error:
            outcome = self.error(f"each worker that made a certain call died: {error}")
        except CancelledError:
            outcome = self.error("its scheduler has gone")
        except Exception as error:
            outcome = error
        self.tell(future.key, outcome)

    def tell(self, key: str, outcome: object) -> None:
        if callback := self.waiting.pop(key, None):
            callback(outcome)

    def retrieve_result_callback(self, out: object) -> object:
        if isinstance(out, Exception):
            raise out
        return out

    async def watch(self) -> None:
        """Fail a call, and with it all, when there has been no worker for a while."""
        seen = time.monotonic()
        while time.monotonic() - seen < WORKER_SECONDS:
            await asyncio.sleep(0.5)
            try:
                if await self.client.scheduler.ncores():
                    seen = time.monotonic()
            except OSError:  # which calls are told of by themselves
                return
        for key in list(self.waiting)[:1]:
            advice = f"start some with `dask worker {self.address}`"
            self.tell(key, self.error(f"no worker for {WORKER_SECONDS:g} s; {advice}"))

    def error(self, problem: str) -> ClusterError:
        return ClusterError(self.address, problem)
