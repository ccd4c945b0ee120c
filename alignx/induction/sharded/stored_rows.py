"""Memory-mapped unit rows, ordered by cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import FormatError
from alignx.retrieval.clustered import Clusters
from alignx.support.files import replacing
from alignx.support.memory import release
from alignx.support.progress import part_of
from alignx.support.workspace import Tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.arrays import Indices, LazyRows, Matrix
    from alignx.support.progress import Progress
    from alignx.support.workspace import Workspace

__all__ = ["StoredLanguage", "store"]

_PARTS = ("order", "starts", "centroids", "regions", "region_starts")
# Rows gathered at a time: enough for the system to read ahead, few for memory.
_GATHERED = 65_536


@dataclass(frozen=True)
class StoredLanguage:
    """Stored rows of a language.

    Parameters
    ----------
    folder : str
        Path of the workspace.
    name : {"source", "target"}
        Side of the language.
    """

    folder: str
    name: str

    @property
    def path(self) -> Path:
        """Return the path of the rows."""
        return Path(self.folder, f"{self.name}.npy")

    @cached_property
    def rows(self) -> Matrix:
        """Return the rows, (n, d) float32, memory-mapped."""
        return _open_rows(self.path)

    @cached_property
    def clusters(self) -> Clusters | None:
        """Return the clusters by which the rows are ordered, or None for the order of the words."""
        path = Path(self.folder, f"{self.name}.clusters.safetensors")
        if not path.exists():
            return None
        tensors = Tensors(path)
        return Clusters(*(tensors[name] for name in _PARTS))

    @cached_property
    def order(self) -> Indices | None:
        """Return the vocabulary row of each stored row, or None if they are the same."""
        return None if self.clusters is None else self.clusters.order


def store(
    work: Workspace,
    name: str,
    rows: LazyRows,
    *,
    clustered: bool,
    seed: int,
    progress: Progress | None,
) -> StoredLanguage:
    """Write the rows of a language, unless they exist; on demand in the order of clusters.

    Parameters
    ----------
    work : Workspace
        Folder of the rows.
    name : {"source", "target"}
        Side of the language.
    rows : LazyRows
        Unit rows.
    clustered : bool
        Order the rows by clusters.
    seed : int
        Seed of the clusters.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    StoredLanguage

    Raises
    ------
    OutputError
        If the disk is full.
    """
    stored = StoredLanguage(str(work.folder), name)
    final, clusters_path = work.path(f"{name}.npy"), work.path(f"{name}.clusters.safetensors")
    if work.has(final.name):
        return stored
    if not clustered:
        _write(final, len(rows), rows.dimension, rows.blocks())
        return stored
    unordered = work.path(f"{name}.unordered.npy")
    if not work.has(unordered.name):
        _write(unordered, len(rows), rows.dimension, rows.blocks())
    mapped = _open_rows(unordered)
    clusters = Clusters.fit(mapped, random_state=seed, progress=part_of(progress, 0.1, 0.7))
    release(mapped)
    ordering = work.path(f"{name}.ordered.npy")
    _write(ordering, len(rows), rows.dimension, _gathered(mapped, clusters.order))
    ordered = _open_rows(ordering)
    clusters = clusters.with_means_of(ordered)
    release(ordered)
    Tensors.save(clusters_path, {part: getattr(clusters, part) for part in _PARTS})
    ordering.replace(final)  # last, as its presence marks all as finished
    unordered.unlink()
    return stored


def _open_rows(path: Path) -> Matrix:
    """Map rows into memory that `store` has written."""
    try:
        rows: Matrix = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise FormatError(path, f"a finished part is damaged: {error}") from error
    return rows


def _gathered(rows: Matrix, order: Indices) -> Iterator[Matrix]:
    for first in range(0, len(order), _GATHERED):
        yield rows[order[first : first + _GATHERED]]
    release(rows)


def _write(path: Path, count: int, dimension: int, blocks: Iterator[Matrix]) -> None:
    """Write rows in the format of NumPy, as a whole or not at all."""
    with replacing(path, "wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f4").data)
