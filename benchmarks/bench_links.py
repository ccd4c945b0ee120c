"""Word links of sentence pairs against the answers of the map that is learned from them.

P@1 of the words of MUSE's training dictionary that FLORES and Tatoeba link: by the links, and by
the map (CSLS and learned ranking) that was fitted on these links. It says whether links are
evidence beside the ranking.
"""

from __future__ import annotations

import argparse
from typing import Any

import alignx as ax
from alignx.support.wilson import wilson_interval
from benchmarks.bench_parallel import figures, sentence_pairs
from benchmarks.common import data_directory, parser, save
from benchmarks.retrieval_data import note

SENTENCES = "flores+tatoeba"


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "links.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--targets", default="es,de", help="target languages of English")
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows = []
    with ax.config_context(n_threads=options.threads):
        english = ax.load(data_directory() / "vectors" / "en.vec.gz")
        for code in options.targets.split(","):
            rows.append({"target": code, "sentences": SENTENCES, **measured(english, code)})
            save(options.json, rows)
            note(str(rows[-1]))


def measured(english: ax.Embeddings, code: str) -> dict[str, Any]:
    """Compare links and map on the linked words."""
    other = ax.load(data_directory() / "vectors" / f"{code}.vec.gz")
    links = ax.lexicon_from_parallel(sentence_pairs(code, SENTENCES, None))
    space = ax.align(english, other, lexicon=links).apply(english, other)
    muse = ax.Lexicon.load(data_directory() / "dictionaries" / "muse" / f"en-{code}.0-5000.txt")
    linked = {source: target for source, target in links if source in english and target in other}
    gold = [(s, t) for s, t in muse if s in linked and t in other]
    words = {source for source, _ in gold}
    known = set(gold)
    right = sum(pair in known for pair in linked.items()) / len(words)
    report = ax.evaluate(space, ax.Lexicon(gold))
    return {
        "links": {
            "p@1": right,
            "n": len(words),
            "p@1_interval": wilson_interval(right, len(words)),
        },
        "csls": figures(report.csls),
        "learned": figures(report.more.get("learned", report.csls)),
    }


if __name__ == "__main__":
    main()
