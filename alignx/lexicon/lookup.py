"""Pairs of a lexicon looked up in two vocabularies."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import numpy as np

from alignx.errors import DirectionError, EmptyLexiconError
from alignx.support.arguments import require_instance
from alignx.vectors.embeddings import Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices

__all__ = ["LexiconRows", "PairLookup"]

# A lexicon is refused as exchanged if enough pairs fit that way far better, and few as given.
MIN_PAIRS = 10
MIN_SHARE = 0.1  # of all pairs, in small lexicons
MIN_RATIO = 4  # to the pairs that fit far better as given
FAR_BETTER = np.log(10)  # difference of the logarithms of the product of both ranks
# Below this share of the fitting pairs, a warning is enough: most pairs are names, say.
MIN_SHARE_OF_FITTING = 1 / 4

logger = logging.getLogger("alignx")


class LexiconRows(NamedTuple):
    """Row numbers of the known pairs, each pair of rows once.

    Attributes
    ----------
    source, target : (p,) int64
        Rows of both words.
    positions : (p,) int64
        Positions of the pairs in the lexicon.
    """

    source: Indices
    target: Indices
    positions: Indices


@dataclass(frozen=True, eq=False)
class PairLookup:
    """Rows of words in two vocabularies; -1 if OOV or zero."""

    pairs: Sequence[tuple[str, str]]
    name: str
    source: Embeddings
    target: Embeddings
    source_rows: Indices
    target_rows: Indices

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[str, str]],
        name: str,
        source: Embeddings,
        target: Embeddings,
    ) -> Self:
        """Look up the words of all pairs."""
        for argument, language in {"source": source, "target": target}.items():
            require_instance(language, Embeddings, argument)
        source_rows = source.find([first for first, _ in pairs])
        target_rows = target.find([second for _, second in pairs])
        return cls(pairs, name, source, target, source_rows, target_rows)

    @property
    def rows(self) -> LexiconRows:
        """Rows of the known pairs."""
        known = np.flatnonzero((self.source_rows >= 0) & (self.target_rows >= 0))
        keys = self.source_rows[known] * len(self.target) + self.target_rows[known]
        positions = known[np.sort(np.unique(keys, return_index=True)[1])]
        return LexiconRows(self.source_rows[positions], self.target_rows[positions], positions)

    def required_rows(self) -> LexiconRows:
        """Return the rows of the known pairs; see `Lexicon.require_rows`."""
        rows = self.rows
        self.warn_of_capitals()
        if not len(rows.source):
            raise self._nothing_known()
        self.require_direction()
        return rows

    def _nothing_known(self) -> EmptyLexiconError:
        examples = ", ".join(f"{s} {t}" for s, t in self.pairs[:3])
        n_exchanged = len(self._exchanged().rows.source)
        remark = f"; {n_exchanged} fit with both exchanged (--columns 2,1)" if n_exchanged else ""
        return EmptyLexiconError(
            f"{self.name}: at least one pair must have both words in the vocabularies, with a "
            f"vector, got {len(self.pairs)} pairs, {self._missing('source')} and "
            f"{self._missing('target')} (such as: {examples or 'none'}); check the order of the "
            f"languages and the case of the words{remark}"
        )

    def _missing(self, side: Literal["source", "target"]) -> str:
        """Count OOV words, and known ones whose vector is zero."""
        language, rows = getattr(self, side), getattr(self, f"{side}_rows")
        missing = [
            pair[side == "target"] for pair, row in zip(self.pairs, rows, strict=True) if row < 0
        ]
        zero = sum(word in language for word in missing)
        others = f" ({zero} more have a zero vector)" if zero else ""
        return f"{len(missing) - zero} with an OOV {side} word{others}"

    def _exchanged(self) -> PairLookup:
        pairs = [(second, first) for first, second in self.pairs]
        return PairLookup.of(pairs, self.name, self.source, self.target)

    def warn_of_capitals(self) -> None:
        """Warn if many words are in the vocabularies with other capitals only."""
        for language, words in zip(
            (self.source, self.target), zip(*self.pairs, strict=True), strict=False
        ):
            language.lookup.warn_of_case_variants(words, f"words of {self.name}")

    def require_direction(self) -> None:
        """Refuse a lexicon with source and target exchanged.

        Names and loans are in both vocabularies, and frequent words of one language are rare words
        in a large vocabulary of the other. Decisive are pairs that are known in one direction only,
        or have far more frequent words in it. In vocabularies that are not sorted by frequency, as
        many pairs fit better in either direction.
        """
        given, exchanged = self._log_ranks(), self._exchanged()._log_ranks()
        better_given = int((given < exchanged - FAR_BETTER).sum())
        better_exchanged = int((exchanged < given - FAR_BETTER).sum())
        fewest = max(2, min(MIN_PAIRS, MIN_SHARE * len(self.pairs)))
        if better_exchanged < fewest or better_exchanged <= MIN_RATIO * better_given:
            return
        n_fitting = int(np.isfinite(given).sum())
        if not n_fitting:
            raise self._nothing_known()
        message = (
            f"{self.name}: the first word of a pair must be of the source language and the second "
            f"of the target, got {n_fitting:,} of {len(self.pairs):,} pairs that fit so and "
            f"{np.isfinite(exchanged).sum():,} that fit the other way round, {better_exchanged:,} "
            "of them far better; exchange the columns (--columns 2,1; in Python "
            "lexicon.reversed()) or the languages (evaluate: --reverse)"
        )
        if better_exchanged > MIN_SHARE_OF_FITTING * n_fitting:
            raise DirectionError(message)
        logger.warning("%s", message)

    def _log_ranks(self) -> Double:
        """Sum the logarithms of both ranks; infinite for unknown pairs."""
        rows = self.rows
        found = np.full(len(self.pairs), np.inf)
        found[rows.positions] = np.log(rows.source + 1.0) + np.log(rows.target + 1.0)
        return found

    def as_written(self) -> PairLookup:
        """Return the distinct pairs, with words as written in the vocabularies."""
        written = [
            [
                language.words[row] if row >= 0 else language.lookup.spell_oov(word)
                for word, row in zip(words, rows.tolist(), strict=True)
            ]
            for language, words, rows in (
                (self.source, [first for first, _ in self.pairs], self.source_rows),
                (self.target, [second for _, second in self.pairs], self.target_rows),
            )
        ]
        position_of: dict[tuple[str, str], int] = {}
        for position, pair in enumerate(zip(*written, strict=True)):
            position_of.setdefault(pair, position)
        kept = list(position_of.values())
        return PairLookup(
            list(position_of),
            self.name,
            self.source,
            self.target,
            self.source_rows[kept],
            self.target_rows[kept],
        )
