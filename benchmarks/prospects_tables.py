"""Tables of the model of `alignx.prospects`."""

from __future__ import annotations

import json

from benchmarks.prospects_settings import MODEL, SIZES, whole_vocabularies
from benchmarks.tables import Row, table


def errors(_: list[Row]) -> str:
    """Errors on what was left out of the fit, a line for each number of pairs."""
    body = []
    for size in json.loads(MODEL.read_text())["sizes"]:
        by_pair, by_corpus = size["errors"]
        told = size["success_errors"]
        body.append(
            [
                f"{size['pairs']:,}",
                f"{size['n_success']} of {size['n']}",
                *(
                    f"{each['mean_absolute_error']:.1%}, {each['largest_error']:.1%}, "
                    f"{each['coverage']:.0%}"
                    for each in (by_pair, by_corpus)
                ),
                f"{told['right']} of {told['n']}",
            ]
        )
    head = ["pairs", "succeeded", "left-out pair", "left-out vectors", "success foreseen"]
    return table(head, body)


def accuracies(rows: list[Row]) -> str:
    """P@1 of each setting, in the order in which they were measured."""
    found: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows + whole_vocabularies():
        found.setdefault((row["source"], row["target"]), {})[row["pairs"]] = row
    body = [
        [f"`{source}`", f"`{target}`", *(_percent(of.get(size)) for size in SIZES)]
        for (source, target), of in found.items()
    ]
    return table(["source", "target", *(f"{size:,} pairs" for size in SIZES)], body)


def _percent(row: Row | None) -> str:
    return "" if row is None else f"{row['csls']:.1%}"
