"""Length normalization, centering and projection of vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator

from alignx.errors import DimensionError, NotFittedError
from alignx.support.arrays import Double, Matrix, as_rows, unit_rows, zero_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["ITERATIVE", "LINEAR", "STANDARD", "Normalizer", "Step", "parse_steps"]

Step: TypeAlias = Literal["unit", "center", "project"]

STANDARD: tuple[Step, ...] = ("unit", "center", "unit")
ITERATIVE: tuple[Step, ...] = ("unit", "center") * 5 + ("unit",)
# Up to a positive factor for each row, a product with a matrix, unlike steps with centering.
LINEAR: tuple[Step, ...] = ("unit", "project", "unit")

_KNOWN_STEPS = ("unit", "center", "project")


def parse_steps(text: str) -> tuple[Step, ...]:
    """Parse "iterative", "linear", "none", or normalization steps joined by commas.

    Examples
    --------
    >>> parse_steps("unit,center,unit")
    ('unit', 'center', 'unit')
    """
    named: dict[str, tuple[Step, ...]] = {"none": (), "iterative": ITERATIVE, "linear": LINEAR}
    return named[text] if text in named else _checked(text.split(","))


def _checked(steps: Sequence[str]) -> tuple[Step, ...]:
    checked: list[Step] = []
    for step in steps:
        if step not in _KNOWN_STEPS:
            names = "'unit', 'center' or 'project'"
            raise ValueError(f"normalization steps must be {names}, got {step!r}")
        checked.append(step)  # type: ignore[arg-type]  # mypy does not narrow by `not in`
    return tuple(checked)


@dataclass(kw_only=True, eq=False, repr=False)
class Normalizer(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Length normalization, centering and projection, with means learned by `fit`.

    Parameters
    ----------
    steps : sequence of {"unit", "center", "project"}
        Steps in order. ``"unit"`` divides each row by its Euclidean norm, ``"center"`` subtracts
        the mean of the fitted rows, and ``"project"`` removes from each row its component along
        that mean, which unlike centering is a linear map. `ITERATIVE` alternates the first two
        five times, after which rows have unit length and are almost centered; `LINEAR` avoids
        centering. Zero rows, which mark words without a vector, stay zero and do not count in the
        means.

    Attributes
    ----------
    steps_ : tuple of {"unit", "center", "project"}
        Steps used by `fit`.
    means_ : list of (d,) float64
        Mean subtracted by each ``"center"`` step, and unit direction removed by each
        ``"project"`` step; zero if the mean is zero.
    dimension_ : int
        Dimension of the fitted rows.

    References
    ----------
    Zhang et al., "Are Girls Neko or Shojo? Cross-Lingual Alignment of Non-Isomorphic Embeddings
    with Iterative Normalization", ACL 2019, section 3. Mu and Viswanath, "All-but-the-Top: Simple
    and Effective Postprocessing for Word Representations", ICLR 2018, section 2, take out the mean
    and the directions of most variance.

    Examples
    --------
    >>> rows = np.array([[3.0, 4.0], [1.0, 0.0]], dtype=np.float32)
    >>> Normalizer(steps=("unit",)).fit(rows).transform(rows)
    array([[0.6, 0.8],
           [1. , 0. ]], dtype=float32)
    """

    steps: Sequence[Step] = STANDARD

    def fit(self, rows: ArrayLike, y: None = None) -> Self:  # noqa: ARG002  # of scikit-learn
        """Learn the means from all vectors of a language, (n, d) finite numbers."""
        self.fit_transform(rows)
        return self

    def fit_transform(self, rows: ArrayLike, y: None = None) -> Matrix:  # noqa: ARG002
        """Fit to rows and transform them in one pass."""
        result = as_rows(rows, "rows")
        if len(result) == 0:
            raise ValueError("rows must be at least 1, got 0")
        self.steps_ = _checked(self.steps)
        self.means_: list[Double] = []
        self.dimension_ = result.shape[1]
        is_zero = zero_rows(result)
        for step in self.steps_:
            if step == "unit":
                result = unit_rows(result)
                continue
            known = max(len(result) - int(is_zero.sum()), 1)
            mean = result.sum(axis=0, dtype=np.float64) / known
            if step == "project":
                mean = _direction(mean, result)
            self.means_.append(mean)
            result = _without(result, step, mean, is_zero)
        return result

    def restore(self, dimension: int, means: list[Double]) -> None:
        """Set the results of an earlier `fit`, for example from a saved alignment."""
        self.steps_ = _checked(self.steps)
        if len(means) != len(self.steps_) - self.steps_.count("unit"):
            raise ValueError(
                f"means must be one for each centering or projecting step, got {len(means)}"
            )
        self.dimension_ = dimension
        self.means_ = means

    def transform(self, rows: ArrayLike) -> Matrix:
        """Apply the steps with the means of `fit`.

        Parameters
        ----------
        rows : (n, d) float32
            Vectors of the same language.

        Returns
        -------
        (n, d) float32
            Normalized vectors; the input itself if there are no steps.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DimensionError
            If the dimension differs from the fitted rows.
        """
        if not hasattr(self, "means_"):
            raise NotFittedError("Normalizer must be fitted before transform: call fit first")
        result = as_rows(rows, "rows")
        if result.shape[1] != self.dimension_:
            raise DimensionError(
                f"rows must have dimension {self.dimension_} as in fit, got {result.shape[1]}"
            )
        is_zero = zero_rows(result)
        means = iter(self.means_)
        for step in self.steps_:
            if step == "unit":
                result = unit_rows(result)
            else:
                result = _without(result, step, next(means), is_zero)
        return result


_ROUNDING = 1e-6  # relative; float32 keeps seven digits


def _direction(mean: Double, rows: Matrix) -> Double:
    """Scale the mean of rows to length 1; zero if it is mere rounding, as for centered rows."""
    length = np.linalg.norm(mean)
    is_rounding = length <= _ROUNDING * max(rows.max(), -rows.min())
    return np.zeros_like(mean) if is_rounding else mean / length


def _without(rows: Matrix, step: Step, mean: Double, is_zero: NDArray[np.bool_]) -> Matrix:
    """Subtract the mean, or the component along it, from each row.

    A row with nothing but rounding left becomes zero, and is marked in `is_zero`.
    """
    if step == "center":
        result: Matrix = rows - mean.astype(np.float32)
        taken = np.full(len(rows), np.linalg.norm(mean))
    else:
        # Not by BLAS, so that the result for a row does not depend on the others.
        along = np.einsum("ij,j->i", rows, mean, dtype=np.float64).astype(np.float32)
        result = along[:, None] * mean.astype(np.float32)
        np.subtract(rows, result, out=result)
        taken = np.abs(along, dtype=np.float64)
    # Hardly any other row begins with so little, so few rows are inspected whole.
    small = np.flatnonzero(np.abs(result[:, 0]) <= _ROUNDING * taken)
    lengths = np.linalg.norm(result[small].astype(np.float64), axis=1)
    is_zero[small[lengths <= _ROUNDING * taken[small]]] = True
    result[is_zero] = 0
    return result
