"""Changes of a space on disk, which happen as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save as to_bytes

from alignx.alignment.pair_parts import PairParts
from alignx.alignment.space_folder.codes import PAIRS, require_code
from alignx.alignment.space_folder.files import (
    add_file,
    make_folder,
    remove_others,
    sync_folder,
)
from alignx.alignment.space_folder.lock import locked
from alignx.alignment.space_folder.manifest import (
    MANIFEST,
    BiasRecord,
    LanguageRecord,
    Manifest,
    PairRecord,
    StoredFile,
    TriangleRecord,
    read_manifest,
)
from alignx.alignment.space_folder.stored_biases import biases_to_bytes
from alignx.alignment.space_folder.stored_language import (
    map_to_bytes,
    read_vectors,
    write_vectors,
)
from alignx.alignment.space_folder.stored_pairs import parts_to_bytes
from alignx.errors import DimensionError
from alignx.support.files import output_errors, replacing
from alignx.vectors.cache import write_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from alignx.alignment.known_pairs import KnownPairs
    from alignx.alignment.language_map import LanguageMap
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Matrix
    from alignx.support.files import StrPath
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SpaceWriter", "changing"]


@contextlib.contextmanager
def changing(path: StrPath, *, create: bool = False) -> Iterator[SpaceWriter]:
    """Change a space under its lock, at the end of the block; after an exception, change nothing.

    New files get new names, and the manifest is replaced last: whenever the process is killed, the
    folder holds the old space or the new one. Files that neither needs are removed now, or by the
    next writer.

    Parameters
    ----------
    path : path
        Folder of the space.
    create : bool
        Write a new space, in a folder that is missing or empty or instead of the space there.

    Raises
    ------
    MissingFileError, FormatError
        If there is no space to change, or its manifest is damaged.
    OutputError
        If the folder cannot be written, or holds other things than a space.
    """
    root = Path(path)
    if create:
        make_folder(root, MANIFEST, "space")
    else:
        read_manifest(root)  # before a lock is made in a folder that is no space
    with locked(root):
        _clear(root)
        writer = SpaceWriter(root, None if create else read_manifest(root))
        try:
            yield writer
            writer._commit()
        finally:
            _clear(root)


class SpaceWriter:
    """Languages and pairs of a space that is being changed; see `changing`.

    Attributes
    ----------
    method : dict
        Method of the fit, and its parameters, as JSON has them.
    triangles : list of TriangleRecord
        Agreement around triangles of languages.
    apart : dict
        Languages that were left out, and why.
    """

    def __init__(self, root: Path, manifest: Manifest | None) -> None:
        self._root = root
        self._now = datetime.now(UTC).isoformat(timespec="seconds")
        self._languages: dict[str, LanguageRecord] = {}
        self._pairs: dict[tuple[str, str], PairRecord] = {}
        self.method: dict[str, Any] = {}
        self.triangles: list[TriangleRecord] = []
        self.apart: dict[str, str] = {}
        self._space: str | None = None
        self._hub: str | None = None
        self._frame: StoredFile | None = None
        self._biases: tuple[BiasRecord, ...] = ()
        if manifest is not None:
            self._languages = {each.code: each for each in manifest.languages}
            self._pairs = {each.codes: each for each in manifest.pairs}
            self.method, self.apart = dict(manifest.method), dict(manifest.apart)
            self.triangles = list(manifest.triangles)
            self._space, self._hub = manifest.space, manifest.hub
            self._frame, self._biases = manifest.frame, manifest.biases

    def put_language(
        self,
        code: str,
        embeddings: Embeddings,
        language_map: LanguageMap,
    ) -> None:
        """Map vectors into the space, and add their language or replace it.

        The first language of a new space is its hub. Takes memory for a few thousand rows beyond
        the words.

        Parameters
        ----------
        code : str
            Language code.
        embeddings : Embeddings
            Vectors before the map.
        language_map : LanguageMap
            Normalization and map.

        Raises
        ------
        ValueError
            If the code cannot name a folder, or differs from another in capitals alone.
        DimensionError
            If the map leads to another dimension than that of the space.
        AlignxError
            If all vectors are zero.
        OutputError
            If a file cannot be written.
        """
        self._require_new_code(code)
        language_map, dimension = replace(language_map, code=code), language_map.matrix.shape[1]
        for other in self._languages.values():
            if other.dimension != dimension:
                raise DimensionError(
                    f"a space has one dimension, {other.dimension} here, got {dimension} for {code}"
                )
        self._space = space = self._space or language_map.digest()
        self._hub = self._hub or code
        stem = f"{code}/vectors"
        vectors = add_file(
            self._root, stem, lambda file: write_vectors(file, embeddings, language_map, space)
        )
        mapped = read_vectors(self._root / vectors.path)
        if mapped.zero_rows:  # of vectors that a normalization makes zero
            kept = mapped.without_zero_rows()
            vectors = add_file(
                self._root, stem, lambda file: write_cache(file, stem, kept, "float32")
            )
        packed = map_to_bytes(language_map)
        stored_map = add_file(self._root, f"{code}/map", lambda file: file.write(packed))
        before = self._languages.get(code)
        self._languages[code] = LanguageRecord(
            code=code,
            words=len(mapped) - mapped.zero_rows,
            dimension=dimension,
            name=embeddings.source or code,
            added=before.added if before else self._now,
            changed=self._now,
            vectors=vectors,
            map=stored_map,
        )
        self.apart.pop(code, None)

    def put_frame(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays of the fit, for languages that come later."""
        packed = to_bytes(dict(arrays))
        self._frame = add_file(self._root, "frame", lambda file: file.write(packed))

    def put_pair(
        self,
        record: PairRecord,
        ranker: PairRanker | None = None,
        known: KnownPairs | None = None,
    ) -> None:
        """Add the evidence and learned ranking of two languages, or replace them.

        Raises ValueError if a language is not there.
        """
        for code in record.codes:
            self._require_there(code)
        file = None
        if ranker is not None or known is not None:
            packed = parts_to_bytes(PairParts(ranker, known), self._space or "")
            stem = f"{PAIRS}/{record.source}.{record.target}"
            file = add_file(self._root, stem, lambda opened: opened.write(packed))
        self._pairs[record.codes] = record.model_copy(update={"file": file})

    def put_biases(
        self, pair: tuple[LanguageRecord, LanguageRecord], both: tuple[Matrix, Matrix]
    ) -> None:
        """Add the CSLS biases of two languages, as they were; they go when one of them changes."""
        source, target = pair
        packed, stem = biases_to_bytes(both), f"{PAIRS}/{source.code}.{target.code}.biases"
        record = BiasRecord(
            source=source.code,
            target=target.code,
            vectors=(source.vectors.sha256, target.vectors.sha256),
            file=add_file(self._root, stem, lambda opened: opened.write(packed)),
        )
        self._biases = tuple(each for each in self._biases if {*each.codes} != {*record.codes})
        self._biases += (record,)

    def remove_pairs(self, code: str) -> None:
        """Remove the pairs and triangles of a language."""
        self._pairs = {codes: each for codes, each in self._pairs.items() if code not in codes}
        self.triangles = [each for each in self.triangles if code not in each.languages]

    def remove_language(self, code: str) -> None:
        """Remove a language and its pairs; the space stays as it is, also without its hub.

        Raises ValueError if it is not there, or one of the last two.
        """
        self._require_there(code)
        if len(self._languages) <= 2:
            kept = " and ".join(self._languages)
            raise ValueError(f"a space needs 2 languages, got {kept}, and {code} to remove")
        del self._languages[code]
        self.remove_pairs(code)

    def _is_current(self, record: BiasRecord) -> bool:
        """Whether biases are of the vectors that the space has now."""
        vectors = {code: each.vectors.sha256 for code, each in self._languages.items()}
        return record.vectors == tuple(map(vectors.get, record.codes))

    def _require_there(self, code: str) -> None:
        if code not in self._languages:
            raise ValueError(f"this space has languages {', '.join(self._languages)}, got {code}")

    def _require_new_code(self, code: str) -> None:
        require_code(code)
        for other in self._languages:
            if other != code and other.lower() == code.lower():
                raise ValueError(f"codes must differ in more than capitals, got {other} and {code}")

    def _commit(self) -> None:
        """Replace the manifest, once everything that it names is on the disk."""
        if len(self._languages) < 2:
            raise ValueError(f"a space needs 2 languages, got {len(self._languages)}")
        manifest = Manifest(
            alignx=version("alignx"),
            space=self._space or "",
            hub=self._hub or "",
            changed=self._now,
            method=self.method,
            frame=self._frame,
            languages=tuple(self._languages.values()),
            pairs=tuple(self._pairs.values()),
            triangles=tuple(self.triangles),
            biases=tuple(filter(self._is_current, self._biases)),
            apart=self.apart,
        )
        path = self._root / MANIFEST
        with output_errors(path):
            for folder in {(self._root / file.path).parent for file in manifest.files()}:
                sync_folder(folder)
            sync_folder(self._root)
        with replacing(path) as file:
            file.write(manifest.as_json())
            file.flush()
            os.fsync(file.fileno())
        with output_errors(path):
            sync_folder(self._root)


def _clear(root: Path) -> None:
    """Remove the files that the manifest on the disk does not name."""
    files = read_manifest(root).files() if (root / MANIFEST).exists() else ()
    remove_others(root, list(files))
