"""Searches between the source and the target of a shared space, each done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alignx.retrieval.exact import cross_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.retrieval.ranked import key_biases

if TYPE_CHECKING:
    from alignx.alignment.unit_languages import UnitLanguages
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.retrieval.ranked import Biases, Ranking
    from alignx.support.arrays import Matrix
    from alignx.support.progress import Progress

__all__ = ["PairSearches"]

MANY_WORDS = 200
SMALL = 10_000**2  # pairs of words that one search compares, faster than bounds for each query


@dataclass(frozen=True, eq=False, repr=False)
class PairSearches:
    """Neighbors and biases of the first two languages of a space, kept once they are found.

    Attributes
    ----------
    languages : UnitLanguages
        Source, target, and perhaps others.
    cosine : dict of int to CrossNeighbors
        Cosine neighbors that are found, by their number.
    biases : dict of str to Biases
        Biases that are found for rankings other than CSLS.
    """

    languages: UnitLanguages
    cosine: dict[int, CrossNeighbors] = field(default_factory=dict)
    biases: dict[Ranking, Biases] = field(default_factory=dict)

    def neighbors(self, n_neighbors: int, progress: Progress | None = None) -> CrossNeighbors:
        """Search cosine neighbors of source and target, or return those that are kept."""
        if n_neighbors not in self.cosine:
            found = cross_neighbors(*self._rows, n_neighbors, progress=progress)
            self.cosine[n_neighbors] = found
        return self.cosine[n_neighbors]

    def csls_biases(
        self, n_neighbors: int, progress: Progress | None = None
    ) -> tuple[Matrix, Matrix]:
        """Return the CSLS biases that are ready, or search them."""
        ready = self.ready_biases(n_neighbors)
        return ready or self.neighbors(n_neighbors, progress).biases(n_neighbors)

    def ready_biases(self, n_neighbors: int) -> tuple[Matrix, Matrix] | None:
        """Return the CSLS biases that a search has found or that lie on disk, if there are any."""
        if n_neighbors in self.cosine:
            return self.cosine[n_neighbors].biases(n_neighbors)
        if n_neighbors != N_NEIGHBORS:
            return None
        source, target, *_ = self.languages
        return self.languages.stored_biases(source, target)

    def biases_for(self, n_neighbors: int, n_ranked: int) -> tuple[Matrix, Matrix] | None:
        """Return the CSLS biases of all words, or None where a search needs those of a few.

        A search by CSLS alone needs few; the candidates of many words, `n_ranked` by the learned
        ranking, touch most rows.
        """
        source, target = self._rows
        if n_ranked >= MANY_WORDS or len(source) * len(target) <= SMALL:
            return self.csls_biases(n_neighbors)
        return self.ready_biases(n_neighbors)

    def key_biases(self, ranking: Ranking, progress: Progress | None = None) -> Biases:
        """Compute the biases for a ranking other than CSLS, or return those that are kept."""
        if ranking not in self.biases:
            self.biases[ranking] = key_biases(ranking, *self._rows, progress=progress)
        return self.biases[ranking]

    def take_over(self, other: PairSearches) -> None:
        """Keep what was found for the same two languages in reverse order."""
        self.cosine.update({k: found.reversed() for k, found in other.cosine.items()})
        self.biases.update({k: found[::-1] for k, found in other.biases.items()})

    @property
    def _rows(self) -> tuple[Matrix, Matrix]:
        source, target, *_ = self.languages.values()
        return source.vectors, target.vectors
