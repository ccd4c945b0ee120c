"""Maps from sentence pairs, beside maps from dictionaries and from no pairs.

`ax.lexicon_from_parallel` learns word pairs from FLORES (1,012 sentence pairs of news and
encyclopedia), Tatoeba (1,000 short ones), the help of LibreOffice (1,000 and 10,000 paragraphs,
with `--help-pages`; see `help_sentences`) and several together; `ax.align` fits a map on them, or
on 500 random words of MUSE's training dictionary, or on both, or without pairs. P@1 is on MUSE's
test dictionaries, over all words and over those that no pair of the map names.

Each row is written when it is measured, and not measured again: to do so, delete it or the file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.errors import AlignmentFailed
from benchmarks.common import data_directory, parser, save
from benchmarks.help_sentences import help_sentences
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from alignx.evaluation.accuracy import Accuracy

Row = dict[str, Any]

CODES = {"es": "spa", "de": "deu"}
SENTENCES = ("flores", "tatoeba", "flores+tatoeba")
HELP = ("help-10000", "help-1000", "help-10000+flores+tatoeba")  # of how many paragraphs
RANDOM_WORDS = 500


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "parallel.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--targets", default="es,de", help="target languages of English")
    options.add_argument("--seeds", default="0,1,2", help="seeds of the random dictionaries")
    options.add_argument("--help-pages", type=Path, help="folder of LibreOffice's unpacked help")
    return options.parse_args()


def main() -> None:
    options = read_options()
    rows: list[Row] = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    with ax.config_context(n_threads=options.threads):
        codes = options.targets.split(",")
        vectors = {
            code: ax.load(data_directory() / "vectors" / f"{code}.vec.gz")
            for code in ("en", *codes)
        }
        seeds = [int(seed) for seed in options.seeds.split(",")]
        names = SENTENCES if options.help_pages is None else (*HELP, *SENTENCES)
        for named in chain.from_iterable(zip(*(jobs(c, names, seeds) for c in codes), strict=True)):
            if not any(named.items() <= row.items() for row in rows):
                rows.append(named | measured(vectors, named, options.help_pages))
                save(options.json, rows)
                note(json.dumps(rows[-1]))
    note(f"{options.json}: now run benchmarks/render.py")


def jobs(code: str, names: tuple[str, ...], seeds: list[int]) -> list[Row]:
    """List the seed dictionaries of a pair of languages."""
    nothing: Row = {"target": code, "sentences": None, "method": None, "words": 0, "seed": None}
    random = [{"words": RANDOM_WORDS, "seed": seed} for seed in seeds]
    learned = {s: nothing | {"sentences": s, "method": "model_1"} for s in names}
    found = [*learned.values(), *(nothing | each for each in random), nothing]
    found += [learned[SENTENCES[-1]] | each for each in random]
    found += [learned[s] | random[0] for s in names[:1]]
    return found + [learned[s] | {"method": "dice"} for s in SENTENCES]


def measured(vectors: dict[str, ax.Embeddings], job: Row, help_pages: Path | None) -> Row:
    """Fit a map on the pairs of a job and evaluate it."""
    code = job["target"]
    muse = data_directory() / "dictionaries" / "muse"
    train = ax.Lexicon.load(muse / f"en-{code}.0-5000.txt")
    test = ax.Lexicon.load(muse / f"en-{code}.5000-6500.txt")
    pairs = [] if not job["words"] else sample(train, job["words"], job["seed"])
    facts: Row = {}
    if job["sentences"]:
        sentences = sentence_pairs(code, job["sentences"], help_pages)
        found = ax.lexicon_from_parallel(sentences, method=job["method"])
        facts = {"found": len(found), "precision": precision(found, train)}
        pairs = list(dict.fromkeys([*pairs, *found]))
    languages = vectors["en"], vectors[code]
    start = time.perf_counter()
    try:
        fitted = ax.align(*languages, lexicon=ax.Lexicon(pairs) if pairs else None)
    except AlignmentFailed:
        return facts | {"failed": True, "pairs": len(pairs)}
    facts |= {"failed": False, "pairs": fitted.pairs, "seconds": time.perf_counter() - start}
    report = ax.evaluate(fitted.apply(*languages), test)
    accuracies = {"csls": report.csls, "learned": report.more.get("learned", report.csls)}
    new = {f"new_{name}": report.new.get(name, each) for name, each in accuracies.items()}
    return facts | {name: figures(each) for name, each in (accuracies | new).items()}


def sentence_pairs(code: str, name: str, help_pages: Path | None) -> ax.SentencePairs:
    """Read the sources of a name with ``+`` between them."""
    read = [_source(code, part, help_pages) for part in name.split("+")]
    source = [text for each in read for text in each.source]
    return ax.SentencePairs(source, [text for each in read for text in each.target], name)


def _source(code: str, name: str, help_pages: Path | None) -> ax.SentencePairs:
    """Read FLORES, Tatoeba or a number of paragraphs of the help pages."""
    if name.startswith("help") and help_pages is not None:
        return help_sentences(help_pages, code, int(name.removeprefix("help-")))
    folder, code = data_directory() / "parallel", CODES[code]
    files = {
        "flores": ("flores200.eng.devtest", f"flores200.{code}.devtest"),
        "tatoeba": (f"tatoeba.{code}-eng.eng", f"tatoeba.{code}-eng.{code}"),
    }
    return ax.SentencePairs.load(*(folder / file for file in files[name]))


def sample(lexicon: ax.Lexicon, count: int, seed: int) -> list[tuple[str, str]]:
    """Take all translations of random source words."""
    words = list(dict.fromkeys(source for source, _ in lexicon))
    chosen = np.random.default_rng(seed).choice(len(words), count, replace=False)
    kept = {words[i] for i in chosen}
    return [pair for pair in lexicon if pair[0] in kept]


def precision(found: ax.Lexicon, gold: ax.Lexicon) -> Row:
    """Count right pairs among those whose source word is in MUSE's training dictionary."""
    answers = defaultdict(set)
    for source, target in gold:
        answers[source].add(target)
    judged = [(source, target) for source, target in found if source in answers]
    return {"n": len(judged), "right": sum(target in answers[source] for source, target in judged)}


def figures(accuracy: Accuracy) -> Row:
    return {
        "p@1": accuracy.precision[1],
        "n": accuracy.n,
        "p@1_interval": list(accuracy.interval),
    }


if __name__ == "__main__":
    main()
