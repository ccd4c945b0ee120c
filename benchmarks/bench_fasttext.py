"""fastText models: trained on small texts, read, mapped, and asked for OOV words and phrases.

Parts:

train    English and Spanish on the samples of 24 MB, and Procrustes between them;
unseen   1,000 words of the test dictionary, translated by their characters: unseen by the
         vocabulary, and by the training as well;
linear   what a purely linear map costs, and how well plain fastText reads what it gives;
phrases  similarity with entries of several words;
memory   a model of two million n-grams, read, translated and mapped;
bytes    the same training through the package fasttext.
"""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.support.tokenizer import tokenize
from alignx.training.corpus_writer import write_tokenized
from benchmarks.bench_alignment import dictionary, vectors
from benchmarks.bench_retrieval import QUIET, load_at_start
from benchmarks.common import data_directory, parser, write
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

PARTS = ("train", "unseen", "linear", "phrases", "memory", "bytes")
DIMENSION = 100
REMOVED = 1_000
CHECKED = 10_000
BUCKETS = 2_000_000
METHODS = {"procrustes": ax.Procrustes(), "cca": ax.CCA(), "reweighted": ax.Reweighted()}
PAIRS = (("en", "es"), ("es", "en"), ("en", "de"), ("de", "en"))


def main() -> None:
    options = read_options()
    ax.set_config(n_threads=options.threads)
    load = load_at_start()
    if load > QUIET:
        note(f"load average {load:.1f}: other work slows this; do not publish its times")
    before = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.models or Path(scratch)
        for part in options.parts:
            measured = MEASURED[part](folder)
            rows += [{"part": part, **row} for row in measured]
    kept = [row for row in before if row["part"] not in options.parts]
    write(options.json, sorted(kept + rows, key=lambda row: PARTS.index(row["part"])), load=load)


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "fasttext.json")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options.add_argument("--models", type=Path, help="Folder that keeps the trained models.")
    return options.parse_args()


def model_of(folder: Path, code: str, removed: Sequence[str] = ()) -> Row:
    """Train a model unless the folder has it; give its path and what the training took."""
    name = f"without.{code}.bin" if removed else f"{code}.bin"
    facts = folder / f"{name}.json"
    if not facts.exists():
        note(f"training {name}")
        without = frozenset(removed)
        told: dict[str, Row] = {}
        start = time.perf_counter()
        ax.train(
            corpus_of(code),
            folder / name,
            parameters=ax.FastTextParameters(dim=DIMENSION),
            tokenizer=lambda text: [word for word in tokenize(text) if word not in without],
            log=lambda row: told.update({row["stage"]: row}),
        )
        told["model"] |= {"seconds": time.perf_counter() - start}
        row = {**told["model"], "parameters": told["parameters"], "corpus": told["corpus"]}
        facts.write_text(json.dumps(row))
    found: Row = json.loads(facts.read_text())
    return found | {"path": folder / name}


def trained(folder: Path, code: str, removed: Sequence[str] = ()) -> ax.Embeddings:
    return ax.load(model_of(folder, code, removed)["path"], language=code)


def fit(
    source: ax.Embeddings,
    target: ax.Embeddings,
    **options: Any,  # noqa: ANN401  # as align takes them
) -> ax.Alignment:
    pair = f"{source.language}", f"{target.language}"
    known = dictionary(*pair, "0-5000")
    return ax.align(source, target, lexicon=known, ranker=False, **options)


# --- parts ------------------------------------------------------------------------------------


def train_rows(folder: Path) -> Iterator[Row]:
    for code in ("en", "es"):
        row = model_of(folder, code)
        yield {"job": f"train {code}", **{k: v for k, v in row.items() if k != "path"}}
    for pair in PAIRS[:2]:
        source, target = (trained(folder, code) for code in pair)
        for refinement in (0, 5):
            shared = fit(source, target, refinement=refinement).apply(source, target)
            report = ax.evaluate(shared, dictionary(*pair, "5000-6500"))
            yield {"job": "-".join(pair), "refinement": refinement, **report.as_dict()}


def unseen_rows(folder: Path) -> Iterator[Row]:
    """Drop 1,000 test words from English, and translate them into Spanish nevertheless."""
    source, target = (trained(folder, code) for code in ("en", "es"))
    test = dictionary("en", "es", "5000-6500")
    words = [word for word in test.translations() if word in source]
    chosen = np.random.default_rng(0).permutation(len(words))[:REMOVED]
    removed = {words[i] for i in chosen}
    asked = ax.Lexicon([pair for pair in test if pair[0] in removed])
    shared = fit(source, target).apply(source, target)
    seen = ax.evaluate(shared, asked)
    yield {"job": "seen", **seen.as_dict()}
    never_read = trained(folder, "en", sorted(removed))
    assert not any(word in never_read for word in removed)
    shared = fit(never_read, target).apply(never_read, target)
    report = ax.evaluate(shared, asked, oov="subword")
    yield {"job": "unseen", **report.as_dict()}
    everything = ax.evaluate(shared, test, oov="subword")
    yield {"job": "whole dictionary", **everything.as_dict()}


def linear_rows(folder: Path) -> Iterator[Row]:
    for name, method in METHODS.items():
        for pair in PAIRS:
            source, target = (vectors(code) for code in pair)
            row: Row = {"job": "-".join(pair), "method": name}
            for kind, normalize in (("standard", None), ("linear", "linear")):
                alignment = fit(source, target, method=method, normalize=normalize)
                report = ax.evaluate(
                    alignment.apply(source, target),
                    dictionary(*pair, "5000-6500"),
                )
                row |= {kind: report.csls.as_dict(), "coverage": report.coverage}
                if alignment.linear_cost is not None:
                    row["held_out"] = alignment.linear_cost.as_dict()
            yield row
    yield from agreement_rows(folder)


def agreement_rows(folder: Path) -> Iterator[Row]:
    """Compare plain fastText on the mapped model with our own mapping."""
    import fasttext

    source, target = (trained(folder, code) for code in ("en", "es"))
    alignment = fit(source, target, normalize="linear")
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyzáéñ")
    invented = ["".join(rng.choice(letters, rng.integers(5, 15))) for _ in range(2 * CHECKED)]
    invented = [word for word in dict.fromkeys(invented) if word not in target][:CHECKED]
    path = folder / "es.aligned.bin"
    alignment.save_mapped_model(model_of(folder, "es")["path"], path, side="target")
    plain = fasttext.load_model(str(path))
    mapped = alignment.apply_target(target)
    assert mapped.oov_vectors is not None  # it comes from a .bin
    sides = {"words": (target.words[:CHECKED], mapped.vectors[:CHECKED])}
    sides["invented words"] = (invented, mapped.oov_vectors(invented))
    for name, (words, ours) in sides.items():
        theirs = np.stack([plain.get_word_vector(word) for word in words])
        norms = np.linalg.norm(theirs, axis=1)
        # fastText leaves n-grams that it never met at zero, so a word of these has no direction.
        known = norms > 0
        assert not ours[~known].any()
        cosines = np.einsum("ij,ij->i", theirs, ours)[known] / norms[known]
        row = {"n": int(known.sum()), "least": float(cosines.min())}
        yield {"job": f"plain fastText, {name}", **row}


def phrase_rows(_: Path) -> Iterator[Row]:
    """Word similarity of SemEval-2017, whose entries may be phrases."""
    source, target = vectors("en"), vectors("es")
    shared = fit(source, target).apply(source, target)
    similarity = data_directory() / "similarity"
    for name, sides in (
        ("en", (shared.source, shared.source)),
        ("es", (shared.target, shared.target)),
        ("en-es", (shared.source, shared.target)),
    ):
        path = next(path for path in sorted(similarity.iterdir()) if name in path.name.split("."))
        report = ax.evaluate_similarity(*sides, ax.Lexicon.load(path, casing="lower"))
        yield {"job": f"similarity {name}", **report.as_dict()}


def memory_rows(folder: Path) -> Iterator[Row]:
    """Run the commands on models of two million n-grams, and watch their peak."""
    names = {code: folder / f"large.{code}.bin" for code in ("en", "es")}
    for code, path in names.items():
        if not path.exists():
            options = ("--bucket", BUCKETS, "--epoch", 1, "--dim", DIMENSION)
            threads = ax.get_config().n_threads
            run("train", corpus_of(code), "-o", path, *options, "--threads", threads)
    known = data_directory() / "dictionaries/muse/en-es.0-5000.txt"
    lexicon = ("-d", known, "--no-ranker", "--refinement", 0)
    shape = folder / "large.safetensors"
    both = (names["en"], names["es"])
    jobs: dict[str, tuple[Sequence[Path], Sequence[object]]] = {
        "align --normalize linear": (
            both,
            ("align", *both, *lexicon, "--normalize", "linear", "-o", shape),
        ),
        "translate": (both, ("translate", shape, *both, "cat", "catlikeness", "--oov", "subword")),
        "apply to .vec": (both[:1], ("apply", shape, both[0], "-o", folder / "large.en.vec")),
        "apply to .bin": (both[:1], ("apply", shape, both[0], "-o", folder / "mapped.en.bin")),
    }
    for job, (models, command) in jobs.items():
        yield {"job": job, "bytes": sum(path.stat().st_size for path in models), **run(*command)}
    for job, code in READERS.items():
        facts = measured([sys.executable, "-c", code, str(names["en"])])
        yield {"job": job, "bytes": names["en"].stat().st_size, **facts}


READERS = {
    "load all words": "import sys, alignx; alignx.load(sys.argv[1])",
    "load all words, by fasttext": """
import sys, fasttext, numpy
model = fasttext.load_model(sys.argv[1])
rows = numpy.stack([model.get_word_vector(word) for word in model.get_words()])
""",
}


def run(*command: object) -> Row:
    """Run alignx; give its seconds and its peak memory in bytes."""
    return measured([str(Path(sys.executable).with_name("alignx")), *map(str, command), "--quiet"])


def measured(command: list[str]) -> Row:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: failed")
    return {"seconds": time.perf_counter() - start, "peak_memory": usage.ru_maxrss * 1024}


def corpus_of(code: str) -> Path:
    return data_directory() / "corpora" / f"wikipedia.{code}.txt.xz"


def bytes_rows(folder: Path) -> Iterator[Row]:
    """Train Spanish once through alignx and once by hand, on one thread and once through."""
    told: dict[str, Row] = {}
    ours, theirs, text = (folder / name for name in ("ours.bin", "theirs.bin", "es.words.txt"))
    with ax.config_context(n_threads=1):
        ax.train(
            corpus_of("es"),
            ours,
            parameters=ax.FastTextParameters(dim=DIMENSION, epoch=1),
            log=lambda row: told.update({row["stage"]: row}),
        )
    with text.open("wb") as file:
        write_tokenized([str(corpus_of("es"))], file)
    chosen = {"dim": DIMENSION, "epoch": 1, "bucket": told["parameters"]["bucket"], "thread": 1}
    subprocess.run([sys.executable, "-c", BY_HAND, text, theirs, json.dumps(chosen)], check=True)
    yield {
        "job": "one thread",
        "parameters": chosen,
        "seconds": told["model"]["seconds"],
        "bytes": ours.stat().st_size,
        "equal": filecmp.cmp(ours, theirs, shallow=False),
    }


BY_HAND = """
import json, sys, fasttext
options = json.loads(sys.argv[3])
fasttext.train_unsupervised(sys.argv[1], verbose=0, **options).save_model(sys.argv[2])
"""

MEASURED = {
    "train": train_rows,
    "unseen": unseen_rows,
    "linear": linear_rows,
    "phrases": phrase_rows,
    "memory": memory_rows,
    "bytes": bytes_rows,
}

if __name__ == "__main__":
    main()
