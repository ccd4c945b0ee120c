"""Small values of reports, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.classifier import ClassifierSection
from alignx.reporting.hubs import Hubs
from alignx.reporting.prospects.expectation import Expectation
from alignx.reporting.prospects.language import LanguageFacts
from alignx.reporting.prospects.pair import PairFacts
from alignx.reporting.prospects.prospects import Prospects
from alignx.reporting.prospects.trial import Trial
from alignx.reporting.prospects.vocabulary import Band
from alignx.reporting.reliability import Reliability
from alignx.reporting.word_map import WordMap
from alignx.semantic_change.result import Drift, DriftTest


def accuracy(right: int, n: int) -> Accuracy:
    return Accuracy.of_ranks(np.array([1.0] * right + [np.inf] * (n - right)))


def reliability(**changes: Any) -> Reliability:  # noqa: ANN401
    values = {
        "probability": [0.2, 0.5, 0.9],
        "share": [0.1, 0.5, 1.0],
        "low": [0.0, 0.3, 0.8],
        "high": [0.3, 0.7, 1.0],
        "counts": [10, 20, 30],
    } | changes
    return Reliability(**{name: np.array(value) for name, value in values.items()}, error=0.05)


def hubs(before: list[int], after: list[int]) -> Hubs:
    return Hubs(np.array(before), np.array(after), k=10, skewness=(1.0, 0.0), worst=())


def word_map(source: list[str], target: list[str], links: int) -> WordMap:
    rng = np.random.default_rng(3)
    one, other = (rng.standard_normal((len(words), 2), np.float32) for words in (source, target))
    pairs = np.stack([np.arange(links)] * 2, axis=1)
    return WordMap(source, target, one, other, pairs, "PCA")


def section(confusion: list[list[int]], *names: str) -> ClassifierSection:
    counts = np.array(confusion)
    by_class = {
        name: accuracy(int(row[number]), int(row.sum()))
        for number, (name, row) in enumerate(zip(names, counts, strict=True))
    }
    right = accuracy(int(counts.trace()), int(counts.sum()))
    return ClassifierSection(names, counts, right, by_class, {}, {}, ())


def facts(name: str, bands: dict[int, float], spectrum: list[float]) -> LanguageFacts:
    found = tuple(Band(1, last, last / 100, 0, 0, 0, 0, shared) for last, shared in bands.items())
    return LanguageFacts(
        name=name,
        words=max(bands),
        dimension=len(spectrum),
        scripts={"Latin": 1.0},
        bands=found,
        duplicates=0,
        zero_rows=0,
        case_variants=0,
        mean_cosine=0.1,
        isotropy=0.1,
        hubness=0.1,
        occurrences=np.array([1]),
        spectrum=np.array(spectrum),
        warnings=(),
    )


def made_prospects() -> Prospects:
    return Prospects(
        source=facts("en", {100: 0.5, 300: 0.25}, [0.8, 0.6]),
        target=facts("es", {100: 0.4, 250: 0.3}, [0.9, 0.3, 0.3]),
        pair=PairFacts(True, 10, 0.9, 2.0, 1.0, None),
        trial=Trial(0.5, None, 0),
        expected=(
            Expectation(0, 0.1, 0.0, 0.3, 0.2, "no go"),
            Expectation(500, 0.5, 0.4, 0.6, 1, "go"),
        ),
        unlike=(),
        verdict="go with 500 pairs",
        advice=(),
    )


def drift(words: list[str], scores: list[float], q_values: list[float] | None = None) -> Drift:
    """Two slices; the neighbors of a word are named after it."""
    column = np.array(scores)[:, None]
    test = None if q_values is None else DriftTest(19, np.array(q_values), np.array(q_values))
    near = tuple(((f"{w} old", "x", "y"), (f"{w} new", "x", "y")) for w in words)
    return Drift(("1900", "2000"), tuple(words), np.array(scores), column, column, near, test)
