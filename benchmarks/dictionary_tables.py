"""The tables of the benchmark of dictionaries of any size."""

from __future__ import annotations

from benchmarks.tables import Row, seconds, table

PAIRS = ("en-es", "es-en", "en-de", "de-en")
BEFORE = "reweighted, 2 rounds"  # a map from the known pairs alone, with CSLS

# What a line of the table of steps shows: title, part, engine, ranking.
STEPS = (
    ("Procrustes (MUSE's scheme without refinement)", "steps", "procrustes", "csls"),
    ("Procrustes, 5 rounds (MUSE's scheme)", "steps", "procrustes, 5 rounds", "csls"),
    ("RCSLS by fastText's `align.py`", "peer", "fastText, align.py", "csls"),
    ("VecMap's program, no dictionary", "peer", "VecMap, unsupervised, 28 rounds", "csls"),
    ("VecMap's program, supervised", "peer", "VecMap, supervised", "csls"),
    ("Reweighted (VecMap's supervised scheme)", "steps", "reweighted", "csls"),
    ("Reweighted, 2 rounds", "steps", BEFORE, "csls"),
    ("RCSLS, 2 rounds", "steps", "rcsls, 2 rounds", "csls"),
    ("Contrastive, 2 rounds", "steps", "contrastive, 2 rounds", "csls"),
    ("Ensemble, 2 rounds", "steps", "ensemble, 2 rounds", "csls"),
    ("default's map, nearest neighbors", "default", "default", "nn"),
    ("default's map, inverted softmax", "default", "default", "isf"),
    ("default's map, CSLS", "default", "default", "csls"),
    ("default, ranking without spelling", "default", "default", "without_spelling"),
    ("**default**", "default", "default", "learned"),
)
XLING = {
    "Procrustes, nearest neighbors": ("procrustes", "nn"),
    "RCSLS from Procrustes, nearest neighbors": ("rcsls", "nn"),
    "Reweighted (VecMap's scheme), nearest neighbors": ("reweighted", "nn"),
    "Reweighted, 5 rounds, nearest neighbors": ("reweighted, 5 rounds", "nn"),
    "default's map, nearest neighbors": ("default", "nn"),
    "default's map, CSLS": ("default", "csls"),
    "**default**, learned ranking": ("default", "learned"),
}


def of_part(rows: list[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def largest(rows: list[Row], part: str) -> list[Row]:
    """Rows of the largest dictionary, or of programs that had it."""
    mine = of_part(rows, part)
    most = max((row.get("size", 0) for row in mine), default=0)
    return [row for row in mine if row.get("size", most) == most]


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def with_interval(found: Row | None) -> str:
    if found is None or "p@1_interval" not in found:
        return "" if found is None else percent(found["p@1"])
    low, high = found["p@1_interval"]
    return f"{percent(found['p@1'])} [{percent(low)}, {percent(high)}]"


def mean(values: list[float]) -> float | None:
    """Mean over all pairs of languages, or None unless all are measured."""
    return sum(values) / len(values) if len(values) == len(PAIRS) else None


def mean_cell(rows: list[Row], ranking: str, level: str) -> str:
    """Mean accuracy; a refused map gives no dictionary, and counts as 0."""
    found = mean([figures(row, ranking).get(level, 0.0) for row in rows])
    refused = sum("refused" in row for row in rows)
    return "" if found is None else percent(found) + (f" ({refused} refused)" if refused else "")


def figures(row: Row, ranking: str) -> Row:
    """Return the accuracy by a ranking, that by CSLS where no ranking was learned."""
    found: Row = row.get(ranking) or row.get("csls", {})
    return found


def mean_time(rows: list[Row]) -> str:
    time = mean([row["seconds"] for row in rows])
    return "" if time is None else seconds(time)


def named(size: int) -> str:
    return f"{size:,}" if size else "none"


def sizes_of(rows: list[Row]) -> list[int]:
    return sorted({row["size"] for row in rows})


def summary(rows: list[Row]) -> str:
    """What to expect from a dictionary of each size."""
    mine = of_part(rows, "default")
    by_size = [[row for row in mine if row["size"] == size] for size in sizes_of(mine)]
    body = [
        [title, *(mean_cell(part, ranking, "p@1") for part in by_size)]
        for title, ranking in (("CSLS", "csls"), ("learned ranking", "learned"))
    ]
    body.append(["`align`", *map(mean_time, by_size)])
    return table(["known words", *map(named, sizes_of(mine))], body)


def default(rows: list[Row]) -> str:
    """The default in each direction, from each number of words."""
    body = []
    for row in of_part(rows, "default"):
        line = [f"{row['job']}, {named(row['size'])}"]
        if "refused" in row:
            body.append([*line, "refused", "", "", "", "", "", seconds(row["seconds"])])
            continue
        best = figures(row, "learned")
        body.append(
            [
                *line,
                percent(row["nn"]["p@1"]),
                with_interval(row["csls"]),
                with_interval(row.get("learned")),
                percent(best["p@5"]),
                percent(best["mrr"]),
                f"{best['n']:,}, {row['coverage']:.1%}",
                seconds(row["seconds"]),
            ]
        )
    head = ["known words", "P@1, NN", "P@1, CSLS", "P@1, learned", "P@5", "MRR"]
    return table([*head, "test words, coverage", "`align`"], body)


def steps(rows: list[Row]) -> str:
    """Each gain apart, with the largest dictionary."""
    body = []
    for title, part, engine, ranking in STEPS:
        found = [row for row in largest(rows, part) if row["engine"] == engine and ranking in row]
        if not found:
            continue
        of_pair = {row["job"]: row[ranking] for row in found}
        cells = [with_interval(of_pair.get(pair)) for pair in PAIRS]
        if part == "peer":
            rest = ["", "", "", seconds(found[0]["seconds"]) if found[0]["seconds"] else ""]
        else:
            rest = [mean_cell(found, ranking, level) for level in ("p@1", "p@5", "mrr")]
            rest.append(mean_time(found))
        body.append([title, *cells, *rest])
    return table(["P@1", *PAIRS, "mean", "P@5", "MRR", "time"], body)


def slices(rows: list[Row]) -> str:
    """Frequency bands and words that differ, before and now."""
    before = {row["job"]: row for row in largest(rows, "steps") if row["engine"] == BEFORE}
    now = {row["job"]: row for row in largest(rows, "default") if "slices" in row}
    pairs = [pair for pair in PAIRS if pair in before and pair in now]
    names = dict.fromkeys(name for pair in pairs for name in now[pair]["slices"])

    def cell(pair: str, name: str) -> str:
        one, other = (found[pair]["slices"].get(name) for found in (before, now))
        if not one or not other:
            return ""
        return f"{percent(one['p@1'])} / {percent(other['p@1'])} (n {other['n']:,})"

    body = [[name, *(cell(pair, name) for pair in pairs)] for name in ordered(list(names))]
    return table(["P@1, Reweighted, 2 rounds / default", *pairs], body)


def ordered(names: list[str]) -> list[str]:
    """Sort bands by their first rank; others stand last."""

    def first_rank(name: str) -> float:
        first = name.removeprefix("source rank ").split("-")[0].replace(",", "")
        return float(first) if first.isdigit() else float("inf")

    return sorted(names, key=first_rank)


def probabilities(rows: list[Row]) -> str:
    """Error of the probabilities, on all test words and on the rarer half."""
    mine = [row for row in of_part(rows, "default") if "probabilities" in row]
    found = {(row["job"], row["size"]): row["probabilities"] for row in mine}
    pairs = [pair for pair in PAIRS if any(pair == row["job"] for row in mine)]

    def errors(pair: str, size: int) -> list[float]:
        return [part["error"] for part in found.get((pair, size), {}).values()]

    body = []
    for size in sizes_of(mine):
        known = [each for pair in pairs if (each := errors(pair, size))]
        means = [sum(column) / len(known) for column in zip(*known, strict=True)]
        body.append([named(size), *(error_cell(errors(pair, size)) for pair in pairs)])
        body[-1].append(error_cell(means))
    return table(["known words", *pairs, "mean"], body)


def error_cell(errors: list[float]) -> str:
    return " / ".join(f"{error:.3f}" for error in errors)


def xling(rows: list[Row]) -> str:
    """Mean reciprocal rank on XLING's dictionary."""
    mine = of_part(rows, "xling")
    found = {(row["engine"], row["size"]): row for row in mine}
    body = []
    for title, (engine, ranking) in XLING.items():
        cells = [found.get((engine, size), {}).get(ranking) for size in sizes_of(mine)]
        if any(cells):
            body.append([title, *("" if cell is None else percent(cell["mrr"]) for cell in cells)])
    asked = {
        row["size"]: f"{row['csls']['n']:,}, {row['coverage']:.1%}" for row in mine if "csls" in row
    }
    body.append(["test pairs, coverage", *(asked.get(size, "") for size in sizes_of(mine))])
    return table(["MRR, known pairs", *map(named, sizes_of(mine))], body)
