"""What a map between two languages expects of each of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from alignx.alignment.fingerprint import Sketch
from alignx.errors import DimensionError, DirectionError
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alignx.alignment.fingerprint import Agreement
    from alignx.vectors.embeddings import Embeddings

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
    sketch : Sketch
        Of the embeddings that the map was fitted on.
    told : set of str
        Other vectors that a warning has told of.
    """

    code: str
    checksum: str
    words: int
    normalizer: Normalizer
    sketch: Sketch = field(compare=False, repr=False)
    told: set[str] = field(default_factory=set, init=False, compare=False, repr=False)

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
    def from_facts(cls, facts: dict[str, Any], means: NDArray[np.float64], sketch: Sketch) -> Self:
        """Make the side that `facts` describes, with what its steps subtract or take out."""
        normalizer = Normalizer(steps=tuple(facts["steps"]))
        normalizer.restore(facts["dimension"], list(means))
        return cls(facts["code"], facts["checksum"], facts["words"], normalizer, sketch)

    def check(self, embeddings: Embeddings, other: Side, *, is_part: bool = False) -> None:
        """Refuse what belongs to the other side, and tell once of what the map was not fitted on.

        Parameters
        ----------
        embeddings : Embeddings
            What is to be mapped.
        other : Side
            The other side of the map.
        is_part : bool
            They are only the first words of what is to be mapped.

        Raises
        ------
        DirectionError
            If they are those that the other side takes.
        DimensionError
            If vectors are not of the dimension that the map was fitted on.
        """
        sketch = Sketch.of(embeddings)
        own, others = (side.sketch.agreement(sketch) for side in (self, other))
        if others.is_beyond(own):
            raise DirectionError(self._exchanged(embeddings, other, others))
        if embeddings.dimension != self.normalizer.dimension_:
            raise DimensionError(
                f"this map takes {self.code} vectors of dimension {self.normalizer.dimension_}, "
                f"got {embeddings!r} of dimension {embeddings.dimension}"
            )
        named = repr(embeddings)
        if named in self.told or (is_part and own.has_vectors):
            return
        if len(embeddings) == self.words and embeddings.checksum == self.checksum:
            return
        self.told.add(named)
        logger.warning("%s", self._mismatch(embeddings, own))

    def _exchanged(self, embeddings: Embeddings, other: Side, found: Agreement) -> str:
        """Say which way round vectors are."""
        sides = f"{self.code} and {other.code}"
        kind = "words and vectors" if found.has_vectors else "words"
        return (
            f"{embeddings.name}: vectors must be given in the order of the map, got those of "
            f"{other.code} where {self.code} is expected: {found.words:,} of the {found.of:,} most "
            f"frequent {kind} are those of the other side; exchange {sides} (or give the other "
            "--side; --reverse does not change the order of files)"
        )

    def _mismatch(self, embeddings: Embeddings, found: Agreement) -> str:
        """Say what differs from the vectors that the map was fitted on."""
        beginning = f"{embeddings.name} is not what the map was fitted on ({self.words:,} words)"
        if embeddings.language not in (None, self.code) and self.code not in ("source", "target"):
            beginning += f", which is of {self.code}, not {embeddings.language}"
        if not found.has_words:
            return (
                f"{beginning}: {found.words:,} of the {found.of:,} most frequent words are the "
                f"same; are these vectors of {self.code}, and the languages in order?"
            )
        if not found.has_vectors:
            return (
                f"{beginning}: {found.vectors:,} of {found.words:,} frequent words have the same "
                "vectors; a map serves one training only, so align these vectors anew"
            )
        if len(embeddings) != self.words:
            remark = f"it has {len(embeddings):,}, of the same training: the map serves these too"
        else:
            remark = "its frequent words have the same vectors up to rounding, as the map asks"
        return f"{beginning}, but {remark}"
