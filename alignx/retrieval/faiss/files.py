"""Files of a FAISS index.

FAISS trusts its files: a truncated or changed one makes it crash or answer at random. So the
metadata hold a checksum, which is compared before FAISS reads.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.numpy

from alignx.errors import FormatError
from alignx.retrieval.faiss.backend import faiss_module
from alignx.support.arrays import Matrix, row_blocks
from alignx.support.files import reading, replacing, require_regular
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from alignx.retrieval.faiss.backend import FaissObject

__all__ = ["checksum_of", "read_index", "read_metadata", "write_index"]

StrPath = str | os.PathLike[str]

_FORMAT = "alignx/faiss-index"
_VERSION = 2


def checksum_of(rows: Matrix) -> str:
    """Compute SHA-256 of the shape and the numbers of rows, in hexadecimal."""
    digest = hashlib.sha256("{} {}\n".format(*rows.shape).encode())
    for block in row_blocks(rows):
        digest.update(block.astype("<f4", copy=False).data)
    return digest.hexdigest()


def _metadata_path(path: StrPath) -> str:
    return os.fspath(path) + ".safetensors"


def write_index(
    path: StrPath, index: FaissObject, bias: Matrix | None, metadata: dict[str, Any]
) -> None:
    """Write FAISS's file and the metadata, or raise OutputError; both replace old files at once."""
    faiss = faiss_module()
    digest = hashlib.sha256()
    tensors = {} if bias is None else {"bias": bias}
    facts = json.dumps({"version": _VERSION, "faiss": faiss.__version__, **metadata})
    with replacing(_metadata_path(path), "wb") as beside, replacing(path, "wb") as file:

        def write(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        faiss.write_index(index, faiss.PyCallbackIOWriter(write))
        checksum = _completed(digest, bias, facts)
        stored = {"format": _FORMAT, "facts": facts, "checksum": checksum}
        beside.write(safetensors.numpy.save(tensors, stored))


def read_metadata(path: StrPath) -> tuple[dict[str, Any], Matrix | None]:
    """Read the metadata and the bias after a check of both files, or raise FormatError."""
    require_regular(path, "an index")
    with reading(path) as file:
        digest = hashlib.file_digest(file, "sha256")
    stored, tensors = read_tensors(_metadata_path(path), "build the index again")
    if stored.get("format") != _FORMAT:
        raise FormatError(_metadata_path(path), "no metadata of an index; build the index again")
    facts, bias = stored.get("facts", ""), tensors.get("bias")
    if stored.get("checksum") != _completed(digest, bias, facts):
        raise FormatError(path, "the index or its metadata are damaged; build it again")
    metadata: dict[str, Any] = json.loads(facts)
    if metadata["version"] > _VERSION:
        raise FormatError(
            path,
            f"a newer alignx wrote this index (version {metadata['version']}, not {_VERSION}); "
            "update alignx",
        )
    return metadata, bias


def _completed(digest: Any, bias: Matrix | None, facts: str) -> str:  # noqa: ANN401  # hashlib's
    """Add the bias and the facts to the checksum of FAISS's file."""
    if bias is not None:
        digest.update(f"{bias.dtype.str}\n".encode() + bias.tobytes())
    digest.update(facts.encode())
    checksum: str = digest.hexdigest()
    return checksum


def read_index(path: StrPath, version: str, *, mmap: bool) -> FaissObject:
    """Read FAISS's file, checked before, or raise FormatError if this version cannot."""
    faiss = faiss_module()
    flags = getattr(faiss, "IO_FLAG_MMAP_IFC", 0) if mmap else 0
    try:
        with Path(path).open("rb") as file:  # FAISS itself takes only names in UTF-8
            return faiss.read_index(f"/proc/self/fd/{file.fileno()}", flags)
    except RuntimeError:
        raise FormatError(
            path,
            f"FAISS {faiss.__version__} cannot read this index of FAISS {version}; update FAISS "
            "or build it again",
        ) from None
