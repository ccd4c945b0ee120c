"""Key biases from softmaxes over the other language: inverted softmax, hubless search.

With E = exp(b X Y') of all rows X and Y of two languages, inverted softmax divides the columns of E
by their sums. Hubless search goes on: rows and columns are divided by their sums in turn, as by
Sinkhorn and Knopp, until all keys are chosen equally often. The logarithm of what a column is
divided by is a bias of its key, so the exact kernel ranks by it.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from alignx import _core
from alignx.retrieval.kernel import as_source_and_target
from alignx.support.arrays import freeze, longest_row
from alignx.support.config import get_config
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.support.arrays import Double, Matrix
    from alignx.support.progress import Progress

__all__ = ["hubless_biases", "inverted_softmax_biases"]

# Standard deviation of exponents unless a temperature is given. On held-out words the best was 1.7
# to 2.5 in 300 dimensions (English with Spanish and German, both directions), which is an inverse
# temperature of 15 to 20, and 1.3 to 2.9 in 50 dimensions (Spanish and Chinese with English).
_SPREAD = 2.2
# Rare words spread more, and so would the more of them there are.
_FREQUENT = 10_000
# Exponentials of products up to this, and their sums, stay far within float32.
_LARGEST_EXPONENT = 60.0
# Of E, at a time.
_ROWS, _COLUMNS = 1024, 4096


def inverted_softmax_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    inverse_temperature: float | None = None,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """Compute the biases of both languages for inverted softmax.

    With inverse temperature b, the bias of a key z is ``log(sum(exp(b x.z))) / b`` over all rows x
    of the other language. Dot product minus bias is then the logarithm, divided by b, of the share
    of a query in the softmax of the key: what is close to everything sinks.

    Parameters
    ----------
    source, target : (n, d) float32, (m, d) float32
        Unit rows of both languages, most frequent first.
    inverse_temperature : float, optional
        b, in (0, 60]. Default: 2.2 over the standard deviation of dot products among the 10,000
        first rows of each language.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    source_bias, target_bias : (n,) float32, (m,) float32
        Bias of source rows as keys of the target rows, and the reverse.

    Raises
    ------
    ValueError
        If there are no rows, b is out of range, or rows are so long that b times a dot product
        may exceed 60.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes O(n m d) time by matrix products in float32, and 16 MB for each thread. No product is
    left out, since many small ones add up.

    References
    ----------
    Smith et al., "Offline bilingual word vectors, orthogonal transformations and the inverted
    softmax", ICLR 2017, section 2.3.

    Examples
    --------
    >>> rows = np.eye(2, dtype=np.float32)
    >>> inverted_softmax_biases(rows, rows[:1], inverse_temperature=10)[0]
    array([1., 0.], dtype=float32)
    """
    return _biases(source, target, inverse_temperature, 1, progress)


def hubless_biases(
    source: ArrayLike,
    target: ArrayLike,
    *,
    inverse_temperature: float | None = None,
    n_iterations: int = 1,
    progress: Progress | None = None,
) -> tuple[Matrix, Matrix]:
    """Compute the biases of both languages for hubless nearest-neighbor search.

    Queries choose keys by a softmax of ``b (x.z - bias(z))``; with the right biases all keys are
    chosen equally often, so that there are no hubs. These biases are the dual variables of an
    optimal transport between the languages. They begin with those of inverted softmax.

    Parameters
    ----------
    source, target : (n, d) float32, (m, d) float32
        Unit rows of both languages, most frequent first.
    inverse_temperature : float, optional
        b, in (0, 60]. Default: 2.2 over the standard deviation of dot products among the 10,000
        first rows of each language.
    n_iterations : int
        Steps after that of inverted softmax, at least 0; each divides all rows, then all columns
        by their sums.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    source_bias, target_bias : (n,) float32, (m,) float32
        Bias of source rows as keys of the target rows, and the reverse.

    Raises
    ------
    ValueError
        If there are no rows, a parameter is out of range, or rows are so long that b times a dot
        product may exceed 60.
    DimensionError
        If the widths differ.

    Notes
    -----
    Takes the time of `inverted_softmax_biases` ``1 + 2 * n_iterations`` times. That keys are chosen
    equally often holds for words only roughly: on held-out words (English with Spanish and German)
    the first iteration gains a little, and further ones cost.

    References
    ----------
    Huang, Qiu and Church, "Hubless Nearest Neighbor Search for Bilingual Lexicon Induction", ACL
    2019; Cuturi, "Sinkhorn Distances", NIPS 2013.

    Examples
    --------
    >>> rows = np.array([[1, 0], [0.8, 0.6]], dtype=np.float32)
    >>> hubless_biases(rows, rows, inverse_temperature=10, n_iterations=9)[1].round(2)
    array([1.01, 1.01], dtype=float32)
    """
    if n_iterations < 0:
        raise ValueError(f"n_iterations must be at least 0, got {n_iterations}")
    return _biases(source, target, inverse_temperature, 1 + 2 * n_iterations, progress)


def _biases(
    source: ArrayLike,
    target: ArrayLike,
    inverse_temperature: float | None,
    n_sweeps: int,
    progress: Progress | None,
) -> tuple[Matrix, Matrix]:
    """Divide rows of E by their sums, then columns, and so on, and the same in the other order."""
    X, Y = as_source_and_target(source, target)
    if not len(X) or not len(Y):
        raise ValueError(f"source and target must have at least 1 row, got {len(X)} and {len(Y)}")
    b = _default_temperature(X, Y) if inverse_temperature is None else inverse_temperature
    _require_exponents(X, Y, b)
    of_rows, of_columns = np.ones(len(X)), np.ones(len(Y))
    for sweep in range(n_sweeps):
        share = part_of(progress, sweep / n_sweeps, 1 / n_sweeps)
        of_rows, of_columns = _sums(np.float32(b) * X, Y, 1 / of_rows, 1 / of_columns, share)
    biases = (np.log(sums) / b for sums in (of_rows, of_columns))
    source_bias, target_bias = (freeze(bias.astype(np.float32)) for bias in biases)
    return source_bias, target_bias


def _default_temperature(source: Matrix, target: Matrix) -> float:
    """Choose the inverse temperature by the standard deviation of dot products."""
    longest = longest_row(source) * longest_row(target)
    source, target = source[:_FREQUENT], target[:_FREQUENT]
    with threadpool_limits(limits=1, user_api="blas"):
        grams = [(rows.T @ rows).astype(np.float64) / len(rows) for rows in (source, target)]
    means = [rows.mean(axis=0, dtype=np.float64) for rows in (source, target)]
    variance = float((grams[0] * grams[1]).sum() - (means[0] @ means[1]) ** 2)
    most = _LARGEST_EXPONENT / max(longest, 1.0)
    deviation = math.sqrt(max(variance, 0.0))
    return _SPREAD / deviation if most * deviation > _SPREAD else most


def _sums(
    source: Matrix,
    target: Matrix,
    row_factors: Double,
    column_factors: Double,
    progress: Progress | None,
) -> tuple[Double, Double]:
    """Sum E times column factors over each row, and E times row factors over each column."""
    of_rows, of_columns = np.zeros(len(source)), np.zeros(len(target))
    factors = row_factors.astype(np.float32), column_factors.astype(np.float32)
    firsts = range(0, len(source), _ROWS)
    # Each of our threads has one thread of BLAS, and blocks are added in their order: sums do not
    # depend on the number of threads.
    with (
        threadpool_limits(limits=1, user_api="blas"),
        ThreadPoolExecutor(get_config().n_threads or _core.default_threads()) as pool,
    ):
        blocks = pool.map(partial(_sums_of_block, source, target, *factors), firsts)
        for first, (of_some_rows, of_all_columns) in zip(firsts, blocks, strict=True):
            of_rows[first : first + _ROWS] = of_some_rows
            of_columns += of_all_columns
            if progress is not None:
                progress(min(1.0, (first + _ROWS) / len(source)))
    return of_rows, of_columns


def _sums_of_block(
    source: Matrix, target: Matrix, row_factors: Matrix, column_factors: Matrix, first: int
) -> tuple[Double, Double]:
    """Do what `_sums` does, for a block of rows."""
    rows = slice(first, first + _ROWS)
    X, row_factors = source[rows], row_factors[rows]
    of_rows, of_columns = np.zeros(len(X)), np.empty(len(target))
    for column in range(0, len(target), _COLUMNS):
        columns = slice(column, column + _COLUMNS)
        exponentials = X @ target[columns].T
        np.exp(exponentials, out=exponentials)
        of_rows += exponentials @ column_factors[columns]
        of_columns[columns] = row_factors @ exponentials
    return of_rows, of_columns


def _require_exponents(source: Matrix, target: Matrix, inverse_temperature: float) -> None:
    """Refuse exponents that float32 has no exponentials for."""
    if not 0 < inverse_temperature <= _LARGEST_EXPONENT:
        raise ValueError(
            f"inverse_temperature must lie in (0, {_LARGEST_EXPONENT:g}], got {inverse_temperature}"
        )
    largest = inverse_temperature * longest_row(source) * longest_row(target)
    if largest > 1.001 * _LARGEST_EXPONENT:
        raise ValueError(
            "inverse_temperature times a dot product must stay within "
            f"{_LARGEST_EXPONENT:g}, got rows that reach {largest:.3g}; scale them to unit length"
        )
