"""Concepts: a dictionary of several languages, a row for each concept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from alignx.induction.concepts.files import read, write
from alignx.induction.concepts.table import Concept, Table
from alignx.lexicon.lexicon import Lexicon
from alignx.support.arrays import freeze
from alignx.support.counts import counted
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.support.arrays import Double
    from alignx.support.files import StrPath

__all__ = ["Concepts"]


@dataclass(frozen=True, eq=False, repr=False)
class Concepts(Tabular, Sequence[Concept]):
    """Dictionary of several languages: a row for each concept, a column for each language.

    Parameters
    ----------
    languages : sequence of str
        Codes of the columns, at least two.
    rows : sequence of Concept
        Words of each language, in the order of `languages`: none, one, or several synonyms.
    scores : (n,) float64
        Score of each row, in [0, 1]; see `induce_concepts`.
    name : str
        Name in messages; the path of loaded concepts.

    Raises
    ------
    ValueError, TypeError
        If codes repeat, a row has another number of columns or words of fewer than two languages, a
        word is empty or no string, or scores are not one for each row and in [0, 1].

    Examples
    --------
    >>> rows = [(("cat",), ("gato", "gata"), ("Katze",)), (("house",), ("casa",), ())]
    >>> concepts = Concepts(("en", "es", "de"), rows, [0.9, 0.4])
    >>> print(concepts)
    2 concepts of 3 languages (en 2, es 2, de 1), 1 with all languages
    >>> list(concepts.pair("es", "de"))
    [('gato', 'Katze'), ('gata', 'Katze')]
    """

    languages: Sequence[str]
    rows: Sequence[Concept]
    scores: Double
    name: str = "the concepts"

    def __post_init__(self) -> None:
        codes = tuple(self.languages)
        if len(codes) < 2 or len(set(codes)) < len(codes) or not all(codes):
            raise ValueError(f"languages must be at least 2 different codes, got {list(codes)}")
        rows = tuple(tuple(map(tuple, row)) for row in self.rows)
        for at, row in enumerate(rows):
            if len(row) != len(codes) or sum(map(bool, row)) < 2:
                raise ValueError(
                    f"a row must hold words of 2 to {len(codes)} languages, got {row} in row {at}"
                )
            if not all(isinstance(word, str) and word for words in row for word in words):  # type: ignore[redundant-expr]
                raise TypeError(f"words must be strings that are not empty, got {row} in row {at}")
        scores = np.array(self.scores, dtype=np.float64).reshape(-1)
        if len(scores) != len(rows) or not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError(f"scores must be one for each of {len(rows)} rows, in [0, 1]")
        for field, value in {"languages": codes, "rows": rows, "scores": freeze(scores)}.items():
            object.__setattr__(self, field, value)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Concept: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Concept | Self:
        if isinstance(index, slice):
            return self._subset(range(len(self))[index])
        return self.rows[index]

    def __eq__(self, other: object) -> bool:
        """Compare languages, rows and scores."""
        if not isinstance(other, Concepts):
            return NotImplemented
        return (self.languages, self.rows) == (other.languages, other.rows) and np.array_equal(
            self.scores, other.scores
        )

    def __hash__(self) -> int:
        return hash((self.languages, self.rows))

    def __repr__(self) -> str:
        return f"Concepts({counted(len(self), 'row')}, {', '.join(self.languages)})"

    def __str__(self) -> str:
        """Return the number of rows, of each language and of all languages."""
        facts = self.as_dict()
        sizes = ", ".join(f"{code} {count:,}" for code, count in facts["words"].items())
        return (
            f"{counted(len(self), 'concept')} of {len(self.languages)} languages ({sizes}), "
            f"{facts['full']:,} with all languages"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers of rows, of those with words of each language and of all languages."""
        words = {
            code: sum(bool(row[at]) for row in self.rows) for at, code in enumerate(self.languages)
        }
        return {"rows": len(self), "words": words, "full": sum(all(row) for row in self.rows)}

    def records(self) -> list[dict[str, Any]]:
        """Return a dict for each row: its score, and the words of each language as a tuple."""
        return [
            {"score": score, **dict(zip(self.languages, row, strict=True))}
            for score, row in zip(self.scores.tolist(), self.rows, strict=True)
        ]

    def at_least(self, score: float) -> Self:
        """Return the rows with this score or a higher one; ValueError if not in [0, 1]."""
        if not 0 <= score <= 1:
            raise ValueError(f"score must lie in [0, 1], got {score}")
        return self._subset(np.flatnonzero(self.scores >= score).tolist())

    def pair(self, source: str, target: str) -> Lexicon:
        """Return the word pairs of two of the languages, with the score of their row.

        Raises
        ------
        ValueError
            If a language has no column, or both are the same.
        """
        missing = [code for code in (source, target) if code not in self.languages]
        if missing or source == target:
            raise ValueError(
                f"source and target must be two of {', '.join(self.languages)}, got {source} and "
                f"{target}"
            )
        first, second = map(self.languages.index, (source, target))
        scored = {
            (word, other): score
            for row, score in zip(self.rows, self.scores.tolist(), strict=True)
            for word in row[first]
            for other in row[second]
        }
        return Lexicon(
            list(scored), np.fromiter(scored.values(), np.float64), languages=(source, target)
        )

    def save(self, path: StrPath) -> None:
        r"""Write a file of concepts.

        Parameters
        ----------
        path : path
            Its ending names the format: ``.csv``, ``.jsonl``, ``.ttl`` (OntoLex). ``.tsv``,
            ``.txt``: columns with tabs between them. Packed with a further ending such as ``.gz``.

        Raises
        ------
        FormatError
            If the ending is another, or a code cannot be the name of a language in OntoLex.
        OutputError
            If it cannot be written.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "concepts.tsv"
        >>> Concepts(("en", "es"), [(("cat",), ("gato", "gata"))], [0.9]).save(path)
        >>> print(path.read_text().replace("\t", " | "), end="")
        score | en | es
        0.9000 | cat | gato; gata
        >>> list(Concepts.load(path))
        [(('cat',), ('gato', 'gata'))]
        """
        write(path, Table(self.languages, self.rows, self.scores.tolist()))

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read a file of `save`, in columns or JSON lines.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        FormatError
            If it is no such file; names the line.
        """
        languages, rows, scores = read(path)
        return cls(languages, rows, np.array(scores, dtype=np.float64), name=str(path))

    def _subset(self, positions: Iterable[int]) -> Self:
        kept = list(positions)
        return replace(self, rows=[self.rows[at] for at in kept], scores=self.scores[kept])
