"""Joint maps fitted without a part of the words of all dictionaries, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.alignment.held_out import Fold, correct_answers
from alignx.alignment.validation import Validation
from alignx.alignment.wrong_pairs import nearer_words
from alignx.mapping.joint import JointAligner, JointReweighted
from alignx.multilingual.joint_fit import fit_joint, search_among
from alignx.multilingual.language_part import HELD_OUT_FREQUENT
from alignx.multilingual.pair_tasks import RIDGE, ROUNDS
from alignx.multilingual.work import Result
from alignx.retrieval.csls import csls_bias
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.multilingual.evidence import Pair
    from alignx.support.arrays import Indices, Matrix

__all__ = ["FOLDS", "FoldTask", "HeldOutFit", "fit_fold", "split_dictionaries", "validation"]

FOLDS = 2
ASKED = 1_000  # words of a pair of languages in a fold
FEWEST_WORDS = 20  # of a dictionary; with fewer, none is held out
FEWEST_KEPT = 10  # pairs to fit on


@dataclass(frozen=True, eq=False)
class HeldOutFit:
    """Joint maps of a fold, and the pairs with and without which they were fitted.

    Attributes
    ----------
    maps : mapping of str to (d, c) float32
        Map by code, for normalized rows.
    train, held_out : mapping of (str, str) to (p, 2) int64
        Known pairs by source and target code, as rows of all words.
    """

    maps: Mapping[str, Matrix]
    train: Mapping[Pair, Indices]
    held_out: Mapping[Pair, Indices]


def split_dictionaries(
    known: Mapping[Pair, Indices], folds: int = FOLDS, random_state: int = 0
) -> list[dict[Pair, Fold]]:
    """Divide the words of several dictionaries, so that none tells the held-out words of another.

    A pair with a held-out word, or a held-out translation, of any dictionary is not fitted on. So
    that few are lost, words that are held out of one dictionary are those of the others too, as far
    as possible.

    Parameters
    ----------
    known : mapping of (str, str) to (p, 2) int64
        Known pairs of rows.
    folds : int
        Number of folds, of up to 1,000 source words of each dictionary.
    random_state : int
        Seed of the choice.
    """
    random = np.random.default_rng(random_state)
    sizes: dict[str, int] = {}
    for pair, rows in known.items():
        for code, column in zip(pair, rows.T, strict=True):
            sizes[code] = max(sizes.get(code, 0), 1 + int(column.max(initial=-1)))
    asked = {pair: np.zeros(sizes[pair[0]], dtype=bool) for pair in known}
    found = []
    for _ in range(folds):
        touched = {code: np.zeros(size, dtype=bool) for code, size in sizes.items()}
        held_out: dict[Pair, Indices] = {}
        for pair in sorted(known, key=lambda each: -len(known[each])):
            source, target = pair
            words = np.unique(known[pair][:, 0])
            count = min(ASKED, len(words) // folds) if len(words) >= FEWEST_WORDS else 0
            words = random.permutation(words[~asked[pair][words]])
            order = np.argsort(~touched[source][words], kind="stable")
            queries = words[order[:count]]
            asked[pair][queries] = True
            rows = known[pair]
            held_out[pair] = rows[np.isin(rows[:, 0], queries)]
            touched[source][queries] = True
            touched[target][held_out[pair][:, 1]] = True
        found.append(
            {
                (s, t): Fold(
                    _untouched(rows, held_out[s, t], touched[s], touched[t]), held_out[s, t]
                )
                for (s, t), rows in known.items()
            }
        )
    return found


def _untouched(
    rows: Indices, held_out: Indices, source: NDArray[np.bool_], target: NDArray[np.bool_]
) -> Indices:
    """Return the pairs of a dictionary that are fitted on; of few, all but its own held-out ones.

    These few could tell a held-out word of another dictionary, and keep the languages joined.
    """
    kept = rows[~source[rows[:, 0]] & ~target[rows[:, 1]]]
    if len(kept) >= min(FEWEST_KEPT, len(rows)):
        return kept
    is_own = np.isin(rows[:, 0], held_out[:, 0]) | np.isin(rows[:, 1], held_out[:, 1])
    return rows[~is_own]


class FoldTask(NamedTuple):
    """Inputs of the joint maps of a fold, as they travel.

    Attributes
    ----------
    parts : mapping of str to (str, (n,) int64)
        Path of the part of each language, and its rows that take part; the hub first.
    folds : mapping of (str, str) to Fold
        Known pairs, as numbers among these rows.
    starts : mapping of (str, str) to (p, 2) int64
        Pairs of the first round: grown, or found by vectors alone.
    tree : mapping of (str, str) to (p, 2) int64
        Pairs of the star: those that map each language onto the next towards the hub.
    method : JointAligner
        Method.
    weights : mapping of (str, str) to float
        Weights of pairs of languages other than 1.
    """

    parts: Mapping[str, tuple[str, Indices]]
    folds: Mapping[Pair, Fold]
    starts: Mapping[Pair, Indices]
    tree: Mapping[Pair, Indices]
    method: JointAligner
    weights: Mapping[Pair, float]


def fit_fold(task: FoldTask) -> Result:
    """Fit joint maps and a star without the held-out words, and ask both for these.

    Returns
    -------
    Result
        Arrays ``map CODE``, ``star SOURCE TARGET`` and ``joint SOURCE TARGET``: the maps, and
        whether the first answer to each held-out source word is right; ``nearer SOURCE TARGET``:
        share of other known words that are nearer by the joint maps, for each held-out pair.
    """
    rows = {code: load(path).vectors[few] for code, (path, few) in task.parts.items()}
    train = {pair: fold.train for pair, fold in task.folds.items() if len(fold.train)}
    joint = fit_joint(
        rows,
        train,
        starts=task.starts,
        method=task.method,
        rounds=1,
        weights=task.weights,
        search=search_among(rows, HELD_OUT_FREQUENT),
    )
    codes = list(rows)
    star = JointReweighted(regularization=RIDGE).fit(
        list(rows.values()),
        {(codes.index(s), codes.index(t)): pairs for (s, t), pairs in task.tree.items()},
    )
    arrays: dict[str, NDArray[Any]] = {f"map {code}": each for code, each in joint.maps.items()}
    for name, maps in (("star", dict(zip(codes, star.maps_, strict=True))), ("joint", joint.maps)):
        mapped = {code: unit_rows(rows[code] @ maps[code]) for code in codes}
        for (s, t), fold in task.folds.items():
            both, k = (mapped[s], mapped[t]), min(N_NEIGHBORS, len(rows[s]), len(rows[t]))
            bias = csls_bias(mapped[t], mapped[s], n_neighbors=k)
            arrays[f"{name} {s} {t}"] = correct_answers(*both, fold.held_out, k, bias)
            if name == "joint":
                arrays[f"nearer {s} {t}"] = nearer_words(*both, fold, bias)
    return Result(arrays, {})


def validation(
    is_correct: NDArray[np.bool_],
    known: Indices,
    held_out: Sequence[Indices],
    answers: int,
    wrong_pairs: float | None = None,
) -> Validation | None:
    """Return P@1 on the held-out words of all folds; None without any."""
    n = len(is_correct)
    if not n:
        return None
    words = len(np.unique(known[:, 0]))
    chance = sum(map(len, held_out)) / n / answers
    hits = int(is_correct.sum())
    return Validation(hits, n, words, answers, chance, ROUNDS, wrong_pairs=wrong_pairs)
