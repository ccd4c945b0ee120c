"""Tables of the benchmarks of sentence pairs."""

from __future__ import annotations

from itertools import groupby
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.tables import table

if TYPE_CHECKING:
    from benchmarks.tables import Row

COUNTS = {"flores": 1_012, "tatoeba": 1_000, "help-1000": 1_000, "help-10000": 10_000}
NAMES = {
    "flores": "FLORES",
    "tatoeba": "Tatoeba",
    "help-1000": "LibreOffice's help",
    "help-10000": "LibreOffice's help",
}
METHODS = {"model_1": "IBM model 1", "dice": "Dice"}


def accuracies(rows: list[Row]) -> str:
    """P@1 of each seed dictionary, a line for each; of random ones the mean over the seeds."""
    body = [
        [f"en-{same[0]['target']}, {_seeds(same)}", _precision(same[0]), *_accuracies(same)]
        for _, group in groupby(sorted(rows, key=_key), key=_key)
        for same in [list(group)]
    ]
    head = ["pairs", "right of those in MUSE", "known", "P@1, CSLS", "P@1, learned", "new, learned"]
    return table(head, body)


def trained(rows: list[Row]) -> str:
    """P@1 of vectors trained on sentence pairs, a line for each text."""
    body = [
        [
            f"en-{row['target']}, {_sentences(row['sentences'])}",
            " and ".join(f"{count:,}" for count in row["words"]),
            f"{100 * row['coverage']:.1f}",
            _share(row["csls"]),
            f"{row['cpu_seconds']:.0f}",
        ]
        for row in sorted(rows, key=lambda row: row["target"])
    ]
    return table(["sentences", "words", "MUSE pairs known, %", "P@1, CSLS", "CPU seconds"], body)


def _key(row: Row) -> tuple[str, ...]:
    """Sort by language, sentences and words; only the seeds of a line are equal."""
    learned = -sum(COUNTS[name] for name in (row["sentences"] or "").split("+") if name)
    return (
        row["target"],
        f"{learned + 100_000:06}",
        str(row["sentences"]),
        (row["method"] != "model_1" and str(row["method"])) or "",
        str(row["words"]),
    )


def _seeds(same: list[Row]) -> str:
    row, parts = same[0], []
    if row["sentences"]:
        parts.append(f"{_sentences(row['sentences'])}, {METHODS[row['method']]}")
    if row["words"]:
        of_seeds = f" (mean of {len(same)} seeds)" if len(same) > 1 else ""
        parts.append(f"{row['words']} random words{of_seeds}")
    return " and ".join(parts) or "none"


def _sentences(names: str) -> str:
    parts = names.split("+")
    total = sum(COUNTS[name] for name in parts)
    return f"{' and '.join(NAMES[name] for name in parts)} ({total:,} sentences)"


def _precision(row: Row) -> str:
    found = row.get("precision")
    return f"{100 * found['right'] / found['n']:.1f} of {found['n']:,}" if found else ""


def _accuracies(same: list[Row]) -> list[str]:
    pairs = f"{mean(row['pairs'] for row in same):,.0f}"
    if any(row["failed"] for row in same):
        return [pairs, "refused", "", ""]
    if len(same) == 1:
        return [pairs, *(_share(same[0][name]) for name in ("csls", "learned", "new_learned"))]
    names = ("csls", "learned", "new_learned")
    return [pairs, *(_range([row[name]["p@1"] for row in same]) for name in names)]


def _range(values: list[float]) -> str:
    return f"{100 * mean(values):.1f}, from {100 * min(values):.1f} to {100 * max(values):.1f}"


def _share(accuracy: Row) -> str:
    low, high = accuracy["p@1_interval"]
    return f"{100 * accuracy['p@1']:.1f} [{100 * low:.1f}, {100 * high:.1f}], n {accuracy['n']:,}"
