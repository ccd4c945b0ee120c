"""Vectors of two languages trained on sentence pairs alone (`ax.train_bilingual`).

P@1 by CSLS of words of MUSE's training dictionaries that the sentences have; no training sees them,
but the default parameters were chosen on them with Tatoeba. Sentences are those of bench_parallel,
whose word pairs of the same sentences are the alternative.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from typing import Any

import alignx as ax
from benchmarks.bench_parallel import figures, sentence_pairs
from benchmarks.common import data_directory, parser, save
from benchmarks.retrieval_data import note

SENTENCES = ("tatoeba", "flores", "help-10000")


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "bilingual.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--targets", default="es,de", help="target languages of English")
    options.add_argument("--help-pages", type=Path, help="folder of LibreOffice's unpacked help")
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows = []
    with ax.config_context(n_threads=options.threads):
        for name in SENTENCES if options.help_pages else SENTENCES[:-1]:
            for code in options.targets.split(","):
                rows.append(measured(code, name, options.help_pages))
                save(options.json, rows)
                note(str(rows[-1]))
    note(f"{options.json}: now run benchmarks/render.py")


def measured(code: str, name: str, help_pages: Path | None) -> dict[str, Any]:
    """Train on the sentences of a name and look up the words of the dictionary."""
    sentences = sentence_pairs(code, name, help_pages)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "en.vec", Path(folder) / f"{code}.vec"
        both = ax.train_bilingual(sentences, outputs)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lexicon = ax.Lexicon.load(data_directory() / "dictionaries" / "muse" / f"en-{code}.0-5000.txt")
    report = ax.evaluate(ax.SharedSpace(dict(zip(("en", code), both, strict=True))), lexicon)
    return {
        "target": code,
        "sentences": name,
        "count": len(sentences),
        "words": [len(each) for each in both],
        "coverage": report.coverage,
        "cpu_seconds": after.ru_utime - before.ru_utime,
        "csls": figures(report.csls),
    }


if __name__ == "__main__":
    main()
