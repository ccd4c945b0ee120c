"""What a shared space knows of two of its languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from alignx.errors import SpaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.alignment.known_pairs import KnownPairs
    from alignx.ranking.ranker import PairRanker
    from alignx.vectors.embeddings import Embeddings

__all__ = ["KEPT_PAIRS", "LastPairs", "PairParts", "parts_of", "require_own_ranker"]


KEPT_PAIRS = 8  # both directions of a few pairs: each holds the neighbors of two vocabularies


class LastPairs(dict[tuple[str, str], Any]):
    """The spaces of the last 8 pairs of languages; the one that came first goes first."""

    def __setitem__(self, pair: tuple[str, str], space: object) -> None:
        if len(self) == KEPT_PAIRS:
            del self[next(iter(self))]
        super().__setitem__(pair, space)


class PairParts(NamedTuple):
    """Learned ranking from a source to a target language, and the pairs of its fit."""

    ranker: PairRanker | None = None
    known: KnownPairs | None = None


def parts_of(
    pairs: Mapping[tuple[str, str], PairParts],
    source: str,
    target: str,
    turned: KnownPairs | None = None,
) -> PairParts:
    """Return the parts of two languages.

    Known pairs are also those of the other direction: in `pairs`, or else `turned`.
    """
    parts = pairs.get((source, target), PairParts())
    if parts.known is not None:
        return parts
    other = pairs[target, source].known if (target, source) in pairs else turned
    return parts._replace(known=other and other.reversed())


def require_own_ranker(ranker: PairRanker | None, languages: Mapping[str, Embeddings]) -> None:
    """Raise SpaceError if a ranker was fitted in another space than that of the languages."""
    space = getattr(ranker, "space_", None)  # none before its fit
    if space is None:
        return
    if {language.space for language in languages.values()} - {None, space}:
        raise SpaceError(
            "ranker must be of the map of the languages, got that of another map; use "
            "Alignment.apply, which gives it with the languages"
        )
