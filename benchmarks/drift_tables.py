"""The table of the benchmark of semantic change."""

from __future__ import annotations

from benchmarks.tables import Row, table


def planted(rows: list[Row]) -> str:
    """Words that the permutation test finds, a line for each number of exchanged ones."""
    body = [
        [
            f"{row['language']}, {row['megabytes']:g} MB",
            f"{row['permutations']}",
            f"{row['words']:,}",
            f"{row['planted']}, {row['measurable']}",
            f"{len(row['found'])}",
            f"{len(row['false'])}",
            "" if (found := row["average_precision"]) is None else f"{found:.2f}",
        ]
        for row in rows
    ]
    head = [
        "text",
        "permutations",
        "words",
        "exchanged, of these compared",
        "found",
        "false",
        "average precision",
    ]
    return table(head, body)
