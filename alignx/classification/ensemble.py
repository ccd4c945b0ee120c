"""Voting models: heads by language, word translation before them, shifts after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.classification.heads import log_softmax
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.heads import Head
    from alignx.classification.word_translator import WordTranslator
    from alignx.support.arrays import Double
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import Documents

__all__ = ["ANY", "Member", "VotingModel", "log_mean", "match_prior"]

ANY = "*"
MATCHING_ROUNDS = 100  # of the fixed-point iteration


@dataclass(frozen=True, eq=False)
class Member:
    """Heads by language; ``"*"`` serves the languages that are not named.

    Documents of the languages in `routes` are first translated word by word into the language that
    it names; with `keeps_own` the vector of a document is the mean of its own and that of its
    translation. `weights` are those of its vote by language, 1 where it is not named.
    """

    heads: dict[str, Head]
    routes: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    keeps_own: bool = False

    def log_probabilities(
        self, documents: Documents, encoder: DocumentEncoder, translator: WordTranslator
    ) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        head = self.heads.get(documents.language) or self.heads[ANY]
        route = self.routes.get(documents.language)
        if route is None:
            return head.log_probabilities(encoder.transform(documents))
        rows = encoder.transform(translator.translate(documents, route))
        if self.keeps_own:
            rows = unit_rows(rows + encoder.transform(documents))
        return head.log_probabilities(rows)


@dataclass(frozen=True, eq=False)
class VotingModel:
    """Members that vote by the weighted mean of their probabilities.

    Attributes
    ----------
    members : tuple of Member
        At least one.
    shifts : dict of str to (classes,) float64
        Additions to the log probabilities of a language.
    facts : dict
        Facts about training: numbers and strings that JSON can hold.
    """

    members: tuple[Member, ...]
    shifts: dict[str, Double] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def log_probabilities(
        self, documents: Documents, encoder: DocumentEncoder, translator: WordTranslator
    ) -> Double:
        """Compute log probabilities, (n, classes) float64."""
        votes = [m.log_probabilities(documents, encoder, translator) for m in self.members]
        weights = [m.weights.get(documents.language, 1.0) for m in self.members]
        scores = log_mean(votes, weights)
        shift = self.shifts.get(documents.language)
        return scores if shift is None else log_softmax(scores + shift)


def log_mean(votes: list[Double], weights: Sequence[float]) -> Double:
    """Compute the log of the weighted mean of probabilities given as logs."""
    if len(votes) == 1:
        return votes[0]
    return np.asarray(np.log(np.average(np.exp(votes), axis=0, weights=weights) + 1e-300))


def match_prior(prior: Double, scores: Double) -> Double:
    """Find the shift (classes,) of log probabilities whose mean probabilities are the prior.

    `prior` (classes,) sums to 1, `scores` (n, classes) are log probabilities.

    References
    ----------
    The inverse of Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New
    a Priori Probabilities", Neural Computation 2002, section 2.2: there the prior is unknown.

    Examples
    --------
    >>> scores = np.log([[0.9, 0.1], [0.6, 0.4]])
    >>> shift = match_prior(np.array([0.5, 0.5]), scores)
    >>> np.exp(log_softmax(scores + shift)).mean(axis=0).round(3)
    array([0.5, 0.5])
    """
    shift = np.zeros(len(prior))
    for _ in range(MATCHING_ROUNDS):
        mean = np.exp(log_softmax(scores + shift)).mean(axis=0)
        shift += np.log(np.maximum(prior, 1e-12)) - np.log(np.maximum(mean, 1e-12))
    return np.asarray(shift - shift.mean())
