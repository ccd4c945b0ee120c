"""Result of adversarial training and its unsupervised criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import Matrix, as_rows, unit_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["CRITERION_VOCABULARY", "AdversarialEpoch", "AdversarialResult", "csls_criterion"]

CRITERION_VOCABULARY = 10_000  # of the publication


@dataclass(frozen=True)
class AdversarialEpoch:
    """Figures of one epoch.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 1.
    criterion : float
        `csls_criterion` of its map; -1 if the map is not finite, which ends training.
    discriminator_loss : float
        Mean cross-entropy of the discriminator steps, in nats.
    discriminator_accuracy : float
        Share of rows that the discriminator assigned to the right language, in [0, 1].
    map_rate : float
        Learning rate of the map.
    samples_per_second : float
        Rows of both languages in discriminator steps for each second.
    seconds : float
        Duration, criterion included.
    """

    epoch: int
    criterion: float
    discriminator_loss: float
    discriminator_accuracy: float
    map_rate: float
    samples_per_second: float = field(default=math.nan, compare=False)
    seconds: float = field(default=math.nan, compare=False)


@dataclass(frozen=True, eq=False)
class AdversarialResult:
    """Best map of a training.

    Attributes
    ----------
    map : (d, d) float32
        Nearly orthogonal; multiplies source rows from the right.
    criterion : float
        `csls_criterion` of the map, the best of all epochs.
    epochs : tuple of AdversarialEpoch
        Epochs in order, those before an interruption included.
    """

    map: Matrix
    criterion: float
    epochs: tuple[AdversarialEpoch, ...]


def csls_criterion(
    mapped: ArrayLike,
    target: ArrayLike,
    *,
    vocabulary: int = CRITERION_VOCABULARY,
    n_neighbors: int = 10,
) -> float:
    """Return the mean cosine of frequent source words to their best targets by CSLS.

    Parameters
    ----------
    mapped, target : (n, d) float32, (m, d) float32
        Rows in one space, most frequent first.
    vocabulary : int
        Most frequent rows of each language that take part, at least 1.
    n_neighbors : int
        Neighbors in the CSLS average, at least 1; all rows where there are fewer.

    Returns
    -------
    float
        In [-1, 1]; high where translations are near each other.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 3.5.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_criterion(rows, rows[::-1])
    1.0
    """
    X = unit_rows(as_rows(mapped, "mapped")[:vocabulary])
    Y = unit_rows(as_rows(target, "target")[:vocabulary])
    found = csls_neighbors(X, Y, 1, n_neighbors=min(n_neighbors, len(X), len(Y))).of_source
    return float(np.einsum("ij,ij->i", X, Y[found.indices[:, 0]], dtype=np.float64).mean())
