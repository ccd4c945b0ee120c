"""Slow, dense float64 oracles: each is the printed formula, so that reading it is the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Double: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]


def cosines(X: ArrayLike, Z: ArrayLike) -> Double:
    """All dot products; trusted since NumPy's float64 product is the definition itself."""
    return np.asarray(X, dtype=np.float64) @ np.asarray(Z, dtype=np.float64).T


def top_k(scores: NDArray[np.floating], k: int) -> tuple[NDArray[np.floating], Indices]:
    """Best k of each row; trusted since a stable sort keeps equal scores by ascending index."""
    indices = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, indices, axis=1), indices


def csls_bias(keys: ArrayLike, queries: ArrayLike, n_neighbors: int) -> Double:
    """r(key) / 2; trusted since it sorts every row in full and averages the largest."""
    nearest = np.sort(cosines(keys, queries), axis=1)[:, -n_neighbors:]
    return np.asarray(nearest.mean(axis=1) / 2)


def csls(X: ArrayLike, Z: ArrayLike, n_neighbors: int) -> Double:
    """2 cos(x, z) - r(x) - r(z), as printed in Conneau et al. 2018, equation 3."""
    r_x, r_z = 2 * csls_bias(X, Z, n_neighbors), 2 * csls_bias(Z, X, n_neighbors)
    return 2 * cosines(X, Z) - r_x[:, None] - r_z[None, :]


def mutual_neighbors(scores: Double) -> list[tuple[int, int]]:
    """Pairs that choose each other; trusted since it asks each row, then the chosen column."""
    chosen = [int(np.argmax(row)) for row in scores]
    return [(x, z) for x, z in enumerate(chosen) if int(np.argmax(scores[:, z])) == x]


def procrustes(X: ArrayLike, Y: ArrayLike) -> Double:
    """The orthogonal polar factor of X'Y, which is the maximizer (Higham 1988), from SciPy."""
    return np.asarray(scipy.linalg.polar(np.asarray(X, float).T @ np.asarray(Y, float))[0])


def cca_correlations(X: ArrayLike, Y: ArrayLike, regularization: float = 0.0) -> Double:
    """Canonical correlations; trusted since Hotelling's eigenproblem shares no step with an SVD.

    Cxy Cyy^-1 Cyx a = rho^2 Cxx a, where a share of the mean variance is added to Cxx and Cyy.
    """
    x, y = np.asarray(X, float), np.asarray(Y, float)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    Cxx, Cyy = (_with_ridge(rows.T @ rows / (len(rows) - 1), regularization) for rows in (x, y))
    Cxy = x.T @ y / (len(x) - 1)
    squares = scipy.linalg.eigh(Cxy @ np.linalg.solve(Cyy, Cxy.T), Cxx, eigvals_only=True)
    return np.asarray(np.sqrt(np.clip(squares[::-1][: min(Cxy.shape)], 0, None)))


def ridge(X: ArrayLike, Y: ArrayLike, regularization: float = 0.0) -> Double:
    """Solve the normal equations (X'X + a I) W = X'Y as they are printed."""
    x, y = np.asarray(X, float), np.asarray(Y, float)
    return np.linalg.solve(_with_ridge(x.T @ x, regularization), x.T @ y)


def reweighted(
    X: ArrayLike, Y: ArrayLike, powers: tuple[float, float] = (0.5, 0.5), share: float = 0.0
) -> tuple[Double, Double]:
    """Both maps step by step, as in Artetxe et al. 2018, section 3; roots are SciPy's (Schur)."""
    x, y = np.asarray(X, float), np.asarray(Y, float)
    root_x, root_y = (scipy.linalg.sqrtm(_with_ridge(rows.T @ rows, share)).real for rows in (x, y))
    U, s, Vt = np.linalg.svd(np.linalg.inv(root_x) @ x.T @ y @ np.linalg.inv(root_y), False)
    reweighted_x = np.linalg.solve(root_x, U) @ np.diag(s ** powers[0])
    reweighted_y = np.linalg.solve(root_y, Vt.T) @ np.diag(s ** powers[1])
    return reweighted_x @ (U.T @ root_x @ U), reweighted_y @ (Vt @ root_y @ Vt.T)


def _with_ridge(gram: Double, share: float) -> Double:
    """Add a share of the mean eigenvalue, which is the trace over the dimension."""
    return np.asarray(gram + share * np.trace(gram) / len(gram) * np.eye(len(gram)))


def rcsls_loss(
    source: ArrayLike,
    target: ArrayLike,
    pairs: Indices,
    weights: Double,
    matrix: Double,
    n_neighbors: int,
    vocabulary: int,
) -> float:
    """Equation 4 of Joulin et al. 2018; trusted since it sorts all dot products in full."""
    X, Y = np.asarray(source, np.float64) @ matrix, np.asarray(target, np.float64)

    def r(row: Double, others: Double) -> Double:
        return np.asarray(np.sort(others[:vocabulary] @ row)[-n_neighbors:].mean())

    losses = [r(X[s], Y) + r(Y[t], X) - 2 * X[s] @ Y[t] for s, t in pairs]
    return float(weights[:, 0] @ losses)


def softmax_biases(X: ArrayLike, Z: ArrayLike, b: float, steps: int) -> tuple[Double, Double]:
    """Biases of X and of Z as keys, after dividing by sums an odd number of times.

    One step is equation 5 of Smith et al. 2017, more are Sinkhorn's; trusted since logarithms of
    sums are subtracted from the whole matrix, of keys first and last.
    """
    found = []
    for scores in (b * cosines(Z, X), b * cosines(X, Z)):
        of_queries, of_keys = np.zeros((len(scores), 1)), np.zeros(scores.shape[1])
        for step in range(steps):
            if step % 2 == 0:
                of_keys = scipy.special.logsumexp(scores - of_queries, axis=0)
            else:
                of_queries = scipy.special.logsumexp(scores - of_keys, axis=1, keepdims=True)
        found.append(np.asarray(of_keys / b, dtype=np.float64))
    return found[0], found[1]
