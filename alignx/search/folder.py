"""Folder of a search index: files by their content, and a manifest that is replaced last."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from alignx.alignment.shared_space import SharedSpace
from alignx.alignment.space_folder.codes import require_code
from alignx.alignment.space_folder.files import (
    add_file,
    remove_others,
    require_file,
    sync_folder,
    verify_file,
)
from alignx.alignment.space_folder.lock import LOCK, locked
from alignx.alignment.space_folder.manifest import StoredFile  # noqa: TC001  # pydantic reads it
from alignx.alignment.space_folder.stored_language import read_vectors
from alignx.alignment.unit_languages import DeferredLanguage, UnitLanguages
from alignx.errors import FormatError, OutputError
from alignx.search.part import Part
from alignx.support.files import output_errors, reading, replacing
from alignx.support.models import Table, validated_json
from alignx.vectors.cache import write_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.files import StrPath
    from alignx.vectors.embeddings import Embeddings

__all__ = ["MANIFEST", "Contents", "append_parts", "locked_folder", "read_folder", "write_folder"]

MANIFEST = "search.json"
_FORMAT: Final = "alignx-search"
_VERSION: Final = 1
_ADVICE = "build the index anew"

Contents = tuple[SharedSpace, "tuple[tuple[str, Part], ...]", int]
"""Languages, documents with their language, and number of documents that were given."""

Count = Annotated[int, Field(ge=0)]


class _Language(Table):
    code: str
    words: Annotated[int, Field(ge=1)]
    vectors: StoredFile


class _Documents(Table):
    language: str
    documents: Count
    file: StoredFile


class _Manifest(Table):
    format: Literal["alignx-search"] = _FORMAT
    version: Literal[1] = _VERSION
    alignx: str
    given: Count
    languages: Annotated[tuple[_Language, ...], Field(min_length=2)]
    parts: tuple[_Documents, ...]

    def files(self) -> list[StoredFile]:
        return [*(each.vectors for each in self.languages), *(each.file for each in self.parts)]


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
    space, parts, given = contents
    root = Path(path)
    for code in space:
        require_code(code)
    _make_folder(root)
    with locked(root):
        languages = [
            _Language(
                code=code, words=len(space[code]), vectors=_add_vectors(root, space[code], code)
            )
            for code in space
        ]
        _commit(root, given, languages, _add_parts(root, parts))


def append_parts(root: Path, parts: Sequence[tuple[str, Part]], given: int) -> None:
    """Add documents to an index, under its lock; `given` counts those of before too."""
    manifest = _read_manifest(root)
    added = _add_parts(root, parts)
    _commit(root, given, manifest.languages, [*manifest.parts, *added])


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
    for file in manifest.files():
        require_file(root, file, of="the index", advice=_ADVICE)
        if check:
            verify_file(root, file, advice=_ADVICE)
    by_code = {
        each.code: DeferredLanguage(partial(read_vectors, root / each.vectors.path), each.words)
        for each in manifest.languages
    }
    parts = [(each.language, Part.open(root / each.file.path)) for each in manifest.parts]
    for record, (_, part) in zip(manifest.parts, parts, strict=True):
        if record.language not in by_code or record.documents != len(part):
            raise FormatError(root / record.file.path, f"damaged: not as listed; {_ADVICE}")
    return SharedSpace(UnitLanguages(by_code)), tuple(parts), manifest.given


def _commit(
    root: Path, given: int, languages: Sequence[_Language], parts: Sequence[_Documents]
) -> None:
    manifest = _Manifest(
        alignx=version("alignx"), given=given, languages=tuple(languages), parts=tuple(parts)
    )
    with output_errors(root):
        for folder in {(root / file.path).parent for file in manifest.files()}:
            sync_folder(folder)
    with replacing(root / MANIFEST) as file:
        text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1)
        file.write(text + "\n")
    sync_folder(root)
    remove_others(root, manifest.files())


def _add_vectors(root: Path, language: Embeddings, code: str) -> StoredFile:
    stem = f"{code}/vectors"
    return add_file(root, stem, lambda file: write_cache(file, stem, language, "float32"))


def _add_parts(root: Path, parts: Sequence[tuple[str, Part]]) -> list[_Documents]:
    added = []
    for code, part in parts:
        data = part.to_bytes()
        file = add_file(root, f"{code}/documents", partial(_write, data))
        added.append(_Documents(language=code, documents=len(part), file=file))
    return added


def _write(data: bytes, file: IO[bytes]) -> None:
    file.write(data)


def _make_folder(root: Path) -> None:
    """Make a folder; refuse one that holds something else than an index."""
    with output_errors(root):
        root.mkdir(exist_ok=True)
        names = {path.name for path in root.iterdir()} - {LOCK}
    if names and MANIFEST not in names and any(not (root / name).is_dir() for name in names):
        raise OutputError(root, "this folder holds other things than an index; choose another")


def _read_manifest(root: Path) -> _Manifest:
    path = root / MANIFEST
    if root.is_file():
        raise FormatError(root, "an index is a folder, from `alignx search build`; this is a file")
    if root.is_dir() and not path.exists():
        problem = f"this folder holds no {MANIFEST}; make an index with `alignx search build`"
        raise FormatError(root, problem)
    with reading(path) as file:
        data = file.read()
    try:
        head: Any = json.loads(data)
    except ValueError as error:  # of UTF-8 or JSON
        raise FormatError(path, f"damaged: it must be JSON ({error}); {_ADVICE}") from None
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        raise FormatError(path, "not the manifest of an index that alignx has written")
    if head.get("version") != _VERSION:
        raise FormatError(
            path, f"version must be {_VERSION}, got {head.get('version')}; update alignx"
        )
    return validated_json(_Manifest, data, path)
