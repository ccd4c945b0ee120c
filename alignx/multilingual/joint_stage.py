"""Last stages of a fit: joint maps without the held-out words, then on all pairs."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.alignment.wrong_pairs import WrongPairs
from alignx.multilingual.held_out_fit import FoldTask, HeldOutFit, fit_fold, validation
from alignx.multilingual.joint_fit import fit_joint
from alignx.multilingual.pair_tasks import induce_pairs
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.alignment.validation import Validation
    from alignx.mapping.joint import JointAligner
    from alignx.multilingual.evidence import Pair
    from alignx.multilingual.joint_fit import JointFit
    from alignx.multilingual.pairwise_stage import Foundation
    from alignx.multilingual.work import Result, Tasks
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["CrossFitted", "cross_fit", "fit_all"]

HEAVIER = 3.0  # weight of two languages whose joint maps do worse than their own

logger = logging.getLogger("alignx")


class CrossFitted(NamedTuple):
    """Joint maps of the folds, their accuracy, and the weights of pairs of languages."""

    fits: list[HeldOutFit]
    star: dict[Pair, Validation]
    joint: dict[Pair, Validation]
    weights: dict[Pair, float]


def cross_fit(
    found: Foundation,
    hub: str,
    method: JointAligner,
    tasks: Tasks,
    progress: Progress | None = None,
) -> CrossFitted:
    """Fit joint maps and a star without each fold, and compare them with the pairwise maps.

    Where the joint maps of two languages are worse than their own by more than chance, these count
    more, if that helps; what remains is warned of.
    """
    if not found.known:
        return CrossFitted([], {}, {}, {})
    plain = _fitted(found, (hub, method, {}), tasks, part_of(progress, 0, 0.5))
    lost = _losses(found, plain)
    best, weights = plain, dict[tuple[str, str], float]()
    if lost:
        heavier = dict.fromkeys(lost, HEAVIER)
        again = _fitted(found, (hub, method, heavier), tasks, part_of(progress, 0.5, 0.5))
        left = _losses(found, again)
        if (len(left), sum(left.values())) < (len(lost), sum(lost.values())):
            best, weights, lost = again, heavier, left
            logger.info("weight %g for %s", HEAVIER, ", ".join("-".join(pair) for pair in heavier))
    for (source, target), loss in lost.items():
        logger.warning(
            "the joint maps of %s and %s answer %.1f points of held-out words less than the map of "
            "these two alone, which `align` fits",
            source,
            target,
            100 * loss,
        )
    fits = [
        HeldOutFit(
            {code: each.arrays[f"map {code}"] for code in found.parts},
            *(
                {pair: _of_all(found, pair, fold[pair][side]) for pair in fold}
                for fold in [found.folds[number]]
                for side in (0, 1)
            ),
        )
        for number, each in enumerate(best)
    ]
    wrong = _wrong_pairs(found, best)
    shares = {pair: each.share for pair, each in wrong.items()}
    star, joint = _validations(found, best, "star", {}), _validations(found, best, "joint", shares)
    for pair, validated in joint.items():
        if not validated.failed and wrong[pair].is_remarkable(is_weak=validated.weak):
            logger.warning("%s; check this dictionary", wrong[pair].remark("-".join(pair)))
    return CrossFitted(fits, star, joint, weights)


def _fitted(
    found: Foundation,
    settings: tuple[str, JointAligner, dict[Pair, float]],
    tasks: Tasks,
    progress: Progress | None,
) -> list[Result]:
    """Fit each fold."""
    hub, method, weights = settings
    parts = {
        code: (found.parts[code].path, found.parts[code].few)
        for code in [hub, *(code for code in found.parts if code != hub)]
    }
    learned = {
        pair: kept
        for pair in found.diagnoses
        if len(kept := _among_few(found, pair, found.starts[pair]))
    }
    calls = {
        f"fold-{number}{'-heavier' if weights else ''}": (
            FoldTask(
                parts,
                fold,
                {**starts, **learned},
                _tree(hub, {**star, **learned}),
                method,
                weights,
            ),
        )
        for number, (fold, starts, star) in enumerate(
            zip(found.folds, found.fold_starts, found.stars, strict=True)
        )
    }
    return list(tasks.run(fit_fold, calls, progress).values())


def _tree(hub: str, pairs: Mapping[Pair, Indices]) -> dict[Pair, Indices]:
    """Keep the pairs of languages that lead to the hub over the fewest others."""
    reached, tree = [hub], dict[tuple[str, str], "Indices"]()
    for code in reached:  # which grows
        for pair, rows in pairs.items():
            other = pair[pair[0] == code]
            if code in pair and other not in reached:
                reached.append(other)
                tree[pair] = rows
    return tree


def _among_few(found: Foundation, pair: Pair, rows: Indices) -> Indices:
    """Number pairs of rows of the parts among the few rows of the folds; drop others."""
    few = [found.parts[code].few for code in pair]
    known = np.isin(rows[:, 0], few[0]) & np.isin(rows[:, 1], few[1])
    return np.stack(
        [np.searchsorted(kept, rows[known, side]) for side, kept in enumerate(few)], axis=1
    )


def _of_all(found: Foundation, pair: Pair, rows: Indices) -> Indices:
    """Convert numbers among the few rows to rows of all words."""
    parts = [found.parts[code] for code in pair]
    return np.stack([part.kept[part.few[rows[:, n]]] for n, part in enumerate(parts)], axis=1)


def _answers(results: Sequence[Result], name: str, pair: Pair) -> NDArray[Any]:
    return np.concatenate([each.arrays[f"{name} {pair[0]} {pair[1]}"] for each in results])


def _wrong_pairs(found: Foundation, results: Sequence[Result]) -> dict[Pair, WrongPairs]:
    """Estimate the share of wrong pairs in each dictionary of which words were held out."""
    estimated = {}
    for pair in found.pairwise:
        parts = [found.parts[code] for code in pair]
        rows = np.concatenate([fold[pair].held_out for fold in found.folds])
        rows = np.stack([part.few[column] for part, column in zip(parts, rows.T, strict=True)], 1)
        words = parts[0].words.words, parts[1].words.words
        estimated[pair] = WrongPairs.of(_answers(results, "nearer", pair), rows, words)
    return estimated


def _validations(
    found: Foundation, results: Sequence[Result], name: str, wrong_pairs: Mapping[Pair, float]
) -> dict[Pair, Validation]:
    """Measure the star or the joint maps on the held-out words."""
    measured = {}
    for pair in found.pairwise:
        held_out = [fold[pair].held_out for fold in found.folds]
        few = found.parts[pair[1]].few
        each = validation(
            _answers(results, name, pair),
            found.known[pair],
            held_out,
            len(few),
            wrong_pairs.get(pair),
        )
        if each is not None:
            measured[pair] = each
    return measured


def _losses(found: Foundation, results: Sequence[Result]) -> dict[Pair, float]:
    """Return the loss of P@1 against the own map of two languages, where it is beyond chance."""
    losses = {}
    for pair, alone in found.answers.items():
        lost = alone.astype(np.float64) - _answers(results, "joint", pair)
        if len(lost) > 1 and lost.mean() > 1.96 * lost.std(ddof=1) / np.sqrt(len(lost)):
            losses[pair] = float(lost.mean())
    return losses


def fit_all(
    found: Foundation,
    settings: tuple[str, JointAligner, Mapping[Pair, float]],
    tasks: Tasks,
    progress: Progress | None,
) -> JointFit:
    """Fit the joint maps on all pairs; `settings` are the hub, the method and the weights."""
    hub, method, weights = settings
    codes = [hub, *(code for code in found.parts if code != hub)]
    paths = {code: found.parts[code].path for code in codes}
    rounds = itertools.count()

    def search(maps: Mapping[str, Matrix], pairs: Sequence[Pair]) -> dict[Pair, Indices]:
        number = next(rounds)
        calls = {
            f"induced-{number}-{s}.{t}": (paths[s], paths[t], maps[s], maps[t]) for s, t in pairs
        }
        results = tasks.run(induce_pairs, calls)
        return {
            pair: each.arrays["pairs"] for pair, each in zip(pairs, results.values(), strict=True)
        }

    return fit_joint(
        {code: found.parts[code].words.vectors for code in codes},
        found.known,
        starts=found.starts,
        method=method,
        weights=weights,
        search=search,
        progress=progress,
    )
