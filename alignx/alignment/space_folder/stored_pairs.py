"""Learned rankings of a space on disk, read at first use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save as to_bytes

from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.pair_parts import PairParts
from alignx.alignment.space_folder.files import path_of
from alignx.alignment.space_folder.stored_values import StoredValues
from alignx.errors import FormatError
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.alignment.space_folder.manifest import PairRecord

__all__ = ["StoredPairs", "parts_to_bytes"]

_FORMAT = "alignx-pair"


@dataclass(frozen=True, eq=False, repr=False)
class StoredPairs(StoredValues["PairRecord", PairParts]):
    """Rankings and known pairs by source and target code.

    Parameters
    ----------
    folder, records
        As in `StoredValues`.
    space : str
        Identifier of the space.
    """

    space: str

    def _value(self, record: PairRecord) -> PairParts:
        if record.file is None:
            return PairParts()
        return _read_parts(path_of(self.folder, record.file), self.space)


def parts_to_bytes(parts: PairParts, space: str) -> bytes:
    """Return the file of a learned ranking and its known pairs."""
    tensors: dict[str, NDArray[Any]] = {}
    facts: dict[str, Any] = {"ranker": None}
    if parts.ranker is not None:
        tensors |= {f"ranker_{name}": array for name, array in parts.ranker.tensors().items()}
        facts["ranker"] = {**parts.ranker.facts(), "space": space}
    if parts.known is not None:
        known = parts.known
        tensors["known_pairs"], facts["turned"] = known.hashes, known.turned
    return to_bytes(tensors, {_FORMAT: json.dumps(facts, default=lambda number: number.item())})


def _read_parts(path: Path, space: str) -> PairParts:
    from alignx.ranking.ranker import PairRanker  # takes a second to load

    metadata, tensors = read_tensors(path)
    try:
        facts = json.loads(metadata[_FORMAT])
        ranker, known = facts["ranker"], tensors.pop("known_pairs", None)
        own = {name.removeprefix("ranker_"): array for name, array in tensors.items()}
        if ranker is not None and ranker["space"] != space:
            raise ValueError("the learned ranking is that of another space")
        return PairParts(
            ranker and PairRanker.restored(ranker, own),
            None if known is None else KnownPairs(known, facts["turned"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(path, f"damaged: {error!r}; fit the space anew") from None
