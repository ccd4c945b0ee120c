"""Words of both languages on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from alignx.support.packages import is_installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices, Matrix

__all__ = ["WordMap"]

MOST = 1_000  # of each language
FUNCTION_WORDS = 100  # the most frequent words say little
FEWEST = 50  # points for UMAP
EPOCHS = 200  # as UMAP takes for large data; its 500 for small ones look alike


@dataclass(frozen=True, eq=False, repr=False)
class WordMap:
    """Frequent words of both languages on a plane.

    Attributes
    ----------
    source, target : sequence of str
        Words, n and m.
    source_points, target_points : (n, 2), (m, 2) float32
        Their places.
    links : (l, 2) int64
        Rows of a source and a target word that translate each other.
    projection : {"UMAP", "PCA"}
        Method of the projection.
    """

    source: Sequence[str]
    target: Sequence[str]
    source_points: Matrix
    target_points: Matrix
    links: Indices
    projection: str

    def __repr__(self) -> str:
        sizes = f"{len(self.source):,} and {len(self.target):,} words"
        return f"WordMap({sizes}, {len(self.links):,} links, by {self.projection})"

    @classmethod
    def of(cls, space: SharedSpace, by_csls: CrossNeighbors) -> Self:
        """Place frequent words of the first two languages of a space.

        Parameters
        ----------
        space : SharedSpace
            Its first language is the source, its second the target.
        by_csls : CrossNeighbors
            Neighbors of each word by CSLS; mutual best ones are linked.
        """
        languages = space.source, space.target
        rows = [_content_words(language.words) for language in languages]
        vectors = np.concatenate([e.vectors[r] for e, r in zip(languages, rows, strict=True)])
        points, projection = _projected(vectors)
        mutual = by_csls.mutual_pairs()
        shown = np.isin(mutual[:, 0], rows[0]) & np.isin(mutual[:, 1], rows[1])
        links = [np.searchsorted(r, mutual[shown, side]) for side, r in enumerate(rows)]
        n = len(rows[0])
        source, target = (
            tuple(e.words[i] for i in r.tolist()) for e, r in zip(languages, rows, strict=True)
        )
        return cls(source, target, points[:n], points[n:], np.stack(links, axis=1), projection)


def _content_words(words: Sequence[str]) -> Indices:
    """Return the rows of the most frequent words of letters, without the first hundred."""
    start = FUNCTION_WORDS if len(words) > 10 * FUNCTION_WORDS else 0
    rows = [row for row in range(start, len(words)) if words[row].isalpha()]
    return np.array(rows[:MOST] or range(min(len(words), MOST)), dtype=np.int64)


def _projected(rows: Matrix) -> tuple[Matrix, str]:
    """Project unit rows to a plane."""
    if len(rows) >= FEWEST and is_installed("umap"):
        from umap import UMAP

        model = UMAP(metric="cosine", n_epochs=EPOCHS, random_state=0, n_jobs=1)
        return model.fit_transform(rows).astype(np.float32), "UMAP"
    centered = rows - rows.mean(axis=0)
    left, values, _ = np.linalg.svd(centered, full_matrices=False)
    plane = np.zeros((len(rows), 2), dtype=np.float32)
    plane[:, : min(2, len(values))] = (left * values)[:, :2]
    return plane, "PCA"
