"""Rankings of translations by name, each dot product minus one bias for each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from alignx.retrieval.csls import csls_biases
from alignx.retrieval.kernel import as_source_and_target, search_rows
from alignx.retrieval.neighbors import require_count
from alignx.retrieval.soft_biases import hubless_biases, inverted_softmax_biases
from alignx.support.arrays import Matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.progress import Progress

__all__ = [
    "Biases",
    "Ranking",
    "key_biases",
    "ranked_neighbors",
    "require_ranking",
]

Ranking: TypeAlias = Literal["learned", "csls", "nn", "isf", "hnn"]
RANKINGS: tuple[Ranking, ...] = get_args(Ranking)

Biases: TypeAlias = tuple[Matrix, Matrix] | tuple[None, None]
"""Of source and target rows as keys."""


def require_ranking(
    ranking: Ranking | None, n_neighbors: int | None = None, *, has_ranker: bool = False
) -> Ranking:
    """Check the name of a ranking, or choose the best one.

    Default: the learned ranking where there is one, otherwise CSLS.

    Raises
    ------
    ValueError
        If there is no such ranking, no learned one, or `n_neighbors` is given for one that does
        not use it.

    Examples
    --------
    >>> require_ranking(None), require_ranking(None, has_ranker=True)
    ('csls', 'learned')
    """
    if ranking is None:
        return "learned" if has_ranker else "csls"
    if ranking not in RANKINGS:
        names = ", ".join(map(repr, RANKINGS))
        raise ValueError(f"ranking must be one of {names}, got {ranking!r}")
    if ranking == "learned" and not has_ranker:
        raise ValueError(
            "ranking 'learned' needs a map with a learned ranking, in the direction of its fit: "
            "align with more pairs, and without ranker=False (--no-ranker)"
        )
    if ranking not in ("learned", "csls") and n_neighbors is not None:
        raise ValueError(
            f"n_neighbors is of CSLS and has no effect with ranking {ranking!r}: leave it out"
        )
    return ranking


def key_biases(
    ranking: Ranking,
    source: ArrayLike,
    target: ArrayLike,
    *,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> Biases:
    """Compute the biases of both languages for a ranking.

    Parameters
    ----------
    ranking : {"csls", "nn", "isf", "hnn"}
        CSLS (`csls_biases`), nearest neighbors (no bias), inverted softmax
        (`inverted_softmax_biases`) or hubless nearest neighbors (`hubless_biases`).
    source, target : (n, d) float32, (m, d) float32
        Unit rows of both languages.
    n_neighbors : int, optional
        Neighbors in the CSLS average. Only with ``"csls"``.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    source_bias, target_bias : (n,) float32, (m,) float32, or None
        Bias of source rows as keys of the target rows, and the reverse; None for ``"nn"``.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.eye(2, dtype=np.float32)
    >>> key_biases("csls", rows, rows, n_neighbors=1)[1]
    array([0.5, 0.5], dtype=float32)
    """
    require_ranking(ranking, n_neighbors)
    if ranking == "csls":
        return csls_biases(source, target, n_neighbors=n_neighbors, progress=progress)
    if ranking == "isf":
        return inverted_softmax_biases(source, target, progress=progress)
    if ranking == "hnn":
        return hubless_biases(source, target, progress=progress)
    return None, None


def ranked_neighbors(
    source: ArrayLike,
    target: ArrayLike,
    k: int,
    biases: Biases,
    *,
    progress: Progress | None = None,
) -> CrossNeighbors:
    """Find the `k` best rows of the other language by dot product minus bias, in both directions.

    Parameters
    ----------
    source, target : (n, d) float32, (m, d) float32
        Unit rows of both languages.
    k : int
        Neighbors of a row, ``1 <= k <= min(n, m)``.
    biases : (source_bias, target_bias)
        Result of `key_biases`.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    CrossNeighbors
        Scores are dot product minus the bias of the answer.

    Raises
    ------
    ValueError
        If `k` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.eye(2, dtype=np.float32)
    >>> ranked_neighbors(rows, rows[::-1], 1, (None, None)).of_source.indices.ravel()
    array([1, 0])
    """
    source, target = as_source_and_target(source, target)
    require_count(k, min(len(source), len(target)), "k")
    return search_rows(
        source,
        target,
        k_queries=k,
        k_keys=k,
        query_bias=biases[0],
        key_bias=biases[1],
        progress=progress,
    )
