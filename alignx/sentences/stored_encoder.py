"""Files of sentence encoders: safetensors with one JSON entry, no pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save as to_bytes

from alignx.alignment.stored_aligner import aligner_facts, restored_aligner
from alignx.errors import FormatError
from alignx.mapping.base import Maps
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.support.safetensors import reading_model
from alignx.texts.known_vectors import require_known_vectors, vector_marks

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from alignx.mapping.base import Aligner
    from alignx.vectors.embeddings import Embeddings

__all__ = ["StoredEncoder"]

FORMAT = "alignx-sentence-encoder"
FORMAT_VERSION = "1"
MAPS = ("source_map", "target_map", "source_mean", "target_mean")


@dataclass(frozen=True, eq=False)
class StoredEncoder:
    """Settings of a sentence encoder and its fitted projection.

    Attributes
    ----------
    parameters : dict
        Parameters of the encoder but for `projection` and `tokenizers`.
    projection : Aligner or None
        Fitted.
    """

    parameters: dict[str, Any]
    projection: Aligner | None

    def save(self, path: str | os.PathLike[str], space: Mapping[str, Embeddings]) -> None:
        """Write the file; see `SentenceEncoder.save`."""
        require_suffix(path, "a model")
        languages, tensors = vector_marks(space)
        facts: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "alignx_version": version("alignx"),
            "parameters": self.parameters,
            "languages": languages,
            "projection": None,
        }
        if self.projection is not None:
            facts["projection"] = aligner_facts(self.projection)
            tensors |= {name: getattr(self.projection, f"{name}_") for name in MAPS}
        text = json.dumps(facts, ensure_ascii=False, default=lambda number: number.item())
        with replacing(path, "wb") as file:
            file.write(to_bytes(tensors, {FORMAT: text}))

    @classmethod
    def load(cls, path: str | os.PathLike[str], space: Mapping[str, Embeddings]) -> StoredEncoder:
        """Read the file; see `SentenceEncoder.load`."""
        maker = "a sentence encoder that alignx has saved; SentenceEncoder.save makes one"
        with reading_model(
            path, FORMAT, FORMAT_VERSION, maker=maker, advice="fit and save again"
        ) as (facts, tensors):
            _require_languages(space, facts["languages"], path)
            require_known_vectors(space, facts["languages"], tensors, path)
            projection = None
            if facts["projection"] is not None:
                projection = restored_aligner(**facts["projection"])
                projection.set_maps(Maps(*(tensors[name] for name in MAPS)))
            return cls(facts["parameters"], projection)


def _require_languages(
    space: Mapping[str, Embeddings], known: Mapping[str, Any], path: str | os.PathLike[str]
) -> None:
    """Refuse other languages, and another first one: words are compared as words of it."""
    if list(space) != list(known):
        raise FormatError(
            path, f"made for languages {', '.join(known)}, in this order, got {', '.join(space)}"
        )
