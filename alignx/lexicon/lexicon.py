"""Lexicon: word pairs with scores and probabilities."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np

from alignx.lexicon.files import read_pairs
from alignx.lexicon.formats.write import write_pairs
from alignx.lexicon.lookup import LexiconRows, PairLookup
from alignx.lexicon.validation import checked_numbers, checked_pairs
from alignx.support.arguments import require_instance
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import pandas as pd

    from alignx.support.arrays import Double
    from alignx.support.files import StrPath

__all__ = ["Lexicon"]

logger = logging.getLogger("alignx")

_NUMBERS = {"score": "scores", "probability": "probabilities"}


@dataclass(frozen=True, eq=False, repr=False)
class Lexicon(Sequence[tuple[str, str]]):
    """Sequence of pairs of a source word and a target word.

    Parameters
    ----------
    pairs : sequence of (str, str), or dict
        Source word and target word. A dict maps source words to a target word or a list of them.
    scores : (p,) float64, optional
        Score of each pair, such as its CSLS.
    probabilities : (p,) float64, optional
        Probability of each pair to be right, in [0, 1]. Requires scores.
    name : str
        Name in messages; the path of a loaded lexicon.
    skipped : int
        Number of malformed lines that loading skipped.
    notes : tuple of str
        Lines that loading recognized as something else than a pair, such as a header.

    Raises
    ------
    TypeError
        If a pair is not two strings, or the pairs have no order.
    ValueError
        If a word is empty, or numbers are not finite, not one for each pair, or out of range.

    Examples
    --------
    >>> lexicon = Lexicon([("cat", "gato"), ("dog", "perro"), ("cat", "gata")])
    >>> lexicon[0], lexicon[1:], ("dog", "perro") in lexicon
    (('cat', 'gato'), Lexicon(2 pairs), True)
    >>> list(Lexicon({"dog": "perro", "cat": ["gato", "gata"]}))
    [('dog', 'perro'), ('cat', 'gato'), ('cat', 'gata')]
    """

    pairs: Sequence[tuple[str, str]]
    scores: Double | None = None
    probabilities: Double | None = None
    name: str = "the lexicon"
    skipped: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", checked_pairs(self.pairs))
        if self.scores is None and self.probabilities is not None:
            raise ValueError("probabilities need scores beside them, got none")
        for name in _NUMBERS.values():
            if getattr(self, name) is not None:
                values = checked_numbers(name, getattr(self, name), len(self.pairs))
                object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | Self:
        if isinstance(index, slice):
            return self._subset(range(len(self))[index])
        return self.pairs[index]

    def _subset(self, positions: Iterable[int]) -> Self:
        """Return the pairs at these positions with their numbers."""
        kept = list(positions)
        scores, probabilities = (
            None if values is None else values[kept] for values in (self.scores, self.probabilities)
        )
        return type(self)([self.pairs[i] for i in kept], scores, probabilities, self.name)

    def __eq__(self, other: object) -> bool:
        """Compare pairs, scores and probabilities."""
        if not isinstance(other, Lexicon):
            return NotImplemented
        return self.pairs == other.pairs and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in _NUMBERS.values()
        )

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        # Unpickled arrays are writable, those of a lexicon are not.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __repr__(self) -> str:
        numbers = [name for name in _NUMBERS.values() if getattr(self, name) is not None]
        return f"Lexicon({', '.join([f'{len(self):,} pairs', *numbers])})"

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame: source, target, and score and probability if known."""
        import pandas as pd  # takes half a second to import

        source, target = self.sides()
        return pd.DataFrame({"source": source, "target": target, **self._numbers()})

    def _numbers(self) -> dict[str, list[float]]:
        """Return the known ones of score and probability as lists."""
        columns = {name: getattr(self, plural) for name, plural in _NUMBERS.items()}
        return {name: values.tolist() for name, values in columns.items() if values is not None}

    def sides(self) -> tuple[list[str], list[str]]:
        """Return the source words and the target words of the pairs."""
        return [source for source, _ in self.pairs], [target for _, target in self.pairs]

    def translations(self) -> dict[str, list[str]]:
        """Return the target words of each source word, in order."""
        result: dict[str, list[str]] = {}
        for source, target in self.pairs:
            result.setdefault(source, []).append(target)
        return result

    def reversed(self) -> Self:
        """Exchange source and target of all pairs."""
        pairs = [(target, source) for source, target in self.pairs]
        return type(self)(pairs, self.scores, self.probabilities, self.name)

    def at_least(self, probability: float) -> Self:
        """Select the pairs of at least this probability; ValueError without probabilities."""
        if self.probabilities is None:
            raise ValueError("pairs must have probabilities to be chosen by, got none")
        return self._subset(np.flatnonzero(self.probabilities >= probability).tolist())

    def split(self, fraction: float, *, random_state: int = 0) -> tuple[Self, Self]:
        """Split the pairs at random, with no source word in both parts.

        Parameters
        ----------
        fraction : float
            Share of the source words in the second part, in (0, 1).
        random_state : int
            Seed of the split.

        Returns
        -------
        kept, held_out : Lexicon
        """
        if not 0 < fraction < 1:
            raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
        words = list(self.translations())
        order = np.random.default_rng(random_state).permutation(len(words))
        held_out = {words[i] for i in order[: round(fraction * len(words))]}
        kept, rest = (
            type(self)([p for p in self.pairs if (p[0] in held_out) is wanted], name=self.name)
            for wanted in (False, True)
        )
        return kept, rest

    def look_up(self, source: Embeddings, target: Embeddings) -> PairLookup:
        """Look up all words, each language once."""
        return PairLookup.of(self.pairs, self.name, source, target)

    def rows(self, source: Embeddings, target: Embeddings) -> LexiconRows:
        """Return the rows of the pairs with both words known, possibly none."""
        return self.look_up(source, target).rows

    def require_rows(self, source: Embeddings, target: Embeddings) -> LexiconRows:
        """Return the rows of the known pairs.

        Raises
        ------
        EmptyLexiconError
            If no pair is known.
        DirectionError
            If far more pairs are known with source and target exchanged.
        """
        return self.look_up(source, target).required_rows()

    @classmethod
    def identical(
        cls, source: Embeddings, target: Embeddings, *, numerals_only: bool = False
    ) -> Self:
        """Pair the identical words of two languages: names, loans, numbers.

        Parameters
        ----------
        source, target : Embeddings
            Vocabularies. Words with a vector are compared as written, in any form of Unicode.
        numerals_only : bool
            Take only words of digits, which even languages of different scripts share.

        Examples
        --------
        >>> import alignx as ax
        >>> english = ax.Embeddings(["the", "taxi", "1990"], np.eye(3))
        >>> spanish = ax.Embeddings(["taxi", "1990", "el"], np.eye(3))
        >>> list(Lexicon.identical(english, spanish))
        [('taxi', 'taxi'), ('1990', '1990')]
        """
        for name, language in {"source": source, "target": target}.items():
            require_instance(language, Embeddings, name)
        shared = [
            (word, target.words[row])
            for word in source.lookup.index
            if (word.isdecimal() or not numerals_only)
            and (row := target.lookup.row_in_same_case(word)) >= 0
        ]
        return cls(shared, name="identical numerals" if numerals_only else "identical words")

    @classmethod
    def load(
        cls,
        path: StrPath,
        *,
        lowercase: bool = False,
        on_error: Literal["raise", "skip"] = "raise",
        columns: Sequence[int | str] | None = None,
        scored: bool = False,
    ) -> Self:
        r"""Read a dictionary file.

        Parameters
        ----------
        path : path
            A table, whatever its name: two words a line, separated by a tab (words may then hold
            spaces, and a score and a probability may follow), by spaces, or by a mark that all
            lines share, such as a comma or ``|||``. Or JSON lines as `save` writes them. Packed by
            gzip, bzip2 or xz, or not. Files of MUSE, VecMap, XLING and PanLex load unchanged.
            Double quotes around a cell are removed; a header and comments are recognized and listed
            in `notes`.
        lowercase : bool
            Lower-case all words. Of equal pairs the first is kept in any case.
        on_error : {"raise", "skip"}
            Treatment of a line without a pair.
        columns : sequence of int or str, optional
            Columns of source and target, and of score and probability to read them: numbers from 1,
            or names in the header. Required for lines of more than two words.
        scored : bool
            Refuse lines without a score, as in files of word similarity.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        FormatError
            If it holds no pair, a line holds none, or columns are ambiguous; names the line.
        ValueError
            If `on_error` or `columns` is invalid.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "en-es.tsv"
        >>> _ = path.write_text("English\tclass\tSpanish\ncat\tnoun\tgato\n")
        >>> list(Lexicon.load(path, columns=("English", "Spanish")))
        [('cat', 'gato')]
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
        entries, skipped, notes = read_pairs(
            path, columns=columns, scored=scored, on_error=on_error
        )
        words = entries.sources, entries.targets
        if lowercase:
            words = list(map(str.lower, words[0])), list(map(str.lower, words[1]))
        numbers_of: dict[tuple[str, str], tuple[float, ...]] = {}
        for pair, numbers in zip(zip(*words, strict=True), entries.numbers, strict=True):
            numbers_of.setdefault(pair, numbers)
        scores = _column(numbers_of.values(), 0, str(path))
        probabilities = None if scores is None else _column(numbers_of.values(), 1, str(path))
        return cls(list(numbers_of), scores, probabilities, str(path), skipped, tuple(notes))

    def save(self, path: StrPath) -> None:
        """Write the pairs, with scores and probabilities as far as known.

        Parameters
        ----------
        path : path
            ``.jsonl`` for JSON lines. ``.tsv``, ``.txt``, or no ending that names a format, for
            columns with tabs between them: source, target, score, probability.

        Raises
        ------
        OutputError
            If it cannot be written.
        FormatError
            If the name ends like another format, or a word in a table holds a tab or a line end.
        """
        write_pairs(path, self.pairs, self._numbers())


def _column(rows: Collection[tuple[float, ...]], index: int, name: str) -> Double | None:
    """Collect a number of each pair; None unless all have it."""
    values = [numbers[index] for numbers in rows if len(numbers) > index]
    if len(values) == len(rows):
        return np.array(values, dtype=np.float64)
    if values:
        logger.warning(
            "%s: %s are left out, as only %d of %d pairs have one",
            name, tuple(_NUMBERS.values())[index], len(values), len(rows),
        )  # fmt: skip
    return None
