"""Folder of a search index: files by their content, and a manifest that is replaced last."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from alignx.alignment.pair_parts import PairParts
from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.codes import PAIRS, require_code
from alignx.alignment.space_folder.files import (
    add_file,
    make_folder,
    path_of,
    remove_others,
    require_file,
    sync_folder,
    verify_file,
)
from alignx.alignment.space_folder.lock import locked
from alignx.alignment.space_folder.manifest import (
    BiasRecord,
    PairRecord,
    StoredFile,  # pydantic reads it
)
from alignx.alignment.space_folder.stored_biases import StoredBiases, biases_to_bytes
from alignx.alignment.space_folder.stored_language import read_vectors
from alignx.alignment.space_folder.stored_pairs import StoredPairs, parts_to_bytes
from alignx.alignment.unit_languages import DeferredLanguage, UnitLanguages
from alignx.errors import FormatError, MissingFileError
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.search.part import Part
from alignx.search.subwords import SubwordVectors, read_subwords, subwords_to_bytes
from alignx.support.files import output_errors, replacing
from alignx.support.manifests import read_manifest_file
from alignx.support.models import Table
from alignx.vectors.cache import write_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.files import StrPath
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.learned_subwords import LearnedSubwords

__all__ = ["MANIFEST", "Contents", "append_parts", "locked_folder", "read_folder", "write_folder"]

MANIFEST = "search.json"
_ADVICE = "build the index anew"

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, eq=False, repr=False)
class Contents:
    """Contents of an index.

    Attributes
    ----------
    space : SharedSpace
        Languages.
    parts : sequence of (str, Part)
        Documents with their language.
    given : int
        Number of documents that were given.
    """

    space: SharedSpace
    parts: Sequence[tuple[str, Part]]
    given: int


class _Language(Table):
    code: str
    words: Annotated[int, Field(ge=1)]
    vectors: StoredFile
    subwords: StoredFile


class _Documents(Table):
    language: str
    documents: Count
    file: StoredFile


class _Manifest(Table):
    format: Literal["alignx-search"] = "alignx-search"
    version: Literal[1] = 1
    alignx: str
    space: str
    given: Count
    languages: Annotated[tuple[_Language, ...], Field(min_length=2)]
    pairs: tuple[PairRecord, ...]
    biases: tuple[BiasRecord, ...]
    parts: tuple[_Documents, ...]

    def files(self) -> list[StoredFile]:
        return [
            *(file for each in self.languages for file in (each.vectors, each.subwords)),
            *(each.file for each in self.pairs if each.file is not None),
            *(each.file for each in self.biases),
            *(each.file for each in self.parts),
        ]


@contextlib.contextmanager
def locked_folder(path: StrPath) -> Iterator[Path]:
    """Hold the lock of an index, for one writer at a time.

    Raises
    ------
    MissingFileError, FormatError
        If there is no index.
    """
    root = Path(path)
    _read_manifest(root)  # before a lock is made in another folder
    with locked(root):
        yield root


def write_folder(path: StrPath, contents: Contents) -> None:
    """Write an index to a new folder, or in place of the index there.

    The manifest comes last: whenever the process is killed, the folder holds the old index or the
    new one. Raises OutputError if the folder cannot be written, or holds other things.
    """
    root = Path(path)
    space = contents.space
    for code in space:
        require_code(code)
    make_folder(root, MANIFEST, "index")
    with locked(root):
        languages = [_add_language(root, space[code], code) for code in space]
        manifest = _Manifest(
            alignx=version("alignx"),
            space=space.source.space or "",
            given=0,
            languages=tuple(languages),
            pairs=_add_rankings(root, space),
            biases=(),
            parts=(),
        )
        _commit(root, manifest, contents)


def append_parts(root: Path, contents: Contents) -> None:
    """Add documents to an index, under its lock; `given` counts those of before too."""
    _commit(root, _read_manifest(root), contents)


def read_folder(path: StrPath, *, check: bool = False) -> Contents:
    """Open an index; vectors, terms and texts are mapped into memory.

    Parameters
    ----------
    path : path
        Folder.
    check : bool
        Read all files, and compare their SHA-256; otherwise only their sizes.

    Raises
    ------
    MissingFileError, InputError, FormatError
        If it is no index, or a file is missing, truncated or damaged.
    """
    root = Path(path)
    manifest = _read_manifest(root)
    while True:
        try:
            return _opened(root, manifest, check=check)
        except MissingFileError:  # unless the index has changed meanwhile
            before, manifest = manifest, _read_manifest(root)
            if manifest == before:
                raise


def _opened(root: Path, manifest: _Manifest, *, check: bool) -> Contents:
    for file in manifest.files():
        require_file(root, file, of="the index", advice=_ADVICE)
        if check:
            verify_file(root, file, advice=_ADVICE)
    languages = UnitLanguages(
        {
            each.code: DeferredLanguage(partial(_read_language, root, each), each.words)
            for each in manifest.languages
        },
        StoredBiases.of(root, manifest.biases, advice=_ADVICE),
    )
    rankings = StoredPairs(root, {each.codes: each for each in manifest.pairs}, manifest.space)
    parts = [(each.language, Part.open(root / each.file.path)) for each in manifest.parts]
    for record, (_, part) in zip(manifest.parts, parts, strict=True):
        if record.language not in languages or record.documents != len(part):
            raise FormatError(root / record.file.path, f"damaged: not as listed; {_ADVICE}")
    return Contents(SharedSpace(languages, pairs=rankings), parts, manifest.given)


def _commit(root: Path, manifest: _Manifest, added: Contents) -> None:
    """Write the files of further documents, and the manifest last."""
    parts = [*manifest.parts, *_add_parts(root, added.parts)]
    manifest = manifest.model_copy(update={"given": added.given, "parts": tuple(parts)})
    manifest = manifest.model_copy(update={"biases": _add_biases(root, added.space, manifest)})
    with output_errors(root):
        for folder in {(root / file.path).parent for file in manifest.files()}:
            sync_folder(folder)
    with replacing(root / MANIFEST) as file:
        text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1)
        file.write(text + "\n")
    sync_folder(root)
    remove_others(root, manifest.files())


def _add_language(root: Path, language: Embeddings, code: str) -> _Language:
    stem = f"{code}/vectors"
    return _Language(
        code=code,
        words=len(language),
        vectors=add_file(root, stem, lambda file: write_cache(file, stem, language, "float32")),
        subwords=add_file(root, f"{code}/subwords", partial(_write, subwords_to_bytes(language))),
    )


def _read_language(root: Path, record: _Language) -> Embeddings:
    found = read_vectors(path_of(root, record.vectors))
    own = SubwordVectors(partial(_read_subwords, root, record.subwords))
    return found.derive(found.words, found.vectors, oov_vectors=own)


def _read_subwords(root: Path, stored: StoredFile) -> LearnedSubwords:
    return read_subwords(path_of(root, stored))


def _add_rankings(root: Path, space: SharedSpace) -> tuple[PairRecord, ...]:
    """Write the learned rankings of the space."""
    added = []
    source, target, *others = space
    own = [] if others else [(source, target)]
    for pair in dict.fromkeys([*space.pairs, *own]):
        if not {*pair} <= {*space} or (ranker := space.pair(*pair).ranker) is None:
            continue
        data = parts_to_bytes(PairParts(ranker), space.source.space or "")
        file = add_file(root, f"{PAIRS}/{pair[0]}.{pair[1]}", partial(_write, data))
        added.append(PairRecord(source=pair[0], target=pair[1], file=file))
    return tuple(added)


def _add_biases(root: Path, space: SharedSpace, manifest: _Manifest) -> tuple[BiasRecord, ...]:
    """Write the CSLS biases of languages of documents with all others, which queries need."""
    vectors = {each.code: each.vectors.sha256 for each in manifest.languages}
    known = {frozenset(each.codes): each for each in manifest.biases}
    for target in dict.fromkeys(each.language for each in manifest.parts):
        for source in vectors:
            few = min(len(space[source]), len(space[target])) < N_NEIGHBORS
            if source == target or few or frozenset((source, target)) in known:
                continue
            data = biases_to_bytes(space.pair(source, target).csls_biases())
            file = add_file(root, f"{PAIRS}/{source}.{target}.biases", partial(_write, data))
            known[frozenset((source, target))] = BiasRecord(
                source=source, target=target, vectors=(vectors[source], vectors[target]), file=file
            )
    return tuple(known.values())


def _add_parts(root: Path, parts: Sequence[tuple[str, Part]]) -> list[_Documents]:
    added = []
    for code, part in parts:
        file = add_file(root, f"{code}/documents", partial(_write, part.to_bytes()))
        added.append(_Documents(language=code, documents=len(part), file=file))
    return added


def _write(data: bytes, file: IO[bytes]) -> None:
    file.write(data)


def _read_manifest(root: Path) -> _Manifest:
    return read_manifest_file(
        _Manifest,
        root / MANIFEST,
        kind="an index",
        command="alignx search build",
        advice=_ADVICE,
    )
