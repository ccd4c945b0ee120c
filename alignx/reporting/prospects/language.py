"""Facts of one language before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.reporting.prospects.geometry import (
    duplicates,
    iso_score,
    mean_cosine,
    singular_values,
)
from alignx.reporting.prospects.vocabulary import (
    Band,
    bands,
    case_variants,
    is_alphabetical,
    marked_share,
    script_shares,
)
from alignx.retrieval.occurrences import occurrences, skewness
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["HUB_NEIGHBORS", "LanguageFacts"]

HUB_NEIGHBORS = 10
ORDER_SAMPLE = 2_000
# Thresholds of warnings. `FEW_WORDS`: half of a test dictionary lies beyond.
FEW_WORDS = 10_000
FEW_DIMENSIONS = 50
MANY = 0.05
NARROW = 0.5


@dataclass(frozen=True, eq=False)
class LanguageFacts(Tabular):
    """Facts of one language before any work.

    Attributes
    ----------
    name : str
        Language code, or "source" or "target".
    words, dimension : int
        Size of the vocabulary, and length of the vectors.
    scripts : dict of str to float
        Share of words by Unicode script, largest first.
    bands : tuple of Band
        Kinds of words and length of vectors by frequency rank.
    duplicates, zero_rows, case_variants : int
        Words with the vector of an earlier word, words without a vector, and words that the
        vocabulary has in lower case too.
    mean_cosine : float
        Mean cosine of two words, in [-1, 1]; 0 if vectors point in all directions.
    isotropy : float
        IsoScore: share of dimensions that are used evenly, in [0, 1].
    hubness : float
        Skewness of `occurrences`; 0 means no hubs.
    occurrences : (n,) int64
        Words that have each of the most frequent words among their 10 nearest by cosine.
    spectrum : (d,) float64
        Singular values of the centered most frequent words, largest first, over their length.
    warnings : tuple of str
        What may go wrong, and what to do.
    """

    name: str
    words: int
    dimension: int
    scripts: dict[str, float]
    bands: tuple[Band, ...]
    duplicates: int
    zero_rows: int
    case_variants: int
    mean_cosine: float
    isotropy: float
    hubness: float
    occurrences: Indices
    spectrum: Double
    warnings: tuple[str, ...]

    @classmethod
    def of(
        cls, language: Embeddings, other: Embeddings, normalized: Matrix, name: str
    ) -> LanguageFacts:
        """Measure a language, given the normalized rows of its most frequent words, (n, d)."""
        head = language.vectors[: len(normalized)]
        counts = occurrences(normalized, HUB_NEIGHBORS)
        values = singular_values(normalized)
        known: dict[str, Any] = {
            "name": name,
            "words": len(language),
            "dimension": language.vectors.shape[1],
            "scripts": script_shares(language.words),
            "bands": bands(language, other),
            "duplicates": duplicates(language.vectors),
            "zero_rows": language.zero_rows,
            "case_variants": case_variants(language.words),
            "mean_cosine": mean_cosine(head),
            "isotropy": iso_score(normalized),
            "hubness": skewness(counts),
            "occurrences": counts,
            "spectrum": values / max(float((values**2).sum()) ** 0.5, 1e-30),
        }
        return cls(**known, warnings=tuple(_warnings(language, known)))

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each band of frequency ranks."""
        return [{"language": self.name, **vars(band)} for band in self.bands]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        facts = dict(vars(self))
        facts["bands"] = [vars(band) for band in self.bands]
        facts["warnings"] = list(self.warnings)
        del facts["occurrences"]
        facts["spectrum"] = self.spectrum.tolist()
        return facts


def _warnings(language: Embeddings, facts: dict[str, Any]) -> list[str]:
    """List what may go wrong with a language, in plain words."""
    n, scripts = facts["words"], facts["scripts"]
    capitals = sum(band.capitalized * (band.last - band.first + 1) for band in facts["bands"]) / n
    marks = marked_share(language.words)
    found = {
        f"{facts['zero_rows']:,} words have no vector; they cannot be translated.": (
            facts["zero_rows"]
        ),
        f"{facts['duplicates']:,} words share their vector with another word.": (
            facts["duplicates"] > MANY * n
        ),
        "Words are in alphabetical order. Put the most frequent first, or leave out what is rare: "
        "without a dictionary, the order is used.": is_alphabetical(language.words[:ORDER_SAMPLE]),
        f"{marks:.0%} of the words carry marks of a subword tokenizer; they are pieces of words.": (
            marks > MANY
        ),
        f"{capitals:.0%} of the words are capitalized. Use a dictionary that is capitalized alike, "
        "or vectors of lower-cased text.": capitals > MANY,
        f"Only {n:,} words; at least {FEW_WORDS:,} are needed for a broad dictionary.": (
            n < FEW_WORDS
        ),
        f"Only {facts['dimension']} dimensions; 100 to 300 are usual.": (
            facts["dimension"] < FEW_DIMENSIONS
        ),
        "No word has a letter: these are no words of a language.": not scripts,
        f"Words of several scripts: {', '.join(f'{k} {v:.0%}' for k, v in scripts.items())}.": (
            len(scripts) > 1 and max(scripts.values()) < 1 - MANY
        ),
        f"All vectors point the same way (mean cosine {facts['mean_cosine']:.2f}); centering, "
        "which is the default, takes that out.": facts["mean_cosine"] > NARROW,
    }
    return [text for text, applies in found.items() if applies]
