"""Grid of experiments in a TOML file: pairs x methods x sizes x seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from alignx.errors import FormatError
from alignx.experiments.cell import Cell, Protocol
from alignx.experiments.config import Distinct, read_toml
from alignx.experiments.pairs import PRESETS, LanguagePair
from alignx.experiments.variants import Variant, read_variants
from alignx.support.models import validated

if TYPE_CHECKING:
    from pydantic import ValidationInfo

__all__ = ["Grid", "GridConfig"]

SHOWN = 5  # missing files named in a message


def _as_size(value: object) -> int | None:
    if value == "all":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError('must be a number of words of at least 1, or "all"')


Name = Annotated[str, Field(pattern=r"^[\w-]+$")]
Pair = Annotated[
    LanguagePair,
    PlainValidator(LanguagePair.parse),
    WithJsonSchema({"type": "string", "pattern": r"^\w+-\w+$"}),
]
Size = Annotated[
    int | None,
    PlainValidator(_as_size),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}]}),
]


class GridConfig(Protocol):
    """Keys of a grid file.

    File names are templates with ``{language}``, or ``{source}`` and ``{target}``. A size of None
    means all source words of the training dictionary. The methods are compared with `baseline`, by
    default the first. For `options` see `read_variants`.
    """

    preset: Literal["muse", "xling"] | None = None
    pairs: Distinct[Pair] | None = None
    vectors: str
    train: str | None = None
    test: str
    methods: Distinct[Name]
    baseline: Name | None = None
    seeds: Distinct[Annotated[int, Field(ge=0)]] = Field(default=[0])
    sizes: Distinct[Size] = Field(default=[None])
    options: dict[str, Any] = Field(default={})

    @field_validator("vectors", "train", "test")
    @classmethod
    def _require_template(cls, template: str, info: ValidationInfo) -> str:
        fields = ["language"] if info.field_name == "vectors" else ["source", "target"]
        named = " and ".join(f"{{{field}}}" for field in fields)
        try:
            found = {field for _, field, _, _ in Formatter().parse(template)}
            template.format(**dict.fromkeys(fields, "x"))
        except (ValueError, KeyError, IndexError, AttributeError):
            raise ValueError(f"must be a file name with only {named} in braces") from None
        is_single = info.field_name != "vectors" and len(info.data.get("pairs") or ()) == 1
        if not is_single and not found.issuperset(fields):
            raise ValueError(f"must be a file name with {named} in it")
        return template

    @model_validator(mode="after")
    def _require_pairs(self) -> Self:
        if (self.preset is None) == (self.pairs is None):
            raise ValueError("pairs or preset must be given, one of them")
        return self

    @model_validator(mode="after")
    def _require_baseline(self) -> Self:
        if self.baseline is not None and self.baseline not in self.methods:
            names = ", ".join(self.methods)
            raise ValueError(f"baseline must be one of {names}, got {self.baseline!r}")
        return self


@dataclass(frozen=True)
class Grid:
    """Content of a grid file; other files are relative to its folder."""

    path: Path
    config: GridConfig
    variants: tuple[Variant, ...]

    @property
    def folder(self) -> Path:
        """Folder of the grid file."""
        return self.path.parent

    @property
    def protocol(self) -> Protocol:
        """Settings shared by all cells."""
        return Protocol(**self.config.model_dump(include=set(Protocol.model_fields)))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and check a file.

        Raises
        ------
        FormatError
            If the file is not TOML, a key is unknown, missing or wrong, or a file of a cell is
            missing.
        """
        path = Path(path)
        config = validated(GridConfig, read_toml(path), path)
        variants = read_variants(config.methods, config.options, path)
        if config.train is None and any(each.seed_dictionary == "train" for each in variants):
            raise FormatError(path, "train is missing")
        grid = cls(path, config, variants)
        grid._require_files()
        return grid

    def cells(self) -> list[Cell]:
        """Return all cells, pair by pair."""
        config, protocol = self.config, self.protocol
        pairs = config.pairs or PRESETS[str(config.preset)]
        return [
            Cell(
                source=pair.source,
                target=pair.target,
                source_file=config.vectors.format(language=pair.source),
                target_file=config.vectors.format(language=pair.target),
                test=config.test.format(**pair._asdict()),
                method=variant.name,
                algorithm=variant.algorithm,
                seed_dictionary=variant.seed_dictionary,
                train=str(config.train).format(**pair._asdict()) if is_trained else None,
                size=size,
                seed=seed,
                options=variant.options,
                parameters=variant.parameters,
                protocol=protocol,
            )
            for pair in pairs
            for variant in self.variants
            for is_trained in (variant.seed_dictionary == "train",)
            for size in (config.sizes if is_trained else (None,))
            for seed in (config.seeds if variant.is_random else (None,))
        ]

    def files(self) -> list[Path]:
        """Return the files that cells read."""
        return [self.folder / name for name in self._file_names()]

    def _file_names(self) -> list[str]:
        return sorted({name for cell in self.cells() for name in cell.files})

    def _require_files(self) -> None:
        """Raise FormatError that counts all missing files and names some."""
        missing = [name for name in self._file_names() if not (self.folder / name).is_file()]
        if missing:
            noun = "file is" if len(missing) == 1 else "files are"
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            raise FormatError(
                self.path,
                f"{len(missing)} {noun} missing: {', '.join(missing[:SHOWN])}{more}; check the "
                "pairs, and the names in vectors, train and test",
            )
