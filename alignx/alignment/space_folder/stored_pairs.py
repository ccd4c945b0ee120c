"""Learned rankings of a space on disk, read at first use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save as to_bytes

from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.pair_parts import PairParts
from alignx.alignment.space_folder.files import path_of
from alignx.errors import FormatError
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.alignment.space_folder.manifest import PairRecord

__all__ = ["StoredPairs", "parts_to_bytes"]

_FORMAT = "alignx-pair"


@dataclass(frozen=True, eq=False, repr=False)
class StoredPairs(Mapping[tuple[str, str], PairParts]):
    """Rankings and known pairs by source and target code.

    Parameters
    ----------
    folder : Path
        The space.
    space : str
        Its identifier.
    records : mapping of (str, str) to PairRecord
        Those of the manifest.
    """

    folder: Path
    space: str
    records: Mapping[tuple[str, str], PairRecord]
    _read: dict[tuple[str, str], PairParts] = field(default_factory=dict, init=False)

    def __getitem__(self, pair: tuple[str, str]) -> PairParts:
        file = self.records[pair].file
        if file is None:
            return PairParts()
        if pair not in self._read:
            self._read[pair] = _read_parts(path_of(self.folder, file), self.space)
        return self._read[pair]

    def __contains__(self, pair: object) -> bool:
        return pair in self.records  # which reads nothing

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


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
