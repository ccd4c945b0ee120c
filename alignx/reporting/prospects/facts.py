"""Everything that is measured on two languages before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.lexicon.lexicon import Lexicon
from alignx.reporting.prospects.language import LanguageFacts
from alignx.reporting.prospects.pair import PairFacts
from alignx.reporting.prospects.trial import Trial
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from alignx.vectors.embeddings import Embeddings

__all__ = ["FREQUENT", "Facts", "measure"]

FREQUENT = 5_000  # words that the shape of a language is measured on


class Facts(NamedTuple):
    """Facts of two languages, of both together, and the outcome of quick trials."""

    source: LanguageFacts
    target: LanguageFacts
    pair: PairFacts
    trial: Trial


def measure(source: Embeddings, target: Embeddings) -> Facts:
    """Measure two languages in a few seconds."""
    # One thread of BLAS: results must not depend on their number.
    with threadpool_limits(limits=1, user_api="blas"):
        return _measured(source, target)


def _measured(source: Embeddings, target: Embeddings) -> Facts:
    X, Y = (Normalizer().fit_transform(each.vectors)[:FREQUENT] for each in (source, target))
    sides = (
        LanguageFacts.of(source, target, X, source.language or "source"),
        LanguageFacts.of(target, source, Y, target.language or "target"),
    )
    rows = Lexicon.identical(source, target).rows(source, target)
    identical = np.stack([rows.source, rows.target], axis=1)
    frequent = identical[(identical < [len(X), len(Y)]).all(axis=1)]
    pair = PairFacts.of(sides, (X, Y), len(identical), frequent)
    return Facts(*sides, pair, Trial.of(X, Y, frequent))
