"""Translations mined among sentences, and documents aligned, English with Spanish and German.

Parts:

mining     1,012 pairs of FLORES hidden among Wikipedia sentences of both languages;
documents  FLORES as a document, its sentences joined, left out and added at random;
large      Wikipedia sentences alone, English and Spanish: time and memory.
"""

from __future__ import annotations

import lzma
import random
import re
import resource
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.retrieval.margin import blockwise_neighbors, margin_candidates
from alignx.sentences.aligned_documents import Block
from alignx.sentences.encoder import SentenceEncoder
from alignx.sentences.mining import mine
from alignx.support.wilson import wilson_interval
from benchmarks.classification_data import spaces, vectors
from benchmarks.common import data_directory, parser, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

Row = dict[str, Any]

PARTS = ("mining", "documents", "large")
FLORES = {"en": "eng", "es": "spa", "de": "deu"}
METHOD = "reweighted"
KINDS = {"1-1": 0.7, "2-1": 0.1, "1-2": 0.1, "1-0": 0.05, "0-1": 0.05}
BINS = 10


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "mining.json")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options.add_argument("--others", type=int, default=20_000, help="Wikipedia sentences a side")
    options.add_argument(
        "--rows", type=int, nargs="+", default=[50_000, 100_000], help="sentences of the large part"
    )
    return options.parse_args()


def flores(code: str) -> list[str]:
    path = data_directory() / "parallel" / f"flores200.{FLORES[code]}.devtest"
    return path.read_text(encoding="utf-8").splitlines()


def wikipedia(code: str, count: int) -> list[str]:
    """Draw different sentences of 40 to 300 characters from the whole corpus."""
    path = data_directory() / "corpora" / f"wikipedia.{code}.txt.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    found: dict[str, None] = {}
    for line in lines:
        sentences = re.split(r"(?<=[.!?]) +", line.strip())
        found.update(dict.fromkeys(s for s in sentences if 40 <= len(s) <= 300))
    return random.Random(0).sample(list(found), count)


def f1(right: int, found: int, wanted: int) -> float:
    return 200 * right / (found + wanted)


def mining(code: str, encoder: SentenceEncoder, others: int) -> Row:
    """Mine hidden pairs; count all others as wrong, although Wikipedia holds some translations."""
    hidden = len(flores("en"))
    sides = []
    for language, seed in (("en", 1), (code, 2)):
        texts = flores(language) + wikipedia(language, others)
        order = np.random.default_rng(seed).permutation(len(texts))
        sides.append(([texts[row] for row in order], order))
    (source, source_order), (target, target_order) = sides

    def is_hidden(pairs: np.ndarray) -> np.ndarray:
        rows = source_order[pairs[:, 0]], target_order[pairs[:, 1]]
        return np.asarray((rows[0] == rows[1]) & (rows[0] < hidden))

    start = time.process_time()
    found = mine(source, target, encoder, min_probability=0)
    seconds = time.process_time() - start
    right = is_hidden(np.stack([found.source_rows, found.target_rows], axis=1))
    p = found.probabilities
    kept = int(np.count_nonzero(p >= 0.5))
    hits = int(right[:kept].sum())
    places = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = [abs(right[places == b].sum() - p[places == b].sum()) for b in range(BINS)]
    rows = [encoder.encode(t, language) for t, language in ((source, "en"), (target, code))]
    pairs, margins = margin_candidates(blockwise_neighbors(rows[0], rows[1], 4))
    best = np.argsort(-margins, kind="stable")
    margin_right = np.cumsum(is_hidden(pairs[best]))
    sizes = np.arange(1, len(best) + 1)
    return {
        "part": "mining",
        "pair": f"en-{code}",
        "hidden": hidden,
        "others": others,
        "found": kept,
        "f1": f1(hits, kept, hidden),
        "precision": hits / kept,
        "precision_interval": wilson_interval(hits / kept, kept),
        "recall": hits / hidden,
        "recall_interval": wilson_interval(hits / hidden, hidden),
        "expected_precision": float(p[:kept].mean()),
        "calibration_error": float(sum(gaps) / len(p)),
        "best_f1": max(f1(int(r), n + 1, hidden) for n, r in enumerate(np.cumsum(right))),
        "margin_best_f1": float((200 * margin_right / (sizes + hidden)).max()),
        "cpu_seconds": seconds,
    }


def documents(code: str, encoder: SentenceEncoder, seed: int) -> Row:
    """Align FLORES with itself, after changes of the sentences."""
    rng = np.random.default_rng(seed)
    given = flores("en"), flores(code)
    texts: tuple[list[str], list[str]] = [], []
    gold: list[Block] = []
    at = 0
    while at < len(given[0]):
        kind = rng.choice(list(KINDS), p=list(KINDS.values()))
        counts = [int(number) for number in kind.split("-")]
        size = max(counts)
        rows = []
        for side, count in enumerate(counts):
            own = given[side][at : at + size]
            new = [" ".join(own)] if count == 1 else own if count == 2 else []
            rows.append(tuple(range(len(texts[side]), len(texts[side]) + len(new))))
            texts[side].extend(new)
        gold.append(Block(rows[0], rows[1]))
        at += size
    found = ax.align_documents(texts[0], texts[1], encoder, languages=("en", code))
    wanted, blocks = ({b for b in each if all(b)} for each in (gold, found.blocks))
    return {
        "part": "documents",
        "pair": f"en-{code}",
        "seed": seed,
        "blocks": len(wanted),
        "f1": f1(len(wanted & blocks), len(blocks), len(wanted)),
    }


def large(encoder: SentenceEncoder, code: str, rows: int) -> Row:
    """Mine Wikipedia sentences alone; the peak is that of the process so far."""
    source, target = wikipedia("en", rows), wikipedia(code, rows)
    start = time.process_time()
    found = mine(source, target, encoder)
    seconds = time.process_time() - start
    return {
        "part": "large",
        "pair": f"en-{code}",
        "n": rows,
        "found": len(found),
        "cpu_seconds": seconds,
        "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def measured(options: argparse.Namespace) -> Iterator[Row]:
    for code, space in spaces(vectors(), METHOD).items():
        encoder = SentenceEncoder().fit(space)
        if "large" in options.parts and code == "es":  # first, as the peak is of the process
            for rows in sorted(options.rows):
                yield large(encoder, code, rows)
        if "documents" in options.parts:
            for seed in range(5):
                yield documents(code, encoder, seed)
        if "mining" in options.parts:
            yield mining(code, encoder, options.others)


def main() -> None:
    options = read_options()
    with ax.config_context(n_threads=options.threads):
        rows = []
        for row in measured(options):
            print(row, flush=True)
            rows.append(row)
            write(options.json, rows)


if __name__ == "__main__":
    main()
