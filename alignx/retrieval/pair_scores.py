"""Dot products of listed pairs of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx import _core

if TYPE_CHECKING:
    from alignx.support.arrays import Indices, Matrix

__all__ = ["pair_scores"]


def pair_scores(queries: Matrix, keys: Matrix, pairs: Indices) -> Matrix:
    """Compute the dot product of each listed pair, as the exact search does.

    Parameters
    ----------
    queries, keys : (n, d) float32, (m, d) float32
        Rows of two languages.
    pairs : (p, 2) int64
        Row of a query and row of a key.

    Returns
    -------
    (p,) float32

    Raises
    ------
    ValueError
        If a row does not exist, or the widths differ.

    Notes
    -----
    Takes O(p d) time, without copies of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.eye(2, dtype=np.float32)
    >>> pair_scores(rows, rows, np.array([[0, 0], [0, 1]]))
    array([1., 0.], dtype=float32)
    """
    return _core.score_pairs(queries, keys, pairs)
