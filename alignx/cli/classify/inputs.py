"""Options and inputs of the commands `alignx classify`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from alignx.cli.command import option
from alignx.cli.inputs import is_folder, read_alignment
from alignx.cli.options import refuse, with_options
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted

if TYPE_CHECKING:
    from alignx.alignment.language_map import LanguageMap
    from alignx.alignment.mapped_subwords import MappedSubwords
    from alignx.alignment.shared_space import SharedSpace
    from alignx.classification.data.texts import LabeledTexts

__all__ = [
    "OovModels",
    "TextOovOption",
    "Unlabeled",
    "load_unlabeled",
    "read_oov_models",
    "read_unlabeled",
    "require_language",
]

OovModels = Annotated[
    list[str] | None,
    option(
        "fastText model (.bin) of a language, for vectors of its OOV words.",
        "--oov-model",
        metavar="CODE=FILE",
    ),
]
TextOovOption = Annotated[
    Literal["drop", "subword", "learned"],
    option(
        "Drop out-of-vocabulary (OOV) words, or compute their vectors from character n-grams: of "
        "fastText models (.bin), or learned in seconds from any vectors.",
        "--oov",
    ),
]
Unlabeled = Annotated[
    list[str] | None,
    option("Texts of a language without labels, one a line.", "--unlabeled", metavar="CODE=FILE"),
]


def require_language(space: SharedSpace, language: str | None, option: str = "--language") -> None:
    """Refuse a language without vectors."""
    refuse(
        language is not None and language not in space,
        option,
        f"it must be one of {', '.join(space)}, which have vectors, got {language!r}",
    )


def read_unlabeled(terminal: Terminal, files: Sequence[tuple[str, Path]]) -> dict[str, list[str]]:
    """Read texts without labels by language."""
    from alignx.errors import FormatError

    result: dict[str, list[str]] = {}
    for code, path in files:
        found = load_unlabeled(path)
        if others := sorted(set(found.languages or ()) - {code}):
            raise FormatError(path, f"the texts must be of {code}, got some of {', '.join(others)}")
        size = f"{counted(len(found), 'text')} without labels ({code})"
        terminal.note(f"{path.name}: {with_options('; '.join([size, *found.notes]))}")
        result.setdefault(code, []).extend(found.texts)
    return result


def load_unlabeled(path: Path, language: str | None = None) -> LabeledTexts:
    """Read texts without labels, for which there are no options."""
    from alignx.classification.data.texts import LabeledTexts
    from alignx.errors import FormatError

    try:
        return LabeledTexts.load(path, language=language, labeled=False)
    except FormatError as error:
        if with_options(error.problem) == error.problem:
            raise
        problem = re.split(r"; (?=load|say|name|cells|if|delimiter|header)", error.problem)[0]
        advice = "save the texts alone, one a line, or as a column named text"
        raise FormatError(path, f"{problem}; {advice}", error.line) from None


def read_oov_models(
    terminal: Terminal, map_file: str, space: SharedSpace, files: Sequence[tuple[str, Path]]
) -> dict[str, MappedSubwords]:
    """Load the models for OOV words by language."""
    from alignx.alignment.mapped_subwords import MappedSubwords
    from alignx.vectors.fasttext import SubwordVectors

    if not files:
        return {}
    result = {}
    for code, path in files:
        require_language(space, code, "--oov-model")
        model = SubwordVectors(path)
        result[code] = MappedSubwords(model, _map_of(map_file, space, code))
        terminal.note(f"{path.name}: {len(model.stored):,} words and their n-grams ({code})")
    return result


def _map_of(map_file: str, space: SharedSpace, code: str) -> LanguageMap | None:
    """Read the map of a language; there is none for vectors that share a space already."""
    if is_folder(map_file):
        from alignx.alignment.space_folder.reader import SpaceFolder

        return SpaceFolder.open(map_file).language_map(code)
    alignment = read_alignment(map_file)
    if alignment is None:
        return None
    return alignment.source if code == next(iter(space)) else alignment.target
