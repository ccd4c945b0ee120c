"""The tables of the benchmark of classification."""

from __future__ import annotations

from benchmarks.tables import Row, table

COLUMNS = tuple((dataset, code) for dataset in ("sib200", "umsab") for code in ("es", "de"))
TITLES = {"sib200": "SIB-200", "umsab": "UMSAB"}
SUMMARY = {
    "oov": ("zero-shot", "zero-shot, own words, OOV dropped", "target-trained"),
    "strategies": ("unaligned", "majority"),
}


def of_part(rows: list[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def accuracy(row: Row | None, code: str) -> str:
    if row is None or code not in row["languages"]:
        return ""
    result = row["languages"][code]
    low, high = (100 * bound for bound in result["interval"])
    return f"{100 * result['accuracy']:.1f} [{low:.1f}, {high:.1f}]"


def gap(row: Row | None, code: str) -> str:
    return f"{100 * row['gaps'][code][0]:+.1f}" if row is not None and code in row["gaps"] else ""


def heads(before: str) -> list[str]:
    return [f"{before}{TITLES[dataset]} {code}" for dataset, code in COLUMNS]


def cells(rows: list[Row], name: str) -> list[str]:
    """Accuracy of a trial on every test set."""
    found = {row["dataset"]: row for row in rows if row["name"] == name}
    return [accuracy(found.get(dataset), code) for dataset, code in COLUMNS]


def gaps(rows: list[Row], name: str) -> list[str]:
    found = {row["dataset"]: row for row in rows if row["name"] == name}
    return [gap(found.get(dataset), code) for dataset, code in COLUMNS]


def spaces(rows: list[Row]) -> str:
    """Zero-shot accuracy of each method of alignment, that on English, and the gap."""
    rows = of_part(rows, "spaces")
    body = []
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        body.append([method, *cells(own, "zero-shot"), *gaps(own, "zero-shot"), *english(own)])
    return table(["map", *heads(""), *heads("gap, "), "English, SIB-200", "English, UMSAB"], body)


def english(rows: list[Row]) -> list[str]:
    """Mean accuracy on English, in the spaces of both targets."""
    found = [row["source"] for row in rows if row["name"] == "zero-shot"]
    means = (sum(x["accuracy"] for x in each.values()) / len(each) for each in found)
    return [f"{100 * mean:.1f}" for mean in means]


def strategies(rows: list[Row]) -> str:
    """Every strategy and bound, with what it gains over zero-shot on the mean of all sets."""
    rows = of_part(rows, "strategies")
    base = mean(rows, "zero-shot")
    body = []
    for name in dict.fromkeys(row["name"] for row in rows):
        own = mean(rows, name)
        gain = "" if name == "zero-shot" else f"{own - base:+.1f}"
        label = name + recognized(rows, name)
        body.append([label, *cells(rows, name), f"{own:.1f}", gain, *fit(rows, name)])
    return table(["", *heads(""), "mean", "gain", "fit"], body)


def recognized(rows: list[Row], name: str) -> str:
    """How often the language is recognized, where it is to be hidden."""
    shares = [
        facts["discriminator_accuracy"]
        for row in rows
        if row["name"] == name
        for facts in row["facts"].values()
        if "discriminator_accuracy" in facts
    ]
    return f" ({min(shares):.0%} to {max(shares):.0%} recognized)" if shares else ""


def mean(rows: list[Row], name: str) -> float:
    """Mean accuracy over test sets, in percent."""
    found = {row["dataset"]: row for row in rows if row["name"] == name}
    values = [
        found[dataset]["languages"][code]["accuracy"]
        for dataset, code in COLUMNS
        if dataset in found
    ]
    return 100 * float(sum(values)) / len(values)


def fit(rows: list[Row], name: str) -> list[str]:
    seconds = [row["fit_seconds"] for row in rows if row["name"] == name]
    return [f"{sum(seconds) / len(seconds):.1f} s" if any(seconds) else ""]


def summary(rows: list[Row]) -> str:
    """What a reader wants to know first."""
    body = [
        [name, *cells(of_part(rows, part), name)]
        for part, names in SUMMARY.items()
        for name in names
    ]
    return table(["", *heads("")], body)


def oov(rows: list[Row]) -> str:
    """Accuracy without translations and with OOV words dropped, and what both bring."""
    rows = of_part(rows, "oov")
    names = [name for name in dict.fromkeys(row["name"] for row in rows) if name != "gain"]
    gained = {row["dataset"]: row["languages"] for row in rows if row["name"] == "gain"}
    last = ["gain", *(paired(gained[dataset][code]) for dataset, code in COLUMNS)]
    return table(["", *heads("")], [*([name, *cells(rows, name)] for name in names), last])


def paired(found: Row) -> str:
    low, high = (100 * bound for bound in found["interval"])
    return f"{100 * found['gain']:+.1f} [{low:+.1f}, {high:+.1f}], p = {found['p']:.3f}"


def classes(rows: list[Row]) -> str:
    """F1 of each class by the ensemble."""
    found = [row for row in of_part(rows, "strategies") if row["name"] == "ensemble"]
    body = [
        [TITLES[row["dataset"]], name, *(f1(row, code, name) for code in ("es", "de"))]
        for row in found
        for name in row["languages"]["es"]["classes"]
    ]
    return table(["", "class", "es", "de"], body)


def f1(row: Row, code: str, name: str) -> str:
    return f"{100 * row['languages'][code]['classes'][name]['f1']:.1f}"


def speed(rows: list[Row]) -> str:
    """Times and sizes."""
    body = []
    for row in of_part(rows, "speed"):
        if "rate" in row:
            value = f"{row['seconds']:.2f} s, {row['rate']:,.0f} a second"
        elif "bytes" in row:
            value = f"{row['bytes'] / 1000:,.1f} kB"
        elif row["seconds"] < 0.1:
            value = f"{1000 * row['seconds']:.2f} ms"
        else:
            value = f"{row['seconds']:.2f} s"
        body.append([row["job"], value])
    return table(["", ""], body)
