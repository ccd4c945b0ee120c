"""Files of one language of a space: mapped vectors, and the map."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from safetensors.numpy import save as to_bytes

from alignx.errors import AlignxError, FormatError
from alignx.support.safetensors import read_tensors
from alignx.vectors.cache import write_cache
from alignx.vectors.io import load

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.alignment.language_map import LanguageMap
    from alignx.vectors.embeddings import Embeddings

__all__ = ["map_to_bytes", "read_map", "read_vectors", "write_vectors"]

_FORMAT = "alignx-language-map"


def map_to_bytes(language_map: LanguageMap) -> bytes:
    """Return the file of a map."""
    return to_bytes(language_map.tensors(), {_FORMAT: json.dumps(language_map.facts())})


def read_map(path: Path) -> LanguageMap:
    """Read the file of a map; raises FormatError if it is damaged."""
    from alignx.alignment.language_map import LanguageMap  # takes a second to load

    metadata, tensors = read_tensors(path)
    try:
        return LanguageMap.restored(json.loads(metadata[_FORMAT]), tensors)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; fit the space anew") from None


def write_vectors(
    file: IO[bytes], embeddings: Embeddings, language_map: LanguageMap, space: str
) -> None:
    """Map vectors to unit rows block by block, and write those of words with a vector.

    Raises
    ------
    AlignxError
        If all vectors are zero.
    """
    known = embeddings.without_zero_rows()
    code, source = language_map.code, embeddings.source or language_map.code
    if not len(known):
        raise AlignxError(
            f"a language must have words with a vector, got {code} ({source}): all "
            f"{len(embeddings):,} vectors are zero"
        )
    named = known.derive(known.words, known.vectors, language=code, source=source)
    write_cache(file, code, named, "float32", language_map.map_rows(known.vectors, space))


def read_vectors(path: Path, limit: int | None = None) -> Embeddings:
    """Map the file of vectors into memory, under the name of the vectors they come from."""
    found = load(path, limit=limit)
    return found.derive(found.words, found.vectors, zero_rows=found.zero_rows)
