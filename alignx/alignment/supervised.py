"""Fit from a lexicon, with validation, calibration and the cost of a linear map."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import clone

from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.held_out import HeldOutResult
from alignx.alignment.model_selection import Auto
from alignx.alignment.validation import FEW_WORDS, LinearCost, Validation, validate
from alignx.errors import AlignmentFailed
from alignx.mapping import with_centering, without_centering
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.alignment.calibration import Calibration
    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.held_out import HeldOut
    from alignx.mapping import Aligner, RefinementRound
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["MapFit", "fit_supervised"]

ADVICE = (
    "check that the dictionary and the languages belong together and are in order, use more pairs, "
    "method self_learning (--self-learning) for few of them, or allow_failed (--allow-failed) to "
    "keep the map as it is"
)
UNCALIBRATED = "no probabilities: calibration is left out"
UNMEASURED = "the cost of a linear map is not measured"

logger = logging.getLogger("alignx")


class MapFit(NamedTuple):
    """A fitted aligner with the figures of its fit."""

    aligner: Aligner
    rounds: Sequence[RefinementRound]
    validation: Validation | None = None
    calibration: Calibration | None = None
    linear_cost: LinearCost | None = None
    diagnosis: Diagnosis | None = None
    found_by: str = "lexicon"


def fit_supervised(
    method: Aligner | Auto,
    context: FitContext,
    pairs: Indices,
    held_out: HeldOut | None,
    *,
    standard_rows: Callable[[], tuple[Matrix, Matrix]] | None,
    calibrate: bool,
    allow_failed: bool,
    progress: Progress | None,
) -> MapFit:
    """Fit on all pairs, (p, 2) rows, and assess the map by fits without the held-out pairs.

    `standard_rows` are rows of the languages with centering, to measure the cost of a linear map;
    without, the map may center. `held_out` is needed for probabilities and that cost.

    Raises
    ------
    AlignmentFailed
        If the map has failed and that is not allowed.
    """
    is_linear = standard_rows is not None
    standard, spec = _specified(method, context, pairs, is_linear, part_of(progress, 0, 0.7))
    if isinstance(method, Auto):
        progress = part_of(progress, 0.7, 0.3)
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
        return MapFit(aligner, rounds, checked(progress=rest))
    is_few = len(np.unique(pairs[:, 0])) < FEW_WORDS
    if is_few:  # a map that has failed is refused before the long computation
        validation = checked()
    purposes = [UNCALIBRATED] * calibrate + [UNMEASURED] * is_linear
    result = _held_out_result(spec, held_out, part_of(rest, 0, 0.5 if is_linear else 1), purposes)
    if not is_few:
        validation = checked(result)
    if result is None:
        return MapFit(aligner, rounds, validation)
    calibration = result.calibration() if calibrate else None
    if standard_rows is None:
        return MapFit(aligner, rounds, validation, calibration)
    is_correct = result.is_correct()[:, 0]
    del result  # it holds as many rows as the other will
    X, Y = standard_rows()
    standard_spec = FitSpec(standard, spec.context._replace(source=X, target=Y))
    other = _held_out_result(standard_spec, held_out, part_of(rest, 0.5, 0.5), [UNMEASURED])
    cost = None if other is None else LinearCost.of(is_correct, other.is_correct()[:, 0])
    return MapFit(aligner, rounds, validation, calibration, cost)


def _specified(
    method: Aligner | Auto,
    context: FitContext,
    pairs: Indices,
    is_linear: bool,
    progress: Progress | None,
) -> tuple[Aligner, FitSpec]:
    """Return the aligner with centering, and the specification of the fit."""
    if isinstance(method, Auto):
        auto = without_centering(method) if is_linear else clone(method)
        spec = auto.choose(context, pairs, progress)
        logger.info("%s", auto.choice_)
        return with_centering(spec.aligner) if is_linear else spec.aligner, spec
    return method, FitSpec(without_centering(method) if is_linear else method, context)


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
