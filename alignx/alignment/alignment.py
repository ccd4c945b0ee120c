"""A fitted map of two languages, applied to their vectors."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from alignx.alignment.fingerprint import SKETCHED
from alignx.alignment.mapped_subwords import MappedSubwords
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.stored_map import StoredMap
from alignx.support.arguments import require_instance
from alignx.support.arrays import LazyRows, freeze
from alignx.support.files import reading
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext import read_fasttext
from alignx.vectors.fasttext.mapped_copy import write_mapped_model
from alignx.vectors.hub import local_path
from alignx.vectors.load_options import LoadOptions
from alignx.vectors.saving import save
from alignx.vectors.vector_stream import VectorStream

if TYPE_CHECKING:
    from alignx.alignment.language_map import LanguageMap
    from alignx.support.arrays import Double
    from alignx.support.progress import Progress

__all__ = ["Alignment"]

WhichSide: TypeAlias = Literal["source", "target"]


@dataclass(frozen=True, eq=False, repr=False)
class Alignment(StoredMap):
    """Fitted map of two languages, applied to their vectors."""

    def __repr__(self) -> str:
        codes = f"{self.source.code} -> {self.target.code}"
        found_by = "" if self.found_by == "lexicon" else f", by {self.found_by}"
        return f"Alignment({codes}, {self.aligner!r}, {self.pairs} pairs{found_by})"

    def __str__(self) -> str:
        """Return `repr`, the strategy that was chosen, and the accuracy of the map."""
        lines = [repr(self)]
        if self.strategy is not None:
            lines.append(f"chosen: {self.strategy}")
        if self.report is not None:
            lines.append(f"{'FAILED: ' if self.failed else ''}{self.report}")
        if self.ranking_gain is not None:
            lines.append(f"{'' if self.ranker else 'left out: '}{self.ranking_gain}")
        return "\n".join(lines)

    def apply(self, source: Embeddings, target: Embeddings) -> SharedSpace:
        """Map both languages into one space.

        Takes vectors of the fit, or of the same training, with more words for instance. Other
        vectors are warned of once for each language, through ``logging``.

        Raises
        ------
        DimensionError
            If vectors have another dimension than those of the fit.
        DirectionError
            If they are vectors of the other language.
        """
        mapped = {
            self.source.code: self.apply_source(source),
            self.target.code: self.apply_target(target),
        }
        return SharedSpace(mapped, self.ranker, self.known)

    def apply_source(self, embeddings: Embeddings) -> Embeddings:
        """Map vectors of the source language to unit rows; raises as `apply` does."""
        return self._applied(embeddings, "source")

    def apply_target(self, embeddings: Embeddings) -> Embeddings:
        """Map vectors of the target language to unit rows; raises as `apply` does."""
        return self._applied(embeddings, "target")

    def _applied(self, embeddings: Embeddings, side: WhichSide) -> Embeddings:
        require_instance(embeddings, Embeddings, side)
        model = embeddings.oov_vectors
        mapped = None if model is None else MappedSubwords(model, self._side(side))
        rows = self.stream(embeddings, side)
        return embeddings.with_vectors(freeze(rows.collect()), mapped, rows.space)

    def stream(self, embeddings: Embeddings, side: WhichSide) -> LazyRows:
        """Map vectors of one language to unit rows in blocks, when they are needed.

        The rows are those of `apply_source` or `apply_target`, bit for bit. They can be saved
        without ever being in memory at once: ``save(embeddings, path, rows=rows)``. Raises as
        `apply` does, and ValueError if `side` is neither "source" nor "target".
        """
        require_instance(embeddings, Embeddings, "embeddings")
        self._check(embeddings, side)
        return self._side(side).map_rows(embeddings.vectors, self.space)

    @cached_property
    def space(self) -> str:
        """Digest of the space.

        Maps that leave the target unchanged, such as Procrustes, share a space if they share the
        target: its most frequent words and their vectors, whatever the number of words.
        """
        return self.target.digest()

    def save_mapped(
        self,
        embeddings: Embeddings,
        path: str | os.PathLike[str],
        *,
        side: WhichSide = "source",
        dtype: Literal["float32", "float16"] = "float32",
        decimals: int | None = None,
    ) -> None:
        """Write mapped unit rows of one language to a file, block by block.

        `path` may be the file of the vectors; other parameters and errors are those of `stream` and
        `alignx.save`.
        """
        rows = self.stream(embeddings, side)
        save(embeddings, path, dtype=dtype, decimals=decimals, rows=rows)

    def linear_map(self, side: WhichSide) -> Double:
        """Compose normalization and map of a language to one matrix, (d, c) float64.

        Vectors times this matrix are those of `apply`, up to a positive factor for each.

        Raises
        ------
        ValueError
            If the map centers. ``align(..., normalize="linear")`` fits one that does not.

        Examples
        --------
        >>> import alignx as ax
        >>> en, es, train, _ = ax.load_sample("en", "es")
        >>> quick = {"method": "procrustes", "refinement": 0, "ranker": False}
        >>> alignment = ax.align(en, es, lexicon=train, normalize=["unit"], **quick)
        >>> alignment.linear_map("source").shape
        (300, 300)
        """
        return self._side(side).linear_map()

    def save_mapped_model(
        self,
        model: str | os.PathLike[str],
        path: str | os.PathLike[str],
        *,
        side: WhichSide = "source",
        progress: Progress | None = None,
    ) -> None:
        """Write a copy of a fastText model with mapped vectors, also of OOV words.

        Parameters
        ----------
        model, path : path
            The unquantized ``.bin`` model of the vectors of the language, and its copy, which
            fastText can read; may be the same file. Its vectors are those of `apply` but for their
            length.
        side : {"source", "target"}
            Language of the model.
        progress : callable, optional
            Called with the fraction done.

        Raises
        ------
        ValueError
            If the map centers; see `linear_map`.
        DirectionError, DimensionError, FormatError, OutputError
            If the model is of the other language or cannot be read, or the copy cannot be written.
        """
        matrix = self.linear_map(side)
        name = os.fspath(local_path(model))
        with reading(name) as packed, VectorStream(packed, name).regular() as file:
            first = read_fasttext(file, name, LoadOptions(limit=SKETCHED))
        self._check(first, side, is_part=True)
        write_mapped_model(name, path, matrix, progress=progress)

    def _side(self, side: WhichSide) -> LanguageMap:
        if side not in ("source", "target"):
            raise ValueError(f"side must be 'source' or 'target', got {side!r}")
        return self.source if side == "source" else self.target

    def _check(self, embeddings: Embeddings, side: WhichSide, *, is_part: bool = False) -> None:
        own = self._side(side)
        other = self.target if own is self.source else self.source
        own.check(embeddings, other, is_part=is_part)

    def side_of(self, code: str | None) -> LanguageMap:
        """Return the map of the language with a code, or raise ValueError."""
        for side in (self.source, self.target):
            if side.code == code:
                return side
        raise ValueError(
            f"this map takes languages {self.source.code} and {self.target.code}, got {code}; say "
            "which side the vectors are, by --side or a code of `alignx convert --language`"
        )
