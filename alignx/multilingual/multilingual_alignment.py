"""Fitted maps of several languages, applied to their vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alignx.alignment.shared_space import PairParts, SharedSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.known_pairs import KnownPairs
    from alignx.alignment.language_map import LanguageMap
    from alignx.alignment.validation import Validation
    from alignx.ranking.gain import RankingGain
    from alignx.ranking.ranker import PairRanker
    from alignx.vectors.embeddings import Embeddings

__all__ = ["MultilingualAlignment", "PairFit", "Triangle"]


@dataclass(frozen=True, eq=False)
class PairFit:
    """Evidence of two languages in the fit, and the accuracy of their maps.

    Attributes
    ----------
    source, target : str
        Codes, in the order of the lexicon.
    pairs, induced : int
        Known pairs of the lexicon, and pairs induced in the last round.
    found_by : {"lexicon", "self_learning", "pivot"}
        Origin of the evidence: a lexicon, vectors alone, or other languages.
    pairwise, star, joint : Validation, optional
        P@1 on held-out words by the map of these two alone, by maps of each language onto the hub,
        and by the joint maps. None where nothing could be held out.
    diagnosis : Diagnosis, optional
        Figures of a start without a lexicon.
    ranker, ranking_gain, known : optional
        Learned ranking from source to target, its gain, and a digest of the known pairs.
    is_transferred : bool
        Whether the ranker was learned from other pairs of languages.
    """

    source: str
    target: str
    pairs: int
    induced: int
    found_by: str = "lexicon"
    pairwise: Validation | None = None
    star: Validation | None = None
    joint: Validation | None = None
    diagnosis: Diagnosis | None = None
    ranker: PairRanker | None = None
    ranking_gain: RankingGain | None = None
    known: KnownPairs | None = None
    is_transferred: bool = False


@dataclass(frozen=True)
class Triangle:
    """Agreement of the induced pairs of three languages.

    Attributes
    ----------
    languages : (str, str, str)
        Codes.
    cycles, closed : int
        Words whose mutual neighbors lead through all three languages, and those of them that lead
        back to themselves.
    """

    languages: tuple[str, str, str]
    cycles: int
    closed: int

    @property
    def error(self) -> float:
        """Share of cycles that end at another word, in [0, 1]; 0 without cycles."""
        return 1 - self.closed / self.cycles if self.cycles else 0.0


@dataclass(frozen=True, eq=False, repr=False)
class MultilingualAlignment:
    """Fitted maps of several languages into one space.

    Attributes
    ----------
    maps : mapping of str to LanguageMap
        Normalization and map by code, the hub first.
    pairs : mapping of (str, str) to PairFit
        Evidence and accuracy by source and target code.
    triangles : tuple of Triangle
        Agreement around each triangle with evidence.
    apart : mapping of str to str
        Languages that were left out, and why.
    """

    maps: Mapping[str, LanguageMap]
    pairs: Mapping[tuple[str, str], PairFit] = field(default_factory=dict)
    triangles: tuple[Triangle, ...] = ()
    apart: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"MultilingualAlignment({', '.join(self.maps)}, {len(self.pairs)} pairs of languages)"
        )

    @property
    def hub(self) -> str:
        """Code of the hub."""
        return next(iter(self.maps))

    def apply(self, languages: Mapping[str, Embeddings]) -> SharedSpace:
        """Map languages into one space."""
        mapped = {
            code: language.with_vectors(self.maps[code].map_rows(language.vectors).collect())
            for code, language in languages.items()
        }
        parts = {pair: PairParts(fit.ranker, fit.known) for pair, fit in self.pairs.items()}
        return SharedSpace(mapped, pairs=parts)
