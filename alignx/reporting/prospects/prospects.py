"""Prospects of two languages before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.reporting.prospects.language import LanguageFacts
from alignx.reporting.prospects.pair import PairFacts
from alignx.support.frames import Tabular
from alignx.vectors.normalizer import Normalizer
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from alignx.reporting.prospects.expectation import Expectation

__all__ = ["FREQUENT", "Prospects", "prospects"]

FREQUENT = 5_000  # words that the shape of a language is measured on


@dataclass(frozen=True, eq=False, repr=False)
class Prospects(Tabular):
    """Prospects of two languages before any work; prints in plain words.

    Attributes
    ----------
    source, target : LanguageFacts
        Facts of each language.
    pair : PairFacts
        Facts of both together.
    expected : tuple of Expectation
        Accuracy to expect with 0, 500 and 5,000 known pairs.
    unlike : tuple of str
        Ways in which the languages differ from all that were measured; the expectation is then a
        guess.
    verdict : {"go", "go with a dictionary", "no go"}
        The cheapest way that is expected to work.
    advice : tuple of str
        What to do next, in plain words.
    """

    source: LanguageFacts
    target: LanguageFacts
    pair: PairFacts
    expected: tuple[Expectation, ...] = ()
    unlike: tuple[str, ...] = ()
    verdict: str = ""
    advice: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Any, target: Any) -> Prospects:  # noqa: ANN401  # what as_embeddings takes
        """Measure two languages; see `prospects`."""
        languages = as_embeddings(source), as_embeddings(target)
        normalized = tuple(
            Normalizer().fit_transform(each.vectors)[:FREQUENT] for each in languages
        )
        one, other = languages
        X, Y = normalized
        facts = (
            LanguageFacts.of(one, other, X, one.language or "source"),
            LanguageFacts.of(other, one, Y, other.language or "target"),
        )
        return cls(*facts, PairFacts.of(languages, (X, Y), facts))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of both languages, with their names."""
        return tuple(
            f"{side.name}: {text}" for side in (self.source, self.target) for text in side.warnings
        )

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each number of known pairs."""
        return [each.as_dict() for each in self.expected]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        return {
            "verdict": self.verdict,
            "expected": self.records(),
            "advice": list(self.advice),
            "unlike": list(self.unlike),
            "warnings": list(self.warnings),
            "source": self.source.as_dict(),
            "target": self.target.as_dict(),
            "pair": self.pair.as_dict(),
        }


def prospects(source: Any, target: Any) -> Prospects:  # noqa: ANN401  # what as_embeddings takes
    """Tell what to expect of two languages before any work.

    Parameters
    ----------
    source, target : Embeddings, path or object
        Vectors of each language, most frequent words first, or what `as_embeddings` converts.

    Returns
    -------
    Prospects

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> found = ax.prospects(sample.source, sample.target)
    >>> found.source.scripts, found.pair.same_dimension
    ({'Latin': 1.0}, True)
    """
    return Prospects.of(source, target)
