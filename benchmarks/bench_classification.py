"""Text classifiers that learn from English and read Spanish and German.

Parts:

spaces      zero-shot accuracy through maps of different methods;
strategies  every strategy, on the space that serves English best;
oov         zero-shot accuracy without translations of the texts, and with OOV words dropped; what
            both bring, text by text;
speed       documents encoded and learned from, and the time of a single prediction.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.support.bootstrap import bootstrap_means, percentile_interval
from benchmarks.bench_retrieval import QUIET, load_at_start
from benchmarks.classification_data import DATASETS, joint, labeled, spaces, vectors
from benchmarks.common import parser, write
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.texts.documents import TextOOV

Row = dict[str, Any]

PARTS = ("spaces", "strategies", "oov", "speed")
METHODS = ("procrustes", "cca", "reweighted", "self_learning")
SEEDS = range(5)  # of what depends on more than the folds of cross-validation
EXPERIMENTS = {
    "zero-shot": ax.Experiment(),
    "zero-shot, mlp": ax.Experiment(head="mlp"),
    "translate-train": ax.Experiment("translate_train"),
    "translate-test": ax.Experiment("translate_test"),
    "translate-train-all": ax.Experiment("translate_train_all"),
    "code-switching": ax.Experiment("code_switching"),
    "self-training": ax.Experiment("self_training"),
    "seed words (CLTS)": ax.Experiment("seed_words"),
    "adversarial": ax.Experiment("adversarial"),
    "prior matching": ax.Experiment("prior_matching"),
    "ensemble": ax.Experiment("ensemble"),
}
FEW_SHOT = {
    f"few-shot, {count} a class": ax.Experiment(shots=count, alpha=0.5) for count in (1, 10, 100)
}
BEST_METHOD = "reweighted"  # by cross-validation on the English training texts
IN_ONE_SPACE = {
    "zero-shot, one space": ax.Experiment(),
    "multi-source, one space": ax.Experiment(others=True),
}
OF_OOV = {
    "zero-shot": ax.Experiment(),
    "zero-shot, own words": ax.Experiment(ax.ZeroShot(both=False)),
}
OOV_SUFFIXES: dict[TextOOV, str] = {"learned": "", "drop": ", OOV dropped"}
RESAMPLES = 10_000
ENCODED, LEARNED, WORDS = 50_000, 10_000, 20


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "classification.json")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    return options.parse_args()


def main() -> None:
    options = read_options()
    load = load_at_start()
    if load > QUIET:
        note(f"load average {load:.1f}: other work slows this; do not publish its times")
    ax.set_config(n_threads=options.threads)
    languages = vectors()
    before = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    rows: list[Row] = []
    for part in options.parts:
        rows += [{"part": part, **row} for row in MEASURED[part](languages)]
    kept = [row for row in before if row["part"] not in options.parts]
    write(options.json, sorted(kept + rows, key=lambda row: PARTS.index(row["part"])), load=load)


def space_rows(languages: dict[str, ax.Embeddings]) -> Iterator[Row]:
    for method in METHODS:
        found = spaces(languages, method)
        for dataset in DATASETS:
            note(f"{method}, {dataset}")
            yield from experiment_rows(
                found, dataset, {"zero-shot": ax.Experiment()}, method, SEEDS[:1]
            )


def strategy_rows(languages: dict[str, ax.Embeddings]) -> Iterator[Row]:
    pairs = spaces(languages, BEST_METHOD)
    of_all = joint(languages)  # several sources need one space
    for dataset in DATASETS:
        note(f"strategies, {dataset}")
        for space, experiments, method in (
            (pairs, EXPERIMENTS, BEST_METHOD),
            (of_all, IN_ONE_SPACE, "joint_contrastive"),
        ):
            for row in experiment_rows(space, dataset, experiments, method, SEEDS[:1]):
                if row["kind"] == "strategy":
                    yield row
        yield from experiment_rows(pairs, dataset, FEW_SHOT, BEST_METHOD, SEEDS)


def oov_rows(languages: dict[str, ax.Embeddings]) -> Iterator[Row]:
    pairs = spaces(languages, BEST_METHOD)
    for dataset in DATASETS:
        found: dict[str, Any] = {}
        for oov, suffix in OOV_SUFFIXES.items():
            note(f"OOV words, {oov}, {dataset}")
            report = compared(pairs, dataset, OF_OOV, oov, SEEDS[:1])
            results = report.experiments | {"target-trained": report.baselines["target-trained"]}
            found |= {name + suffix: result for name, result in results.items()}
        for name, result in found.items():
            yield {"name": name, "dataset": dataset, **result.as_dict()}
        last = found["zero-shot, own words, OOV dropped"].languages
        gains = {
            code: gain(one.right - last[code].right)
            for code, one in found["zero-shot"].languages.items()
        }
        yield {"name": "gain", "dataset": dataset, "languages": gains}


def gain(differences: NDArray[np.float64]) -> Row:
    """Mean of differences of texts, its bootstrapped interval, and the test of flipped signs."""
    rng = np.random.default_rng(0)
    drawn = bootstrap_means(differences[:, None], RESAMPLES, rng)
    flipped = rng.choice([-1.0, 1.0], (RESAMPLES, len(differences))) @ differences
    p = (1 + np.sum(np.abs(flipped) >= abs(differences.sum()) - 1e-9)) / (RESAMPLES + 1)
    return {
        "gain": float(differences.mean()),
        "interval": percentile_interval(drawn[:, 0]),
        "p": float(p),
        "n": len(differences),
    }


def experiment_rows(
    space: ax.SharedSpace | dict[str, ax.SharedSpace],
    dataset: str,
    experiments: dict[str, ax.Experiment],
    method: str,
    seeds: Sequence[int],
) -> Iterator[Row]:
    report = compared(space, dataset, experiments, "learned", seeds)
    for kind, results in (("strategy", report.experiments), ("bound", report.baselines)):
        for name, result in results.items():
            figures = result.as_dict() | {"gaps": result.gaps}
            yield {"kind": kind, "name": name, "method": method, "dataset": dataset, **figures}


def compared(
    space: ax.SharedSpace | dict[str, ax.SharedSpace],
    dataset: str,
    experiments: dict[str, ax.Experiment],
    oov: TextOOV,
    seeds: Sequence[int],
) -> ax.TransferReport:
    return ax.evaluate_transfer(
        space,
        ax.TransferData("en", labeled(dataset, "train"), labeled(dataset, "test")),
        experiments,
        reader=ax.TextReader(oov=oov),
        seeds=seeds,
    )


def speed_rows(languages: dict[str, ax.Embeddings]) -> Iterator[Row]:
    texts, labels = labeled("umsab", "train")["en"]
    words = " ".join(texts).split()
    documents = [
        " ".join(words[(i * WORDS + j) % len(words)] for j in range(WORDS)) for i in range(ENCODED)
    ]
    space = spaces(languages, "procrustes")["es"]
    many = (documents[:LEARNED], [labels[i % len(labels)] for i in range(LEARNED)])
    start = time.perf_counter()
    classifier = ax.TransferClassifier(space).fit(*many, language="en")
    yield {"job": f"fit, {LEARNED:,} documents", "seconds": time.perf_counter() - start}
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        classifier.encode(documents, language="en")
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    yield {"job": f"encode, {ENCODED:,} documents", "seconds": median, "rate": ENCODED / median}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        classifier.save(path)
        yield {"job": "model file", "bytes": path.stat().st_size}
        loaded = ax.TransferClassifier.load(path, space)
    one = labeled("umsab", "test")["es"][0]
    seconds = []
    for text in one:
        start = time.perf_counter()
        loaded.predict([text], language="es")
        seconds.append(time.perf_counter() - start)
    yield {"job": "predict one tweet", "seconds": statistics.median(seconds), "n": len(one)}


MEASURED = {"spaces": space_rows, "strategies": strategy_rows, "oov": oov_rows, "speed": speed_rows}

if __name__ == "__main__":
    main()
