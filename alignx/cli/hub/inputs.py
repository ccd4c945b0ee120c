"""Languages of a space: their codes, and vectors that stay in files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.alignment.space_folder.codes import CODE, require_code
from alignx.cli.inputs import read_vectors
from alignx.support.files import require_readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.cli.options import Reading
    from alignx.cli.terminal import Terminal
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SpaceFolderArgument", "codes_of", "mapped_language", "path_of"]

SpaceFolderArgument = Annotated[
    Path, typer.Argument(metavar="SPACE", help="Folder from `alignx hub`.")
]


def codes_of(given: Sequence[str]) -> dict[str, Path]:
    """Find the language of each file, given as FILE or CODE=FILE; ValueError if it is unclear."""
    from alignx.vectors.hub import local_path

    files: dict[str, Path] = {}
    for text in given:
        code, path = _split(text)
        require_code(code)
        other = next((known for known in files if known.lower() == code.lower()), None)
        if other is not None:
            origins = f"{other} from {files[other]} and {code} from {path}"
            raise ValueError(
                f"each language must occur once, whatever the capitals of its code, got {origins}; "
                "CODE=FILE gives another code"
            )
        files[code] = path
    files = {code: Path(local_path(path)) for code, path in files.items()}
    require_readable(*files.values())
    return files


def _split(text: str) -> tuple[str, Path]:
    code, mark, name = text.partition("=")
    if mark and not Path(text).exists():
        if not re.fullmatch(CODE, code) or not name:
            raise ValueError(
                f"vectors must be FILE or CODE=FILE, such as es=vectors.txt, got {text}"
            )
        return code, Path(name)
    return _language(text), Path(text)


def _language(path: str) -> str:
    """Return the language that a cache stores, or that the name of a file tells."""
    from alignx.vectors.io import load
    from alignx.vectors.language_codes import guess_language

    if path.endswith(".safetensors") and (stored := load(path, limit=1).language):
        return stored
    found = guess_language(path)
    if found.code is None:
        others = f", which holds {' and '.join(found.others)}" if found.others else ""
        raise ValueError(
            f"the name of a file must tell its language, got {path}{others}; give CODE={path}"
        )
    return found.code


def mapped_language(
    terminal: Terminal, code: str, path: Path, reading: Reading, folder: Path
) -> Embeddings:
    """Open vectors as a map of a file; others than a cache are first written to one in `folder`.

    So the memory for many languages is that of one.
    """
    from alignx.vectors.io import load
    from alignx.vectors.saving import save

    status = path.stat()
    options = (reading.limit, reading.casing, reading.on_error)
    state = (str(path.absolute()), status.st_size, status.st_mtime_ns, *options)
    digest = hashlib.sha256(repr(state).encode()).hexdigest()[:16]
    cache = folder / f"{code}-{digest}.safetensors"
    if not cache.exists():
        embeddings = read_vectors(terminal, path, reading, language=code)
        if _is_mapped(embeddings, reading):
            return embeddings
        folder.mkdir(parents=True, exist_ok=True)
        save(embeddings, cache)
    return load(cache, language=code)


def _is_mapped(embeddings: Embeddings, reading: Reading) -> bool:
    """Whether a file holds just these vectors, in a form that is mapped."""
    is_cache = embeddings.report is not None and embeddings.report.format == "cache"
    return is_cache and reading.limit is None and reading.casing == "keep"


def path_of(embeddings: Embeddings) -> str:
    """Return the file of mapped vectors."""
    if embeddings.report is None:
        raise ValueError(f"vectors must come from a file, got {embeddings!r}")
    return embeddings.report.path
