"""Verdict and advice from the accuracy to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.reporting.prospects.expectation import GO, SURE, TRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.reporting.prospects.expectation import Expectation
    from alignx.reporting.prospects.facts import Facts

__all__ = ["advise", "decide"]

LITTLE_GAIN = 0.03  # of P@1, which is about the error of a test dictionary of 1,500 words
FEW_WORDS = 10_000


def decide(expected: Sequence[Expectation]) -> str:
    """Name the cheapest way that is expected to work."""
    verdicts = {each.pairs: each.verdict for each in expected}
    if verdicts[0] == "go":
        return "go"
    for pairs, verdict in verdicts.items():
        if verdict == "go":
            return f"go with {pairs:,} pairs"
    return "try" if "try" in verdicts.values() else "no go"


def advise(expected: Sequence[Expectation], facts: Facts, unlike: Sequence[str]) -> tuple[str, ...]:
    """Name the next steps, the cheapest first."""
    none, *others = expected
    best = others[-1]
    enough = next((each for each in expected if each.verdict == "go"), None)
    found = []
    if unlike:
        found.append(
            "No languages like these were measured, so the figures are a guess. Align with a small "
            "dictionary and look at the held-out accuracy."
        )
    if none.verdict != "no go":
        found.append("Align without a dictionary; the command tells whether it worked.")
    if enough is not none:
        first = "If it does not work, collect" if none.verdict == "try" else "Collect"
        if enough is not None:
            found.append(f"{first} {enough.pairs:,} pairs of frequent words, then align.")
        elif best.precision >= TRY:
            found.append(
                f"{first} {best.pairs:,} pairs of frequent words, and read the translations "
                "before use."
            )
    if enough is not None:
        more = [each for each in others if each.pairs > enough.pairs]
        if more and more[-1].precision < enough.precision + LITTLE_GAIN:
            found.append("More pairs than that gain little.")
    if none.success < SURE and (facts.trial.identical_precision or 0) >= TRY:
        found.append("Identical words may serve as pairs: try --identical before you collect.")
    if best.precision < GO:
        found.append(
            "Train the vectors on more text, of the same kind in both languages: no dictionary "
            "makes up for weak vectors."
        )
    short = [each for each in (facts.source, facts.target) if each.words < FEW_WORDS]
    if short:
        sizes = " and ".join(f"{each.words:,} words of {each.name}" for each in short)
        found.append(f"Keep more words: {sizes} leave many without a translation.")
    return tuple(found)
