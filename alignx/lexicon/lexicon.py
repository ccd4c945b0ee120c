"""Lexicon: word pairs with scores and probabilities."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from alignx.lexicon.entries import Reading
from alignx.lexicon.files import read_pairs
from alignx.lexicon.formats.write import write
from alignx.lexicon.lookup import LexiconRows, PairLookup
from alignx.lexicon.pairs import WordPairs
from alignx.lexicon.validation import checked_languages, frame_columns, full_column
from alignx.support.arguments import require_instance
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.spelling import Casing, cased, composed_all, require_casing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from alignx.support.files import StrPath

__all__ = ["Lexicon", "LexiconLike"]

LexiconLike: TypeAlias = (
    "StrPath | Iterable[tuple[str, str]] | Mapping[str, str | Sequence[str]] | pd.DataFrame"
)
"""Lexicon or anything else `Lexicon.of` takes."""


@dataclass(frozen=True, eq=False, repr=False)
class Lexicon(WordPairs):
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
        Guesses and changes of loading, such as "header skipped" and "3 cells split".
    languages : (str, str), optional
        Codes of source and target language.
    parts_of_speech : mapping of str to str
        Part of speech of source words, as the dictionary writes it; the first one of each.

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
        >>> import numpy as np
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
        casing: Casing = "keep",
        on_error: Literal["raise", "skip"] = "raise",
        columns: Sequence[int | str] | None = None,
        delimiter: str | None = None,
        header: bool | None = None,
        scored: bool = False,
    ) -> Self:
        r"""Read a dictionary file, by its content.

        Parameters
        ----------
        path : path
            A table, whatever its name and delimiter, with or without header and comments: two words
            a line, and perhaps a score and a probability. Cells with several words are split,
            annotations removed. Or JSON. Packed or not. Files of MUSE, VecMap, XLING and PanLex
            load unchanged, and files of `save` in columns with tabs or JSON lines. Guesses and
            changes are listed in `notes`.
        casing : {"keep", "lower", "tr"}
            Keep capitals, lower-case all words, or do so by the rules of Turkish. Of equal pairs
            the first is kept in any case.
        on_error : {"raise", "skip"}
            Treatment of a line without a pair.
        columns : sequence of int or str, optional
            Columns of source and target, and of score and probability to read them: numbers from 1,
            or names in the header or keys of JSON. Default: found by content.
        delimiter : str, optional
            Mark between cells, or "tab", "space", "comma", "semicolon". Default: found by content.
        header : bool, optional
            Whether the first line names columns. Default: found by content.
        scored : bool
            Refuse lines without a score, as in files of word similarity.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        FormatError
            If it holds no pair, a line holds none, or columns are ambiguous; names the line.
        ValueError
            If an option is invalid.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "en-es.tsv"
        >>> _ = path.write_text("English\tclass\tSpanish\ncat\tnoun\tgato, gata\n")
        >>> lexicon = Lexicon.load(path)
        >>> print(lexicon)
        en-es.tsv: 2 pairs; tab-separated, header skipped, columns 1 and 3, 1 cell split
        >>> lexicon == Lexicon.load(path, columns=("English", "Spanish"))
        True
        """
        _require_treatment(on_error)
        require_casing(casing)
        reading = Reading(columns, delimiter, header, scored, on_error)
        entries, skipped, notes = read_pairs(path, reading)
        words = list(map(composed_all, (entries.sources, entries.targets)))
        if casing != "keep":
            words = [[cased(word, casing) for word in side] for side in words]
        numbers_of: dict[tuple[str, str], tuple[float, ...]] = {}
        for pair, numbers in zip(zip(*words, strict=True), entries.numbers, strict=True):
            numbers_of.setdefault(pair, numbers)
        tags: dict[str, str] = {}
        for source, tag in zip(words[0], entries.tags, strict=False):  # perhaps there are none
            if tag:
                tags.setdefault(source, tag)
        notes.count("duplicate", "merged", len(entries) - len(numbers_of))
        scores = full_column(numbers_of.values(), 0, notes)
        probabilities = None if scores is None else full_column(numbers_of.values(), 1, notes)
        return cls(
            list(numbers_of),
            scores,
            probabilities,
            str(path),
            skipped,
            notes.texts(),
            parts_of_speech=tags,
        )

    @classmethod
    def of(cls, pairs: LexiconLike) -> Lexicon:
        """Convert pairs in any form: a path, a list, a dict or a data frame.

        Parameters
        ----------
        pairs : Lexicon, path, sequence of (str, str), dict or DataFrame
            A lexicon is returned as it is, a file loaded. A dict maps source words to a target word
            or a list of them. A data frame has the columns source and target, and perhaps score and
            probability, or two columns of any names.

        Raises
        ------
        TypeError, ValueError
            If the pairs are not two strings each, or a data frame has other columns.

        Examples
        --------
        >>> Lexicon.of([("cat", "gato")]), Lexicon.of({"cat": ["gato", "gata"]})
        (Lexicon(1 pair), Lexicon(2 pairs))
        """
        if isinstance(pairs, Lexicon):
            return pairs
        if isinstance(pairs, str | os.PathLike):
            return cls.load(pairs)
        if hasattr(pairs, "columns"):
            return cls(**frame_columns(pairs))
        return cls(pairs)  # type: ignore[arg-type]  # checked there

    def save(
        self,
        path: StrPath,
        *,
        grouped: bool = False,
        languages: tuple[str, str] | None = None,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> None:
        """Write a dictionary file, with scores and probabilities where the format has a place.

        Parameters
        ----------
        path : path
            Its ending names the format: ``.csv``, ``.jsonl``, ``.ifo`` (StarDict), ``.dix``
            (Apertium), ``.ttl`` (OntoLex), ``.tmx``, ``.md``, ``.html``, ``.arrow``, ``.feather``,
            ``.parquet``. ``.tsv``, ``.txt`` and other endings: columns with tabs between them.
        grouped : bool
            Write one entry for each source word, with all its target words.
        languages : (str, str), optional
            Codes of source and target, required for ``.ttl`` and ``.tmx``. Default: `languages` of
            the lexicon.
        on_error : {"raise", "skip"}
            Treatment of words that the format cannot hold, such as those with line ends. Skipped
            ones are warned of, through ``logging``.

        Raises
        ------
        OutputError
            If it cannot be written.
        FormatError
            If the format is unknown, cannot have groups, lacks languages, or cannot hold a word.
        ValueError
            If `on_error` is invalid.
        MissingDependencyError
            If the package pyarrow is not installed, for its formats.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "en-es.csv"
        >>> Lexicon({"cat": ["gato", "gata"]}).save(path, grouped=True)
        >>> print(path.read_text(), end="")
        source,target
        cat,gato; gata
        """
        _require_treatment(on_error)
        codes = checked_languages(languages) or self.languages
        content = replace(self._content(), grouped=grouped, languages=codes)
        write(path, content, skip=on_error == "skip")


def _require_treatment(on_error: str) -> None:
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
