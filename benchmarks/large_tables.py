"""The tables of the benchmark of large dictionaries."""

from __future__ import annotations

from benchmarks.tables import Row, of_job, seconds, table, times


def of_part(rows: list[Row], *parts: str) -> list[Row]:
    return [row for row in rows if row["part"] in parts]


def gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def dictionaries(rows: list[Row]) -> list[Row]:
    return of_job(of_part(rows, "full", "two_million"), "mutual dictionary")


def duration(row: Row) -> str:
    share = row.get("extrapolated")
    return seconds(row["seconds"]) + ("" if share is None else f" (extrapolated from {share:.0%})")


def sampled(row: Row) -> str:
    if row["exact"]:
        return "all"
    return f"{row['sampled_recall']:.1%} ± {1.96 * row['sampled_recall_error']:.1%}"


def large(rows: list[Row]) -> str:
    """Exact and clustered, and the clustered one of twice as many words."""
    body = [
        [
            f"{row['m']:,}, {row['engine']}",
            duration(row),
            times(row["ratio"]),
            sampled(row),
            gigabytes(row["peak_memory"]),
        ]
        for row in dictionaries(rows)
    ]
    head = ["words of each language, index", "time", "speed", "best translations found"]
    return table([*head, "peak memory"], body)


def large_dictionary(rows: list[Row]) -> str:
    """The dictionaries step by step, and what they have in common with the exact one."""
    steps = ("rows", "cosine", "csls", "recall", "dictionary")
    measured = dictionaries(rows)
    lines = {
        "time": [duration(row) for row in measured],
        **{
            f"... {step}": [
                seconds(row["steps"][step]) if step in row["steps"] else "" for row in measured
            ]
            for step in steps
        },
        "extrapolated by square": [by_square(row) for row in measured],
        "speed": [times(row["ratio"]) for row in measured],
        "best translations found, sample": [sampled(row) for row in measured],
        "... of all words": [percent(row.get("best_found")) for row in measured],
        "pairs": ["" if row["pairs"] is None else f"{row['pairs']:,}" for row in measured],
        "... of the exact ones found": [percent(row.get("pairs_recall")) for row in measured],
        "... that are exact ones": [percent(row.get("pairs_precision")) for row in measured],
        "peak memory": [gigabytes(row["peak_memory"]) for row in measured],
    }
    head = [f"{row['m']:,}, {row['engine']}" for row in measured]
    return table(["words of each language", *head], [[name, *line] for name, line in lines.items()])


def by_square(row: Row) -> str:
    if "by_square_seconds" not in row:
        return ""
    return f"{seconds(row['by_square_seconds'])} (from {row['by_square_from']:,})"


def settings(row: Row) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in row["settings"].items())


def large_recall(rows: list[Row]) -> str:
    """Each index with each of its settings."""
    body = [
        [
            ", ".join(filter(None, [row["engine"], settings(row)])),
            seconds(row["build_seconds"]) if row["build_seconds"] > 0.001 else "",
            seconds(row["search_seconds"]),
            percent(row["recall@1"]),
            percent(row["recall@10"]),
            gigabytes(row["peak_memory"]),
        ]
        for row in of_part(rows, "recall")
    ]
    head = ["index", "build", "search", "nearest found", "10 nearest found", "peak memory"]
    return table(head, body)


def large_growth(rows: list[Row]) -> str:
    """Seconds and recall by size and index."""
    measured = of_part(rows, "growth")
    engines = list(dict.fromkeys(row["engine"] for row in measured))
    cell = {
        (row["engine"], row["n"]): f"{seconds(row['seconds'])} ({row['recall@10']:.1%})"
        for row in measured
    }
    body = [
        [f"{n:,}", *(cell.get((engine, n), "") for engine in engines)]
        for n in sorted({row["n"] for row in measured})
    ]
    slope = {row["engine"]: row["slope"] for row in measured}
    slopes = ["" if slope[engine] is None else f"{slope[engine]:.2f}" for engine in engines]
    return table(["words of each language", *engines], [*body, ["slope", *slopes]])
