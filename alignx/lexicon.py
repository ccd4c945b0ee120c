"""Word pairs: what aligns two languages, tests the alignment, and comes out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import numpy as np

from alignx.errors import EmptyLexiconError, FormatError
from alignx.files import reading, replacing
from alignx.outputs import require_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from alignx.arrays import Double, Indices
    from alignx.embeddings import Embeddings

__all__ = ["Lexicon", "LexiconRows"]


class LexiconRows(NamedTuple):
    """The pairs whose two words are known, as row numbers.

    Attributes
    ----------
    source, target : (p,) int64
        Rows of the words of each known pair.
    positions : (p,) int64
        Which pair of the lexicon each is.
    """

    source: Indices
    target: Indices
    positions: Indices


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Pairs of a source word and a target word, in order, any number for each word.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Source word and target word.
    scores : (p,) float64, optional
        How good each pair is, such as its CSLS.
    probabilities : (p,) float64, optional
        How likely each pair is right, in [0, 1]; only beside scores.
    name : str
        What messages call it; the path of a lexicon that was loaded.
    skipped : int
        Malformed lines that loading left out.

    Raises
    ------
    ValueError
        If scores or probabilities are not one for each pair, or there are probabilities only.

    Examples
    --------
    >>> lexicon = Lexicon([("cat", "gato"), ("dog", "perro"), ("cat", "gata")])
    >>> lexicon.translations()["cat"]
    ['gato', 'gata']
    """

    pairs: Sequence[tuple[str, str]]
    scores: Double | None = None
    probabilities: Double | None = None
    name: str = "the lexicon"
    skipped: int = 0

    def __post_init__(self) -> None:
        if self.scores is None and self.probabilities is not None:
            raise ValueError("probabilities need scores beside them, got none")
        for name in ("scores", "probabilities"):
            values = getattr(self, name)
            if values is None:
                continue
            object.__setattr__(self, name, np.asarray(values, dtype=np.float64))
            if len(values) != len(self.pairs):
                raise ValueError(
                    f"{name} must hold one value for each of {len(self.pairs)} pairs, "
                    f"got {len(values)}"
                )

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def __repr__(self) -> str:
        return f"Lexicon({len(self)} pairs)"

    def sides(self) -> tuple[list[str], list[str]]:
        """Give the source word of each pair, and the target word of each."""
        return [source for source, _ in self.pairs], [target for _, target in self.pairs]

    def translations(self) -> dict[str, list[str]]:
        """Give the target words of each source word, both in order of appearance."""
        result: dict[str, list[str]] = {}
        for source, target in self.pairs:
            result.setdefault(source, []).append(target)
        return result

    def reversed(self) -> Self:
        """Give the same pairs with source and target exchanged."""
        pairs = [(t, s) for s, t in self.pairs]
        return type(self)(pairs, self.scores, self.probabilities, self.name)

    def at_least(self, probability: float) -> Self:
        """Give the pairs of at least this probability.

        Raises
        ------
        ValueError
            If the pairs have no probabilities.
        """
        if self.probabilities is None:
            raise ValueError("pairs must have probabilities to be chosen by, got none")
        kept = np.flatnonzero(self.probabilities >= probability).tolist()
        return type(self)(
            [self.pairs[i] for i in kept],
            None if self.scores is None else self.scores[kept],
            self.probabilities[kept],
            self.name,
        )

    def split(self, fraction: float, *, seed: int = 0) -> tuple[Self, Self]:
        """Divide the pairs at random so that no source word is on both sides.

        Parameters
        ----------
        fraction : float
            Share of the source words that goes to the second part, in (0, 1).
        seed : int
            The same seed gives the same division.

        Returns
        -------
        kept, held_out : Lexicon

        Raises
        ------
        ValueError
            If `fraction` is out of range.
        """
        if not 0 < fraction < 1:
            raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
        words = list(self.translations())
        order = np.random.default_rng(seed).permutation(len(words))
        held_out = {words[i] for i in order[: round(fraction * len(words))]}
        parts = (
            type(self)(
                [pair for pair in self.pairs if (pair[0] in held_out) is wanted], name=self.name
            )
            for wanted in (False, True)
        )
        return next(parts), next(parts)

    def rows(self, source: Embeddings, target: Embeddings) -> LexiconRows:
        """Look the words up.

        Parameters
        ----------
        source, target : Embeddings
            Where the words are looked up as they are written.

        Returns
        -------
        LexiconRows
            The pairs with both words known; possibly none.
        """
        found = np.array(
            [
                (source.index[s], target.index[t], i)
                for i, (s, t) in enumerate(self.pairs)
                if s in source.index and t in target.index
            ],
            dtype=np.int64,
        ).reshape(-1, 3)
        return LexiconRows(*found.T.copy())

    def require_rows(self, source: Embeddings, target: Embeddings) -> LexiconRows:
        """Look the words up, and raise EmptyLexiconError where no pair is known on both sides."""
        rows = self.rows(source, target)
        if len(rows.source) == 0:
            no_source = sum(s not in source.index for s, _ in self.pairs)
            no_target = sum(t not in target.index for _, t in self.pairs)
            examples = ", ".join(f"{s} {t}" for s, t in self.pairs[:3])
            raise EmptyLexiconError(
                f"{self.name}: at least one pair must have both words in the vocabularies, got "
                f"{len(self)} pairs of which {no_source} lack the source word and {no_target} the "
                f"target word (such as: {examples or 'none'}); check the order of the languages "
                "and the case of the words"
            )
        return rows

    @classmethod
    def identical(
        cls, source: Embeddings, target: Embeddings, *, numerals_only: bool = False
    ) -> Self:
        """Pair the words that both languages write the same: names, loans, numbers.

        Parameters
        ----------
        source, target : Embeddings
            Whose words are compared as they are written.
        numerals_only : bool
            Take only words of digits, which even languages of different scripts share.

        Returns
        -------
        Lexicon
            In the order of the source words; possibly empty.

        Examples
        --------
        >>> import alignx as ax
        >>> english = ax.Embeddings(["the", "taxi", "1990"], np.eye(3))
        >>> spanish = ax.Embeddings(["taxi", "1990", "el"], np.eye(3))
        >>> list(Lexicon.identical(english, spanish))
        [('taxi', 'taxi'), ('1990', '1990')]
        >>> list(Lexicon.identical(english, spanish, numerals_only=True))
        [('1990', '1990')]
        """
        shared = [
            (word, word)
            for word in source.words
            if word in target.index and (word.isdecimal() or not numerals_only)
        ]
        return cls(shared, name="identical numerals" if numerals_only else "identical words")

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        lowercase: bool = False,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> Self:
        """Read pairs from a file.

        Parameters
        ----------
        path : path
            ``.jsonl`` as `save` writes it; otherwise two words a line, separated by a tab (words
            may then hold spaces, and a score and a probability may follow) or by spaces. Files of
            MUSE, VecMap, XLING and PanLex load as they are.
        lowercase : bool
            Lower-case all words. A pair that occurs twice is kept once in any case.
        on_error : {"raise", "skip"}
            What to do with a line that holds no pair.

        Raises
        ------
        FormatError
            If the file cannot be read, holds no pair, or a line holds none; names file and line.
        ValueError
            If `on_error` is none of its values.
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
        parse = _parse_json if str(path).endswith(".jsonl") else _parse_columns
        entries: dict[tuple[str, str], tuple[float, float]] = {}
        skipped = 0
        for number, line in enumerate(_read_lines(path), start=1):
            text = line.rstrip("\r")
            if not text.strip():
                continue
            try:
                source, target, *values = parse(text)
            except ValueError as error:
                if on_error == "skip":
                    skipped += 1
                    continue
                raise FormatError(path, str(error), number) from None
            score, probability = [*values, np.nan, np.nan][:2]
            pair = (source.lower(), target.lower()) if lowercase else (source, target)
            entries.setdefault(pair, (score, probability))
        if not entries:
            raise FormatError(
                path, f"a dictionary holds pairs of words, got none ({skipped} bad lines)"
            )
        columns = np.array(list(entries.values()), dtype=np.float64).reshape(-1, 2).T.copy()
        scores, probabilities = (None if np.isnan(column).any() else column for column in columns)
        if scores is None:
            probabilities = None
        return cls(list(entries), scores, probabilities, str(path), skipped)

    def save(self, path: str | Path) -> None:
        """Write the pairs, with scores and probabilities where there are any.

        Parameters
        ----------
        path : path
            ``.jsonl`` for JSON lines. ``.tsv``, ``.txt``, or no ending that names a format, for
            columns with tabs between them: source, target, score, probability. An interrupt
            leaves the old file as it was.

        Raises
        ------
        OutputError
            If it cannot be written.
        FormatError
            If the name ends like another format, or a word contains a tab or a line end, which
            separate words in tab-separated files.
        """
        require_suffix(path, "a dictionary")
        as_line = _json_line if str(path).lower().endswith(".jsonl") else _tab_line
        names = [n for n in ("score", "probability") if getattr(self, _PLURAL[n]) is not None]
        values = [getattr(self, _PLURAL[name]).tolist() for name in names]
        if as_line is _tab_line:
            self._require_separable(path)
        with replacing(path) as file:
            for (source, target), *numbers in zip(self.pairs, *values, strict=True):
                line = as_line(source, target, dict(zip(names, numbers, strict=True)))
                file.write(line + "\n")

    def _require_separable(self, path: str | Path) -> None:
        for word in (word for pair in self.pairs for word in pair):
            if "\t" in word or "\n" in word:
                raise FormatError(
                    path, f"words must not contain tabs or line ends, got {word!r}; use .jsonl"
                )


def _read_lines(path: str | Path) -> list[str]:
    with reading(path) as file:
        data = file.read()
    if data.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise FormatError(path, "a dictionary holds pairs of words, got an HTML page", 1)
    if b"\0" in data[:4096]:
        raise FormatError(path, "a dictionary is a text file, got binary data")
    try:
        # Only a line feed ends a line: U+2028 and its like may occur in words.
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(path, "a dictionary must be UTF-8; convert it first", line) from None


_PLURAL = {"score": "scores", "probability": "probabilities"}


def _tab_line(source: str, target: str, numbers: dict[str, float]) -> str:
    return "\t".join([source, target, *(f"{number:.4f}" for number in numbers.values())])


def _json_line(source: str, target: str, numbers: dict[str, float]) -> str:
    rounded = {name: round(number, 4) for name, number in numbers.items()}
    return json.dumps({"source": source, "target": target, **rounded}, ensure_ascii=False)


def _parse_columns(line: str) -> tuple[str, str, *tuple[float, ...]]:
    if "\t" in line:
        source, target, *rest = (field.strip(" ") for field in line.split("\t"))
        if not source or not target:
            raise ValueError("a pair needs two words, got an empty one")
        return source, target, *_leading_numbers(rest)
    # Only ASCII spaces separate: a no-break space may be part of a word.
    words = [word for word in line.split(" ") if word]
    if len(words) != 2:
        raise ValueError(
            f"a pair needs two words, got {len(words)}; separate entries of several words by a tab"
        )
    return words[0], words[1]


def _leading_numbers(fields: Iterable[str]) -> list[float]:
    numbers = []
    for field in fields:
        try:
            numbers.append(float(field))
        except ValueError:
            break
    return numbers


def _parse_json(line: str) -> tuple[str, str, *tuple[float, ...]]:
    try:
        entry = json.loads(line)
        source, target = entry["source"], entry["target"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError('a line must be a JSON object with "source" and "target"') from None
    if not (isinstance(source, str) and isinstance(target, str) and source and target):
        raise ValueError('"source" and "target" must be words')
    numbers = [entry[name] for name in ("score", "probability") if name in entry]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError('"score" and "probability" must be numbers')
    return source, target, *(float(number) for number in numbers)
