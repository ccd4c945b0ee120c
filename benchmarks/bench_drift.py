"""The permutation test of `ax.drift_of_texts` on real text with planted changes.

The paragraphs of the first megabytes of a Wikipedia text are dealt at random to two slices, so no
word has changed. Then pairs of words exchange their places in the second slice: these must be
found, and no others. Without an exchange nothing must be found.

Each row is written when it is measured, and not measured again: to do so, delete it or the file.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import average_precision_score

import alignx as ax
from benchmarks.common import data_directory, parser, save
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.semantic_change.result import Drift

Row = dict[str, Any]

WORD = re.compile(r"\w+")
Q = 0.05
RANKS = slice(100, 2_000)  # of the words that are exchanged
SHUFFLED, DRAWN, TESTED = 19, 20, 21  # seeds


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "drift.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--language", default="en")
    options.add_argument("--megabytes", type=float, default=6, help="of text")
    options.add_argument("--permutations", type=int, default=19)
    options.add_argument("--planted", default="20,0", help="numbers of exchanged words")
    options.add_argument("--work", type=Path, help="folder that keeps what is done")
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows: list[Row] = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        for planted in map(int, options.planted.split(",")):
            named = {name: getattr(options, name) for name in ("language", "megabytes")}
            named |= {"permutations": options.permutations, "planted": planted}
            if not any(named.items() <= row.items() for row in rows):
                rows.append(named | measured(options, planted, folder / f"planted-{planted}"))
                save(options.json, rows)
                note(json.dumps(rows[-1]))
    note(f"{options.json}: now run benchmarks/render.py")


def measured(options: argparse.Namespace, planted: int, folder: Path) -> Row:
    """Train, test, and count the words that were found rightly and wrongly."""
    slices = halves(paragraphs(options.language, options.megabytes))
    exchanged = drawn(slices, planted)
    slices[1] = [WORD.sub(lambda found: _other(found[0], exchanged), line) for line in slices[1]]
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: folder / f"{name}.txt" for name in ("then", "now")}
    for path, lines in zip(texts.values(), slices, strict=True):
        path.write_text("".join(lines))
    found = ax.drift_of_texts(
        texts,
        permutations=options.permutations,
        n_jobs=options.threads,
        seed=TESTED,
        work=folder / "work",
    )
    return counted(found, set(exchanged))


def paragraphs(language: str, megabytes: float) -> list[str]:
    """Read the first paragraphs of a language's text."""
    path = data_directory() / "corpora" / f"wikipedia.{language}.txt.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return list(_up_to(file, int(megabytes * 1e6)))


def _up_to(lines: Iterable[str], size: int) -> Iterable[str]:
    for line in lines:
        size -= len(line.encode())
        if size < 0:
            return
        yield line


def halves(lines: list[str]) -> list[list[str]]:
    """Deal lines at random to two slices."""
    order = np.random.default_rng(SHUFFLED).permutation(len(lines))
    middle = len(lines) // 2
    return [[lines[row] for row in rows] for rows in (order[:middle], order[middle:])]


def drawn(slices: list[list[str]], number: int) -> dict[str, str]:
    """Draw frequent words, and pair each with another of like frequency."""
    counts = Counter(
        word for part in slices for line in part for word in WORD.findall(line.lower())
    )
    frequent = [word for word, _ in islice(counts.most_common(), RANKS.start, RANKS.stop)]
    frequent = [word for word in frequent if word.isalpha()]
    rows = np.random.default_rng(DRAWN).choice(len(frequent), number, replace=False)
    words = [frequent[row] for row in np.sort(rows)]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    return dict(pairs) | {other: word for word, other in pairs}


def _other(word: str, exchanged: dict[str, str]) -> str:
    return exchanged.get(word.lower(), word)


def counted(found: Drift, planted: set[str]) -> Row:
    called = found.significant(Q)
    is_planted = np.array([word in planted for word in found.words])
    return {
        "words": len(found),
        "measurable": int(is_planted.sum()),
        "found": sorted(planted.intersection(called)),
        "missed": sorted(planted.difference(called)),
        "false": sorted(set(called) - planted),
        "average_precision": float(average_precision_score(is_planted, found.scores))
        if is_planted.any()
        else None,
        "smallest_q": float(found.test.q_values.min()) if found.test is not None else None,
    }


if __name__ == "__main__":
    main()
