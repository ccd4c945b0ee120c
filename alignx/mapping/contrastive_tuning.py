"""Descent of the maps of languages by the contrastive loss of their pairs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.mapping.contrastive_loss import Mapped, Negatives, slopes_of_cosines
from alignx.support.config import get_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scipy.sparse import csr_array

    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["ContrastiveTuning"]

# Steps between two searches for negatives; twice as many do as well.
SEARCHED_EVERY = 25
# Adam's decay of the means of the gradient and of its square. An element whose gradient is below
# this share of the root mean square takes shorter steps, so that rounding decides nothing.
MOMENTUM, SECOND_MOMENTUM, FLOOR = 0.9, 0.99, 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class ContrastiveTuning:
    """Settings of a descent by the contrastive loss; see `Contrastive`."""

    temperature: float = 0.1
    n_negatives: int = 20
    steps: int = 50
    learning_rate: float = 0.006
    vocabulary: int = 20_000

    def require_range(self) -> None:
        """Raise ValueError if a setting is out of range."""
        for name, least in (
            ("temperature", 0.01),
            ("n_negatives", 1),
            ("steps", 0),
            ("learning_rate", 0),
            ("vocabulary", 1),
        ):
            if not least <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")

    def tune(
        self,
        languages: Sequence[Matrix],
        starts: Sequence[Double | None],
        evidence: Mapping[tuple[int, int], tuple[Indices, Double]],
    ) -> list[Matrix]:
        """Move maps from their starts by the mean loss over pairs of languages.

        A language without a start is fixed: its rows lie in the shared space, at unit length. Pairs
        of languages are weighed by the mean of their weights. BLAS must have one thread, and so has
        scipy: pairs of languages run in parallel, and so do the two languages of each.
        """
        kept, numbers = _frequent_rows(languages, evidence, self.vocabulary)
        places = [
            _Place(rows) if start is None else _Descent(rows, start, self.learning_rate)
            for rows, start in zip(kept, starts, strict=True)
        ]
        moving = [place for place in places if isinstance(place, _Descent)]
        total = sum(float(weights.mean()) for _, weights in evidence.values())
        losses = [
            _PairLoss(places[i], places[j], numbers[i, j], weights, float(weights.mean()) / total)
            for (i, j), (_, weights) in evidence.items()
        ]
        n_threads = get_config().n_threads or os.cpu_count() or 1
        with ThreadPoolExecutor(n_threads) as pool:
            for step in range(self.steps):
                list(pool.map(_Descent.place, moving))
                if step % SEARCHED_EVERY == 0:
                    for loss in losses:  # a search has threads of its own
                        loss.search(self.n_negatives)
                # A few at a time, so that memory does not grow with the pairs of languages.
                for first in range(0, len(losses), n_threads):
                    batch = losses[first : first + n_threads]
                    slopes = pool.map(_PairLoss.slopes, batch, [self.temperature] * len(batch))
                    sides = [
                        side
                        for loss, of_loss in zip(batch, slopes, strict=True)
                        for side in loss.sides(of_loss)
                    ]
                    gradients = pool.map(_gradient, *zip(*sides, strict=True))
                    for (place, *_), gradient in zip(sides, gradients, strict=True):
                        place.gradient += gradient
                list(pool.map(_Descent.step, moving))
        return [descent.map for descent in moving]


class _Place:
    """Rows of a language in the shared space."""

    def __init__(self, rows: Matrix) -> None:
        self.mapped = Mapped(rows, rows, np.ones((len(rows), 1), np.float32))


class _Descent(_Place):
    """Descent of the map of a language by Adam."""

    def __init__(self, rows: Matrix, start: Double, rate: float) -> None:
        self.rows = rows
        self.map = start.astype(np.float32)
        self.length = rate * np.sqrt(np.square(start).mean())
        self.mean, self.square = np.zeros_like(self.map), np.zeros_like(self.map)
        self.gradient = np.zeros_like(self.map)
        self.steps = 0

    def place(self) -> None:
        self.mapped = Mapped.of(self.rows, self.map)

    def step(self) -> None:
        self.steps += 1
        self.mean += (1 - MOMENTUM) * (self.gradient - self.mean)
        self.square += (1 - SECOND_MOMENTUM) * (self.gradient**2 - self.square)
        root = np.sqrt(self.square)
        root += FLOOR * np.sqrt(self.square.mean())
        unbiased = np.sqrt(1 - SECOND_MOMENTUM**self.steps) / (1 - MOMENTUM**self.steps)
        step = np.divide(self.mean, root, out=np.zeros_like(root), where=root > 0)
        self.map -= np.float32(self.length * unbiased) * step
        self.gradient = np.zeros_like(self.map)


@dataclass(eq=False)
class _PairLoss:
    """Loss of a pair of languages, as a share of the whole."""

    source: _Place
    target: _Place
    pairs: Indices
    weights: Double
    share: float

    def search(self, count: int) -> None:
        """Search the negatives."""
        units = self.source.mapped.unit, self.target.mapped.unit
        self.negatives = Negatives.hardest(*units, self.pairs, count)

    def slopes(self, temperature: float) -> csr_array:
        """Differentiate the loss by the cosines."""
        units = self.source.mapped.unit, self.target.mapped.unit
        slopes = slopes_of_cosines(*units, self.pairs, self.weights, self.negatives, temperature)
        slopes.data *= np.float32(self.share)
        return slopes

    def sides(self, slopes: csr_array) -> list[tuple[_Descent, csr_array, _Place]]:
        """List the languages that move, each with its slopes and the other language."""
        both = (self.source, slopes, self.target), (self.target, slopes.T, self.source)
        return [(place, of, other) for place, of, other in both if isinstance(place, _Descent)]


def _gradient(descent: _Descent, slopes: csr_array, other: _Place) -> Matrix:
    return descent.mapped.gradient(slopes @ other.mapped.unit)


def _frequent_rows(
    languages: Sequence[Matrix],
    evidence: Mapping[tuple[int, int], tuple[Indices, Double]],
    most: int,
) -> tuple[list[Matrix], dict[tuple[int, int], Indices]]:
    """Keep rows of pairs, in order of the pairs, and the `most` frequent; renumber the pairs.

    With two languages the maps do not depend on the order of the rows. Of many, those whose rows
    are all kept stay as they are: copies of all would be much memory.
    """
    columns: list[list[Indices]] = [[] for _ in languages]
    for both, (pairs, _) in evidence.items():
        for language, column in zip(both, pairs.T, strict=True):
            columns[language].append(column)
    kept, number_of = [], []
    for vectors, named in zip(languages, columns, strict=True):
        words, first = np.unique(np.concatenate(named), return_index=True)
        others = np.setdiff1d(np.arange(min(most, len(vectors))), words)
        rows = np.concatenate([words[np.argsort(first)], others])
        is_whole = len(languages) > 2 and len(rows) == len(vectors)
        kept.append(vectors if is_whole else vectors[rows])
        number_of.append(np.full(len(vectors), -1))
        number_of[-1][rows] = rows if is_whole else np.arange(len(rows))
    numbers = {
        (i, j): np.stack([number_of[i][pairs[:, 0]], number_of[j][pairs[:, 1]]], axis=1)
        for (i, j), (pairs, _) in evidence.items()
    }
    return kept, numbers
