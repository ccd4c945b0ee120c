"""Options for loading vectors, and reports of loading."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from alignx.support.arguments import require_instance
from alignx.support.counts import counted
from alignx.support.frames import Tabular
from alignx.vectors.spelling import require_casing

if TYPE_CHECKING:
    from alignx.support.progress import Progress
    from alignx.vectors.spelling import Casing

__all__ = [
    "LoadOptions",
    "LoadReport",
    "check_limit",
]


@dataclass(frozen=True)
class LoadOptions:
    """Options of `alignx.load`; ValueError if one is out of range."""

    limit: int | None = None
    casing: Casing = "keep"
    language: str | None = None
    on_error: Literal["raise", "skip"] = "raise"
    progress: Progress | None = None
    prefix: str = ""

    def __post_init__(self) -> None:
        check_limit(self.limit)
        require_casing(self.casing)
        require_instance(self.prefix, str, "prefix")
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {self.on_error!r}")


@dataclass(frozen=True)
class LoadReport(Tabular):
    """Counts of what a file of vectors held.

    Parameters
    ----------
    path : str
        Path of the file, as given to `load`.
    format : str
        ``"text"``, ``"word2vec"``, ``"fasttext"``, ``"numpy"`` or ``"cache"``.
    rows : int
        Well-formed rows that were read, without those of another prefix.
    dimension : int
        Numbers in each row.
    skipped : int
        Malformed rows left out by ``on_error="skip"``.
    merged : int
        Rows that repeated a word; the first of them is kept.
    zero_rows : int
        Kept rows that are zero.
    language : str, optional
        Language code, if it was guessed from the name of the file.
    notes : tuple of str
        Remarks on what was guessed or left out.

    Examples
    --------
    >>> print(LoadReport("en.vec", "text", rows=80_012, dimension=300, merged=12, zero_rows=1))
    80,000 words of 300 dimensions; 12 duplicates merged, 1 zero row
    """

    path: str
    format: str
    rows: int
    dimension: int
    skipped: int = 0
    merged: int = 0
    zero_rows: int = 0
    language: str | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """Number of words kept."""
        return self.rows - self.merged

    def records(self) -> list[dict[str, Any]]:
        """Return the counts as one row."""
        return [asdict(self) | {"words": self.words, "notes": "; ".join(self.notes)}]

    def __str__(self) -> str:
        return "; ".join([self.counts, *self.notes])

    @property
    def counts(self) -> str:
        """All but the notes, as a phrase."""
        kept = f"{counted(self.words, 'word')} of {counted(self.dimension, 'dimension')}"
        remarks = [
            f"{counted(self.merged, 'duplicate')} merged" if self.merged else "",
            f"{counted(self.skipped, 'malformed line')} skipped" if self.skipped else "",
            counted(self.zero_rows, "zero row") if self.zero_rows else "",
        ]
        return "; ".join(filter(None, [kept, ", ".join(filter(None, remarks))]))


def check_limit(limit: int | None, name: str = "limit") -> None:
    """Refuse a number of words below 1."""
    if limit is not None and limit < 1:
        raise ValueError(f"{name} must be at least 1, got {limit}")
