"""Fit from a lexicon, with validation, calibration and the cost of a linear map."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.alignment.held_out import HeldOutResult
from alignx.alignment.validation import FEW_WORDS, LinearCost, Validation, validate
from alignx.errors import AlignmentFailed
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from alignx.alignment.calibration import Calibration
    from alignx.alignment.fit_context import FitSpec
    from alignx.alignment.held_out import HeldOut
    from alignx.mapping import Aligner, RefinementRound
    from alignx.support.arrays import Indices
    from alignx.support.progress import Progress

__all__ = ["SupervisedFit", "fit_supervised"]

ADVICE = (
    "check that the dictionary and the languages belong together and are in order, use more pairs, "
    "method self_learning (--self-learning) for few of them, or allow_failed (--allow-failed) to "
    "keep the map as it is"
)
UNCALIBRATED = "no probabilities: calibration is left out"
UNMEASURED = "the cost of a linear map is not measured"

logger = logging.getLogger("alignx")


class SupervisedFit(NamedTuple):
    """A fitted aligner with the figures of its fit."""

    aligner: Aligner
    rounds: list[RefinementRound]
    validation: Validation | None
    calibration: Calibration | None = None
    linear_cost: LinearCost | None = None


def fit_supervised(
    spec: FitSpec,
    pairs: Indices,
    held_out: HeldOut | None,
    *,
    calibrate: bool,
    standard_spec: Callable[[], FitSpec] | None,
    allow_failed: bool,
    progress: Progress | None,
) -> SupervisedFit:
    """Fit on all pairs, and assess the map by fits without the held-out pairs.

    Parameters
    ----------
    spec : FitSpec
        Aligner and context.
    pairs : (p, 2) int64
        Rows of the known pairs.
    held_out : HeldOut, optional
        A fifth of them; needed for probabilities and the cost of a linear map.
    calibrate : bool
        Whether to fit probabilities.
    standard_spec : callable, optional
        Makes the specification with centering, to measure the cost of a linear map.
    allow_failed : bool
        Whether to return a map that has failed.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    AlignmentFailed
        If the map has failed and that is not allowed.
    """
    is_linear = standard_spec is not None
    share = 0.8 if held_out is None else 0.3
    aligner, rounds = spec.fit(pairs, part_of(progress, 0, share))
    rest = part_of(progress, share, 1 - share)

    def checked(
        result: HeldOutResult | None = None, progress: Progress | None = None
    ) -> Validation | None:
        validation = validate(spec, aligner, pairs, result, progress)
        _require_success(validation, len(pairs), allow_failed)
        return validation

    if held_out is None:
        return SupervisedFit(aligner, rounds, checked(progress=rest))
    is_few = len(np.unique(pairs[:, 0])) < FEW_WORDS
    if is_few:  # a map that has failed is refused before the long computation
        validation = checked()
    purposes = [UNCALIBRATED] * calibrate + [UNMEASURED] * is_linear
    result = _held_out_result(spec, held_out, part_of(rest, 0, 0.5 if is_linear else 1), purposes)
    if not is_few:
        validation = checked(result)
    if result is None:
        return SupervisedFit(aligner, rounds, validation)
    calibration = result.calibration() if calibrate else None
    if standard_spec is None:
        return SupervisedFit(aligner, rounds, validation, calibration)
    is_correct = result.is_correct()[:, 0]
    del result  # it holds as many rows as the other will
    other = _held_out_result(standard_spec(), held_out, part_of(rest, 0.5, 0.5), [UNMEASURED])
    cost = None if other is None else LinearCost.of(is_correct, other.is_correct()[:, 0])
    return SupervisedFit(aligner, rounds, validation, calibration, cost)


def _require_success(validation: Validation | None, pairs: int, allow_failed: bool) -> None:
    """Raise AlignmentFailed for a failed map; warn of one that is weak or not validated."""
    if validation is None or not validation.decided:
        logger.warning(
            "this map could not be validated: too few pairs (%d) to hold some out; look at its "
            "translations, or use a larger dictionary",
            pairs,
        )
    elif validation.failed and not allow_failed:
        raise AlignmentFailed(validation, ADVICE)
    elif validation.weak:
        logger.warning(
            "this map is weak: %s; use more pairs, or method self_learning (--self-learning), "
            "which does better with few of them",
            validation,
        )


def _held_out_result(
    spec: FitSpec, held_out: HeldOut, progress: Progress | None, purposes: list[str]
) -> HeldOutResult | None:
    """Fit without the held-out words, or warn of the purposes that it would have served."""
    reason = held_out.reason_too_small()
    if reason is None:
        try:
            return HeldOutResult.of(spec, held_out, progress)
        except ValueError as error:
            reason = f"the map without the held-out words cannot be fitted: {error}"
    for purpose in purposes:
        logger.warning("%s, since %s", purpose, reason)
    return None
