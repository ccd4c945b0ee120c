"""Alignment without a dictionary: success, diagnosis and time.

- success, adversarial: both methods on pairs of languages, seed after seed, on MUSE's test
  dictionaries. A run succeeds if its P@1 is at least 90 % of that of supervised Procrustes with
  refinement, fitted in the same run.
- impossible: unrelated spaces, which must fail, and English with itself, which must succeed.
- speed: a plain NumPy loop of VecMap's scheme (unsupervised_peer.py) against the whole of
  `ax.align`.

Rows of the JSON that are not measured again stay unchanged.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

import alignx as ax
from alignx.support.arrays import unit_rows
from alignx.vectors.normalizer import Normalizer
from benchmarks.bench_alignment import dictionary
from benchmarks.common import data_directory, medians, parser, write
from benchmarks.openblas import use_fastest
from benchmarks.retrieval_data import note
from benchmarks.unsupervised_peer import ROUNDS, PlainLoop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from alignx.support.arrays import Indices

Row = dict[str, Any]

METHODS = {"self_learning": ax.SelfLearning, "adversarial": ax.Adversarial}
PARTS = ("success", "adversarial", "impossible", "speed")
SMALL = "UBiLexAT "  # before the names of small pairs, of vectors of 50 dimensions
PAIRS = {
    "success": ("en-es", "es-en", "en-de", "de-en", "es-de", SMALL + "es-en", SMALL + "zh-en"),
    "adversarial": ("en-es", "es-en"),
}
LEAST_SHARE = 0.9  # of the supervised P@1, for a success
REPEATS = 3


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "unsupervised.json")
    options.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    options.add_argument("--seeds", type=int, default=5, help="that many for each pair")
    options.add_argument("--pairs", nargs="+", help="of those of success and adversarial")
    return options.parse_args()


def main() -> None:
    options = read_options()
    parts = options.only or PARTS
    before = measured_before(options.json)
    facts = {"openblas_seconds": before["machine"].get("openblas_seconds")}
    if "speed" in parts:
        facts["openblas_seconds"] = use_fastest("benchmarks.bench_unsupervised", options.threads)
    rows = []
    try:
        with threadpool_limits(options.threads):
            for row in measured(parts, options):
                note(summary(row))
                rows.append(row)
    finally:  # an interrupt after an hour loses nothing
        if rows:
            again = {name_of(row) for row in rows}
            kept = [row for row in before["rows"] if name_of(row) not in again]
            write(options.json, [*kept, *rows], **facts)


def measured(parts: tuple[str, ...], options: argparse.Namespace) -> Iterator[Row]:
    for part in PARTS:
        if part not in parts:
            continue
        if part in PAIRS:
            pairs = [p for p in PAIRS[part] if options.pairs is None or p in options.pairs]
            for pair in pairs:
                yield from pair_rows(part, pair, options)
        elif part == "impossible":
            yield from control_rows(options)
        else:
            yield from speed_rows(options.threads)


def measured_before(path: Path) -> dict[str, Any]:
    before: dict[str, Any] = {"machine": {}, "rows": []}
    return before | (json.loads(path.read_text()) if path.exists() else {})


def name_of(row: Row) -> tuple[str, str, str]:
    return row["part"], row["job"], row["engine"]


def summary(row: Row) -> str:
    told = [row["job"], row["engine"]]
    if "seed" in row:
        told += [f"seed {row['seed']}", f"agreement {row['diagnosis']['agreement']:.2f}"]
    if "csls" in row:
        told.append(f"P@1 {row['csls']['p@1']:.1%}")
    return ", ".join([*told, f"{row['seconds']:.0f} s"])


# --- pairs of languages -------------------------------------------------------------------------


@cache
def loaded(path: Path) -> tuple[ax.Embeddings, float]:
    """Vectors and the seconds that reading them takes."""
    start = time.perf_counter()
    embeddings = ax.load(path)
    seconds = time.perf_counter() - start
    embeddings.checksum  # noqa: B018  # computed once, as loading is
    return embeddings, seconds


def files_of(pair: str) -> tuple[Path, Path]:
    source, target = languages_of(pair)
    if pair.startswith(SMALL):
        folder = data_directory() / "ubilexat" / pair.removeprefix(SMALL)
        return folder / f"word2vec.{source}", folder / f"word2vec.{target}"
    folder = data_directory() / "vectors"
    return folder / f"{source}.vec.gz", folder / f"{target}.vec.gz"


def languages_of(pair: str) -> tuple[str, str]:
    source, target = pair.removeprefix(SMALL).split("-")
    return source, target


@cache
def supervised(pair: str, threads: int) -> float:
    """P@1 of Procrustes, refined, from the training dictionary."""
    (source, _), (target, _) = map(loaded, files_of(pair))
    known = dictionary(*languages_of(pair), "0-5000")
    test = dictionary(*languages_of(pair), "5000-6500")
    with ax.config_context(n_threads=threads):
        alignment = ax.align(source, target, lexicon=known, ranker=False)
        return ax.evaluate(alignment.apply(source, target), test).csls.precision[1]


def pair_rows(part: str, pair: str, options: argparse.Namespace) -> Iterator[Row]:
    (source, seconds), (target, more_seconds) = map(loaded, files_of(pair))
    test = dictionary(*languages_of(pair), "5000-6500")
    least = LEAST_SHARE * supervised(pair, options.threads)
    engine = "self_learning" if part == "success" else part
    if engine == "adversarial":
        import torch  # the other parts need none

        torch.set_num_threads(options.threads)
    for seed in range(options.seeds):
        row = align_row(source, target, test, engine, seed, options.threads)
        yield {
            "part": part,
            "job": pair,
            **row,
            "load_seconds": seconds + more_seconds,
            "supervised_p@1": supervised(pair, options.threads),
            "success": row["csls"]["p@1"] >= least,
        }


def align_row(
    source: ax.Embeddings,
    target: ax.Embeddings,
    test: ax.Lexicon | None,
    engine: str,
    seed: int,
    threads: int,
) -> Row:
    """Align, count rounds by their stage, and evaluate where there is a test dictionary."""
    stages: Counter[str] = Counter()
    method = METHODS[engine](random_state=seed)
    start = time.perf_counter()
    with ax.config_context(n_threads=threads):
        alignment = ax.align(
            source,
            target,
            method=method,
            allow_failed=True,
            log=lambda facts: stages.update([facts["stage"]]),
        )
    seconds = time.perf_counter() - start
    assert alignment.diagnosis is not None
    row: Row = {
        "engine": engine,
        "seed": seed,
        "threads": threads,
        "seconds": seconds,
        "rounds": {stage: n for stage, n in stages.items() if stage != "diagnosis"},
        "diagnosis": alignment.diagnosis.as_dict(),
        "failed": alignment.diagnosis.failed,
    }
    if test is None:
        return row
    with ax.config_context(n_threads=threads):
        return row | ax.evaluate(alignment.apply(source, target), test).as_dict()


# --- controls: must fail or must work -----------------------------------------------------------


def control_rows(options: argparse.Namespace) -> Iterator[Row]:
    (english, _), (spanish, _) = map(loaded, files_of("en-es"))
    for job, must, make in CONTROLS:
        for seed in range(options.seeds):
            random = np.random.default_rng([seed, 1])
            target, test = make(english, spanish, random)
            row = align_row(english, target, test, "self_learning", seed, options.threads)
            works = "csls" in row and row["csls"]["p@1"] >= LEAST_SHARE
            told_so = row["failed"] != works
            is_right = {"fail": row["failed"], "work": works and told_so, "tell": told_so}[must]
            yield {"part": "impossible", "job": job, **row, "must": must, "success": is_right}


Control = tuple[ax.Embeddings, ax.Lexicon | None]


def shuffled(_: ax.Embeddings, spanish: ax.Embeddings, random: np.random.Generator) -> Control:
    """The coordinates of each row in a random order."""
    return spanish.with_vectors(random.permuted(spanish.vectors, axis=1)), None


def noise(_: ax.Embeddings, spanish: ax.Embeddings, random: np.random.Generator) -> Control:
    drawn = random.standard_normal(spanish.vectors.shape, dtype=np.float32)
    return spanish.with_vectors(unit_rows(drawn)), None


def reordered(english: ax.Embeddings, _: ax.Embeddings, random: np.random.Generator) -> Control:
    """All rows in another order: only a tenth of the words that count as frequent are in both."""
    return in_order(english, random.permutation(len(english)))


def in_order(english: ax.Embeddings, order: Indices) -> Control:
    words = [english.words[row] for row in order]
    test = ax.Lexicon([(word, word) for word in english.words[5000:6500]])
    return ax.Embeddings(words, english.vectors[order], language="other"), test


def renamed(english: ax.Embeddings, _: ax.Embeddings, __: np.random.Generator) -> Control:
    words = [f"other {word}" for word in english.words]
    test = ax.Lexicon([(word, f"other {word}") for word in english.words[5000:6500]])
    return ax.Embeddings(words, english.vectors, language="other"), test


# What must happen: to fail, to work, or to tell which of both.
Must = Literal["fail", "work", "tell"]
Make = Callable[[ax.Embeddings, ax.Embeddings, np.random.Generator], Control]
CONTROLS: tuple[tuple[str, Must, Make], ...] = (
    ("en against es, coordinates shuffled", "fail", shuffled),
    ("en against random unit vectors", "fail", noise),
    ("en against en, words renamed", "work", renamed),
    ("en against en, in another order", "work", reordered),
)


# --- speed --------------------------------------------------------------------------------------


def speed_rows(threads: int) -> Iterator[Row]:
    """A round of the peer, times the rounds that it needs, against the whole of ours."""
    (english, _), (spanish, _) = map(loaded, files_of("en-es"))
    job = {"part": "speed", "job": "self-learning en-es", "threads": threads}
    X, Y = (Normalizer().fit_transform(side.vectors) for side in (english, spanish))

    def align() -> ax.Alignment:
        with ax.config_context(n_threads=threads):
            return ax.align(english, spanish, method="self_learning")

    seconds = medians({"alignx": align, "numpy": PlainLoop.start(X, Y).round}, REPEATS)
    ours, one_round = seconds["alignx"], seconds["numpy"]
    yield {**job, "engine": "alignx", "seconds": ours}
    yield {
        **job,
        "engine": "numpy",
        "seconds": ROUNDS * one_round,
        "round_seconds": one_round,
        "rounds": ROUNDS,
        "ratio": ROUNDS * one_round / ours,
    }


if __name__ == "__main__":
    main()
