"""Table of vectors continued on texts of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.tables import table

if TYPE_CHECKING:
    from benchmarks.tables import Row


def domains(rows: list[Row]) -> str:
    """Accuracy of classifiers and P@1 of words, a line for each vectors."""
    body = [
        [
            row["vectors"],
            f"{row['words']:,}",
            _accuracy(row["zero_shot"]),
            _accuracy(row["target_trained"]),
            f"{100 * row['csls']['p@1']:.1f}",
        ]
        for row in rows
    ]
    return table(["German vectors", "words", "zero-shot", "target-trained", "P@1, CSLS"], body)


def _accuracy(result: Row) -> str:
    low, high = result["interval"]
    return f"{100 * result['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
