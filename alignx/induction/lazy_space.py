"""Two languages whose mapped vectors are computed when they are read."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.alignment import Alignment
from alignx.alignment.shared_space import SharedSpace
from alignx.support.arrays import LazyRows, row_blocks, unit_rows, zero_rows
from alignx.vectors.io import load
from alignx.vectors.same_space import require_same_space, warn_of_different_spaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.ranking.ranker import PairRanker
    from alignx.vectors.embeddings import Embeddings

    StrPath = str | os.PathLike[str]

__all__ = ["LazySpace"]


@dataclass(frozen=True, eq=False)
class LazySpace:
    """Two languages whose mapped vectors are computed when they are read.

    Vectors from a float32 cache (``.safetensors``) stay on disk, so that vocabularies may be
    larger than memory. Compared by identity.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of the languages, in the direction of the map.
    alignment : Alignment, optional
        The map; without one the vectors must share a space already.
    ranker : PairRanker, optional
        Learned ranking, instead of that of the map.

    Raises
    ------
    SpaceError
        If there is no map and the vectors are of different spaces.

    Examples
    --------
    >>> import alignx as ax
    >>> words = ax.Embeddings(["cat", "dog"], np.eye(2))
    >>> ax.LazySpace(words, words)
    LazySpace(source n=2, target n=2)
    """

    source: Embeddings
    target: Embeddings
    alignment: Alignment | None = None
    ranker: PairRanker | None = None
    is_reversed: bool = False

    def __post_init__(self) -> None:
        if self.alignment is None:
            require_same_space({"source": self.source, "target": self.target})
            if self.source.dimension == self.target.dimension:
                warn_of_different_spaces(self.source, self.target)
        elif self.ranker is None and not self.is_reversed:
            object.__setattr__(self, "ranker", self.alignment.ranker)

    @classmethod
    def load(
        cls,
        source: StrPath,
        target: StrPath,
        alignment: StrPath | None = None,
        *,
        limit: int | None = None,
    ) -> LazySpace:
        """Open files of vectors, and of the map if there is one.

        Parameters
        ----------
        source, target : path
            Files of vectors.
        alignment : path, optional
            File of the map.
        limit : int, optional
            Number of words to read of each language.
        """
        loaded = None if alignment is None else Alignment.load(os.fspath(alignment))
        return cls(load(source, limit=limit), load(target, limit=limit), loaded)

    def __repr__(self) -> str:
        return f"LazySpace(source n={len(self.source):,}, target n={len(self.target):,})"

    def reversed(self) -> LazySpace:
        """Exchange the languages; the ranker, which holds for one direction, is dropped."""
        return replace(self, ranker=None, is_reversed=not self.is_reversed)

    @property
    def languages(self) -> tuple[Embeddings, Embeddings]:
        """Return the vectors in the direction of the search."""
        both = self.source, self.target
        return both[::-1] if self.is_reversed else both

    def rows(self) -> tuple[LazyRows, LazyRows]:
        """Return the unit rows of the words that have a vector, in the direction of the search."""
        both = self._rows(self.source, "source"), self._rows(self.target, "target")
        return both[::-1] if self.is_reversed else both

    def _rows(self, language: Embeddings, side: str) -> LazyRows:
        if self.alignment is None:
            rows = LazyRows(language.vectors, language.dimension, unit_rows)
        else:
            rows = self.alignment.stream(language, side)  # type: ignore[arg-type]  # one of two
        if not language.zero_rows:
            return rows
        kept = np.concatenate([~zero_rows(block) for block in row_blocks(language.vectors)])
        return replace(rows, kept=kept)

    def words(self, rows: tuple[LazyRows, LazyRows]) -> tuple[Sequence[str], Sequence[str]]:
        """Return the words of `rows`, which `rows` has found with a pass over all vectors."""
        source, target = (
            language.words
            if each.kept is None
            else tuple(compress(language.words, each.kept.tolist()))
            for language, each in zip(self.languages, rows, strict=True)
        )
        return source, target

    def shared(self) -> SharedSpace:
        """Map all vectors into memory."""
        if self.alignment is None:
            shared = SharedSpace.of(self.source, self.target, self.ranker)
        else:
            shared = self.alignment.apply(self.source, self.target)
        return shared.reversed() if self.is_reversed else shared
