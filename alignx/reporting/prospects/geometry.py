"""Shape of the vectors of one language: spectrum, isotropy, duplicates."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from alignx.support.arrays import unit_rows, zero_rows

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Matrix

__all__ = ["duplicates", "iso_score", "mean_cosine", "singular_values"]


def duplicates(rows: Matrix) -> int:
    """Count rows that are equal to an earlier one; zero rows do not count."""
    found = Counter(hash(row.tobytes()) for row in rows[~zero_rows(rows)])
    return found.total() - len(found)


def singular_values(rows: Matrix) -> Double:
    """Compute the singular values of rows, (d,) float64, largest first."""
    doubles = rows.astype(np.float64)
    squares = np.linalg.eigvalsh(doubles.T @ doubles)[::-1]
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def mean_cosine(rows: Matrix) -> float:
    """Compute the mean cosine of two different rows, in [-1, 1]; 0 for fewer than two.

    References
    ----------
    Ethayarajh, "How Contextual are Contextualized Word Representations?", EMNLP 2019.
    """
    units = unit_rows(rows[~zero_rows(rows)]).astype(np.float64)
    n = len(units)
    return 0.0 if n < 2 else float(((units.sum(axis=0) ** 2).sum() - n) / (n * (n - 1)))


def iso_score(rows: Matrix) -> float:
    """Compute IsoScore: the share of dimensions that are used evenly, in [0, 1].

    References
    ----------
    Rudman et al., "IsoScore: Measuring the Uniformity of Embedding Space Utilization", Findings
    of ACL 2022, algorithm 1.

    Examples
    --------
    >>> iso_score(np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.float32))
    1.0
    """
    n, d = rows.shape
    if min(n, d) < 2:
        return 0.0
    variances = np.linalg.eigvalsh(np.atleast_2d(np.cov(rows.astype(np.float64), rowvar=False)))
    length = np.linalg.norm(variances)
    if not length:
        return 0.0
    defect = np.linalg.norm(np.sqrt(d) * variances / length - 1) / np.sqrt(2 * (d - np.sqrt(d)))
    share = (d - defect**2 * (d - np.sqrt(d))) ** 2 / d**2
    return float(np.clip((d * share - 1) / (d - 1), 0, 1))
