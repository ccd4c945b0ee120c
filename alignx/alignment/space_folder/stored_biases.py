"""CSLS biases of pairs of languages of a space on disk, read at first use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from safetensors.numpy import save as to_bytes

from alignx.alignment.space_folder.files import verify_file
from alignx.alignment.space_folder.stored_values import StoredValues
from alignx.errors import FormatError, MissingFileError
from alignx.support.arrays import freeze
from alignx.support.safetensors import read_tensors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from alignx.alignment.space_folder.manifest import BiasRecord
    from alignx.support.arrays import Matrix

__all__ = ["StoredBiases", "biases_to_bytes", "is_sound"]


@dataclass(frozen=True, eq=False, repr=False)
class StoredBiases(StoredValues["BiasRecord", tuple["Matrix", "Matrix"]]):
    """Biases of both languages by source and target code, in either order of these.

    Parameters
    ----------
    folder, records
        As in `StoredValues`.
    advice : str
        What to do if a file is damaged or gone.
    """

    advice: str = "run `alignx hub prepare`, then open the space again"

    @classmethod
    def of(cls, folder: Path, records: Iterable[BiasRecord], **advice: str) -> Self:
        """Take the records of a manifest."""
        forth = {each.codes: each for each in records}
        return cls(folder, forth | {codes[::-1]: each for codes, each in forth.items()}, **advice)

    def __getitem__(self, pair: tuple[str, str]) -> tuple[Matrix, Matrix]:
        codes = self.records[pair].codes
        first, second = super().__getitem__(codes)
        return (first, second) if pair == codes else (second, first)

    def _value(self, record: BiasRecord) -> tuple[Matrix, Matrix]:
        return _read_biases(self.folder, record, self.advice)


def biases_to_bytes(both: tuple[Matrix, Matrix]) -> bytes:
    """Return the file of the biases of two languages."""
    return to_bytes(dict(zip(("source", "target"), both, strict=True)))


def is_sound(folder: Path, record: BiasRecord) -> bool:
    """Tell whether a file of biases is there, and each bit of it as it was written."""
    try:
        verify_file(folder, record.file)
    except (MissingFileError, FormatError):
        return False
    return True


def _read_biases(folder: Path, record: BiasRecord, advice: str) -> tuple[Matrix, Matrix]:
    """Read a file of biases; raises FormatError if it is gone or a bit of it has changed."""
    path = folder / record.file.path
    if not is_sound(folder, record):  # a millisecond, and a wrong bias shows nowhere else
        raise FormatError(path, f"damaged or gone; {advice}")
    _, tensors = read_tensors(path)
    try:
        first, second = (freeze(tensors[name]) for name in ("source", "target"))
    except KeyError as error:
        raise FormatError(path, f"damaged: {error!r}; fit the space anew") from None
    if any(each.dtype != np.float32 or each.ndim != 1 for each in (first, second)):
        raise FormatError(path, "damaged: biases must be float32, one for each word")
    return first, second
