"""The one way to do independent work at the same time: processes of joblib.

Tasks are a function of a module and its arguments, which travel by pickle: file paths and row
ranges rather than matrices, so that workers open files memory-mapped themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from joblib import Parallel, delayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["run_all"]

Result = TypeVar("Result")


def run_all(
    function: Callable[..., Result],
    arguments: Iterable[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
) -> list[Result]:
    """Call a function once for each tuple of arguments, in processes of their own.

    Parameters
    ----------
    function : callable
        Picklable for more than one job, as functions of modules are.
    arguments : iterable of tuple
        The positional arguments of each call.
    n_jobs : int, optional
        How many processes, at least 1; one for each core unless given. With 1 the calls are made
        one after the other in this process.

    Returns
    -------
    list
        The results in the order of the arguments.

    Raises
    ------
    ValueError
        If `n_jobs` is less than 1.

    Notes
    -----
    The first exception of a call is raised here, with its own class, and calls that have not
    begun are dropped. Each process gets its share of the threads of BLAS and OpenMP.

    Examples
    --------
    >>> run_all(divmod, [(7, 2), (9, 4)], n_jobs=1)
    [(3, 1), (2, 1)]
    """
    if n_jobs is not None and n_jobs < 1:
        raise ValueError(f"n_jobs must be at least 1, got {n_jobs}")
    if n_jobs == 1:
        return [function(*each) for each in arguments]
    tasks = (delayed(function)(*each) for each in arguments)
    return list(Parallel(n_jobs=n_jobs or -1, backend="loky")(tasks))
