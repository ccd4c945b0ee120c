"""Write the tables of README.md, benchmarks/README.md and docs from the JSON of the benchmarks."""

from __future__ import annotations

import json
import re
import statistics
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks import (
    classification_tables,
    dictionary_tables,
    domain_tables,
    drift_tables,
    fasttext_tables,
    many_tables,
    mining_tables,
    parallel_tables,
    prospects_tables,
    search_tables,
    sentences_tables,
)
from benchmarks.common import HERE
from benchmarks.label_names_tables import label_names
from benchmarks.large_tables import large, large_dictionary, large_growth, large_recall
from benchmarks.tables import megabytes, of_job, seconds, table, times

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

WHOLE_JOBS = ("top-10", "CSLS-10 both ways", "mutual pairs")
BLOCK = re.compile(r"<!-- (?P<mark>[^>]+) -->\n.*?<!-- end -->", re.DOTALL)
NAMES = {"faiss": "faiss", "numpy": "VecMap's NumPy scheme"}


def retrieval(rows: list[Row]) -> str:
    """Each whole job against each peer, in a line."""
    body = []
    for job in WHOLE_JOBS:
        of_engines = {row["engine"]: row for row in of_job(rows, job)}
        if not of_engines:
            continue
        ours = of_engines.pop("alignx")
        for peer in of_engines.values():
            ratio = times(peer["seconds"] / ours["seconds"])
            name = f"{seconds(peer['seconds'])}, {engine_name(peer)}"
            body.append([job, seconds(ours["seconds"]), name, ratio])
    return table([sizes(rows), "alignx", "peer", "speed"], body)


def sizes(rows: list[Row]) -> str:
    first = of_job(rows, *WHOLE_JOBS)[0]
    plural = "s" if first["threads"] > 1 else ""
    shape = f"{first['n']:,} x {first['m']:,} x {first['d']}"
    return f"{shape}, {first['threads']} thread{plural}"


def engine_name(row: Row) -> str:
    name = NAMES[row["engine"]]
    share = row.get("extrapolated")
    return name if share is None else f"{name} (extrapolated from {share:.0%} of the batches)"


def retrieval_answers(rows: list[Row]) -> str:
    """What alignx's answers are worth and what they cost beside time."""
    body = [
        [
            row["job"],
            "yes" if row["exact"] else "no",
            f"{row['equal_to_faiss']:.4%}",
            f"{row['fallbacks']:,}",
            megabytes(row["peak_memory"]),
            f"{row['scratch_share']:.0%}",
        ]
        for row in of_job(rows, *WHOLE_JOBS)
        if "scratch_share" in row
    ]
    head = ["alignx", "exact", "same as faiss", "fallbacks", "peak memory", "scratch / inputs"]
    return table(head, body)


def retrieval_levels(rows: list[Row]) -> str:
    """Top-10 at each CPU level."""
    measured = of_job(rows, "top-10 by CPU level")
    peers = {row["engine"]: row["seconds"] for row in measured if row["engine"] != "alignx"}
    body = [
        [
            row["simd"],
            seconds(row["seconds"]),
            f"{seconds(peers[row['peer']])}, {row['peer']}",
            times(row["ratio"]),
        ]
        for row in measured
        if row["engine"] == "alignx"
    ]
    shape = f"{measured[0]['n']:,} x {measured[0]['m']:,}" if measured else ""
    return table([f"{shape}, level", "alignx", "peer", "speed"], body)


def retrieval_growth(rows: list[Row]) -> str:
    """Seconds, and the share of the machine's peak, by size, engine and number of threads."""
    measured = of_job(rows, "top-10 both ways")
    curves = list(dict.fromkeys((row["engine"], row["threads"]) for row in measured))
    cell = {(row["engine"], row["threads"], row["n"]): growth_cell(row) for row in measured}
    body = [
        [f"{n:,}", *(cell.get((*curve, n), "") for curve in curves)]
        for n in sorted({row["n"] for row in measured})
    ]
    slope = {(row["engine"], row["threads"]): row["slope"] for row in measured}
    body.append(["slope", *(f"{slope[c]:.2f}" if slope[c] else "" for c in curves)])
    head = [f"{engine}, {threads} thread{'s' * (threads > 1)}" for engine, threads in curves]
    return table(["rows of each language", *head], body)


def growth_cell(row: Row) -> str:
    share = "" if row["peak_share"] is None else f", {row['peak_share']:.0%}"
    return f"{seconds(row['seconds'])} ({row['gops']:.0f} GOP/s{share})"


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


def unsupervised(rows: list[Row]) -> str:
    """Each pair and method over all seeds, in a line."""
    body = []
    measured = [row for row in rows if row["part"] in ("success", "adversarial")]
    for mine in groups(measured):
        first = mine[0]
        accuracies = [100 * row["csls"]["p@1"] for row in mine]
        low, high = (100 * first["supervised_p@1"] * share for share in (0.9, 1))
        body.append(
            [
                f"{first['job']}, {first['engine']}",
                f"{sum(row['success'] for row in mine)} of {len(mine)}",
                f"{sum(row['success'] != row['failed'] for row in mine)} of {len(mine)}",
                spread(accuracies),
                f"{high:.1f} ({low:.1f})",
                f"{first['csls']['n']:,}, {first['coverage']:.1%}",
                f"{min(row['diagnosis']['agreement'] for row in mine):.2f}",
                f"{statistics.median(sum(row['rounds'].values()) for row in mine):.0f}",
                seconds(statistics.median(row["seconds"] for row in mine)),
            ]
        )
    head = ["pair, method", "seeds succeeded", "told so", "P@1 min / median / max"]
    head += ["supervised (90 %)", "test words, coverage", "least agreement", "rounds", "time"]
    return table(head, body)


def unsupervised_summary(rows: list[Row]) -> str:
    """Self-learning beside the supervised map, for readers who only want to know what to expect."""
    body = [
        [
            mine[0]["job"],
            f"{100 * statistics.median(row['csls']['p@1'] for row in mine):.1f}",
            f"{100 * mine[0]['supervised_p@1']:.1f}",
            f"{sum(row['success'] for row in mine)} of {len(mine)}",
            seconds(statistics.median(row["seconds"] for row in mine)),
        ]
        for mine in groups([row for row in rows if row["part"] == "success"])
    ]
    return table(["P@1", "no dictionary", "dictionary", "seeds succeeded", "time"], body)


def groups(rows: list[Row]) -> list[list[Row]]:
    """Rows of the same job and engine together."""
    names = dict.fromkeys((row["job"], row["engine"]) for row in rows)
    return [[row for row in rows if (row["job"], row["engine"]) == name] for name in names]


def spread(values: list[float]) -> str:
    return f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f}"


def unsupervised_controls(rows: list[Row]) -> str:
    """What cannot work, and what must."""
    body = []
    for mine in groups([row for row in rows if row["part"] == "impossible"]):
        agreements = [row["diagnosis"]["agreement"] for row in mine]
        accuracies = [100 * row["csls"]["p@1"] for row in mine if "csls" in row]
        body.append(
            [
                mine[0]["job"],
                mine[0]["must"],
                f"{sum(row['success'] for row in mine)} of {len(mine)}",
                f"{sum(row['failed'] for row in mine)} of {len(mine)}",
                f"{min(agreements):.3f} to {max(agreements):.3f}",
                f"{statistics.median(row['diagnosis']['criterion'] for row in mine):.2f}",
                spread(accuracies) if accuracies else "",
                seconds(statistics.median(row["seconds"] for row in mine)),
            ]
        )
    head = ["spaces", "must", "seeds that do", "refused", "agreement", "criterion", "P@1", "time"]
    return table(head, body)


def unsupervised_speed(rows: list[Row]) -> str:
    body = []
    measured = [row for row in rows if row["part"] == "speed"]
    for job in dict.fromkeys(row["job"] for row in measured):
        of_engines = {row["engine"]: row for row in of_job(measured, job)}
        peer, ours = of_engines["numpy"], of_engines["alignx"]
        loop = f"{seconds(peer['seconds'])} ({peer['rounds']} x {seconds(peer['round_seconds'])})"
        body.append([job, seconds(ours["seconds"]), loop, times(peer["ratio"])])
    threads = measured[0]["threads"] if measured else 0
    corner = f"{threads} thread{'s' * (threads != 1)}"
    return table([corner, "alignx, all of it", "NumPy, VecMap's scheme", "speed"], body)


def accuracy(row: Row) -> str:
    low, high = row["csls"]["p@1_interval"]
    return f"{100 * row['csls']['p@1']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def machine(facts: Row) -> str:
    packages = ", ".join(f"{name} {v}" for name, v in facts["packages"].items() if v)
    return (
        f"{facts['cpu']}, {facts['cores']} cores, level {facts['simd']}, "
        f"Python {facts['python']}, {packages}.{openblas(facts)}{peaks(facts)}"
    )


def openblas(facts: Row) -> str:
    tried = facts.get("openblas_seconds")
    if tried is None:
        return ""
    named = {name or "its own choice": value for name, value in tried.items()}
    fastest = min(named, key=lambda name: named[name])
    times_of_all = ", ".join(f"{name} {value:.2f} s" for name, value in named.items())
    return f" OpenBLAS of the peers: {fastest} (a small trial took {times_of_all})."


def peaks(facts: Row) -> str:
    if not facts.get("peaks"):
        return ""
    threads = max(facts["peaks"], key=int)
    rates = (f"{kind} {rate / 1e9:,.0f}" for kind, rate in facts["peaks"][threads].items())
    return f" Peak in GOP/s on {threads} threads: {', '.join(rates)}."


RENDERERS: dict[str, dict[str, Callable[[list[Row]], str]]] = {
    "retrieval": {
        "retrieval": retrieval,
        "retrieval answers": retrieval_answers,
        "retrieval levels": retrieval_levels,
        "retrieval growth": retrieval_growth,
    },
    "large": {
        "large": large,
        "large dictionary": large_dictionary,
        "large recall": large_recall,
        "large growth": large_growth,
    },
    "label_names": {"label_names": label_names},
    "classification": {
        "classification": classification_tables.summary,
        "classification spaces": classification_tables.spaces,
        "classification strategies": classification_tables.strategies,
        "classification oov": classification_tables.oov,
        "classification classes": classification_tables.classes,
        "classification speed": classification_tables.speed,
    },
    "dictionary": {
        "dictionary": dictionary_tables.default,
        "dictionary summary": dictionary_tables.summary,
        "dictionary steps": dictionary_tables.steps,
        "dictionary slices": dictionary_tables.slices,
        "dictionary probabilities": dictionary_tables.probabilities,
        "dictionary xling": dictionary_tables.xling,
    },
    "drift": {"drift": drift_tables.planted},
    "fasttext": {
        "fasttext training": fasttext_tables.training,
        "fasttext accuracy": fasttext_tables.accuracy,
        "fasttext unseen": fasttext_tables.unseen,
        "fasttext linear": fasttext_tables.linear,
        "fasttext agreement": fasttext_tables.agreement,
        "fasttext similarity": fasttext_tables.similarity,
        "fasttext memory": fasttext_tables.memory,
    },
    "load": {"load": load},
    "many": {
        "many accuracy": many_tables.accuracies,
        "many differences": many_tables.differences,
        "many literature": many_tables.literature,
        "many growth": many_tables.growth,
        "many memory": many_tables.memory,
        "many interrupted": many_tables.interrupted,
        "many procrustes": many_tables.procrustes,
    },
    "mining": {
        "mining": mining_tables.hidden,
        "mining documents": mining_tables.documents,
        "mining large": mining_tables.large,
    },
    "parallel": {"parallel": parallel_tables.accuracies},
    "domain": {"domain": domain_tables.domains},
    "bilingual": {"bilingual": parallel_tables.trained},
    "prospects": {
        "prospects": prospects_tables.accuracies,
        "prospects errors": prospects_tables.errors,
    },
    "search": {
        "search": search_tables.search,
        "search costs": search_tables.search_costs,
        "search yardstick": search_tables.search_yardstick,
    },
    "sentences": sentences_tables.RENDERERS,
    "alignment": {"alignment": alignment},
    "unsupervised": {
        "unsupervised": unsupervised,
        "unsupervised summary": unsupervised_summary,
        "unsupervised controls": unsupervised_controls,
        "unsupervised speed": unsupervised_speed,
    },
}


@cache
def content(mark: str) -> str | None:
    """Render what belongs behind a mark; None if its benchmark was not run."""
    for name, renderers in RENDERERS.items():
        file = HERE / "results" / f"{name}.json"
        if file.exists() and mark in (*renderers, f"{name} machine"):
            measured = json.loads(file.read_text())
            if mark in renderers:
                return renderers[mark](measured["rows"])
            return machine(measured["machine"])
    return None


def filled(block: re.Match[str]) -> str:
    made = content(block["mark"])
    return block[0] if made is None else f"<!-- {block['mark']} -->\n{made}\n<!-- end -->"


def main() -> None:
    root = HERE.parent
    for page in [HERE / "README.md", root / "README.md", *(root / "docs").rglob("*.md")]:
        before = page.read_text()
        after = BLOCK.sub(filled, before)
        if after != before:
            page.write_text(after)


if __name__ == "__main__":
    main()
