"""Learned rankings of a fit, and its value."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.space_folder.manifest import MANIFEST
from alignx.multilingual.language_part import forget_words
from alignx.multilingual.multilingual_alignment import MultilingualAlignment, PairFit
from alignx.multilingual.pair_rankers import FittedRanker, fit_pair_rankers
from alignx.ranking.ranker import PairRanker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from alignx.mapping.joint import JointAligner
    from alignx.multilingual.evidence import Pair
    from alignx.multilingual.joint_fit import JointFit
    from alignx.multilingual.joint_stage import CrossFitted
    from alignx.multilingual.language_part import LanguagePart
    from alignx.multilingual.pairwise_stage import Foundation
    from alignx.multilingual.work import Tasks
    from alignx.support.progress import Progress

__all__ = ["assembled", "fit_rankers", "keep_finished", "kept_finished"]

KEPT_WORDS = 10  # of each language, as a space has some; `save` maps all of them


def fit_rankers(
    ranker: PairRanker | bool,
    found: Foundation,
    folds: CrossFitted,
    joint: JointFit,
    progress: Progress | None,
) -> dict[Pair, FittedRanker]:
    """Learn the ranking of each ordered pair of languages."""
    if ranker is False or not folds.fits:
        return {}
    parts = found.parts
    evidence = {
        (s, t): np.stack([parts[s].kept[pairs[:, 0]], parts[t].kept[pairs[:, 1]]], axis=1)
        for (s, t), (pairs, _) in joint.evidence.items()
    }
    fitted = fit_pair_rankers(
        PairRanker() if ranker is True else ranker,
        lambda code, matrix: parts[code].ranked_rows(matrix),
        {code: parts[code].ranked_words().words for code in joint.maps},
        folds.fits,
        evidence,
        progress=progress,
    )
    forget_words()
    return fitted


def assembled(
    found: Foundation,
    hub: str,
    method: JointAligner,
    fits: tuple[CrossFitted, JointFit],
    rankers: Mapping[Pair, FittedRanker],
) -> MultilingualAlignment:
    """Put the value together."""
    folds, joint = fits
    induced = dict(joint.induced)
    induced |= {(t, s): count for (s, t), count in joint.induced.items()}
    pairs: dict[Pair, PairFit] = {}
    for pair in [*found.starts, *joint.induced, *rankers]:
        if pair in pairs:
            continue
        learned = rankers.get(pair, FittedRanker(None, None))
        if pair[::-1] not in pairs:
            pairs[pair] = _pair_fit(found, folds, pair, induced.get(pair, 0), learned)
        elif learned.gain is not None:  # the other direction of a pair
            turned = pairs[pair[::-1]]
            pairs[pair] = PairFit(
                *pair,
                turned.pairs,
                turned.induced,
                turned.found_by,
                ranker=learned.ranker,
                ranking_gain=learned.gain,
                is_transferred=learned.is_transferred,
            )
    codes = [hub, *(code for code in found.parts if code != hub)]
    maps = {code: found.parts[code].mapped_by(joint.maps[code]) for code in codes}
    alignment = MultilingualAlignment(
        maps, pairs, joint.triangles, dict(found.apart), method, joint.frame
    )
    for learned in rankers.values():
        if learned.ranker is not None:
            learned.ranker.space_ = alignment.space
    return alignment


def _pair_fit(
    found: Foundation, folds: CrossFitted, pair: Pair, induced: int, learned: FittedRanker
) -> PairFit:
    rows, known, origin = found.known.get(pair), None, "lexicon"
    if rows is None:
        origin = "self_learning" if pair in found.diagnoses else "pivot"
    else:
        words = [found.parts[code].words.words for code in pair]
        known = KnownPairs.of((words[0][s], words[1][t]) for s, t in rows.tolist())
    return PairFit(
        *pair,
        0 if rows is None else len(rows),
        induced,
        origin,
        found.pairwise.get(pair),
        folds.star.get(pair),
        folds.joint.get(pair),
        found.diagnoses.get(pair),
        learned.ranker,
        learned.gain,
        known,
        learned.is_transferred,
    )


def keep_finished(
    alignment: MultilingualAlignment,
    parts: Mapping[str, LanguagePart],
    tasks: Tasks,
    ranker: PairRanker | bool,
) -> None:
    """Keep maps, figures and rankings in the folder of a fit, as a space of few words."""
    few = {code: parts[code].words.head(KEPT_WORDS) for code in alignment.maps}
    alignment.save(_finished(tasks, ranker), few, prepare=False)


def kept_finished(tasks: Tasks, ranker: PairRanker | bool) -> MultilingualAlignment | None:
    """Return what `keep_finished` has kept, or None if the fit has not come to its end."""
    folder = _finished(tasks, ranker)
    return MultilingualAlignment.load(folder) if (folder / MANIFEST).exists() else None


def _finished(tasks: Tasks, ranker: PairRanker | bool) -> Path:
    """Name the folder by the ranker, on which the rest of the fit does not depend."""
    digest = hashlib.sha256(repr(ranker).encode()).hexdigest()[:8]
    return tasks.store.path(f"finished-{digest}")
