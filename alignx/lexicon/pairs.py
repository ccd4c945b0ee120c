"""Word pairs with numbers: their choice, order and reversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np

from alignx.lexicon.choice import chosen, in_order
from alignx.lexicon.formats.arrow import table_of
from alignx.lexicon.formats.content import Content
from alignx.lexicon.validation import checked_languages, checked_numbers, checked_pairs
from alignx.support.counts import counted
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

    from alignx.support.arrays import Double

__all__ = ["WordPairs"]

_NUMBERS = {"score": "scores", "probability": "probabilities"}


@dataclass(frozen=True, eq=False, repr=False)
class WordPairs(Sequence[tuple[str, str]]):
    """Sequence of word pairs with numbers; see `Lexicon`."""

    pairs: Sequence[tuple[str, str]]
    scores: Double | None = None
    probabilities: Double | None = None
    name: str = "the lexicon"
    skipped: int = 0
    notes: tuple[str, ...] = ()
    languages: tuple[str, str] | None = None
    parts_of_speech: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", checked_pairs(self.pairs))
        object.__setattr__(self, "languages", checked_languages(self.languages))
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
        pairs = [self.pairs[i] for i in kept]
        return type(self)(
            pairs,
            scores,
            probabilities,
            self.name,
            languages=self.languages,
            parts_of_speech=self.parts_of_speech,
        )

    def __eq__(self, other: object) -> bool:
        """Compare pairs, scores and probabilities."""
        if not isinstance(other, WordPairs):
            return NotImplemented
        return self.pairs == other.pairs and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in _NUMBERS.values()
        )

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        # Unpickled arrays are writable, those of a lexicon are not.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        """Return the name of the file, the number of pairs, and the guesses of loading."""
        notes = list(self.notes)
        if self.skipped:
            notes.append(f"{counted(self.skipped, 'line')} skipped")
        size = f"{Path(self.name).name}: {counted(len(self), 'pair')}"
        return f"{size}; {', '.join(notes)}" if notes else size

    def __repr__(self) -> str:
        numbers = [name for name in _NUMBERS.values() if getattr(self, name) is not None]
        return f"Lexicon({', '.join([counted(len(self), 'pair'), *numbers])})"

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame: source, target, and score and probability if known."""
        import pandas as pd  # takes half a second to import

        source, target = self.sides()
        return pd.DataFrame({"source": source, "target": target, **self._content().numbers})

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow Table with the columns of `to_frame`."""
        require_packages({"to_arrow": "pyarrow"})
        return table_of(self._content())

    def _content(self) -> Content:
        """Return the pairs as formats take them."""
        columns = {name: getattr(self, plural) for name, plural in _NUMBERS.items()}
        numbers = {name: values.tolist() for name, values in columns.items() if values is not None}
        return Content(self.pairs, numbers, self.languages)

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
        languages = self.languages and self.languages[::-1]
        return replace(
            self, pairs=pairs, skipped=0, notes=(), languages=languages, parts_of_speech={}
        )

    def at_least(self, probability: float) -> Self:
        """Select the pairs of at least this probability; ValueError without probabilities."""
        if self.probabilities is None:
            raise ValueError("pairs must have probabilities to be chosen by, got none")
        return self._subset(np.flatnonzero(self.probabilities >= probability).tolist())

    def select(
        self,
        *,
        sources: Collection[str] | None = None,
        targets: Collection[str] | None = None,
        stop_words: Collection[str] = (),
        target_stop_words: Collection[str] = (),
        only_letters: bool = False,
        most: int | None = None,
    ) -> Self:
        """Select pairs by their words.

        Parameters
        ----------
        sources, targets : collection of str, optional
            Words to keep, as written: a list of headwords, or words of some frequency, such as
            ``english.words[100:5000]``. Default: all.
        stop_words, target_stop_words : collection of str
            Words to leave out, in any case.
        only_letters : bool
            Leave out words with anything but letters and blanks.
        most : int, optional
            Target words of a source word, the first ones, at least 1. Default: all.

        Examples
        --------
        >>> import alignx as ax
        >>> lexicon = ax.Lexicon({"The": "el", "cat": ["gato", "gata"], "e-mail": "correo"})
        >>> list(lexicon.select(stop_words=["the"], only_letters=True, most=1))
        [('cat', 'gato')]
        """
        if most is not None and most < 1:
            raise ValueError(f"most must be at least 1, got {most}")
        allowed, stopped = (sources, targets), (stop_words, target_stop_words)
        if any(isinstance(words, str) for words in (*allowed, *stopped)):
            raise TypeError("select takes collections of words, got a string; put it in a list")
        return self._subset(
            chosen(self.pairs, allowed, stopped, only_letters=only_letters, most=most)
        )

    def sorted(self, by: Literal["alphabet", "best"] | Sequence[str] = "alphabet") -> Self:
        """Sort the pairs by their source words or numbers.

        Parameters
        ----------
        by : {"alphabet", "best"} or sequence of str
            Alphabet, where accents and capitals decide last; probability, or score if there is
            none, the highest first; or source words in their order, such as a vocabulary, most
            frequent first. Pairs of the same source word are sorted best first.

        Examples
        --------
        >>> import alignx as ax
        >>> list(ax.Lexicon({"zoo": "zoo", "École": "school", "eau": "water"}).sorted())
        [('eau', 'water'), ('École', 'school'), ('zoo', 'zoo')]
        """
        return self._subset(in_order(self.pairs, by, self.scores, self.probabilities))

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
            type(self)(
                [pair for pair in self.pairs if (pair[0] in held_out) is wanted],
                name=self.name,
                languages=self.languages,
            )
            for wanted in (False, True)
        )
        return kept, rest
