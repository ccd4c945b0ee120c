"""Shared arguments and options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import typer

from alignx.cli.command import option

__all__ = [
    "Dtype",
    "LabeledColumns",
    "LanguageCodes",
    "LanguageFiles",
    "LanguagePair",
    "MapFile",
    "Neighbors",
    "OovOption",
    "RankingOption",
    "Reading",
    "Reverse",
    "TableOptions",
    "TextColumns",
    "as_pair_of_codes",
    "codes_and_files",
    "refuse",
    "require_at_most",
    "with_options",
]

READING = "Reading files"
FOUND = "found by content"

MapFile = Annotated[
    str,
    typer.Argument(
        metavar="MAP",
        help="Map from `alignx align`, folder of a space from `alignx hub`, or - for vectors that "
        "share a space already.",
    ),
]
Neighbors = Annotated[
    int | None, option("Neighbors in the CSLS average.", "--neighbors", default="10", min=1)
]
OovOption = Annotated[
    Literal["drop", "subword"],
    option(
        "Drop out-of-vocabulary (OOV) words, or compute their vectors from character n-grams, "
        "which takes fastText models (.bin).",
        "--oov",
    ),
]
RankingOption = Annotated[
    Literal["learned", "csls", "nn", "isf", "hnn"] | None,
    option(
        "Ranking: learned from the dictionary of the map, CSLS, cosine (nn), inverted softmax "
        "(isf) or hubless nearest neighbors (hnn).",
        "--ranking",
        default="learned where the map has it, otherwise csls",
    ),
]
LanguageCodes = Annotated[
    str | None,
    option(
        "Codes of the languages of a dictionary, which .ttl and .tmx name.",
        metavar="SOURCE,TARGET",
    ),
]
Dtype = Annotated[Literal["float32", "float16"], option("Number type in .safetensors output.")]
Reverse = Annotated[bool, option("Translate from the target to the source language.")]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Options for reading vectors."""

    PANEL: ClassVar[str] = READING
    limit: Annotated[
        int | None, option("Read only the first N words of each file.", default="all", min=1)
    ] = None
    casing: Annotated[
        Literal["keep", "lower", "tr"],
        option(
            "Keep capitals, lower-case all words by their language, or by the rules of Turkish; of "
            "words that become equal, keep the first."
        ),
    ] = "keep"
    on_error: Annotated[
        Literal["raise", "skip"], option("Stop at a malformed line, or skip and count such lines.")
    ] = "raise"


@dataclass(frozen=True, kw_only=True)
class LanguagePair(Reading):
    """Vectors of two languages."""

    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="Vectors of the source language, in any format; - is standard input. With a "
            "space, the code of a language, such as es.",
        ),
    ]
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="Vectors of the target language, or its code.")
    ]

    @property
    def paths(self) -> list[Path]:
        """Files in the order of the map."""
        return [self.source, self.target]


@dataclass(frozen=True, kw_only=True)
class LanguageFiles(Reading):
    """Vectors of the languages of a shared space."""

    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="VECTORS",
            help="Vectors of both languages, in the order of the map; after -, of two or more; "
            "with a space, two or more codes.",
        ),
    ]

    def require_count(self, map_file: str) -> None:
        """Refuse any but two files with a map, and fewer than two without."""
        count = len(self.paths)
        refuse(
            count < 2 or (map_file != "-" and not Path(map_file).is_dir() and count > 2),
            "VECTORS",
            f"a map takes two files, and - or a space at least two, got {count}",
        )


@dataclass(frozen=True)
class TableOptions:
    """Options for the table of a dictionary, where its content is recognized wrongly."""

    PANEL: ClassVar[str] = READING
    columns: Annotated[
        str | None,
        option(
            "Columns of the dictionary: names in its header, or numbers from 1, such as 2,1.",
            default=FOUND,
            metavar="SOURCE,TARGET",
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        option(
            "Mark between the columns of the dictionary; tab and space have names.",
            default=FOUND,
            metavar="MARK",
        ),
    ] = None
    header: Annotated[
        bool | None,
        option(
            "Take the first line of the dictionary as names of columns, or as a pair.",
            "--header/--no-header",
            default=FOUND,
        ),
    ] = None

    def as_dict(self) -> dict[str, Any]:
        """Return the options as `alignx.Lexicon.load` takes them."""
        return {**vars(self), "columns": _as_columns(self.columns)}

    def require_dictionary(self, dictionary: Path | None) -> None:
        """Refuse the options without a dictionary."""
        for name, value in vars(self).items():
            refuse(value is not None and dictionary is None, f"--{name}", "it takes a --dictionary")


@dataclass(frozen=True)
class TextColumns:
    """Options for the columns of texts."""

    PANEL: ClassVar[str] = READING
    text_column: Annotated[
        str | None,
        option(
            "Column of texts: its name in the header, or its number from 1.",
            default=FOUND,
            metavar="COLUMN",
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        option("Character between columns, or tab.", default=FOUND, metavar="CHARACTER"),
    ] = None
    header: Annotated[
        bool | None,
        option("The first line names the columns.", "--header/--no-header", default=FOUND),
    ] = None

    def as_dict(self) -> dict[str, Any]:
        """Return the options as `alignx.LabeledTexts.load` takes them."""
        found = dict(vars(self))
        for name in ("text_column", "label_column"):
            if found.get(name) is not None:
                found[name] = _number_or_name(found[name])
        return found


@dataclass(frozen=True)
class LabeledColumns(TextColumns):
    """Options for the columns of labeled texts."""

    label_column: Annotated[
        str | None,
        option(
            "Column of labels: its name in the header, or its number from 1.",
            default=FOUND,
            metavar="COLUMN",
        ),
    ] = None


def refuse(is_wrong: bool, name: str, problem: str) -> None:
    """End the command with exit code 2 if an option is wrong."""
    if is_wrong:
        raise typer.BadParameter(problem, param_hint=name)


def require_at_most(given: int | None, most: int, name: str) -> None:
    """Refuse a number that exceeds the vocabulary, naming the option."""
    if given is not None and not 1 <= given <= most:
        raise ValueError(f"{name} must lie in [1, {most:,}], got {given:,}")


def codes_and_files(given: Sequence[str] | None, name: str) -> list[tuple[str, Path]]:
    """Split each ``CODE=FILE``."""
    parts = [text.partition("=") for text in given or ()]
    for code, _, path in parts:
        refuse(not (code and path), name, "give a language and a file, such as es=texts.txt")
    return [(code, Path(path)) for code, _, path in parts]


def _as_columns(text: str | None) -> list[int | str] | None:
    """Split ``SOURCE,TARGET`` as `alignx.Lexicon.load` takes columns."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    refuse(
        len(names) < 2 or "" in names,
        "--columns",
        f"give those of source and target, such as 1,3, got {text!r}",
    )
    return [_number_or_name(name) for name in names]


def as_pair_of_codes(text: str) -> tuple[str, str]:
    """Split the codes of source and target language."""
    codes = [code.strip() for code in text.split(",")]
    wrong = len(codes) != 2 or "" in codes
    refuse(wrong, "--languages", f"give two codes, such as en,es, got {text!r}")
    return codes[0], codes[1]


def _number_or_name(column: str) -> int | str:
    return int(column) if column.isdecimal() else column


_PARAMETER = re.compile(
    r"(?<![\w(])(casing|columns|delimiter|header|label_column|languages?|limit|on_error|text_column)="
    r"(\([^()]*\)|\"[^\"]*\"|'[^']*'|[\w.-]+)?"
)


def with_options(message: str) -> str:
    """Replace parameters of the library in a message by options of the command line.

    Examples
    --------
    >>> with_options('correct it or load with on_error="skip"')
    'correct it or load with --on-error skip'
    >>> with_options("choose columns=(1, 3), header=False or limit=6")
    'choose --columns 1,3, --no-header or --limit 6'
    >>> with_options('such as languages=("en", "es")')
    'such as --languages en,es'
    """

    def replaced(found: re.Match[str]) -> str:
        name = f"--{found[1].replace('_', '-')}"
        if found[2] is None:
            return name
        if found[2] in ("True", "False"):
            return name if found[2] == "True" else f"--no-{found[1]}"
        value = found[2].strip("\"'")
        if value.startswith("("):
            value = re.sub(r"""["'() ]""", "", value)
        return f"{name} {shlex.quote(value)}"

    return _PARAMETER.sub(replaced, message)
