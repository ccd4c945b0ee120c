"""Prospects before any work as rows of plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from alignx.reporting.prospects.language import LanguageFacts
    from alignx.reporting.prospects.prospects import Prospects

__all__ = ["Fact", "facts_of_languages", "facts_of_pair", "outlook"]

SCRIPTS = 3  # to name


class Fact(NamedTuple):
    """A fact, what it means, and its value of each language or of the pair."""

    name: str
    meaning: str
    values: tuple[str, ...]


def outlook(prospects: Prospects) -> str:
    """Say in a sentence whether to begin."""
    verdict = prospects.verdict
    if verdict == "go":
        return "Go: no known pairs are needed"
    if verdict == "no go":
        return "No go: these vectors are too weak or too different"
    if verdict == "try":
        return "Worth a try, without certainty"
    return f"Go, {verdict.removeprefix('go ')}"


def facts_of_languages(prospects: Prospects) -> list[Fact]:
    """List the facts of both languages side by side."""
    sides = (prospects.source, prospects.target)

    def fact(name: str, meaning: str, *values: str) -> Fact:
        return Fact(name, meaning, values)

    return [
        fact("Words", "", *(f"{each.words:,}" for each in sides)),
        fact("Dimensions", "length of the vectors", *(f"{each.dimension:,}" for each in sides)),
        fact("Scripts", "share of words", *map(_scripts, sides)),
        fact("Duplicates", "words with the same vector", *(f"{x.duplicates:,}" for x in sides)),
        fact("Empty vectors", "", *(f"{each.zero_rows:,}" for each in sides)),
        fact(
            "Case variants",
            "words that are there in lower case too",
            *(f"{each.case_variants:,}" for each in sides),
        ),
        fact("Mean cosine", "0 is best", *(f"{each.mean_cosine:.2f}" for each in sides)),
        fact("Isotropy", "use of all dimensions; 1 is best", *(f"{x.isotropy:.2f}" for x in sides)),
        fact("Hubness", "0 means no hubs", *(f"{each.hubness:.1f}" for each in sides)),
    ]


def facts_of_pair(prospects: Prospects) -> list[Fact]:
    """List the facts of the pair."""
    pair, trial = prospects.pair, prospects.trial
    facts = [
        ("Identical words", "pairs for free, of which some are wrong", f"{pair.identical:,}"),
        ("Spectral similarity", "1 is best", f"{pair.spectral_similarity:.2f}"),
        ("Condition number", "1 is best", f"{pair.condition_number:.1f}"),
        ("Eigenvector gap", "0 is best", f"{pair.eigenvector_gap:.2f}"),
    ]
    if pair.relational_similarity is not None:
        relational = f"{pair.relational_similarity:.2f}"
        facts.append(("Relational similarity", "among identical words; 1 is best", relational))
    agreement = f"{100 * trial.agreement:.0f} %"
    facts.append(("Agreement of two trials", "of alignments without pairs", agreement))
    if trial.identical_precision is not None:
        share = f"{100 * trial.identical_precision:.0f} % of {trial.asked:,}"
        facts.append(("Identical words found again", "by a map fitted on others", share))
    return [Fact(name, meaning, (value,)) for name, meaning, value in facts]


def _scripts(language: LanguageFacts) -> str:
    named = list(language.scripts.items())[:SCRIPTS]
    return ", ".join(f"{name} {100 * share:.1f} %" for name, share in named)
