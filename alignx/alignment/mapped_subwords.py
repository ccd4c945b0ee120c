"""Vectors in a shared space for words that a vocabulary lacks, by their characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from alignx.support.arrays import Matrix, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.alignment.alignment import Alignment

__all__ = ["UnseenBySubwords"]


@dataclass(frozen=True)
class UnseenBySubwords:
    """Maps what a fastText model makes of the characters of a word.

    Parameters
    ----------
    model : callable
        The model that the vectors of the language come from, such as a `SubwordVectors`: gives
        raw vectors, (n, d) float32, of any n strings.
    alignment : Alignment, optional
        The map of the space; none if the vectors share it without.
    side : {"source", "target"}
        Which language of the map it is.

    Examples
    --------
    As `unseen` of `alignx.TransferClassifier`::

        spanish = UnseenBySubwords(SubwordVectors("cc.es.300.bin"), alignment, "target")
        classifier = TransferClassifier(shared, unseen={"es": spanish})
    """

    model: Callable[[Sequence[str]], Matrix]
    alignment: Alignment | None = None
    side: Literal["source", "target"] = "target"

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Give unit rows in the space, (n, d) float32; zero where the model has nothing.

        Raises
        ------
        DimensionError
            If the model has another dimension than the map.
        """
        rows = self.model(words)
        if self.alignment is None:
            return unit_rows(rows)
        mapped = self.alignment.map_rows(rows, self.side).collect()
        mapped[~rows.any(axis=1)] = 0  # centering would give them a vector
        return mapped
