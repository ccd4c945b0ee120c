"""Cells and tables of Markdown."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def table(head: list[str], body: list[list[str]]) -> str:
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *body])


def megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.0f} MB"


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f}x"


def of_job(rows: list[Row], *jobs: str) -> list[Row]:
    return [row for row in rows if row["job"] in jobs]
