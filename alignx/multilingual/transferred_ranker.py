"""Learned ranking for pairs of languages without a lexicon, from the pairs that have one."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from sklearn.base import clone

from alignx.ranking.gain import FirstAnswers, RankingGain, expected_calibration_error
from alignx.ranking.spelling import SpellingModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.ranking.ranker import LabeledCandidates, PairRanker
    from alignx.support.progress import Progress

    Pair: TypeAlias = tuple[str, str]
    Samples: TypeAlias = Mapping[Pair, Sequence[LabeledCandidates]]

__all__ = ["fit_transferred", "with_spelling"]

TRIED = 10  # pairs of languages that are left out, each by a fit on the others

logger = logging.getLogger("alignx")


def fit_transferred(
    ranker: PairRanker, samples: Samples, progress: Progress | None = None
) -> tuple[PairRanker | None, RankingGain | None]:
    """Fit a ranker on several ordered pairs of languages, and measure it on others.

    Parameters
    ----------
    ranker : PairRanker
        Parameters.
    samples : mapping of (str, str) to sequence of LabeledCandidates
        Candidates of held-out words for each ordered pair with a lexicon.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    ranker : PairRanker or None
        Fitted on all of them, with the spelling of none in particular (see `with_spelling`); None
        if it does not gain, or there are fewer than two pairs to measure it on.
    gain : RankingGain or None
        Figures on up to ten pairs of languages, each ranked by a fit on the others alone.
    """
    unordered = sorted(set(map(_in_order, samples)))
    if len(unordered) < 2:
        return None, None
    tried = unordered[:: -(-len(unordered) // TRIED)]
    answers: list[FirstAnswers] = []
    for number, pair in enumerate(tried):
        fitted = clone(ranker).fit(_parts(samples, without=pair))
        for asked in (samples.get(pair), samples.get(pair[::-1])):
            if asked:
                own = [
                    FirstAnswers.of(with_spelling(fitted, SpellingModel.of(part.known)), part)
                    for part in asked
                ]
                answers.append(FirstAnswers.joined(own))
        if progress is not None:
            progress((number + 1) / (len(tried) + 1))
    errors = [expected_calibration_error(each.probability, each.learned) for each in answers]
    gain = replace(
        RankingGain.of(*FirstAnswers.joined(answers), transferred=True),
        calibration_error=float(np.mean(errors)),
    )
    if gain.gain > 0:
        return clone(ranker).fit(_parts(samples)), gain
    logger.warning("pairs without a lexicon have no learned ranking, since %s", gain)
    return None, gain


def _parts(samples: Samples, without: Pair | None = None) -> list[LabeledCandidates]:
    """Return the candidates of all pairs of languages, or of all but one in both directions."""
    return [part for pair, own in samples.items() if _in_order(pair) != without for part in own]


def _in_order(pair: Pair) -> Pair:
    return min(pair), max(pair)


def with_spelling(ranker: PairRanker, spelling: SpellingModel) -> PairRanker:
    """Return a fitted ranker for the languages of a model of spelling."""
    own = copy.copy(ranker)
    own.spelling_ = spelling
    return own
