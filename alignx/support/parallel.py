"""Independent calls in parallel: by joblib on one machine, by Dask on a cluster.

Calls are a function of a module and its arguments, which travel by pickle: file paths and row
ranges rather than matrices, so that workers map the files into memory themselves.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from joblib import Parallel, delayed

from alignx.errors import AlignxError, ClusterError, MissingDependencyError
from alignx.support.config import Config, config_context, get_config

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from distributed import Client

__all__ = ["as_completed", "run_all"]

Result = TypeVar("Result")

CONNECT_SECONDS = 5.0
WORKER_SECONDS = 10.0
_POLL_SECONDS = 0.02


def run_all(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    cluster: str | None = None,
) -> list[Result]:
    """Call a function once for each tuple of arguments, in parallel.

    Parameters
    ----------
    function, arguments, n_jobs, cluster
        As for `as_completed`.

    Returns
    -------
    list
        Results in the order of the arguments.

    Raises
    ------
    ValueError
        If `n_jobs` is less than 1.
    ClusterError, MissingDependencyError
        As for `as_completed`.

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
    """Call a function in parallel, and yield each result when it is there.

    Parameters
    ----------
    function : callable
        Picklable for more than one job, as functions of modules are.
    arguments : iterable of tuple
        Positional arguments of each call.
    n_jobs : int, optional
        Number of calls at the same time, at least 1. Default: one for each core, or as many as the
        workers of the cluster take. With 1 and no cluster, calls are made in this process.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, such as "tcp://HOST:PORT".

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
        one has another version of alignx, or if every worker that makes a certain call dies.
    MissingDependencyError
        If a cluster is given and Dask is not installed.

    Notes
    -----
    Work begins when the first result is asked for. The first exception of a call is raised with its
    own class. Calls that have not begun are dropped when one raises, and when the generator is
    closed. Processes inherit the settings of `alignx.set_config`; on this machine each gets its
    share of the threads of BLAS and OpenMP.

    On a cluster:

    - Scheduler and workers need this version of alignx, and the files at the same paths.
    - ``dask scheduler`` starts the scheduler; ``dask worker tcp://HOST:8786 --nworkers 8 --nthreads
      1 --memory-limit 0`` starts eight workers on a machine. A worker makes as many calls at once
      as it has threads, and alignx has threads of its own, hence one. With a memory limit Dask ends
      workers for mapped files, which it counts as memory.
    - Dask limits OpenMP and BLAS to one thread in each worker unless `OMP_NUM_THREADS` and
      `OPENBLAS_NUM_THREADS` are set where workers are started, or `n_threads` is set here.
    - Calls of a worker that dies are repeated by others, so they must not mind being made twice.

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
    return _in_processes(function, arguments, n_jobs or -1)


def _call(
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


def _in_processes(
    function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]], n_jobs: int
) -> Generator[tuple[int, Result], None, None]:
    outcomes = Parallel(n_jobs, "loky", return_as="generator_unordered")(
        delayed(_call)(position, function, each, get_config())
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
            # A caller that stops early knows that results are left.
            warnings.simplefilter("ignore", UserWarning)
            outcomes.close()


def _on_cluster(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    n_jobs: int | None,
    address: str,
) -> Generator[tuple[int, Result], None, None]:
    config, name = get_config(), getattr(function, "__name__", "call")
    with _connected(address) as client:
        from distributed import KilledWorker
        from distributed import as_completed as futures_as_completed

        _require_same_version(client, address)
        calls = ((position, function, each, config) for position, each in enumerate(arguments))
        running = futures_as_completed(loop=client.loop)

        def submit(count: int | None) -> None:
            columns = list(zip(*islice(calls, count), strict=True))
            if columns:
                running.update(client.map(_call, *columns, pure=False, key=name))

        submit(n_jobs)
        while not running.is_empty():
            try:
                outcome = _next_of(running, client, address).result()
            except KilledWorker as error:
                problem = f"each worker that made a certain call died: {error}"
                raise ClusterError(address, problem) from error
            except CancelledError as error:
                raise ClusterError(address, "its scheduler has gone") from error
            submit(1)
            yield outcome


def _next_of(running: Any, client: Client, address: str) -> Any:  # noqa: ANN401  # not typed
    """Wait for the next future, as long as the cluster has workers."""
    seen = time.monotonic()
    while not running.has_ready():
        time.sleep(_POLL_SECONDS)
        if client.status != "running" or client.scheduler_info()["workers"]:
            seen = time.monotonic()
        elif time.monotonic() - seen > WORKER_SECONDS:
            advice = f"start some with `dask worker {address}`"
            raise ClusterError(address, f"no worker for {WORKER_SECONDS:g} s; {advice}")
    return next(running)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler; leaving the block drops all calls."""
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependencyError(
            "work on a cluster needs the package distributed: pip install 'alignx[cluster]'"
        ) from error
    try:
        # In a thread, as the thread of a notebook has an event loop already.
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
    """Check that a scheduler answers; the client of Dask would wait forever for other services."""
    from distributed import Security
    from distributed.comm import connect

    security = Security().get_connection_args("client")
    comm = await asyncio.wait_for(
        connect(address, timeout=CONNECT_SECONDS, **security), CONNECT_SECONDS
    )
    comm.abort()


def _require_same_version(client: Client, address: str) -> None:
    """Refuse scheduler and workers with another alignx, as the functions do not travel."""
    found = client.get_versions(packages=["alignx"])
    ours = found["client"]["packages"]["alignx"]
    others = {"its scheduler": found["scheduler"]}
    others |= {f"its worker {worker}": each for worker, each in found["workers"].items()}
    for name, each in others.items():
        theirs = each["packages"]["alignx"]
        if theirs != ours:
            problem = f"has alignx {theirs}" if theirs else "lacks alignx"
            raise ClusterError(address, f"{name} {problem}; install alignx {ours} there")
