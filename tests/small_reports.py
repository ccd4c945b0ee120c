"""Reports of a few invented words, without vectors behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.contents import Contents
from alignx.reporting.dictionary import Dictionary, Direction
from alignx.reporting.hubs import Hub, Hubs
from alignx.reporting.quality_card import MeasuredAccuracy, QualityCard
from alignx.reporting.questions import Answer, Question, Questions
from alignx.reporting.reliability import Reliability
from alignx.reporting.uses import Use
from alignx.reporting.word_map import WordMap

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each word of the source translates to that of the target in the same row.
ENGLISH = ("house", "year", "song", "cat", "ano", "the house of cards", "résumé", "red", "blue")
SPANISH = ("casa", "año", "canción", "gato", "ojete", "naipes", "currículum", "rojo", "azul")
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(3)>',
    "'); alert(4); ('",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnikcatta\u202c",
    "\u2066\u2067unclosed",
    "nul\0and\x1b[31m\x85",
    "\ud800lone",
    "\u2028\u2029",
    "tab\tand\nnewline",
    "=HYPERLINK(1)",
    "مرحبا",
    "漢字",
    "👩‍👩‍👧",
    "x" * 10_000,
)


def direction(n: int, m: int, k: int, scores: Sequence[float]) -> Direction:
    """Answer row i by row i; the other answers and the neighbors follow it."""
    rows = np.arange(n)[:, None]
    answers = (rows + np.arange(k)) % m
    falling = np.asarray(scores, dtype=np.float32)[:, None] * 0.5 ** np.arange(k, dtype=np.float32)
    return Direction(answers, falling, (rows + 1 + np.arange(k)) % n)


def dictionary(source: Sequence[str], target: Sequence[str], k: int = 3) -> Dictionary:
    """Pair words row by row; probabilities fall from 0.9 to 0.1 with the rank."""
    n, m = len(source), len(target)
    forward = direction(n, m, k, np.linspace(0.9, 0.1, n).tolist())
    backward = direction(m, n, k, np.linspace(0.9, 0.1, m).tolist())
    return Dictionary(source, target, forward, backward, "probability")


def accuracy(right: int, n: int) -> Accuracy:
    return Accuracy.of_ranks(np.array([1] * right + [3] * (n - right)))


def small_report(
    source: Sequence[str] = ENGLISH, target: Sequence[str] = SPANISH, **changes: object
) -> Contents:
    """Make a report with every part that an alignment gives."""
    rng = np.random.default_rng(0)
    n, m = len(source), len(target)
    reasons: list[Any] = [("rare",), ("rare", "homograph"), ("oov",), ()]
    questions = [
        Question(
            word,
            row + 1,
            (target[row % m],),
            tuple(Answer(target[(row + 1 + i) % m], 0.5 / (i + 1)) for i in range(3)),
            1 if row == 0 else row + 1,
            () if row == 0 else reasons[row % 4],
        )
        for row, word in enumerate(source)
    ]
    card = QualityCard(
        "English",
        "Spanish",
        (n, m),
        "Procrustes from 7 known pairs",
        (
            MeasuredAccuracy("words of the test dictionary", "learned", accuracy(70, 100)),
            MeasuredAccuracy("words of the test dictionary", "csls", accuracy(60, 100)),
        ),
        0.9,
        (
            Use("Dictionaries that people check", True, "needs 50 %, has 70 %"),
            Use("Dictionaries that nobody checks", False, "needs 95 %, has 70 %"),
        ),
        ("7 pairs are few.",),
        failed=False,
    )
    bins = np.array([[0.2, 0.8], [0.25, 0.75], [0.1, 0.6], [0.4, 0.9]])
    values: dict[str, Any] = {
        "title": "English to Spanish",
        "languages": ("en", "es"),
        "card": card,
        "questions": Questions(
            tuple(questions),
            "learned",
            {"1 to 1,000": accuracy(3, n)},
            {"short": accuracy(3, n)},
            {},
        ),
        "reliability": Reliability(*bins, counts=np.array([40, 60]), error=0.05),
        "hubs": Hubs(
            np.arange(m), np.arange(m) // 2, 10, (2.0, 0.5), (Hub(target[0], 9, 3, (source[0],)),)
        ),
        "cosines": (
            rng.normal(0.5, 0.1, 50).astype(np.float32),
            rng.normal(0, 0.1, 50).astype(np.float32),
        ),
        "singular_values": (np.linspace(2, 1, 5), np.linspace(1.5, 0.5, 5)),
        "word_map": WordMap(
            source,
            target,
            rng.normal(size=(n, 2)).astype(np.float32),
            rng.normal(size=(m, 2)).astype(np.float32),
            np.array([(i, i) for i in range(min(n, m))]),
            "PCA",
        ),
        "dictionary": dictionary(source, target),
        "notes": ("Made from invented words.",),
    }
    return Contents(**{**values, **changes})
