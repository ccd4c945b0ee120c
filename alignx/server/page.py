"""Page of a dictionary that a server answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.reporting.page.document import Document, document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["served_page"]

SCRIPTS = ("theme.js", "words.js", "packed.js", "dictionary.js", "served.js")
SCALES = {
    "probability": "The bar is the probability that the translation is right.",
    "csls": "The number is CSLS, a similarity; higher is better.",
    "cosine": "The number is the cosine, a similarity; 1 is the highest.",
    "isf": "The number is the cosine less the bias of inverted softmax; higher is better.",
    "hnn": "The number is the cosine less the bias of hubless neighbors; higher is better.",
}


def served_page(facts: Mapping[str, Any], example: str) -> Document:
    """Write the page of a dictionary from the facts of `/api/info` and a word as example."""
    first, second = facts["languages"]
    languages = [
        {**side, "color": color, "scale": _scale(side, facts["languages"])}
        for side, color in ((first, "of-source"), (second, "of-target"))
    ]
    sizes = (
        f"{first['words']:,} words of {first['name']} and {second['words']:,} of {second['name']}"
    )
    text, policy = document(
        "served.html",
        styles=("dictionary.css",),
        scripts=SCRIPTS,
        connect="'self'",
        data={"languages": languages},
        title=f"{first['name']} and {second['name']}",
        lead=f"{sizes}. {_quality(facts['map'])}".strip(),
        warnings=["The map failed its check: answers are no better than chance."]
        if facts["map"] and facts["map"]["failed"]
        else [],
        languages=languages,
        example=example,
        version=facts["version"],
    )
    return Document(text, f"{policy}; frame-ancestors 'none'")  # which no page can state itself


def _scale(side: Mapping[str, Any], sides: Sequence[Mapping[str, Any]]) -> str:
    """Explain the scores of a direction."""
    scale = SCALES[side["score"]]
    if side["score"] == "csls" and "probability" in [each["score"] for each in sides]:
        scale += " The map has probabilities for the other direction only."
    return scale


def _quality(facts: Mapping[str, Any] | None) -> str:
    """State the share of right first answers, with its interval, if it was measured."""
    measured = facts and facts["validation"]
    if not measured or not measured["n"]:
        return ""
    low, high = measured["p@1_interval"]
    return (
        f"The first answer by CSLS was right for {measured['p@1']:.0%} of {measured['n']:,} words "
        f"that the map had not seen (95 % interval {low:.0%} to {high:.0%})."
    )
