"""Tables of the benchmark of sentence pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.tables import table

if TYPE_CHECKING:
    from benchmarks.tables import Row

COUNTS = {"flores": 1_012, "tatoeba": 1_000, "flores+tatoeba": 2_012}
NAMES = {"flores": "FLORES", "tatoeba": "Tatoeba", "flores+tatoeba": "FLORES and Tatoeba"}
METHODS = {"model_1": "IBM model 1", "dice": "Dice"}


def accuracies(rows: list[Row]) -> str:
    """P@1 of each seed dictionary, a line for each."""
    body = [
        [f"en-{row['target']}, {_seeds(row)}", _precision(row), *_accuracies(row)]
        for row in sorted(rows, key=lambda row: row["target"])
    ]
    head = ["pairs", "right of those in MUSE", "known", "P@1, CSLS", "P@1, learned", "new, learned"]
    return table(head, body)


def _seeds(row: Row) -> str:
    parts = []
    if row["sentences"]:
        count, method = COUNTS[row["sentences"]], METHODS[row["method"]]
        parts.append(f"{NAMES[row['sentences']]} ({count:,} sentences), {method}")
    if row["words"]:
        parts.append(f"{row['words']} random words, seed {row['seed']}")
    return " and ".join(parts) or "none"


def _precision(row: Row) -> str:
    found = row.get("precision")
    return f"{100 * found['right'] / found['n']:.1f} of {found['n']:,}" if found else ""


def _accuracies(row: Row) -> list[str]:
    if row["failed"]:
        return [f"{row['pairs']:,}", "refused", "", ""]
    return [
        f"{row['pairs']:,}",
        *(_share(row[name]) for name in ("csls", "learned", "new_learned")),
    ]


def _share(accuracy: Row) -> str:
    low, high = accuracy["p@1_interval"]
    return f"{100 * accuracy['p@1']:.1f} [{100 * low:.1f}, {100 * high:.1f}], n {accuracy['n']:,}"
