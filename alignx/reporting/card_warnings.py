"""Warnings of a quality card, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.reporting.uses import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.alignment.alignment import Alignment
    from alignx.evaluation.accuracy import Accuracy
    from alignx.evaluation.word_translation import EvaluationReport

__all__ = ["FEW_WORDS", "warnings_of"]

FEW_WORDS = 50  # below, the interval of P@1 is wider than 25 points
LEAST_COVERAGE = 0.8
# Test words are rarer than those of most training dictionaries, which costs some 10 points.
FAR_BELOW = 0.5


def warnings_of(
    targets: int,
    alignment: Alignment | None,
    evaluation: EvaluationReport | None,
    measured: Sequence[tuple[str, Accuracy]],
    differences: Sequence[str] = (),
) -> tuple[str, ...]:
    """Collect the warnings of an alignment, failures first.

    Parameters
    ----------
    targets : int
        Words of the target vocabulary.
    alignment, evaluation : Alignment, EvaluationReport, optional
        The map, and figures on a test dictionary.
    measured : sequence of (str, Accuracy)
        Sets of words with their accuracies, the one to rely on first.
    differences : sequence of str
        Differences of the vectors from those of the fit.
    """
    found = [] if alignment is None else [*_of_failure(alignment)]
    found += differences
    if not measured:
        found.append("No P@1 was measured. Give a test dictionary to measure it.")
    elif measured[0][1].n < FEW_WORDS:
        words, accuracy = measured[0]
        found.append(f"Few {words} were asked ({accuracy.n:,}): the figures are rough.")
    if alignment is not None:
        found += _of_fit(alignment, targets)
    if evaluation is not None:
        found += _of_test(evaluation, alignment)
    return tuple(found)


def _of_failure(alignment: Alignment) -> Iterator[str]:
    """Tell of maps that failed, are weak, or were not tested enough."""
    if alignment.failed:
        yield (
            f"This map has failed its check: its translations are mostly wrong. {alignment.report}."
        )
    found = alignment.validation
    if found is None:
        return
    if found.weak:
        yield f"This map is weak: it works, but most of its translations are wrong. {found}."
    elif not found.decided:
        yield f"Too few words were held out to tell whether this map works. {found}."


def _of_fit(alignment: Alignment, targets: int) -> Iterator[str]:
    """Tell of figures of the fit that mean less than others."""
    found, gain = alignment.validation, alignment.ranking_gain
    if found is None and alignment.diagnosis is not None and not alignment.failed:
        agreement = f"{alignment.diagnosis.agreement:.0%}"
        yield (
            "This map was made without a dictionary, so no words were held out to measure P@1. "
            f"Two runs found {agreement} of their pairs in common, and less than 30 % means "
            "failure; this is no accuracy."
        )
    if found is not None and found.n and found.answers < targets:
        yield (
            f"Held-out words could choose among {found.answers:,} of the {targets:,} target "
            "words; among all of them P@1 is lower."
        )
    if gain is not None and alignment.ranker is None:
        yield "The learned ranking was left out, as it was no better than CSLS on held-out words."
    if gain is not None and alignment.ranker is not None and gain.induced:
        yield (
            "The probabilities were learned from pairs that the map found itself, as there were "
            "few known ones: they are rough."
        )


def _of_test(evaluation: EvaluationReport, alignment: Alignment | None) -> Iterator[str]:
    """Tell of test dictionaries that flatter, lack words, or contradict the held-out words."""
    n = evaluation.csls.n
    if evaluation.known:
        is_all = not evaluation.new["csls"].n
        yield (
            f"{'All' if is_all else f'{evaluation.known:,} of'} {n:,} test words have an answer "
            "that the map was fitted on"
            + (": the figures flatter." if is_all else "; they are left out of the figures here.")
        )
    if evaluation.coverage < LEAST_COVERAGE:
        yield (
            f"Only {evaluation.coverage:.0%} of the test words, with an answer, are in the "
            "vocabularies; the figures are about these alone."
        )
    found = None if alignment is None else alignment.validation
    if found is not None and found.n and n:
        high = wilson_interval(evaluation.csls.precision[1], n)[1]
        if high < FAR_BELOW * found.interval[0]:
            yield (
                f"P@1 by CSLS is {evaluation.csls.precision[1]:.1%} on test words and "
                f"{found.precision:.1%} on held-out words: check that the vectors are those of the "
                "map, and the test dictionary of these languages."
            )
