"""What a map between two languages expects of each of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from alignx.errors import DimensionError
from alignx.normalize import Normalizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alignx.embeddings import Embeddings

__all__ = ["Side"]

logger = logging.getLogger("alignx")


@dataclass(frozen=True)
class Side:
    """What the map expects of one language.

    Attributes
    ----------
    code : str
        Its language code, or "source" or "target" where none is known.
    checksum : str
        Of the embeddings that the map was fitted on.
    words : int
        How many they were.
    normalizer : Normalizer
        What is done to vectors before the map.
    """

    code: str
    checksum: str
    words: int
    normalizer: Normalizer

    def facts(self) -> dict[str, Any]:
        """Give what a mapping file says of this side in words."""
        return {
            "code": self.code,
            "checksum": self.checksum,
            "words": self.words,
            "dimension": self.normalizer.dimension_,
            "steps": list(self.normalizer.steps),
        }

    @classmethod
    def from_facts(cls, facts: dict[str, Any], means: NDArray[np.float64]) -> Self:
        """Make the side that `facts` describes, with what its steps subtract or take out."""
        normalizer = Normalizer(steps=tuple(facts["steps"]))
        normalizer.restore(facts["dimension"], list(means))
        return cls(facts["code"], facts["checksum"], facts["words"], normalizer)

    def check(self, embeddings: Embeddings) -> None:
        """Refuse or note what the map was not fitted on.

        Raises
        ------
        DimensionError
            If vectors are not of the dimension that the map was fitted on.
        """
        if embeddings.dimension != self.normalizer.dimension_:
            raise DimensionError(
                f"this map takes {self.code} vectors of dimension {self.normalizer.dimension_}, "
                f"got {embeddings!r} of dimension {embeddings.dimension}"
            )
        if embeddings.language not in (None, self.code) and self.code not in ("source", "target"):
            logger.warning(
                "%r meets the side of the map that takes %s; are the languages in order?",
                embeddings,
                self.code,
            )
        if logger.isEnabledFor(logging.INFO) and embeddings.checksum != self.checksum:
            logger.info(
                "%r is not what the map was fitted on (%d words); its normalization and map are "
                "applied as they are",
                embeddings,
                self.words,
            )
