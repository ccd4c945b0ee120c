"""The tables of the benchmark of many languages."""

from __future__ import annotations

from statistics import mean

from benchmarks.tables import Row, megabytes, seconds, table, times

PAIRS = ("en-es", "es-en", "en-de", "de-en", "es-de", "de-es")
RANKINGS = {"csls": "CSLS", "learned": "learned"}
BASELINE = "pairwise"


def of_part(rows: list[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def accuracies(rows: list[Row]) -> str:
    """P@1 of all ordered pairs, a line for each kind of maps and ranking."""
    found = of_part(rows, "accuracy")
    body = []
    for ranking, name in RANKINGS.items():
        for engine in dict.fromkeys(row["engine"] for row in found):
            by_pair = {row["job"]: row[ranking] for row in found if row["engine"] == engine}
            if all(by_pair.values()):
                average = f"{100 * mean(each['p@1'] for each in by_pair.values()):.1f}"
                cells = [_with_interval(by_pair[pair]) for pair in PAIRS]
                body.append([f"{engine}, {name}", *cells, average])
    return table(["maps, ranking", *PAIRS, "mean"], body)


def _with_interval(accuracy: Row) -> str:
    low, high = (100 * end for end in accuracy["p@1_interval"])
    return f"{100 * accuracy['p@1']:.1f} [{low:.1f}, {high:.1f}]"


def differences(rows: list[Row]) -> str:
    """Differences to the pairwise maps on the same questions."""
    if not of_part(rows, "difference"):
        return "Not measured yet: `python -m benchmarks.bench_many --stages accuracy`."
    found = of_part(rows, "difference")
    body = []
    for ranking, name in RANKINGS.items():
        of_ranking = [row for row in found if row["ranking"] == ranking]
        for engine in dict.fromkeys(row["engine"] for row in of_ranking):
            by_pair = {row["job"]: row for row in of_ranking if row["engine"] == engine}
            cells = [_difference(by_pair[pair]) if pair in by_pair else "" for pair in PAIRS]
            body.append([f"{engine}, {name}", *cells])
    return table([f"less {BASELINE}", *PAIRS], body)


def _difference(row: Row) -> str:
    found = row["difference"]
    low, high = (100 * end for end in found["interval"])
    star = " *" if found["p_adjusted"] < 0.05 else ""
    return f"{100 * found['value']:+.1f} [{low:+.1f}, {high:+.1f}]{star}, n {row['n']:,}"


def literature(rows: list[Row]) -> str:
    found = of_part(rows, "literature")
    body = []
    for engine in dict.fromkeys(row["engine"] for row in found):
        of = {row["job"]: row["csls"]["p@1"] for row in found if row["engine"] == engine}
        body.append([engine, *(f"{100 * of[pair]:.1f}" for pair in PAIRS[:4])])
    return table(["published, CSLS", *PAIRS[:4]], body)


def growth(rows: list[Row]) -> str:
    """Time and memory by the number of languages."""
    body = [
        [
            f"{row['languages']}",
            f"{row['words']:,}",
            f"{row['evidence']}",
            seconds(row["process_seconds"]),
            seconds(row["cpu_seconds"]),
            megabytes(row["peak_memory"]),
            megabytes(row["peak_private"]),
            f"{_with_interval(row['csls'])}, n {row['csls']['n']:,}"
            f"{' (with one)' if row['has_dictionary'] else ''}",
            f"{100 * row['least']:.1f}",
        ]
        for row in sorted(of_part(rows, "growth"), key=lambda row: (row["words"], row["languages"]))
    ]
    head = [
        *("languages", "words of each", "pairs with evidence", "time", "processor time"),
        *("peak memory", "without mapped files", "P@1 without a dictionary", "worst pair"),
    ]
    return table(head, body)


def memory(rows: list[Row]) -> str:
    """Memory of a joint fit by the number of pairs of languages."""
    if not of_part(rows, "memory"):
        return "Not measured yet: `python -m benchmarks.bench_many --stages memory`."
    body = [
        [
            f"{row['languages']} x {row['rows']:,} x {row['dimension']}",
            f"{row['pairs']} of {row['paired']:,} words",
            megabytes(row["peak_memory"]),
            megabytes(row["peak_private"]),
        ]
        for row in of_part(rows, "memory")
    ]
    head = ["languages x rows x d", "pairs with evidence", "peak memory", "without mapped files"]
    return table(head, body)


def interrupted(rows: list[Row]) -> str:
    if not of_part(rows, "interrupted"):
        return "Not measured yet: `python -m benchmarks.bench_many --stages interrupted`."
    body = [
        [
            f"{row['languages']} of {row['words']:,} words",
            seconds(row["whole_seconds"]),
            seconds(row["killed_after"]),
            seconds(row["cpu_seconds"]),
            "the same" if row["same_maps"] else "others",
        ]
        for row in of_part(rows, "interrupted")
    ]
    head = ["processor time", "in one go", "killed after", "then", "maps"]
    return table(head, body)


def procrustes(rows: list[Row]) -> str:
    """Generalized Procrustes by alignx and by the peer."""
    found = of_part(rows, "peer")
    body = []
    for ours in (row for row in found if row["engine"] == "alignx"):
        same = [row for row in found if row["languages"] == ours["languages"]]
        theirs = next(row for row in same if row["engine"] == ours["peer"])
        body.append(
            [
                f"{ours['languages']} x {ours['n']:,} x {ours['d']}, {ours['threads']} threads",
                seconds(ours["seconds"]),
                f"{seconds(theirs['seconds'])}, {theirs['engine']}, {theirs['rounds']} rounds",
                times(ours["ratio"]),
                f"{theirs['loss'] / ours['loss']:.6f}",
            ]
        )
    return table(["languages x rows x d", "alignx", "peer", "speed", "its loss over ours"], body)
