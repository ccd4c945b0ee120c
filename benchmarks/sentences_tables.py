"""Tables of the benchmark of sentences."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.tables import Row, megabytes, table

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = [
    (code, direction, name)
    for code in ("es", "de")
    for direction, name in (("from_source", f"en-{code}"), ("from_target", f"{code}-en"))
]
SCORES = {"nn": "cosine", "csls": "CSLS", "margin": "ratio margin"}
TESTS = {"flores": "FLORES", "tatoeba": "Tatoeba"}


def accuracies(rows: list[Row], test: str) -> str:
    """P@1 by the ratio margin, a line for each encoder, those of the literature last."""
    found = of(rows, "accuracy", test=test)
    body = [
        [name, *(cell(found, name, code, direction, "margin") for code, direction, _ in COLUMNS)]
        for name in dict.fromkeys(row["variant"] for row in found)
    ]
    for row in of(rows, "literature", test=test):
        cells = [row["p@1"].get(name) for _, _, name in COLUMNS]
        body.append([row["variant"], *("" if p is None else f"{100 * p:.1f}" for p in cells)])
    return table(["P@1, ratio margin", *(name for _, _, name in COLUMNS)], body)


def scores(rows: list[Row]) -> str:
    """P@1 of the default by each score."""
    body = []
    for test, shown in TESTS.items():
        found = of(rows, "accuracy", test=test, variant="default")
        for score, name in SCORES.items():
            cells = (cell(found, "default", code, way, score) for code, way, _ in COLUMNS)
            body.append([f"{shown}, {name}", *cells])
    return table(["P@1 of the default", *(name for _, _, name in COLUMNS)], body)


def cost(rows: list[Row]) -> str:
    """Time and memory of each encoder."""
    body = [
        [
            f"{row['encoder']}, en-{row['target']}",
            f"{row['sentences']:,}",
            f"{row['first_cpu_seconds']:.0f} s",
            f"{1000 * row['cpu_seconds'] / row['sentences']:.2f} ms",
            megabytes(row["peak_memory"]),
        ]
        for row in of(rows, "cost")
    ]
    head = ["encoder", "sentences", "load, and all once", "then, a sentence", "peak memory"]
    return table(head, body)


def cell(rows: list[Row], variant: str, code: str, direction: str, score: str) -> str:
    for row in rows:
        if row["variant"] == variant and row["target"] == code:
            found = row[direction].get(score) or row[direction]["words"]
            low, high = (100 * end for end in found["p@1_interval"])
            return f"{100 * found['p@1']:.1f} [{low:.1f}, {high:.1f}]"
    return ""


def of(rows: list[Row], part: str, **named: str) -> list[Row]:
    wanted = {"part": part, **named}
    return [row for row in rows if wanted.items() <= row.items()]


RENDERERS: dict[str, Callable[[list[Row]], str]] = {
    "sentences flores": partial(accuracies, test="flores"),
    "sentences tatoeba": partial(accuracies, test="tatoeba"),
    "sentences dev": partial(accuracies, test="dev"),
    "sentences scores": scores,
    "sentences cost": cost,
}
