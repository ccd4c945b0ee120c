"""Tables of the keys that commands print with --json, from what they have printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.display import Markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 40

# Objects whose keys are words of the user or names of parts.
ANY = (["translate"], ["evaluate", "slices"], ["hub", "apart"], ["hub", "method", "parameters"])

# By the name of a key, or by the end of its path where one name means several things.
MEANINGS = {
    "version": "version of alignx",
    "seconds": "time of the command, without reading files; of a round, its own",
    "seed": "`--seed`",
    "failed": "whether the map has failed its check",
    # align
    "method": "`--method`, or the default",
    "selection": "`auto`: what was tried",
    "aligner": "estimator with its parameters",
    "refinement": "rounds of refinement of this candidate, or before the check",
    "self_learning": "whether pairs were grown first",
    "candidates": "all strategies that were tried, best first",
    "precision": "P@1 by CSLS on held-out words",
    "standard_error": "that of P@1",
    "behind": "P@1 lost to the best candidate",
    "behind_error": "standard error of that difference",
    "reason": "why a candidate could not be tried",
    "criterion": "mean cosine of frequent words with their best answers by CSLS",
    "rounds": "rounds of refinement",
    "round": "number of the round, from 1",
    "align.rounds.pairs": "pairs that the round has fitted",
    "align.pairs": "pairs of the dictionary with vectors",
    "strategy": "what was chosen, in words",
    "validation": "check on held-out words; null without a dictionary",
    "hits": "held-out words with a right first answer by CSLS",
    "n": "words that were asked",
    "align.validation.words": "known source words",
    "answers": "target words that could be answers",
    "chance": "P@1 of random answers",
    "agreement": "with few known words: share of pairs that maps of parts of the dictionary share",
    "wrong_pairs": "share of pairs of the dictionary that seem wrong",
    "weak": "P@1 below 10 %",
    "decided": "whether enough words were asked to tell",
    "ranking_gain": "learned ranking beside CSLS, on the same held-out words",
    "align.ranking_gain.learned": "P@1 of the learned ranking",
    "align.ranking_gain.csls": "P@1 by CSLS",
    "gain": "difference of both",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "calibration_error": "mean gap between probability and share of right answers",
    "induced": "whether these words come from pairs that the map has induced",
    "transferred": "whether the ranking was learned from other pairs of languages",
    "linear": "with `--normalize linear`: its cost in P@1",
    # translate
    "*": "a query; its answers, best first, or an empty list",
    "word": "answer",
    "score": "by the ranking",
    "origin": "`vocabulary`, or `subwords` for out-of-vocabulary words",
    "probability": "of the answer to be right; only with the learned ranking",
    # mine, align-docs
    "mine.pairs": "pairs in the output",
    "expected_right": "sum of their probabilities",
    "source_texts": "lines of the source texts",
    "target_texts": "lines of the target texts",
    "blocks": "blocks in the output",
    "paired": "blocks with sentences of both sides",
    # evaluate
    "oov_policy": "`--oov-policy`",
    "evaluate.pairs": "pairs of the test dictionary",
    "evaluate.words": "source words that were asked",
    "coverage": "share of the source words with a vector",
    "nn": "nearest neighbors",
    "csls": "CSLS",
    "learned": "learned ranking, or that of `--ranking`",
    "p@1": "share of words with a right first answer",
    "p@5": "with a right one among 5",
    "p@10": "with a right one among 10",
    "mrr": "mean of 1 / rank of the first right answer",
    "p@1_interval": "95 % interval of P@1",
    "slices": "figures of parts of the words, by the last ranking",
    "slices.*": "a part: by frequency of the source word, or without identical strings",
    "oov": "figures of out-of-vocabulary words, with `--oov subword`",
    "coverage_with_oov": "coverage with those",
    "known": "test words that the map was fitted on",
    "new": "figures without them, if there are any",
    # hub
    "hub.hub": "language that `star` maps the others onto",
    "method.method": "its name",
    "method.parameters": "its parameters",
    "parameters.*": "one of them",
    "hub.languages": "languages of the space, in its order",
    "code": "language code",
    "languages.words": "words with a vector",
    "dimension": "of the space",
    "name": "file of the vectors",
    "added": "when the language was added (UTC)",
    "changed": "when it was last changed",
    "bytes": "size of its files",
    "hub.pairs": "ordered pairs of languages with evidence",
    "source": "code of the source language",
    "target": "code of the target language",
    "pairs.pairs": "pairs of its dictionary with vectors",
    "pairs.induced": "mutual neighbors in the last round",
    "found_by": "`lexicon`; `self_learning` by vectors alone; or `pivot` through other languages",
    "is_transferred": "whether the learned ranking is that of other pairs",
    "pairwise": "check of the map of these two alone; null where nothing was held out",
    "star": "check of maps onto the hub",
    "joint": "check of the maps of the space",
    "pairwise.words": "known source words",
    "star.words": "the same",
    "joint.words": "the same",
    "diagnosis": "figures of a start by vectors alone, those of `alignx.Diagnosis`",
    "pairs.ranking_gain": "as of `alignx align`",
    "triangles": "triangles of languages with evidence",
    "triangles.languages": "their codes",
    "cycles": "words whose mutual neighbors lead around",
    "closed": "those that lead back to themselves",
    "error": "share of the others",
    "apart": "languages that were left out, and why",
    # induce
    "induce.pairs": "pairs written",
    "mutual": "whether only pairs that choose each other were kept",
    "threshold": "`--threshold`",
    "index": "`--index`",
    "recall": "share of the best translations that were found",
    "peak_memory": "largest memory of the process",
}


def table(command: str) -> Markdown:
    """Describe every key in COMMAND.json; one without a meaning is an error."""
    printed = json.loads(Path(f"{command}.json").read_text(encoding="utf-8"))
    found = dict(keys(printed, [command]))
    rows = [f"| {shown_path(path)} | {shown(found[path])} | {meaning(path)} |" for path in found]
    lines = ["| key | value here | meaning |", "| --- | --- | --- |", *rows]
    return Markdown("\n".join(lines))


def keys(printed: dict[str, object], path: list[str]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield paths of keys and their values, of lists the first element."""
    for name, value in printed.items():
        below = [*path, "*" if path in ANY else name]
        yield tuple(below), value
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            yield from keys(inner, below)


def meaning(path: tuple[str, ...]) -> str:
    """Find the meaning of a key by its path, or by the end of it."""
    ends = (".".join(path[start:]) for start in range(len(path)))
    return next(MEANINGS[end] for end in ends if end in MEANINGS)


def shown_path(path: tuple[str, ...]) -> str:
    """Show the last name of a path, moved in below the others."""
    return f"{'&nbsp;' * 4 * (len(path) - 2)}`{path[-1]}`"


def shown(value: object) -> str:
    """Show a value in a few characters."""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return f"list of {len(value)}"
    text = json.dumps(round(value, 3) if isinstance(value, float) else value, ensure_ascii=False)
    return f"`{text}`" if len(text) < WIDTH else f"`{text[:WIDTH]}` ..."
