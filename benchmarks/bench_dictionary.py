"""Dictionaries from any number of pairs: what the default gives, and what each of its parts adds.

- default: `ax.align` and `ax.evaluate` without a choice of method, from 0, 25, ..., 5,000 words;
  with 5,000 words, other rankings on the same map.
- steps: with 5,000 words, maps one by one.
- xling: mean reciprocal rank on XLING's English-German dictionary, from 500 to 5,000 pairs.

Each row is written when it is measured, and not measured again: to do so, delete it or the file.
Choices are made with `--split train-holdout`, which asks training words that no map has seen.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

import alignx as ax
from alignx.alignment.held_out import are_pairs
from alignx.ranking.candidates import CandidatePairs, Queries
from alignx.ranking.features import FEATURES, SPELLING
from alignx.ranking.gain import expected_calibration_error
from alignx.ranking.ranker import PairRanker
from benchmarks.bench_alignment import PAIRS
from benchmarks.common import HERE, data_directory, parser, save
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from numpy.typing import NDArray

    from alignx.ranking.ranker import LabeledCandidates

Row = dict[str, Any]

STAGES = ("default", "steps", "xling")
SIZES = (0, 25, 100, 500, 1_000, 5_000)
XLING = "XLING en-de"
XLING_SIZES = {"500": 500, "1k": 1_000, "3k": 3_000, "5k": 5_000}
HELD_OUT = 1_000  # training words to ask with --split train-holdout
SEED = 16

DEFAULT = "default"
METHODS: dict[str, dict[str, Any]] = {
    "procrustes": {"method": ax.Procrustes(), "refinement": 0},
    "procrustes, 5 rounds": {"method": ax.Procrustes(), "refinement": 5},
    "reweighted": {"method": ax.Reweighted(), "refinement": 0},
    "reweighted, 2 rounds": {"method": ax.Reweighted(), "refinement": 2},
    "reweighted, 5 rounds": {"method": ax.Reweighted(), "refinement": 5},
    "rcsls": {"method": ax.RCSLS(start="procrustes"), "refinement": 0},
    "rcsls, 2 rounds": {"method": ax.RCSLS(), "refinement": 2},
    "contrastive, 2 rounds": {"method": ax.Contrastive(), "refinement": 2},
}
if (ensemble := getattr(ax, "MapEnsemble", None)) is not None:
    METHODS["ensemble, 2 rounds"] = {"method": ensemble(), "refinement": 2}
XLING_METHODS = ("procrustes", "rcsls", "reweighted", "reweighted, 5 rounds", DEFAULT)
STEP_METHODS = [name for name in METHODS if name not in ("rcsls", "reweighted, 5 rounds")]

# Of the peers' own programs on exactly these vectors and dictionaries, measured once: P@1 by CSLS,
# and seconds with reading and writing, where known.
PEERS = (
    ("VecMap, supervised", "en-es", 0.680, 15.0),
    ("fastText, align.py", "en-es", 0.641, 358.0),
    ("VecMap, unsupervised, 28 rounds", "en-es", 0.677, None),
    ("VecMap, unsupervised, 28 rounds", "es-en", 0.705, None),
)


class KeepingRanker(PairRanker):
    """The default ranker; keeps what it has learned from, for rankers with fewer features."""

    def fit(
        self,
        parts: Sequence[LabeledCandidates],
        *,
        calibration: Sequence[LabeledCandidates] | None = None,
    ) -> Self:
        """Fit as the parent does."""
        self.parts_ = parts
        return super().fit(parts, calibration=calibration)


class Job(NamedTuple):
    """A fit, and the words that it is asked afterwards."""

    part: str
    pair: str
    engine: str
    size: int  # source words of the dictionary, or pairs

    def name(self, options: argparse.Namespace) -> Row:
        """Return what tells the row of this job from all others."""
        named = {"part": self.part, "job": self.pair, "engine": self.engine, "size": self.size}
        return named | {"split": options.split, "vocabulary": options.vocabulary}

    def settings(self) -> dict[str, Any]:
        """Return the parameters of `ax.align`."""
        if self.engine == DEFAULT:
            return {"ranker": KeepingRanker()}
        return {**METHODS[self.engine], "ranker": False}


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "dictionary.json")
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    names = ",".join("-".join(pair) for pair in PAIRS)
    options.add_argument("--pairs", default=names, help=names)
    options.add_argument("--sizes", default=",".join(map(str, SIZES)), help="words of `default`")
    options.add_argument("--stages", default=",".join(STAGES), help=",".join(STAGES))
    options.add_argument(
        "--split",
        choices=("train-holdout", "test"),
        required=True,
        help="words to ask: training words that are not given, or the test dictionary",
    )
    options.add_argument("--vocabulary", type=int, help="words of a language to load")
    given = options.parse_args()
    unknown = set(given.stages.split(",")) - set(STAGES)
    if unknown:
        options.error(f"--stages must be of {', '.join(STAGES)}, got {', '.join(unknown)}")
    is_final = given.split == "test" and given.vocabulary is None
    if not is_final and given.json == HERE / "results" / "dictionary.json":
        options.error("only --split test with whole vocabularies writes there: name another --json")
    return given


def main() -> None:
    options = read_options()
    ax.set_config(n_threads=options.threads)
    rows: list[Row] = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    if options.split == "test" and not any(row["part"] == "peer" for row in rows):
        rows += peers()
    for job in jobs(options):
        name = job.name(options)
        if any(name.items() <= row.items() for row in rows):
            continue
        rows.append(name | measured(job, options))
        save(options.json, rows)
        note(summary(rows[-1]))
        gc.collect()  # spaces and their neighbors, before the next fit
    note(f"{options.json}: now run benchmarks/render.py")


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    stages, pairs = options.stages.split(","), options.pairs.split(",")
    if "default" in stages:
        for pair in pairs:
            for size in map(int, options.sizes.split(",")):
                yield Job("default", pair, DEFAULT, size)
    if "steps" in stages:
        for pair in pairs:
            for engine in STEP_METHODS:
                yield Job("steps", pair, engine, max(SIZES))
    if "xling" in stages:
        for size in XLING_SIZES.values():
            for engine in XLING_METHODS:
                yield Job("xling", XLING, engine, size)


def peers() -> list[Row]:
    return [
        {"part": "peer", "job": pair, "engine": engine, "seconds": seconds, "csls": {"p@1": p1}}
        for engine, pair, p1, seconds in PEERS
    ]


def measured(job: Job, options: argparse.Namespace) -> Row:
    codes = job.pair.removeprefix("XLING ").split("-")
    source, target = (vectors(code, options.vocabulary) for code in codes)
    for language in (source, target):
        language.checksum  # noqa: B018  # computed once, as loading is
    train, test = (xling if job.part == "xling" else muse)(job, options.split)
    facts: Row = {"n": len(source), "m": len(target), "d": source.dimension}
    facts |= {"threads": options.threads}
    start = time.perf_counter()
    try:
        alignment = ax.align(source, target, lexicon=train, **job.settings())
    except ax.AlignmentFailed as error:
        return facts | {"seconds": time.perf_counter() - start, "refused": str(error)}
    facts |= {"seconds": time.perf_counter() - start, "strategy": alignment.strategy}
    facts |= {"train_pairs": alignment.pairs, "validation": str(alignment.report)}
    space = alignment.apply(source, target)
    policy: Any = "xling" if job.part == "xling" else "muse"
    facts |= ax.evaluate(space, test, oov_policy=policy).as_dict()
    if job.part == "default" and space.ranker is not None:
        facts["probabilities"] = probabilities(space, test)
    if job.part == "default" and job.size == max(SIZES):
        facts |= other_rankings(space, test)
    return facts


@cache
def vectors(language: str, vocabulary: int | None) -> ax.Embeddings:
    return ax.load(data_directory() / "vectors" / f"{language}.vec.gz", limit=vocabulary)


def muse(job: Job, split: str) -> tuple[ax.Lexicon | None, ax.Lexicon]:
    """Return a sample of the training dictionary, None for no words, and the words to ask."""
    folder = data_directory() / "dictionaries/muse"
    known = ax.Lexicon.load(folder / f"{job.pair}.0-5000.txt")
    held_out = HELD_OUT if split == "train-holdout" else 0
    order = shuffled_words(known)
    train = only(known, set(order[held_out : held_out + job.size])) if job.size else None
    if held_out:
        return train, only(known, set(order[:held_out]))
    return train, ax.Lexicon.load(folder / f"{job.pair}.5000-6500.txt")


def xling(job: Job, split: str) -> tuple[ax.Lexicon, ax.Lexicon]:
    """Return a training dictionary of XLING, and the pairs to ask; lower-cased, as it does."""
    name = next(name for name, size in XLING_SIZES.items() if size == job.size)
    train = lowered(f"yacle.train.freq.{name}.en-de.tsv")
    if split == "test":
        return train, lowered("yacle.test.freq.2k.en-de.tsv")
    largest = lowered("yacle.train.freq.5k.en-de.tsv")
    asked = set(shuffled_words(largest)[:HELD_OUT])
    return only(train, train.translations().keys() - asked), only(largest, asked)


def lowered(name: str) -> ax.Lexicon:
    pairs = ax.Lexicon.load(data_directory() / "dictionaries/xling" / name)
    return ax.Lexicon([(source.lower(), target.lower()) for source, target in pairs], name=name)


def shuffled_words(known: ax.Lexicon) -> list[str]:
    """Return the source words in the order in which all sizes of a dictionary take them."""
    words = list(known.translations())
    return [words[i] for i in np.random.default_rng(SEED).permutation(len(words))]


def only(known: ax.Lexicon, words: Container[str]) -> ax.Lexicon:
    return ax.Lexicon([pair for pair in known if pair[0] in words], name=known.name)


def other_rankings(space: ax.SharedSpace, test: ax.Lexicon) -> dict[str, Row]:
    """Measure inverted softmax, and the ranking that learned from the same words no spelling."""
    rankings = {"isf": ax.evaluate(space, test, ranking="isf").more["isf"].as_dict()}
    if isinstance(space.ranker, KeepingRanker):
        features = [name for name in FEATURES if name not in SPELLING]
        ranker = PairRanker(features=features).fit(space.ranker.parts_)
        report = ax.evaluate(ax.SharedSpace(space.languages, ranker, space.known), test)
        rankings["without_spelling"] = report.more["learned"].as_dict()
    return rankings


def probabilities(space: ax.SharedSpace, test: ax.Lexicon) -> dict[str, Row]:
    """Compare the probabilities of first answers with the share that is right."""
    ranker, n_neighbors = space.ranker, space.n_neighbors()
    assert ranker is not None
    known = np.stack(test.rows(space.source, space.target)[:2], axis=1)
    asked = np.unique(known[:, 0])  # most frequent first
    # As `space.translate(words, 1)`, but with the biases that the evaluation has already found.
    pairs = CandidatePairs.search(
        Queries.of_rows(asked, space.source.words, space.source.vectors),
        space.source.vectors,
        space.target.vectors,
        space.target.words,
        ranker.n_candidates,
        n_neighbors=n_neighbors,
        biases=space.cosine_neighbors(n_neighbors).biases(n_neighbors),
    )
    first = ranker.rank(pairs).first(1)
    is_right = are_pairs(asked, first.indices, known, len(space.target))[:, 0]
    chances = first.scores[:, 0]
    half = len(asked) // 2
    return {
        "all": calibration(chances, is_right),
        "rarer half": calibration(chances[half:], is_right[half:]),
    }


def calibration(chances: NDArray[Any], is_right: NDArray[np.bool_]) -> Row:
    error = expected_calibration_error(chances, is_right)
    mean = {"probability": float(chances.mean()), "right": float(is_right.mean())}
    return {"error": error, **mean, "n": len(chances)}


def summary(row: Row) -> str:
    told = [row["part"], row["job"], row["engine"], f"size {row['size']:,}"]
    if "refused" in row:
        return ", ".join([*told, f"refused after {row['seconds']:.0f} s"])
    told += [
        f"{ranking} {row[ranking]['p@1']:.1%} (MRR {row[ranking]['mrr']:.3f})"
        for ranking in ("nn", "csls", "isf", "without_spelling", "learned")
        if ranking in row
    ]
    if "probabilities" in row:
        told += [f"{name} {part['error']:.3f}" for name, part in row["probabilities"].items()]
    return ", ".join([*told, f"{row['seconds']:.0f} s"])


if __name__ == "__main__":
    main()
