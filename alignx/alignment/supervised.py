"""Fit from a lexicon, with validation, learned ranking and the cost of a linear map."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import clone

from alignx.alignment.cross_fit import CrossFit
from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.held_out import FEW_WORDS
from alignx.alignment.model_selection import Auto
from alignx.alignment.ranker_fit import cross_fit_candidates
from alignx.alignment.validation import LinearCost, Validation, validate
from alignx.errors import AlignmentFailed
from alignx.mapping import Procrustes, with_centering, without_centering
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.alignment.diagnosis import Diagnosis
    from alignx.mapping import Aligner, RefinementRound
    from alignx.ranking.ranker import LabeledCandidates
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["FEWEST_ASKED", "MapFit", "fit_supervised"]

FEWEST_ASKED = 100  # with fewer words, the share of correct answers says little
ADVICE = (
    "check that the dictionary and the languages belong together and are in order, use more "
    "pairs, or none at all (lexicon=None, --unsupervised), or allow_failed (--allow-failed) to "
    "keep the map as it is"
)

logger = logging.getLogger("alignx")


class MapFit(NamedTuple):
    """A fitted aligner with the figures of its fit."""

    aligner: Aligner
    rounds: Sequence[RefinementRound]
    validation: Validation | None = None
    linear_cost: LinearCost | None = None
    diagnosis: Diagnosis | None = None
    found_by: str = "lexicon"
    cross_fit: CrossFit | None = None
    strategy: str | None = None
    answers: Sequence[LabeledCandidates] = ()


def fit_supervised(
    method: Aligner | Auto,
    context: FitContext,
    pairs: Indices,
    words: tuple[Sequence[str], Sequence[str]],
    *,
    standard_rows: Callable[[], tuple[Matrix, Matrix]] | None,
    n_candidates: int,
    allow_failed: bool,
    progress: Progress | None,
) -> MapFit:
    """Fit on all pairs, (p, 2) rows, and assess the map by fits without the held-out pairs.

    `standard_rows` are rows of the languages with centering, to measure the cost of a linear map;
    without, the map may center. With `n_candidates`, and enough words, the result has so many
    candidates of each held-out word.

    Raises
    ------
    AlignmentFailed
        If the map has failed and that is not allowed.
    """
    is_linear = standard_rows is not None
    n_words = len(np.unique(pairs[:, 0]))
    auto, spec, fits = _specified(method, context, pairs, is_linear, part_of(progress, 0, 0.4))
    is_few = n_words < FEW_WORDS
    # A map that has failed is refused before the long computations.
    if not is_few and fits is not None and not allow_failed:
        _require_success(validate(fits, None, n_words, spec.context.refinement.rounds))
    aligner, rounds = spec.fit(pairs, part_of(progress, 0.4, 0.2))
    rest = part_of(progress, 0.6, 0.2 if is_linear else 0.4)
    if is_few:
        validation = _validated(spec, aligner, fits, pairs, words, (), allow_failed)
    answers: list[LabeledCandidates] = []
    if is_linear or (n_candidates and not is_few):
        if n_words < FEWEST_ASKED:
            _warn(f"it needs {FEWEST_ASKED} known source words, got {n_words}")
        elif fits is None or type(fits.spec.aligner) is not type(spec.aligner):
            if is_linear:
                _warn("the map cannot be fitted without the held-out words")
        else:
            answers = cross_fit_candidates(context, words, fits, max(1, n_candidates), rest)
    if not is_few:
        validation = _validated(spec, aligner, fits, pairs, words, answers, allow_failed)
    if progress is not None:
        progress(0.8 if is_linear else 1.0)
    cost = None
    if standard_rows is not None and answers:
        X, Y = standard_rows()
        standard = with_centering(spec.aligner) if auto else method
        centered = replace(spec, aligner=standard, context=context._replace(source=X, target=Y))
        cost = _linear_cost(centered, pairs, words, answers, part_of(progress, 0.8, 0.2))
    strategy = auto.choice_.reason if auto else None
    learned = answers if n_candidates and not is_few else ()
    return MapFit(
        aligner, rounds, validation, cost, cross_fit=fits, strategy=strategy, answers=learned
    )


def _specified(
    method: Aligner | Auto,
    context: FitContext,
    pairs: Indices,
    is_linear: bool,
    progress: Progress | None,
) -> tuple[Auto | None, FitSpec, CrossFit | None]:
    """Return the strategy and its fits without held-out words, and who chose it."""
    if isinstance(method, Auto):
        auto = without_centering(method) if is_linear else clone(method)
        spec, fits = auto.choose(context, pairs, progress)
        logger.info("%s", auto.choice_)
        return auto, spec, fits
    if len(np.unique(pairs[:, 0])) < FEW_WORDS:
        logger.warning(
            "with %d pairs, the default method (auto) usually does better, since it adds pairs by "
            "self-learning",
            len(pairs),
        )
    spec = FitSpec(without_centering(method) if is_linear else method, context)
    return None, spec, _cross_fit(spec, pairs, progress)


def _cross_fit(spec: FitSpec, pairs: Indices, progress: Progress | None) -> CrossFit | None:
    """Fit without each fold, if need be of fewer words, or orthogonal maps instead."""
    quiet = replace(spec, context=spec.context._replace(log=None))
    attempts = [(quiet, None), (quiet, 5)]
    if spec.context.source.shape[1] == spec.context.target.shape[1]:
        attempts.append((replace(quiet, aligner=Procrustes()), None))
    for attempt, folds in attempts:
        try:
            return CrossFit.of(attempt, pairs, folds, progress=progress)
        except ValueError:  # too few pairs without a fold
            continue
    return None


def _linear_cost(
    spec: FitSpec,
    pairs: Indices,
    words: tuple[Sequence[str], Sequence[str]],
    linear: list[LabeledCandidates],
    progress: Progress | None,
) -> LinearCost | None:
    """Compare the answers of a linear map with those of a strategy with centering."""
    fits = _cross_fit(spec, pairs, part_of(progress, 0, 0.5))
    if fits is None or len(fits.folds) != len(linear):
        _warn("too few pairs are left without the held-out words")
        return None
    standard = cross_fit_candidates(spec.context, words, fits, 1, part_of(progress, 0.5, 0.5))
    first = [
        np.concatenate([each.is_correct[:, 0] for each in answers])
        for answers in (linear, standard)
    ]
    return LinearCost.of(*first)


def _require_success(validation: Validation) -> None:
    if validation.failed:
        raise AlignmentFailed(validation, ADVICE)


def _warn(reason: str) -> None:
    logger.warning("the cost of a linear map is not measured, since %s", reason)


def _validated(
    spec: FitSpec,
    aligner: Aligner,
    fits: CrossFit | None,
    pairs: Indices,
    words: tuple[Sequence[str], Sequence[str]],
    answers: Sequence[LabeledCandidates],
    allow_failed: bool,
) -> Validation | None:
    """Raise AlignmentFailed for a failed map; warn of a weak one and of wrong pairs."""
    n_words, rounds = len(np.unique(pairs[:, 0])), spec.context.refinement.rounds
    validation, wrong = None, None
    if fits is not None:
        wrong = fits.wrong_pairs(words)
        validation = validate(fits, aligner, n_words, rounds, answers, wrong.share)
    if validation is None or not validation.decided:
        logger.warning(
            "this map could not be validated: too few pairs (%d) to hold some out; look at its "
            "translations, or use a larger dictionary",
            len(pairs),
        )
    elif not allow_failed:
        _require_success(validation)
    if validation is not None and validation.weak:
        better = "" if spec.self_learning else " or the default method (auto)"
        logger.warning(
            "this map is weak: %s; check the dictionary, and use more pairs%s", validation, better
        )
    if validation is None or wrong is None or validation.failed:
        return validation
    if wrong.is_remarkable(is_weak=validation.weak):
        logger.warning("%s; check it", wrong.remark("the dictionary"))
    return validation
