"""Word pairs: what aligns two languages, tests the alignment, and comes out of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np

from alignx.errors import EmptyLexiconError, FormatError
from alignx.lexicon.cells import quoted
from alignx.lexicon.direction import require_order
from alignx.lexicon.reader import read_pairs
from alignx.support.arguments import require_instance, shown
from alignx.support.files import replacing
from alignx.support.outputs import require_suffix
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from alignx.support.arrays import Double, Indices

__all__ = ["Lexicon", "LexiconRows"]

logger = logging.getLogger("alignx")


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
    pairs : sequence of (str, str), or dict
        Source word and target word. A dict gives the target word, or the list of target words, of
        each source word.
    scores : (p,) float64, optional
        How good each pair is, such as its CSLS.
    probabilities : (p,) float64, optional
        How likely each pair is right, in [0, 1]; only beside scores.
    name : str
        What messages call it; the path of a lexicon that was loaded.
    skipped : int
        Malformed lines that loading left out.
    notes : tuple of str
        What loading took for something else than a pair, such as a header.

    Raises
    ------
    TypeError
        If a pair is not two strings, or the pairs have no order.
    ValueError
        If a word is empty, scores or probabilities are not one for each pair or are missing, or
        there are probabilities only, or beyond [0, 1].

    Examples
    --------
    >>> lexicon = Lexicon([("cat", "gato"), ("dog", "perro"), ("cat", "gata")])
    >>> lexicon.translations()["cat"]
    ['gato', 'gata']
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
        object.__setattr__(self, "pairs", _checked_pairs(self.pairs))
        if self.scores is None and self.probabilities is not None:
            raise ValueError("probabilities need scores beside them, got none")
        for name in ("scores", "probabilities"):
            values = getattr(self, name)
            if values is None:
                continue
            object.__setattr__(self, name, _unchangeable(values))
            if len(values) != len(self.pairs):
                raise ValueError(
                    f"{name} must hold one value for each of {len(self.pairs)} pairs, "
                    f"got {len(values)}"
                )
            _require_numbers(name, getattr(self, name))

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
            Where the words are looked up, as `Embeddings.find` does.

        Returns
        -------
        LexiconRows
            The pairs with both words known, each pair of rows once; possibly none.
        """
        for name, language in {"source": source, "target": target}.items():
            require_instance(language, Embeddings, name)
        first, second = self.sides()
        rows = source.find(first), target.find(second)
        known = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
        pairs = rows[0][known] * len(target) + rows[1][known]
        positions = known[np.sort(np.unique(pairs, return_index=True)[1])]
        return LexiconRows(rows[0][positions], rows[1][positions], positions)

    def require_rows(self, source: Embeddings, target: Embeddings) -> LexiconRows:
        """Look the words up, and raise EmptyLexiconError where no pair is known on both sides.

        Raises DirectionError where far more are known with source and target exchanged.
        """
        rows = self.rows(source, target)
        self.tell_of_capitals(source, target)
        if len(rows.source) == 0:
            first, second = self.sides()
            no_source = int((source.find(first) < 0).sum())
            no_target = int((target.find(second) < 0).sum())
            examples = ", ".join(f"{s} {t}" for s, t in self.pairs[:3])
            turned = len(self.reversed().rows(source, target).source)
            remark = f"; {turned} fit with both exchanged (--columns 2,1)" if turned else ""
            raise EmptyLexiconError(
                f"{self.name}: at least one pair must have both words in the vocabularies, with a "
                f"vector, got {len(self)} pairs of which {no_source} lack the source word and "
                f"{no_target} the target word (such as: {examples or 'none'}); check the order of "
                f"the languages and the case of the words{remark}"
            )
        require_order(self, source, target)
        return rows

    def tell_of_capitals(self, source: Embeddings, target: Embeddings) -> None:
        """Warn if many words are in the vocabularies, but with other capitals."""
        for language, words in zip((source, target), self.sides(), strict=True):
            language.lookup.warn_of_case_variants(words, f"words of {self.name}")

    def as_known(self, source: Embeddings, target: Embeddings) -> Self:
        """Give the pairs, each once, with words written as in the vocabularies; without scores."""
        first, second = (
            [
                language.words[row] if row >= 0 else language.lookup.spell_oov(word)
                for word, row in zip(words, language.find(words).tolist(), strict=True)
            ]
            for language, words in zip((source, target), self.sides(), strict=True)
        )
        return type(self)(list(dict.fromkeys(zip(first, second, strict=True))), name=self.name)

    @classmethod
    def identical(
        cls, source: Embeddings, target: Embeddings, *, numerals_only: bool = False
    ) -> Self:
        """Pair the words that both languages write the same: names, loans, numbers.

        Parameters
        ----------
        source, target : Embeddings
            Whose words, those with a vector, are compared as they are written, in any form of
            Unicode.
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
        path: str | Path,
        *,
        lowercase: bool = False,
        on_error: Literal["raise", "skip"] = "raise",
        columns: Sequence[int | str] | None = None,
        scored: bool = False,
    ) -> Self:
        r"""Read pairs from a file.

        Parameters
        ----------
        path : path
            A table, whatever its name: two words a line, separated by a tab (words may then hold
            spaces, and a score and a probability may follow), by spaces, or by a mark that all
            lines share, such as a comma or ``|||``. Or JSON lines as `save` writes them. May be
            gzipped. Files of MUSE, VecMap, XLING and PanLex load as they are. Double quotes around
            a cell are taken off. A header and comments are recognized, and told in `notes`.
        lowercase : bool
            Lower-case all words. A pair that occurs twice is kept once in any case.
        on_error : {"raise", "skip"}
            What to do with a line that holds no pair.
        columns : sequence of int or str, optional
            Columns of source and target, and of score and probability if these are to be read:
            numbers from 1, or names in the header. Needed where a line holds more words than two.
        scored : bool
            Whether a line without a score is malformed, as in files of word similarity.

        Raises
        ------
        FormatError
            If the file cannot be read, holds no pair, a line holds none, or columns are in doubt;
            names file and line.
        ValueError
            If `on_error` is none of its values, or `columns` cannot be any.

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
        read = read_pairs(path, columns=columns, scored=scored, on_error=on_error)
        entries: dict[tuple[str, str], tuple[float, ...]] = {}
        for entry in read.entries:
            pair = entry.source, entry.target
            if lowercase:
                pair = entry.source.lower(), entry.target.lower()
            entries.setdefault(pair, entry.numbers)
        numbers = [_column(list(entries.values()), place, str(path)) for place in range(2)]
        return cls(
            list(entries),
            numbers[0],
            None if numbers[0] is None else numbers[1],
            str(path),
            read.skipped,
            tuple(read.notes),
        )

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


def _unchangeable(values: ArrayLike) -> Double:
    """Give numbers that nobody can change, copied unless they are so already."""
    given = np.asarray(values, dtype=np.float64)
    if given.flags.writeable or given.base is not None:
        given = given.copy()
        given.flags.writeable = False
    return given


def _require_numbers(name: str, values: Double) -> None:
    """Refuse what stands for no number, and what no probability can be."""
    wrong = ~np.isfinite(values)
    if name == "probabilities":
        wrong |= (values < 0) | (values > 1)
    if wrong.any():
        row = int(wrong.argmax())
        rule = "lie in [0, 1]" if name == "probabilities" else "be finite"
        raise ValueError(f"{name} must {rule}, got {values[row]} in row {row}")


def _checked_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs as they cannot change, if they are what a lexicon can hold."""
    if isinstance(pairs, Mapping):
        pairs = [
            (source, target)
            for source, targets in pairs.items()
            for target in ([targets] if isinstance(targets, str) else _listed(targets))
        ]
    checked = tuple(map(_checked_pair, _listed(pairs)))
    for row, pair in enumerate(checked):
        if "" in pair:
            raise ValueError(f"a pair must hold two words, got {pair} in row {row}")
    return checked


def _listed(values: Iterable[Any]) -> Iterable[Any]:
    if isinstance(values, str | bytes | set | frozenset) or not isinstance(values, Iterable):
        raise TypeError(
            "Lexicon takes a list of pairs (source word, target word), or a dict of words, got "
            f"{shown(values)}; Lexicon.load(path) reads a file"
        )
    return values


def _checked_pair(pair: object) -> tuple[str, str]:
    if type(pair) is tuple and len(pair) == 2 and type(pair[0]) is type(pair[1]) is str:
        return pair  # as nearly all are
    if not isinstance(pair, str | bytes | set | frozenset | Mapping):
        try:
            source, target = pair  # type: ignore[misc]  # or it is refused
        except (TypeError, ValueError):
            source = target = None
        if isinstance(source, str) and isinstance(target, str):
            return source, target
    raise TypeError(f"a pair of a Lexicon must be two strings, got {shown(pair)}")


def _column(entries: Sequence[tuple[float, ...]], place: int, name: str) -> Double | None:
    """Give a number of each pair; None, with a warning, unless each has it."""
    values = [numbers[place] for numbers in entries if len(numbers) > place]
    if len(values) == len(entries):
        return np.array(values, dtype=np.float64)
    if values:
        what = ("scores", "probabilities")[place]
        logger.warning(
            "%s: %s are left out, as only %d of %d pairs have one",
            name, what, len(values), len(entries),
        )  # fmt: skip
    return None


_PLURAL = {"score": "scores", "probability": "probabilities"}


def _tab_line(source: str, target: str, numbers: dict[str, float]) -> str:
    return "\t".join([*quoted(source, target), *(f"{number:.4f}" for number in numbers.values())])


def _json_line(source: str, target: str, numbers: dict[str, float]) -> str:
    rounded = {name: round(number, 4) for name, number in numbers.items()}
    return json.dumps({"source": source, "target": target, **rounded}, ensure_ascii=False)
