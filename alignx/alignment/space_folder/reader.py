"""A space on disk, opened in milliseconds and read as it is used."""

from __future__ import annotations

import dataclasses
import logging
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from alignx.alignment.space_folder.files import path_of, require_file, verify_file
from alignx.alignment.space_folder.manifest import Manifest, read_manifest
from alignx.alignment.space_folder.stored_biases import StoredBiases
from alignx.alignment.space_folder.stored_language import read_map, read_vectors
from alignx.alignment.space_folder.stored_pairs import StoredPairs
from alignx.alignment.space_folder.summary import manifest_facts, manifest_text
from alignx.alignment.unit_languages import DeferredLanguage, UnitLanguages
from alignx.errors import FormatError, MissingFileError
from alignx.support.safetensors import read_tensors
from alignx.vectors.load_options import check_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alignx.alignment.language_map import LanguageMap
    from alignx.support.arrays import LazyRows
    from alignx.support.files import StrPath
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SpaceFolder"]

logger = logging.getLogger("alignx")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SpaceFolder:
    """A space on disk as it was when it was opened.

    Vectors are mapped into memory, and rankings are read, when they are first asked for. What was
    read stays as it was while others change the space.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : Manifest
        Languages, pairs and figures.
    limit : int, optional
        Most words of a language.
    """

    path: Path
    manifest: Manifest
    limit: int | None = None

    @classmethod
    def open(cls, path: StrPath, *, limit: int | None = None) -> Self:
        """Read the manifest, and check that the files of the fit are there in their size.

        Raises
        ------
        MissingFileError, InputError, FormatError
            If it is no space, or a file is missing, truncated, or of a later version of alignx.
        """
        check_limit(limit)
        folder = Path(path)
        manifest = read_manifest(folder)
        while True:
            try:
                for file in manifest.fitted_files():
                    require_file(folder, file)
            except MissingFileError:  # unless the space has changed meanwhile
                before, manifest = manifest, read_manifest(folder)
                if manifest == before:
                    raise
            else:
                return cls(folder, manifest, limit)

    def verify(self) -> None:
        """Read all files, and refuse the first with another checksum by a FormatError."""
        for file in self.manifest.files():
            verify_file(self.path, file)

    @cached_property
    def languages(self) -> UnitLanguages:
        """Unit rows of the languages by code, mapped into memory at first use."""
        most = self.limit
        return UnitLanguages(
            {
                each.code: DeferredLanguage(
                    partial(self._embeddings, each.code),
                    each.words if most is None else min(each.words, most),
                )
                for each in self.manifest.languages
            },
            StoredBiases.of(self.path, self.manifest.biases),
        )

    @cached_property
    def pairs(self) -> StoredPairs:
        """Rankings and known pairs by source and target code, read at first use."""
        records = {pair.codes: pair for pair in self.manifest.pairs}
        return StoredPairs(self.path, records, self.manifest.space)

    def language_map(self, code: str | None) -> LanguageMap:
        """Read the normalization and map of a language, or raise ValueError for others."""
        return read_map(path_of(self.path, self.manifest.language(code).map))

    def stream(self, embeddings: Embeddings, code: str | None) -> LazyRows:
        """Map new vectors of a language to unit rows in blocks, when they are needed.

        Vectors of another training than those of the fit are warned of. Raises ValueError for a
        language that is not there, and DimensionError for vectors of another dimension.
        """
        language_map = self.language_map(code)
        rows = language_map.map_rows(embeddings.vectors, self.manifest.space)
        if problem := language_map.mismatch(embeddings):
            logger.warning("%s", problem)
        return rows

    def frame(self) -> dict[str, NDArray[Any]]:
        """Read the arrays that the fit has left, for languages that come later."""
        frame = self.manifest.frame
        return {} if frame is None else read_tensors(path_of(self.path, frame))[1]

    def _embeddings(self, code: str) -> Embeddings:
        record = self.manifest.language(code)
        found = read_vectors(path_of(self.path, record.vectors), self.limit)
        if found.space != self.manifest.space or found.dimension != record.dimension:
            problem = "its vectors are of another space than the manifest says; fit it anew"
            raise FormatError(self.path / record.vectors.path, problem)
        return found

    def __repr__(self) -> str:
        return f"SpaceFolder({str(self.path)!r}, {', '.join(self.manifest.codes)})"

    def as_dict(self) -> dict[str, Any]:
        """Return languages and figures, for ``--json``."""
        return manifest_facts(self.manifest)

    def __str__(self) -> str:
        """Return languages and figures as tables."""
        return manifest_text(self.manifest)
