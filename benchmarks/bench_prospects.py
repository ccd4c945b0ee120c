"""Accuracy with 0, 500 and 5,000 pairs, and the model of `alignx.prospects` fitted on it.

P@1 by CSLS of `ax.align` by default, without its learned ranking, on the settings of
prospects_settings.py. Settings that have been measured are left out. Then the model is fitted on
them and on the whole vocabularies of two other benchmarks: alignx/data/prospects.json.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

import alignx as ax
from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.model_selection import CANDIDATES
from alignx.mapping import Refinement
from alignx.reporting.prospects.facts import measure as measure_facts
from alignx.support.files import replacing
from benchmarks.common import HERE, parser, save
from benchmarks.prospects_model import fit
from benchmarks.prospects_settings import (
    MODEL,
    WHOLE,
    Pair,
    Setting,
    dictionaries,
    languages,
    measured,
    settings,
    whole_vocabularies,
)
from benchmarks.retrieval_data import note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from alignx.reporting.prospects.facts import Facts

FACTS = -1  # in the place of a number of pairs
BLOCK = 4
LEAST = 0.25  # P@1 below which another candidate of `Auto` may be better


def read_options() -> argparse.Namespace:
    options = parser(__doc__, "prospects.json")
    options.add_argument("--folder", type=Path, default=HERE / "prospects", help="of vectors")
    options.add_argument("--model", type=Path, default=MODEL)
    options.add_argument("--fit-only", action="store_true", help="of what has been measured")
    return options.parse_args()


def subset(known: list[Pair], n: int) -> ax.Lexicon:
    """Draw all translations of n source words."""
    words = list(dict.fromkeys(s for s, _ in known))
    drawn = np.random.default_rng(0).permutation(len(words))[:n]
    chosen = {words[i] for i in drawn}
    return ax.Lexicon([(s, t) for s, t in known if s in chosen])


def align(
    source: ax.Embeddings, target: ax.Embeddings, lexicon: ax.Lexicon | None, *, quick: bool
) -> tuple[ax.SharedSpace, ax.Diagnosis | None]:
    """Align by default; `quick` skips the cross-validation that chooses and judges the map.

    `Auto` takes its first candidate unless that is right for less than 20 % of held-out words.
    """
    if lexicon is None or not quick:
        alignment = ax.align(source, target, lexicon=lexicon, ranker=False, allow_failed=True)
        return alignment.apply(source, target), alignment.diagnosis
    first = CANDIDATES[0]
    X, Y = (
        side.with_vectors(ax.Normalizer().fit_transform(side.vectors)) for side in (source, target)
    )
    rows = lexicon.require_rows(X, Y)
    settings = Refinement(rounds=first.rounds).resolved(len(X), len(Y))
    spec = FitSpec(clone(first.aligner), FitContext(X.vectors, Y.vectors, settings, None), True)
    aligner, _ = spec.fit(np.stack([rows.source, rows.target], axis=1), None)
    mapped = (
        X.with_vectors(aligner.transform(X.vectors)),
        Y.with_vectors(aligner.transform_target(Y.vectors)),
    )
    return ax.SharedSpace(dict(zip(("source", "target"), mapped, strict=True))), None


def facts_of(found: Facts) -> dict[str, Any]:
    """Give all figures that a model might look at."""
    sides = found.source, found.target
    names = ("words", "dimension", "mean_cosine", "isotropy", "hubness")
    return {
        **{name: [getattr(side, name) for side in sides] for name in names},
        "scripts": [next(iter(side.scripts), "none") for side in sides],
        **found.pair.as_dict(),
        **found.trial.as_dict(),
    }


def measure(setting: Setting, sizes: Sequence[int], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the facts, or the accuracy for each number of pairs."""
    source, target = languages(setting, folder)
    known, test = dictionaries(setting, source, target)
    for n in sizes:
        row: dict[str, Any] = {**setting._asdict(), "pairs": n}
        if n == FACTS:
            yield row | {"facts": facts_of(measure_facts(source, target))}
            continue
        lexicon = subset(known, n) if n else None
        start = time.perf_counter()
        space, diagnosis = align(source, target, lexicon, quick=True)
        report = ax.evaluate(space, ax.Lexicon(test))
        if n and report.csls.precision[1] < LEAST:
            space, diagnosis = align(source, target, lexicon, quick=False)
            report = ax.evaluate(space, ax.Lexicon(test))
        yield row | {
            "used_words": 0 if lexicon is None else len({s for s, _ in lexicon}),
            "n": report.csls.n,
            "csls": report.csls.precision[1],
            "nn": report.nn.precision[1],
            "agreement": None if diagnosis is None else diagnosis.agreement,
            "start": None if diagnosis is None else diagnosis.start,
            "seconds": time.perf_counter() - start,
        }


def jobs() -> Iterator[tuple[Setting, Sequence[int]]]:
    """Yield those with pairs first, which take a tenth of the time of those without."""
    yield from ((setting, (FACTS,)) for setting in WHOLE.values())
    for block in batched(settings(), BLOCK):
        yield from ((setting, (FACTS, 5_000, 500)) for setting in block)
        yield from ((setting, (0,)) for setting in block if "small" in setting.source)
    yield from ((setting, (0,)) for setting in settings())


def main() -> None:
    options = read_options()
    ax.set_config(n_threads=options.threads)
    options.folder.mkdir(exist_ok=True)
    rows = measured(options.json)
    done = {(row["source"], row["target"], row["pairs"]) for row in rows}
    for setting, sizes in () if options.fit_only else jobs():
        missing = [n for n in sizes if (*setting, n) not in done]
        if missing:
            rows += measure(setting, missing, options.folder)
            save(options.json, rows)  # an interrupt loses one setting
            note(
                " ".join(
                    [*setting, *(f"{r['pairs']} {r['csls']:.1%}" for r in rows[-2:] if "csls" in r)]
                )
            )
    with replacing(options.model) as file:
        file.write(json.dumps(fit(rows + whole_vocabularies()), indent=1) + "\n")


def batched(items: Sequence[Setting], n: int) -> Iterator[Sequence[Setting]]:
    return (items[start : start + n] for start in range(0, len(items), n))


if __name__ == "__main__":
    main()
