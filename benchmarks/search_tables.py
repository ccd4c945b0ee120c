"""Tables of the benchmark of document search."""

from __future__ import annotations

from benchmarks.tables import Row, megabytes, table

NAMES = {
    "dense": "vectors",
    "lexical": "translated terms",
    "fused": "both",
    "bm25": "BM25, query as it is",
    "bm25_dictionary": "BM25, first entry of the dictionary",
    "bm25_translated": "BM25, best translation by the map",
}
FIGURES = {"MRR": "mrr", "nDCG@10": "ndcg", "P@1": "precision"}


def search(rows: list[Row]) -> str:
    """MRR and nDCG@10 of each ranking and direction, with intervals."""
    found = {(row["method"], row["pair"]): row for row in rows if "yardstick" not in row}
    pairs = list(dict.fromkeys(row["pair"] for row in rows))
    body = [
        [f"{name}, {figure}", *(_share(found[method, pair], key) for pair in pairs)]
        for method, name in NAMES.items()
        for figure, key in FIGURES.items()
    ]
    return table(["", *pairs], body)


def search_costs(rows: list[Row]) -> str:
    """Time and size of each index."""
    body = [
        [
            f"{row['pair']}, {row['documents']:,} documents",
            f"{row['build_cpu_seconds']:.0f} s",
            megabytes(row["bytes"]),
            f"{1000 * row['first_query_cpu_seconds']:.0f} ms",
            f"{1000 * row['query_cpu_seconds']:.0f} ms",
            f"{1000 * row['query_in_batch_cpu_seconds']:.0f} ms",
        ]
        for row in rows
        if "bytes" in row
    ]
    return table(["", "build", "size", "first query", "next queries", "1,012 at once"], body)


def search_yardstick(rows: list[Row]) -> str:
    """Accuracy and time beside a transformer, on fewer documents."""
    names = {"fused": "alignx, both rankings", "e5": "multilingual-e5-small, 4 bits"}
    body = [
        [
            names[row["method"]],
            *(_share(row, key) for key in FIGURES.values()),
            f"{row['build_cpu_seconds']:.0f} s",
            f"{1000 * row['search_cpu_seconds'] / row['n']:.0f} ms",
        ]
        for row in rows
        if "yardstick" in row
    ]
    chosen = next((row for row in rows if "yardstick" in row), None)
    head = f"{chosen['pair']}, {chosen['documents']:,} documents" if chosen else ""
    return table([head, *FIGURES, "build", "query"], body)


def _share(row: Row, key: str) -> str:
    low, high = row["intervals"][key]
    return f"{100 * row[key]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
