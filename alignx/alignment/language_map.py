"""Map of one language into the shared space, with a fingerprint of its vectors."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from threadpoolctl import ThreadpoolController

from alignx.alignment.fingerprint import Sketch
from alignx.errors import DimensionError, DirectionError
from alignx.mapping.base import apply_map
from alignx.mapping.centering import composed_map
from alignx.support.arrays import LazyRows, unit_rows
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.fingerprint import Agreement
    from alignx.support.arrays import Double, Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["LanguageMap"]

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False, repr=False)
class LanguageMap:
    """Normalization and linear map of one language. Compared by identity.

    Attributes
    ----------
    code : str
        Language code, or "source" or "target".
    checksum, words, sketch
        Checksum, number and fingerprint of the vectors of the fit.
    normalizer : Normalizer
        Fitted normalization before the map.
    matrix, mean : (d, c) float32, (d,) float32
        The map, which multiplies rows from the right, and the mean subtracted before.
    """

    code: str
    checksum: str
    words: int
    sketch: Sketch
    normalizer: Normalizer
    matrix: Matrix
    mean: Matrix
    warned: set[str] = field(default_factory=set, init=False)

    @classmethod
    def of(
        cls, code: str, embeddings: Embeddings, normalizer: Normalizer, matrix: Matrix, mean: Matrix
    ) -> Self:
        """Make the map of the language of some vectors."""
        sketch = Sketch.of(embeddings)
        return cls(code, embeddings.checksum, len(embeddings), sketch, normalizer, matrix, mean)

    def __repr__(self) -> str:
        d, c = self.matrix.shape
        return f"LanguageMap({self.code}, {self.words} words, {d} x {c})"

    def facts(self) -> dict[str, Any]:
        """Return the metadata for mapping files."""
        return {
            "code": self.code,
            "checksum": self.checksum,
            "words": self.words,
            "dimension": self.normalizer.dimension_,
            "steps": list(self.normalizer.steps),
        }

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays for mapping files."""
        means = np.array(self.normalizer.means_, dtype=np.float64)
        return {
            "map": self.matrix,
            "mean": self.mean,
            "normalizer_means": means.reshape(-1, self.normalizer.dimension_),
            "sketch_words": self.sketch.words,
            "sketch_rows": self.sketch.rows,
        }

    @classmethod
    def restored(cls, facts: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Self:
        """Make the map of `facts` and `tensors` of a mapping file."""
        normalizer = Normalizer(steps=tuple(facts["steps"]))
        normalizer.restore(facts["dimension"], list(tensors["normalizer_means"]))
        sketch = Sketch(tensors["sketch_words"], tensors["sketch_rows"], facts["dimension"])
        described = facts["code"], facts["checksum"], facts["words"]
        return cls(*described, sketch, normalizer, tensors["map"], tensors["mean"])

    def map_rows(self, vectors: Matrix, space: str | None = None) -> LazyRows:
        """Map rows (n, d) to unit rows in blocks, when they are needed.

        Raises
        ------
        DimensionError
            If they have another dimension than those of the fit.
        """
        self._require_dimension(vectors)
        threads = ThreadpoolController()

        def transform(rows: Matrix) -> Matrix:
            # The last bit of a product depends on how its rows are shared out among threads.
            with threads.limit(limits=1, user_api="blas"):
                return unit_rows(apply_map(self.normalizer.transform(rows), self.matrix, self.mean))

        return LazyRows(vectors, self.matrix.shape[1], transform, space=space)

    def linear_map(self) -> Double:
        """Compose normalization and map to one matrix, or raise ValueError if one centers."""
        if "center" in self.normalizer.steps_ or self.mean.any():
            raise ValueError(
                "the map must be linear, got one that centers: centering after unit length is not "
                "linear in the n-gram sums of a model; fit with normalize='linear' (in a command, "
                "--normalize linear)"
            )
        return composed_map(self.normalizer.means_, self.matrix)  # directions of "project"

    def digest(self) -> str:
        """Identify the space of mapped vectors of this language."""
        digest = hashlib.sha256(json.dumps(list(self.normalizer.steps)).encode())
        digest.update(self.sketch.content())
        for part in (self.matrix, self.mean):
            digest.update(f"{part.shape}{part.dtype}".encode())
            digest.update(part.tobytes())
        return digest.hexdigest()[:32]

    def _require_dimension(self, vectors: Matrix, name: str = "") -> None:
        expected = self.normalizer.dimension_
        if vectors.shape[1] != expected:
            raise DimensionError(
                f"this map takes {self.code} vectors of dimension {expected}, got {name}dimension "
                f"{vectors.shape[1]}"
            )

    def check(self, embeddings: Embeddings, other: LanguageMap, *, is_part: bool = False) -> None:
        """Refuse vectors of the other language; warn once of vectors other than those of the fit.

        With `is_part` they are only the first words.

        Raises
        ------
        DirectionError
            If they are vectors of the other language.
        DimensionError
            If they have another dimension than those of the fit.
        """
        sketch = Sketch.of(embeddings)
        own, others = (m.sketch.agreement(sketch) for m in (self, other))
        if others.is_beyond(own):
            raise DirectionError(self._exchanged(embeddings, other, others))
        self._require_dimension(embeddings.vectors, f"{embeddings!r} of ")
        named = repr(embeddings)
        if named in self.warned or (is_part and own.has_vectors):
            return
        if len(embeddings) == self.words and embeddings.checksum == self.checksum:
            return
        self.warned.add(named)
        logger.warning("%s", self._mismatch(embeddings, own))

    def mismatch(self, embeddings: Embeddings) -> str | None:
        """Describe vectors of another training than that of the fit; None for others."""
        own = self.sketch.agreement(Sketch.of(embeddings))
        return None if own.has_vectors else self._mismatch(embeddings, own)

    def _exchanged(self, embeddings: Embeddings, other: LanguageMap, found: Agreement) -> str:
        """Describe vectors in the wrong direction."""
        sides = f"{self.code} and {other.code}"
        kind = "words and vectors" if found.has_vectors else "words"
        return (
            f"{embeddings.name}: vectors must be given in the order of the map, got those of "
            f"{other.code} where {self.code} is expected: {found.words:,} of the {found.of:,} most "
            f"frequent {kind} are those of the other side; exchange {sides} (or give the other "
            "--side; --reverse does not change the order of files)"
        )

    def _mismatch(self, embeddings: Embeddings, found: Agreement) -> str:
        """Describe the difference from the vectors of the fit."""
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
            return (
                f"{embeddings.name} has {len(embeddings):,} words, and the map was fitted on "
                f"{self.words:,} of the same training; it applies to them"
            )
        remark = "its frequent words have the same vectors up to rounding, as the map asks"
        return f"{beginning}, but {remark}"
