"""One alignment of many made languages, in a process of its own; see bench_many.py.

`python -m benchmarks.many_job SPEC`, with what to do as JSON, writes figures as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import alignx as ax
from alignx.alignment.language_map import LanguageMap
from alignx.mapping.joint import JointContrastive
from alignx.support.wilson import wilson_interval
from benchmarks.many_data import SEED, codes, lexicon, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from alignx.multilingual.multilingual_alignment import MultilingualAlignment

Row = dict[str, Any]

NAMES = ("map", "mean", "normalizer_means", "sketch_words", "sketch_rows")


def fit(spec: Row) -> tuple[MultilingualAlignment, Row]:
    """Align the languages by the dictionaries of the hub with each of them."""
    paths = _paths(spec)
    known, _ = pairs(spec["languages"], spec["words"])
    lexicons = {}
    for (source, target), rows in known.items():
        lexicons[source, target] = lexicon(ax.load(paths[source]), ax.load(paths[target]), rows)
    start = time.perf_counter()
    work = ax.Work(folder=spec["work"])
    alignment = ax.align_many(
        paths, lexicons=lexicons, method=spec.get("method"), ranker=False, work=work
    )
    seconds = time.perf_counter() - start
    maps = [each.matrix for each in alignment.maps.values()]
    return alignment, {
        "seconds": seconds,
        "evidence": len(alignment.pairs),
        "digest": hashlib.sha256(b"".join(each.tobytes() for each in maps)).hexdigest()[:16],
    }


def accuracy(spec: Row) -> Row:
    """Measure P@1 of held-out words among languages without a dictionary, on a sample of pairs."""
    hub, *others = codes(spec["languages"])
    chosen = list(combinations(others, 2)) or [(hub, others[0])]
    order = np.random.default_rng(SEED).permutation(len(chosen))[: spec["tested"]]
    found = []
    for source, target in (chosen[i] for i in sorted(order.tolist())):
        space, asked = _pair(spec, source, target)
        found.append(ax.evaluate(space, asked, ranking="csls").questions.ranks["csls"] == 1)
    right = np.concatenate(found)
    share = float(right.mean())
    return {
        "tested_pairs": len(found),
        "has_dictionary": len(others) == 1,
        "csls": {"n": len(right), "p@1": share, "p@1_interval": wilson_interval(share, len(right))},
        "least": float(min(each.mean() for each in found)),
    }


def _pair(spec: Row, source: str, target: str) -> tuple[ax.SharedSpace, ax.Lexicon]:
    paths, stored = _paths(spec), np.load(spec["answer"])
    languages = {code: ax.load(paths[code]) for code in (source, target)}
    _, test = pairs(spec["languages"], spec["words"])
    asked = lexicon(languages[source], languages[target], test)
    mapped = {}
    for code, language in languages.items():
        tensors = {name: stored[f"{code}/{name}"] for name in NAMES}
        language_map = LanguageMap.restored(json.loads(str(stored[f"{code}/facts"])), tensors)
        mapped[code] = language.with_vectors(language_map.map_rows(language.vectors).collect())
    return ax.SharedSpace(mapped), asked


def save(maps: Mapping[str, LanguageMap], file: str) -> None:
    """Keep maps for `accuracy`."""
    arrays = {
        f"{code}/{name}": tensor
        for code, each in maps.items()
        for name, tensor in each.tensors().items()
    }
    facts = {f"{code}/facts": np.array(json.dumps(each.facts())) for code, each in maps.items()}
    np.savez(file, allow_pickle=False, **arrays, **facts)


def _paths(spec: Row) -> dict[str, Path]:
    folder = Path(spec["folder"])
    return {code: folder / f"{code}.safetensors" for code in codes(spec["languages"])}


def align(spec: Row) -> Row:
    """Fit, and keep the maps."""
    alignment, row = fit(spec)
    save(alignment.maps, spec["answer"])
    return row


def memory(spec: Row) -> Row:
    """Fit joint maps of many languages by the default method, with a single step of the tuning.

    The rows are drawn at random and turned in each language, as memory does not depend on what they
    mean; they are mapped from files, as those of `ax.align_many` are.
    """
    folder, count, n, d = Path(spec["folder"]), spec["languages"], spec["rows"], spec["dimension"]
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    rows = rng.standard_normal((n, d), dtype=np.float32)
    paths = [folder / f"{code}-{n}.npy" for code in codes(count)]
    for path in paths:
        if not path.exists():
            np.save(path, np.ascontiguousarray(rows[:, rng.permutation(d)]))
    del rows
    last = np.arange(n - spec["paired"], n)  # the rare rows are there for their pairs
    same = np.stack([last, last], axis=1)
    near = sorted(combinations(range(count), 2), key=lambda pair: (pair[0] != 0, pair[1] - pair[0]))
    evidence = dict.fromkeys(near[: spec["pairs"]], same)
    start = time.perf_counter()
    JointContrastive(steps=1).fit([np.load(path, mmap_mode="r") for path in paths], evidence)
    return {"seconds": time.perf_counter() - start}


JOBS: dict[str, Callable[[Row], Row]] = {"align": align, "accuracy": accuracy, "memory": memory}

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    ax.set_config(n_threads=told["threads"])
    print(json.dumps(JOBS[told["job"]](told)))
