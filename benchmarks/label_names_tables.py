"""The table of the benchmark of label names."""

from __future__ import annotations

from benchmarks.tables import Row, table


def label_names(rows: list[Row]) -> str:
    """Accuracy and macro F1 of each classifier on each language, with intervals."""
    columns = [("es", "es"), ("de", "de"), ("es", "en")]
    body = []
    for name in dict.fromkeys(row["name"] for row in rows):
        found = {(row["space"], row["language"]): row for row in rows if row["name"] == name}
        cells = [
            share(found[at][kind], found[at][f"{interval}interval"])
            for at in columns
            for kind, interval in (("accuracy", ""), ("macro_f1", "macro_f1_"))
        ]
        # The language of its own labels is that of the space.
        body.append([name, *(cells if name != "own labels" else [*cells[:4], "", ""])])
    heads = [f"{code} {kind}" for _, code in columns for kind in ("accuracy", "macro F1")]
    return table(["", *heads], body)


def share(value: float, interval: list[float]) -> str:
    low, high = (100 * end for end in interval)
    return f"{100 * value:.1f} [{low:.1f}, {high:.1f}]"
