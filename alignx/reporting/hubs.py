"""Hubs: target words that are near to very many source words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.reporting.notebook import figure_html
from alignx.retrieval.occurrences import skewness

if TYPE_CHECKING:
    from alignx.alignment.shared_space import SharedSpace
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices

__all__ = ["Hub", "Hubs"]

WORST = 20
EXAMPLES = 5


@dataclass(frozen=True)
class Hub:
    """A target word, and the number of source words that have it among their k nearest.

    Attributes
    ----------
    word : str
        The target word.
    before, after : int
        Number by cosine, and by CSLS.
    examples : tuple of str
        A few of the source words that have it nearest by cosine.
    """

    word: str
    before: int
    after: int
    examples: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Hubs:
    """Occurrences of target words among the k nearest of source words.

    Attributes
    ----------
    before, after : (m,) int64
        Occurrences of each target word by cosine, and by CSLS.
    k : int
        Nearest words of each source word that count.
    skewness : (float, float)
        Skewness of `before` and of `after`; 0 means no hubs.
    worst : tuple of Hub
        The words with the most occurrences by cosine.
    """

    before: Indices
    after: Indices
    k: int
    skewness: tuple[float, float]
    worst: tuple[Hub, ...]

    def __repr__(self) -> str:
        before, after = self.skewness
        return f"Hubs(k {self.k}, skewness {before:.1f} by cosine, {after:.1f} by CSLS)"

    def as_dict(self) -> dict[str, Any]:
        """Return the figures and the worst hubs, without the count of every word."""
        before, after = self.skewness
        worst = [vars(each) for each in self.worst]
        return {"k": self.k, "skewness": {"cosine": before, "csls": after}, "worst": worst}

    def _repr_html_(self) -> str:
        """Return the figure for a notebook."""
        from alignx import plot_hubs  # which knows this class

        return figure_html(
            plot_hubs(self), "Hubs", "Target words by how often they are among the nearest"
        )

    @classmethod
    def of(cls, space: SharedSpace, by_csls: CrossNeighbors) -> Self:
        """Count the occurrences of the target words of a space.

        Parameters
        ----------
        space : SharedSpace
            Its first language is the source, its second the target.
        by_csls : CrossNeighbors
            At least `k` neighbors of each word by CSLS.
        """
        k = space.n_neighbors()
        near = space.cosine_neighbors().of_source.indices
        m = len(space.target)
        before = np.bincount(near.ravel(), minlength=m)
        after = np.bincount(by_csls.of_source.indices[:, :k].ravel(), minlength=m)
        worst = np.argsort(-before, kind="stable")[:WORST].tolist()
        return cls(
            before,
            after,
            k,
            (skewness(before), skewness(after)),
            tuple(
                Hub(
                    space.target.words[row],
                    int(before[row]),
                    int(after[row]),
                    tuple(
                        space.source.words[each]
                        for each in np.flatnonzero(near[:, 0] == row)[:EXAMPLES].tolist()
                    ),
                )
                for row in worst
                if before[row]
            ),
        )
