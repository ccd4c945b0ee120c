"""Prospects of two languages before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.errors import AlignxError
from alignx.reporting.prospects.advice import advise, decide
from alignx.reporting.prospects.expectation import expect, features_of, unlike_measured
from alignx.reporting.prospects.facts import measure
from alignx.support.frames import Tabular
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from alignx.reporting.prospects.expectation import Expectation
    from alignx.reporting.prospects.language import LanguageFacts
    from alignx.reporting.prospects.pair import PairFacts
    from alignx.reporting.prospects.trial import Trial

__all__ = ["Prospects", "prospects"]

RARE = 0.005  # share of a script that is left out in print


@dataclass(frozen=True, eq=False, repr=False)
class Prospects(Tabular):
    """Prospects of two languages before any work; prints in plain words.

    Attributes
    ----------
    source, target : LanguageFacts
        Facts of each language.
    pair : PairFacts
        Facts of both together.
    trial : Trial
        Outcome of quick trials.
    expected : tuple of Expectation
        Accuracy to expect with 0, 500 and 5,000 known pairs.
    unlike : tuple of str
        Ways in which the languages differ from all that were measured; the expectation is then a
        guess.
    verdict : {"go", "go with 500 pairs", "go with 5,000 pairs", "try", "no go"}
        The cheapest way that is expected to work, as `Expectation` defines "go" and "try".
    advice : tuple of str
        What to do next, in plain words.
    """

    source: LanguageFacts
    target: LanguageFacts
    pair: PairFacts
    trial: Trial
    expected: tuple[Expectation, ...]
    unlike: tuple[str, ...]
    verdict: str
    advice: tuple[str, ...]

    @classmethod
    def of(cls, source: Any, target: Any) -> Prospects:  # noqa: ANN401  # what as_embeddings takes
        """Measure two languages; see `prospects`."""
        languages = as_embeddings(source), as_embeddings(target)
        for each in languages:
            if not each.vectors.any():
                raise AlignxError(
                    f"a language must have words with a vector, got {each.name}: all are zero"
                )
        facts = measure(*languages)
        features = features_of(facts)
        unlike = unlike_measured(facts, features)
        expected = expect(features, is_unlike=bool(unlike))
        advice = advise(expected, facts, unlike)
        return cls(*facts, expected, unlike, decide(expected), advice)

    def __repr__(self) -> str:
        return f"Prospects({self.source.name} -> {self.target.name}: {self.verdict})"

    def __str__(self) -> str:
        shape, trial = self.pair, self.trial
        sides = (self.source, self.target)
        facts = [
            f"{each.name}: {each.words:,} words, {each.dimension} dimensions, "
            f"{', '.join(f'{name} {x:.0%}' for name, x in each.scripts.items() if x >= RARE)}"
            f"; isotropy {each.isotropy:.2f}, hubness {each.hubness:.1f}"
            for each in sides
        ]
        related = shape.relational_similarity
        lines = [
            f"{self.source.name} to {self.target.name}: {self.verdict}",
            *(f"  {each}" for each in self.expected),
            *facts,
            f"{shape.identical:,} identical words; spectral similarity "
            f"{shape.spectral_similarity:.2f}, eigenvector gap {shape.eigenvector_gap:.2f}"
            + ("" if related is None else f", relational similarity {related:.2f}"),
            f"Trial without pairs: two runs agree on {trial.agreement:.0%}"
            + (
                ""
                if trial.identical_precision is None
                else f"; identical words: P@1 {trial.identical_precision:.0%} of {trial.asked:,}"
            ),
            *(f"Unlike all that was measured: {text}." for text in self.unlike),
            *(f"Warning: {text}" for text in self.warnings),
            *(f"Advice: {text}" for text in self.advice),
        ]
        return "\n".join(lines)

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
            "trial": self.trial.as_dict(),
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
    >>> found = ax.prospects(sample.source[:99], sample.target[:99])
    >>> found.source.scripts, found.pair.same_dimension
    ({'Latin': 1.0}, True)
    """
    return Prospects.of(source, target)
