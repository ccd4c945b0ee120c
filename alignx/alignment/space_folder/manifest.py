"""Manifest of a space on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, JsonValue, StringConstraints, model_validator

from alignx.alignment.diagnosis import Diagnosis  # noqa: TC001  # pydantic reads it
from alignx.alignment.space_folder.codes import CODE, LONGEST_CODE, PAIRS
from alignx.alignment.validation import Validation  # noqa: TC001
from alignx.ranking.gain import RankingGain  # noqa: TC001
from alignx.support.manifests import read_manifest_file
from alignx.support.models import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FORMAT",
    "MANIFEST",
    "VERSION",
    "BiasRecord",
    "LanguageRecord",
    "Manifest",
    "PairRecord",
    "StoredFile",
    "TriangleRecord",
    "read_manifest",
]

MANIFEST = "space.json"
FORMAT: Final = "alignx-space"
VERSION: Final = 1

_STEM = rf"{CODE}/(vectors|map|documents|subwords)|{PAIRS}/{CODE}\.{CODE}(\.biases)?|frame"
_FILE = rf"({_STEM})-[0-9a-f]{{16}}\.safetensors"

Code = Annotated[str, StringConstraints(pattern=rf"^{CODE}$", max_length=LONGEST_CODE)]
Count = Annotated[int, Field(ge=0)]
Checksum = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class StoredFile(Table):
    """A file of a space, or of a search index: path, size and SHA-256."""

    path: Annotated[str, StringConstraints(pattern=rf"^{_FILE}$")]
    bytes: Count
    sha256: Checksum


class LanguageRecord(Table):
    """A language: its words, where its vectors came from, and when."""

    code: Code
    words: Annotated[int, Field(ge=1)]
    dimension: Annotated[int, Field(ge=1)]
    name: str
    added: str
    changed: str
    vectors: StoredFile
    map: StoredFile


class PairRecord(Table):
    """Evidence and figures of two languages, as in `PairFit`, and the file of their ranking."""

    source: Code
    target: Code
    pairs: Count = 0
    induced: Count = 0
    found_by: str = "lexicon"
    pairwise: Validation | None = None
    star: Validation | None = None
    joint: Validation | None = None
    diagnosis: Diagnosis | None = None
    ranking_gain: RankingGain | None = None
    is_transferred: bool = False
    file: StoredFile | None = None

    @property
    def codes(self) -> tuple[str, str]:
        """Source and target."""
        return self.source, self.target


class BiasRecord(Table):
    """CSLS biases of two languages, for the vectors with these checksums."""

    source: Code
    target: Code
    vectors: tuple[Checksum, Checksum]
    file: StoredFile

    @property
    def codes(self) -> tuple[str, str]:
        """Source and target."""
        return self.source, self.target


class TriangleRecord(Table):
    """Agreement of the pairs of three languages, as in `Triangle`."""

    languages: tuple[Code, Code, Code]
    cycles: Count
    closed: Count

    @property
    def error(self) -> float:
        """Share of cycles that end at another word, in [0, 1]; 0 without cycles."""
        return 1 - self.closed / self.cycles if self.cycles else 0.0


class Manifest(Table):
    """Contents of a space.

    Attributes
    ----------
    space : str
        Identifier of the space; all its vectors bear it.
    hub : str
        Code of the hub of the fit, which may have been removed since.
    method : dict
        Method of the fit, and its parameters.
    frame : StoredFile, optional
        Arrays that the fit has left, for languages that come later.
    languages, pairs, triangles : tuple
        Languages in their order, pairs of languages, and triangles.
    biases : tuple of BiasRecord
        Each pair of languages once, those that are prepared for single words.
    apart : dict
        Languages left out, and why.
    """

    format: Literal["alignx-space"] = FORMAT
    version: Literal[1] = VERSION
    alignx: str
    space: str
    hub: str
    changed: str
    method: dict[str, JsonValue]
    frame: StoredFile | None = None
    languages: Annotated[tuple[LanguageRecord, ...], Field(min_length=2)]
    pairs: tuple[PairRecord, ...] = ()
    triangles: tuple[TriangleRecord, ...] = ()
    biases: tuple[BiasRecord, ...] = ()
    apart: dict[str, str]

    @model_validator(mode="after")
    def _is_consistent(self) -> Manifest:
        """Refuse a language or pair that occurs twice, and pairs of languages not there."""
        codes = [language.code for language in self.languages]
        folded = [code.lower() for code in codes]
        pairs = [pair.codes for pair in self.pairs]
        if len({*folded, PAIRS}) <= len(codes) or len({*pairs}) < len(pairs):
            raise ValueError("languages and pairs must differ")
        if not {code for pair in pairs for code in pair} <= {*codes}:
            raise ValueError("pairs must be of languages of the space")
        vectors = {each.code: each.vectors.sha256 for each in self.languages}
        prepared = {frozenset(each.codes) for each in self.biases}
        if len(prepared) < len(self.biases) or any(
            each.vectors != tuple(map(vectors.get, each.codes)) for each in self.biases
        ):
            raise ValueError("biases must be of the vectors of the space")
        return self

    @property
    def codes(self) -> list[str]:
        """Codes of the languages, in order."""
        return [language.code for language in self.languages]

    def language(self, code: str | None) -> LanguageRecord:
        """Return the record of a language, or raise ValueError with the codes there are."""
        for language in self.languages:
            if language.code == code:
                return language
        raise ValueError(f"this space has languages {', '.join(self.codes)}, got {code}")

    def files(self) -> Iterator[StoredFile]:
        """Yield all files of the space."""
        yield from self.fitted_files()
        yield from (each.file for each in self.biases)

    def fitted_files(self) -> Iterator[StoredFile]:
        """Yield the files that only another fit can replace: all but the biases."""
        if self.frame is not None:
            yield self.frame
        for language in self.languages:
            yield from (language.vectors, language.map)
        yield from (pair.file for pair in self.pairs if pair.file is not None)

    def as_json(self) -> str:
        """Return the content of the file, a line for each entry of its lists."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a space; raises as `read_manifest_file` does."""
    return read_manifest_file(
        Manifest,
        folder / MANIFEST,
        kind="a space",
        command="alignx hub",
        advice="fit the space anew",
    )
