"""Mapped fastText vectors of OOV words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alignx.support.arrays import Matrix, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.alignment.language_map import LanguageMap

__all__ = ["MappedSubwords"]


@dataclass(frozen=True)
class MappedSubwords:
    """Mapped vectors of a subword model.

    Parameters
    ----------
    model : callable
        Model of the vectors of the language, such as a `SubwordVectors`: returns vectors, (n, d)
        float32, of any n strings.
    language_map : LanguageMap, optional
        Map of the language; none if the vectors share the space without.

    Examples
    --------
    As `unseen` of `alignx.TransferClassifier`::

        spanish = MappedSubwords(SubwordVectors("cc.es.300.bin"), alignment.target)
        classifier = TransferClassifier(shared, unseen={"es": spanish})
    """

    model: Callable[[Sequence[str]], Matrix]
    language_map: LanguageMap | None = None

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Return unit rows, (n, d) float32; zero for a word without a vector."""
        rows = self.model(words)
        if self.language_map is None:
            return unit_rows(rows)
        mapped = self.language_map.map_rows(rows).collect()
        mapped[~rows.any(axis=1)] = 0  # centering would give them a vector
        return mapped
