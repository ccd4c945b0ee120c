"""Tables of the benchmark of mining."""

from __future__ import annotations

from collections import defaultdict
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.tables import table

if TYPE_CHECKING:
    from benchmarks.tables import Row


def hidden(rows: list[Row]) -> str:
    """Accuracy of mined pairs, a line for each pair of languages."""
    body = [
        [
            row["pair"],
            f"{row['f1']:.1f}",
            _interval(row["precision"], row["precision_interval"], row["found"]),
            f"{100 * row['expected_precision']:.1f}",
            _interval(row["recall"], row["recall_interval"], row["hidden"]),
            f"{100 * row['calibration_error']:.1f}",
            f"{row['margin_best_f1']:.1f}",
        ]
        for row in rows
        if row["part"] == "mining"
    ]
    head = [
        *("pair", "F1", "precision", "as estimated", "recall", "calibration error"),
        "F1 of the margin alone, best threshold",
    ]
    return table(head, body)


def documents(rows: list[Row]) -> str:
    """F1 of aligned blocks, over seeds."""
    by_pair = defaultdict(list)
    for row in rows:
        if row["part"] == "documents":
            by_pair[row["pair"]].append(row)
    body = [
        [
            pair,
            f"{mean(row['f1'] for row in own):.1f}",
            f"{min(row['f1'] for row in own):.1f} to {max(row['f1'] for row in own):.1f}",
            f"{mean(row['blocks'] for row in own):.0f}",
        ]
        for pair, own in by_pair.items()
    ]
    return table(["pair", "F1, mean of 5 seeds", "lowest to highest", "blocks"], body)


def large(rows: list[Row]) -> str:
    """Time and memory of many sentences."""
    body = [
        [
            f"{row['n']:,} x {row['n']:,}",
            f"{row['cpu_seconds']:.0f} s",
            f"{1000 * row['cpu_seconds'] / row['n']:.1f} ms",
            f"{row['peak_memory'] / 1e9:.1f} GB",
            f"{row['found']:,}",
        ]
        for row in rows
        if row["part"] == "large"
    ]
    return table(["sentences", "CPU time", "a sentence", "peak memory", "pairs found"], body)


def _interval(value: float, interval: tuple[float, float], n: int) -> str:
    low, high = interval
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}], n {n:,}"
