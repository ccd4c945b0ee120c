"""Write the tables of benchmarks/README.md and README.md from the JSON of the benchmarks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from benchmarks.common import HERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]


def table(head: list[str], body: list[list[str]]) -> str:
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *body])


def megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.0f} MB"


def retrieval(rows: list[Row]) -> str:
    body = [
        [
            f"{r['job']}, {r['engine']}",
            f"{r['seconds']:.2f} s",
            f"{r['ratio']:.1f}x",
            "" if r["equal_to_faiss"] is None else f"{r['equal_to_faiss']:.4%}",
            megabytes(r["peak_memory"]),
        ]
        for r in rows
    ]
    head = ["20,000 x 80,000 x 300", "median of 5", "speed", "same indices", "memory beyond inputs"]
    return table(head, body)


def load(rows: list[Row]) -> str:
    body = [
        [
            f"{r['job']}, {r['engine']}",
            f"{r['seconds']:.2f} s" if r["seconds"] > 0.1 else f"{1000 * r['seconds']:.1f} ms",
            f"{r['ratio']:.1f}x" if "ratio" in r else "",
            megabytes(r.get("peak_memory")),
        ]
        for r in rows
    ]
    return table(["80,000 x 300", "median", "speed", "peak memory"], body)


def alignment(rows: list[Row]) -> str:
    jobs = list(dict.fromkeys(r["job"] for r in rows))
    body = []
    for engine in dict.fromkeys(r["engine"] for r in rows):
        mine = {r["job"]: r for r in rows if r["engine"] == engine}
        cells = [accuracy(mine[job]) for job in jobs]
        mean = sum(mine[job]["csls"]["p@1"] for job in jobs) / len(jobs)
        seconds = sum(mine[job]["seconds"] for job in jobs) / len(jobs)
        body.append([engine, *cells, f"{100 * mean:.1f}", f"{seconds:.1f} s"])
    first = {r["job"]: r for r in rows}
    words = ["test words, coverage"] + [
        f"{first[job]['csls']['n']:,}, {first[job]['coverage']:.1%}" for job in jobs
    ]
    return table(["method", *jobs, "mean", "fit"], [*body, [*words, "", ""]])


def accuracy(row: Row) -> str:
    low, high = row["csls"]["p@1_interval"]
    return f"{100 * row['csls']['p@1']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def machine(facts: Row) -> str:
    packages = ", ".join(f"{name} {v}" for name, v in facts["packages"].items() if v)
    return (
        f"{facts['cpu']}, {facts['cores']} cores, level {facts['simd']}, "
        f"Python {facts['python']}, {packages}."
    )


RENDERERS: dict[str, Callable[[list[Row]], str]] = {
    "retrieval": retrieval,
    "load": load,
    "alignment": alignment,
}


def fill(page: Path) -> None:
    """Replace what stands between the marks of each benchmark that the page has."""
    text = page.read_text()
    for name, renderer in RENDERERS.items():
        measured = json.loads((HERE / "results" / f"{name}.json").read_text())
        for mark, content in (
            (name, renderer(measured["rows"])),
            (f"{name} machine", machine(measured["machine"])),
        ):
            block = re.compile(rf"<!-- {mark} -->\n.*?<!-- end -->", re.DOTALL)
            filled = f"<!-- {mark} -->\n{content}\n<!-- end -->"
            text = block.sub(filled.replace("\\", r"\\"), text)
    page.write_text(text)


if __name__ == "__main__":
    for name in ("benchmarks/README.md", "README.md"):
        fill(HERE.parent / name)
