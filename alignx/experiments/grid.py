"""A grid of experiments, as a TOML file describes it: pairs x methods x sizes x seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Self, get_args

from alignx.errors import FormatError
from alignx.evaluation.word_translation import OOVPolicy
from alignx.experiments.cell import Cell, Protocol
from alignx.experiments.config import Table, choice, flag, integer, several, text
from alignx.experiments.pairs import PRESETS, LanguagePair
from alignx.experiments.variants import Variant, read_variants

if TYPE_CHECKING:
    from alignx.experiments.config import Check

__all__ = ["Grid"]

SHOWN = 5  # missing files that a message names


@dataclass(frozen=True)
class Grid:
    """Which cells there are, and where their files.

    Attributes
    ----------
    path : Path
        The file that describes it; other files are relative to its folder.
    pairs : tuple of LanguagePair
        Of languages.
    variants : tuple of Variant
        Methods.
    seeds : tuple of int
        For methods that are random.
    sizes : tuple of int or None
        Source words of the training dictionary, for methods that start from one; None for all.
    protocol : Protocol
        What all cells have in common.
    vectors, train, test : str
        Templates of file names; `train` only if a method starts from a dictionary.
    """

    path: Path
    pairs: tuple[LanguagePair, ...]
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    sizes: tuple[int | None, ...]
    protocol: Protocol
    vectors: str
    train: str | None
    test: str

    @property
    def folder(self) -> Path:
        """Where the file is."""
        return self.path.parent

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and check a file.

        Parameters
        ----------
        path : path
            TOML; the README says what may be in it.

        Raises
        ------
        FormatError
            If it is not TOML, a key is unknown, missing or holds what it must not, or a file that
            a cell would read is missing.
        """
        table = Table.read(Path(path))
        pairs = _pairs(table)
        variants = read_variants(table)
        starts = {variant.start for variant in variants}
        of_pair = _template("source", "target", optional=len(pairs) == 1)
        needs_train = "dictionary" in starts
        grid = cls(
            Path(path),
            pairs,
            variants,
            table.take("seeds", several(integer(0)), (0,)),
            table.take("sizes", several(_size), (None,)),
            Protocol(
                table.take("limit", integer(1), None),
                table.take("lowercase", flag, False),
                table.take("on_error", choice(("raise", "skip")), "raise"),
                table.take("oov_policy", choice(get_args(OOVPolicy)), "muse"),
            ),
            table.need("vectors", _template("language")),
            table.need("train", of_pair) if needs_train else table.take("train", of_pair, None),
            table.need("test", of_pair),
        )
        table.finish()
        grid._require_files()
        return grid

    def cells(self) -> list[Cell]:
        """Give all cells, those of a pair together."""
        return [
            Cell(
                source=pair.source,
                target=pair.target,
                source_file=self.vectors.format(language=pair.source),
                target_file=self.vectors.format(language=pair.target),
                test=self.test.format(**pair._asdict()),
                method=variant.name,
                algorithm=variant.algorithm,
                start=variant.start,
                train=self._train_file(pair) if variant.start == "dictionary" else None,
                size=size,
                seed=seed,
                options=variant.options,
                parameters=variant.parameters,
                protocol=self.protocol,
            )
            for pair in self.pairs
            for variant in self.variants
            for size in (self.sizes if variant.start == "dictionary" else (None,))
            for seed in (self.seeds if variant.is_random else (None,))
        ]

    def _train_file(self, pair: LanguagePair) -> str | None:
        return None if self.train is None else self.train.format(**pair._asdict())

    def files(self) -> list[Path]:
        """Give the files that cells read."""
        names = {file for cell in self.cells() for file in [*cell.vectors, *cell.dictionaries]}
        return [self.folder / name for name in sorted(names)]

    def _require_files(self) -> None:
        """Refuse a grid that lacks files, all of them at once."""
        files = {file for cell in self.cells() for file in [*cell.vectors, *cell.dictionaries]}
        missing = sorted(file for file in files if not (self.folder / file).is_file())
        if missing:
            noun = "file is" if len(missing) == 1 else "files are"
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            raise FormatError(
                self.path,
                f"{len(missing)} {noun} missing: {', '.join(missing[:SHOWN])}{more}; check the "
                "pairs, and the names in vectors, train and test",
            )


def _pairs(table: Table) -> tuple[LanguagePair, ...]:
    preset = table.take("preset", choice(PRESETS), None)
    pairs = table.take("pairs", several(LanguagePair.parse), None)
    if (preset is None) == (pairs is None):
        raise table.error("pairs", "or preset must be given, one of them")
    return PRESETS[preset] if preset is not None else pairs or ()


def _size(value: object) -> int | None:
    """Check for a number of words; "all" is None."""
    if value == "all":
        return None
    try:
        return integer(1)(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "all"') from None


def _template(*fields: str, optional: bool = False) -> Check[str]:
    def check(value: object) -> str:
        template = text(value)
        named = " and ".join(f"{{{field}}}" for field in fields)
        try:
            found = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
            template.format(**dict.fromkeys(fields, "x"))
        except (ValueError, KeyError, IndexError, AttributeError):
            raise ValueError(f"must be a file name in which only {named} are in braces") from None
        if not set(fields) <= set(found) and not optional:
            raise ValueError(f"must be a file name with {named} in it")
        return template

    return check
