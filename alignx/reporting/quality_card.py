"""Quality of an alignment in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.card_warnings import FEW_WORDS, warnings_of
from alignx.reporting.notebook import CARD, rendered
from alignx.reporting.uses import judged_uses
from alignx.support.counts import counted
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.evaluation.word_translation import EvaluationReport
    from alignx.reporting.uses import Use

__all__ = ["MeasuredAccuracy", "QualityCard"]

TEST = "test words"
HELD_OUT = "held-out words of the training dictionary"
NAN = float("nan")


@dataclass(frozen=True)
class MeasuredAccuracy:
    """Accuracy of one ranking on one set of words.

    Attributes
    ----------
    words : str
        Set of words: "held-out words of the training dictionary", "test words".
    ranking : {"nn", "csls", "learned"}
        Order of the answers.
    accuracy : Accuracy
        P@1 with its 95 % interval by Wilson's score, which holds for few words too; P@5, P@10 and
        MRR are NaN where they were not measured.
    """

    words: str
    ranking: str
    accuracy: Accuracy


@dataclass(frozen=True)
class QualityCard(Tabular):
    """Quality of an alignment in plain words.

    Attributes
    ----------
    source, target : str
        Name of each language, or "source" and "target".
    sizes : (int, int)
        Words of each vocabulary.
    method : str
        Name of the map and its training pairs, in plain words.
    accuracies : tuple of MeasuredAccuracy
        The figure to rely on first.
    coverage : float, optional
        Share of the test words with a vector, in [0, 1].
    uses : tuple of Use
        Good and not good uses, by stated thresholds; empty if no accuracy was measured.
    warnings : tuple of str
        Failures first.
    failed : bool
        Whether the map failed its check.
    """

    source: str
    target: str
    sizes: tuple[int, int]
    method: str
    accuracies: tuple[MeasuredAccuracy, ...]
    coverage: float | None
    uses: tuple[Use, ...]
    warnings: tuple[str, ...]
    failed: bool

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures for each accuracy."""
        return [
            {"words": each.words, "ranking": each.ranking, **each.accuracy.as_dict()}
            for each in self.accuracies
        ]

    def _repr_html_(self) -> str:
        """Return the card for a notebook."""
        return rendered(CARD, card=self)

    @classmethod
    def of(
        cls,
        space: SharedSpace,
        alignment: Alignment | None = None,
        evaluation: EvaluationReport | None = None,
        *,
        names: tuple[str, str] = ("source", "target"),
        differences: Sequence[str] = (),
    ) -> Self:
        """Judge an alignment by its held-out words and a test.

        Parameters
        ----------
        space : SharedSpace
            The languages in one space.
        alignment : Alignment, optional
            The map into it, with the figures of its fit.
        evaluation : EvaluationReport, optional
            Figures on a test dictionary. Its words that the map was fitted on do not count, unless
            there are no others.
        names : (str, str)
            Names of the languages.
        differences : sequence of str
            Differences of the vectors from those of the fit. Held-out figures do not count then.
        """
        tested = [] if evaluation is None else _tested(evaluation)
        # The held-out figures are of the vectors of the fit, and say nothing about others.
        held_out = [] if alignment is None or differences else _held_out(alignment)
        is_small = bool(tested) and tested[0].accuracy.n < FEW_WORDS
        is_larger = (
            bool(held_out) and bool(tested) and held_out[0].accuracy.n > tested[0].accuracy.n
        )
        accuracies = (*held_out, *tested) if is_small and is_larger else (*tested, *held_out)
        source, target = names
        return cls(
            source,
            target,
            (len(space.source), len(space.target)),
            _method(space, alignment),
            accuracies,
            None if evaluation is None else evaluation.coverage,
            _uses(accuracies),
            warnings_of(
                len(space.target),
                alignment,
                evaluation,
                [(each.words, each.accuracy) for each in accuracies],
                differences,
            ),
            alignment is not None and alignment.failed,
        )


def _tested(evaluation: EvaluationReport) -> list[MeasuredAccuracy]:
    """Return the accuracies on a test dictionary, of the best ranking first."""
    found = {"nn": evaluation.nn, "csls": evaluation.csls, **evaluation.more}
    words = TEST
    if evaluation.known and evaluation.new["csls"].n:
        found, words = evaluation.new, "test words that are new to the map"
    return [MeasuredAccuracy(words, name, each) for name, each in reversed(found.items()) if each.n]


def _held_out(alignment: Alignment) -> list[MeasuredAccuracy]:
    """Return the accuracies on held-out pairs of the fit, of the learned ranking first."""
    found, gain = alignment.validation, alignment.ranking_gain
    measured = []
    if gain is not None and alignment.ranker is not None and not gain.induced:
        measured.append(("learned", gain.learned, gain.n))
    if found is not None and found.n:
        measured.append(("csls", found.precision, found.n))
    return [
        MeasuredAccuracy(HELD_OUT, ranking, Accuracy(n, {1: p1, 5: NAN, 10: NAN}, NAN))
        for ranking, p1, n in measured
    ]


def _uses(accuracies: Sequence[MeasuredAccuracy]) -> tuple[Use, ...]:
    """Judge the uses by the set of words to rely on."""
    if not accuracies:
        return ()
    words = accuracies[0].words
    by_csls = next(
        each.accuracy for each in accuracies if (each.words, each.ranking) == (words, "csls")
    )
    return judged_uses(accuracies[0].accuracy, by_csls, words)


def _method(space: SharedSpace, alignment: Alignment | None) -> str:
    """Describe the map."""
    if alignment is None:
        return "Joint maps of a space" if space.pairs else "Vectors that share a space already"
    name = type(alignment.aligner).__name__
    by = {"self_learning": "self-learning", "adversarial": "adversarial training"}
    parts = [
        f"{name}, from {counted(alignment.pairs, 'known word pair')}"
        if alignment.found_by == "lexicon"
        else f"{name}, without a dictionary, by {by.get(alignment.found_by, alignment.found_by)}"
    ]
    if rounds := len(alignment.rounds):
        parts.append(f"refined in {counted(rounds, 'round')}")
    if space.ranker is not None:
        parts.append("with a learned ranking of translations")
    return ", ".join(parts)
