"""The tables of the benchmark of fastText models."""

from __future__ import annotations

from benchmarks.tables import Row, megabytes, seconds, table


def of_part(rows: list[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def percent(found: Row, level: str = "p@1") -> str:
    if level != "p@1":
        return f"{100 * found[level]:.1f}"
    low, high = found["p@1_interval"]
    return f"{100 * found[level]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def training(rows: list[Row]) -> str:
    """Time and size of each training."""
    body = [
        [
            row["job"].removeprefix("train "),
            seconds(row["seconds"]),
            f"{row['words']:,}",
            megabytes(row["bytes"]),
            f"{row['parameters']['epoch']}",
            f"{row['parameters']['bucket']:,}",
        ]
        for row in of_part(rows, "train")
        if row["job"].startswith("train")
    ]
    return table(["24 MB of", "time", "words", "model", "epochs", "n-gram buckets"], body)


def accuracy(rows: list[Row]) -> str:
    """P@1 of Procrustes between the trained vectors."""
    body = [
        [
            f"{row['job']}{', refined' if row['refinement'] else ''}",
            percent(row["csls"]),
            percent(row["csls"], "p@5"),
            f"{row['csls']['n']:,}, {row['coverage']:.1%}",
        ]
        for row in of_part(rows, "train")
        if "csls" in row
    ]
    return table(["Procrustes", "P@1", "P@5", "test words, coverage"], body)


def unseen(rows: list[Row]) -> str:
    """Words of the test dictionary that the vocabulary has, and has not."""
    found = {row["job"]: row for row in of_part(rows, "unseen")}
    if not found:
        return ""
    seen, blind = found["seen"], found["unseen"]
    whole = blind["coverage_with_oov"]
    lines = [
        ("in the text", seen["csls"], seen["coverage"]),
        ("unseen, by their characters", blind["oov"]["OOV words"], whole),
        ("unseen, copied", blind["oov"]["OOV words, copied"], whole),
    ]
    body = [
        [name, percent(one), percent(one, "p@5"), f"{one['n']:,}", f"{share:.1%}"]
        for name, one, share in lines
    ]
    return table(["English words, into Spanish", "P@1", "P@5", "n", "coverage"], body)


def linear(rows: list[Row]) -> str:
    """What maps without centering cost."""
    measured = [row for row in of_part(rows, "linear") if "standard" in row]
    pairs = list(dict.fromkeys(row["job"] for row in measured))
    body: list[list[str]] = []
    for method in dict.fromkeys(row["method"] for row in measured):
        mine = {row["job"]: row for row in measured if row["method"] == method}
        body += [
            [f"{method}, {kind}", *(percent(mine[pair][kind]) for pair in pairs)]
            for kind in ("standard", "linear")
        ]
    n = {row["job"]: row["standard"]["n"] for row in measured}
    return table(["P@1", *pairs], [*body, ["n", *(f"{n[pair]:,}" for pair in pairs)]])


def agreement(rows: list[Row]) -> str:
    """Cosine of plain fastText with our own mapping."""
    body = [
        [row["job"].removeprefix("plain fastText, "), f"{row['n']:,}", f"{row['least']:.7f}"]
        for row in of_part(rows, "linear")
        if "least" in row
    ]
    return table(["es.aligned.bin in fastText", "n", "least cosine"], body)


def similarity(rows: list[Row]) -> str:
    """Correlation with human judgments, without phrases and with them."""
    body = []
    for row in of_part(rows, "phrases"):
        more = row["with_oov"]
        body.append(
            [
                row["job"].removeprefix("similarity "),
                f"{row['spearman']:.3f}",
                f"{row['n']} of {row['pairs']}",
                f"{more['spearman']:.3f}",
                f"{more['n']} of {more['pairs']}",
            ]
        )
    head = ["SemEval-2017", "Spearman, words", "pairs", "with phrases", "pairs"]
    return table(head, body)


def memory(rows: list[Row]) -> str:
    """Peak of commands on models of two million n-grams."""
    body = [
        [
            row["job"],
            megabytes(row["bytes"]),
            megabytes(row["peak_memory"]),
            f"{row['peak_memory'] / row['bytes']:.2f}",
            seconds(row["seconds"]),
        ]
        for row in of_part(rows, "memory")
    ]
    return table(["command", "models", "peak memory", "ratio", "time"], body)
