"""Comparison of evaluations on the questions that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from alignx.evaluation.comparison import ComparedMethod, Comparison
from alignx.evaluation.paired_bootstrap import MEASURES, ResampledScores, scores_of_ranks
from alignx.evaluation.word_translation import EvaluationReport
from alignx.support.arguments import require_instance, require_whole

if TYPE_CHECKING:
    from alignx.evaluation.ranked_questions import RankedQuestions
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import Double, Indices

__all__ = ["Measure", "compare"]

Measure: TypeAlias = Literal["p@1", "p@5", "mrr"]


def compare(
    reports: Mapping[str, EvaluationReport] | EvaluationReport,
    *,
    baseline: str | None = None,
    ranking: Ranking | None = None,
    measure: Measure = "p@1",
    resamples: int = 10_000,
    random_state: int = 0,
) -> Comparison:
    """Compare methods on the same questions, with tests of significance.

    Parameters
    ----------
    reports : mapping of str to EvaluationReport, or EvaluationReport
        Results of `evaluate` by name of the method, on one test dictionary; or one result, whose
        rankings are compared.
    baseline : str, optional
        Method that the others are compared with. Default: the first, which is chosen before the
        figures are known. Tests against the best one of a table flatter it.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Ranking of all methods. Default: learned where all have it, otherwise CSLS.
    measure : {"p@1", "p@5", "mrr"}
        Figure whose differences are tested.
    resamples : int
        Number of resamples of the questions, at least 1,000.
    random_state : int
        Seed of the resamples.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If there are fewer than two methods, the reports differ in OOV policy or share no question,
        or a parameter is out of range.

    Notes
    -----
    Questions count if they are in all reports, and every method can answer them. Those with an
    answer that a map was fitted on are left out. What was left out is stated.

    A difference is tested by the paired bootstrap: questions are drawn with replacement, and both
    methods are averaged over the same draws.

    References
    ----------
    Koehn, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP 2004.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> languages = sample.source, sample.target
    >>> reports = {}
    >>> for method in ("procrustes", "least_squares"):
    ...     alignment = ax.align(
    ...         *languages, lexicon=sample.train, method=method, refinement=0, ranker=False
    ...     )
    ...     reports[method] = ax.evaluate(alignment.apply(*languages), sample.test)
    >>> comparison = ax.compare(reports)
    >>> comparison.methods[1].difference.value < 0
    True
    """
    if measure not in MEASURES:
        known = ", ".join(map(repr, MEASURES))
        raise ValueError(f"measure must be one of {known}, got {measure!r}")
    require_whole(resamples, "resamples")
    if resamples < 1_000:
        raise ValueError(f"resamples must be at least 1000, got {resamples}")
    if isinstance(reports, EvaluationReport):
        if ranking is not None:
            raise ValueError("ranking is of several reports; one report compares its rankings")
        ranks, facts = _of_rankings(reports)
        coverage = dict.fromkeys(ranks, reports.coverage)
    else:
        ranks, facts = _of_reports(_checked(reports), ranking)
        coverage = {name: report.coverage for name, report in reports.items()}
    names = list(ranks)
    baseline = names[0] if baseline is None else baseline
    if baseline not in names:
        raise ValueError(f"baseline must be one of {', '.join(map(repr, names))}, got {baseline!r}")
    found = ResampledScores.of(
        {name: scores_of_ranks(each) for name, each in ranks.items()}, resamples, random_state
    )
    return _summarized(found, coverage, baseline, measure, len(ranks[baseline]), facts)


def _summarized(
    found: ResampledScores,
    coverage: Mapping[str, float],
    baseline: str,
    measure: str,
    n: int,
    facts: list[str],
) -> Comparison:
    """Test the differences to a baseline, and lay the figures out."""
    differences = found.differences(baseline, MEASURES.index(measure))
    methods = [
        ComparedMethod(
            name,
            {each: float(found.means[i, j]) for j, each in enumerate(MEASURES)},
            {each: found.interval(i, j) for j, each in enumerate(MEASURES)},
            coverage[name],
            differences.get(name),
        )
        for i, name in enumerate(found.names)
    ]
    best = {each: found.clear_best(j) for j, each in enumerate(MEASURES)}
    clear = {each: name for each, name in best.items() if name is not None}
    resamples = len(found.draws)
    return Comparison(tuple(methods), baseline, measure, n, clear, resamples, tuple(facts))


def _checked(reports: object) -> Mapping[str, EvaluationReport]:
    require_instance(reports, Mapping, "reports")
    assert isinstance(reports, Mapping)
    for name, report in reports.items():
        require_instance(name, str, "a name in reports")
        require_instance(report, EvaluationReport, f"reports[{name!r}]")
    if len(reports) < 2:
        raise ValueError(f"reports must be at least 2, got {len(reports)}")
    policies = sorted({report.oov_policy for report in reports.values()})
    if len(policies) > 1:
        raise ValueError(f"reports must have one OOV policy, got {' and '.join(policies)}")
    return reports


def _of_rankings(report: EvaluationReport) -> tuple[dict[str, Double], list[str]]:
    """Return the ranks by each ranking on the questions of one report."""
    questions = report.questions
    kept = questions.counted & ~questions.known
    if not kept.any():
        raise ValueError("the report must have a question that the map was not fitted on, got none")
    facts = [f"OOV policy: {report.oov_policy}.", *_left_out(int(questions.known.sum()))]
    return {name: ranks[kept] for name, ranks in questions.ranks.items()}, facts


def _of_reports(
    reports: Mapping[str, EvaluationReport], ranking: Ranking | None
) -> tuple[dict[str, Double], list[str]]:
    """Return the ranks of each report on the questions that all share."""
    questions = {name: report.questions for name, report in reports.items()}
    if ranking is None:
        is_learned = all("learned" in each.ranks for each in questions.values())
        ranking = "learned" if is_learned else "csls"
    lacking = [name for name, each in questions.items() if ranking not in each.ranks]
    if lacking:
        raise ValueError(
            f"reports must have the ranking {ranking!r}, got none in {lacking[0]!r}: "
            f"evaluate(..., ranking={ranking!r}) measures it"
        )
    rows = _shared_rows(list(questions.values()))
    parts = list(zip(questions.values(), rows.T, strict=True))
    counted = np.all([each.counted[own] for each, own in parts], axis=0)
    known = counted & np.any([each.known[own] for each, own in parts], axis=0)
    kept = counted & ~known
    if not kept.any():
        raise ValueError("reports must share a question, got none: are they of one dictionary?")
    policy = next(iter(reports.values())).oov_policy
    facts = [f"Ranking: {ranking}; OOV policy: {policy}."]
    asked = {len(each) for each in questions.values()}
    if asked != {len(rows)}:
        facts.append(
            f"The test dictionaries differ: only the {len(rows):,} questions of all count."
        )
    answered = {int(each.counted[own].sum()) for each, own in parts}
    if answered != {int(counted.sum())}:
        facts.append("The vocabularies differ: only questions that all methods can answer count.")
    sizes = sorted({each.n_targets for each in questions.values()})
    if len(sizes) > 1:
        facts.append(
            f"Answers are sought among {sizes[0]:,} to {sizes[-1]:,} target words, "
            "and fewer make it easier."
        )
    facts += _left_out(int(known.sum()))
    return {
        name: each.ranks[ranking][own][kept]
        for name, (each, own) in zip(questions, parts, strict=True)
    }, facts


def _left_out(known: int) -> list[str]:
    if not known:
        return []
    noun = "1 question is" if known == 1 else f"{known:,} questions are"
    return [f"{noun} left out: a map was fitted on an answer."]


def _shared_rows(questions: list[RankedQuestions]) -> Indices:
    """Return positions of the questions in each report, (n, reports) int64."""
    positions = [
        {
            (word, frozenset(answers)): i
            for i, (word, answers) in enumerate(zip(each.words, each.answers, strict=True))
        }
        for each in questions
    ]
    shared = [key for key in positions[0] if all(key in other for other in positions)]
    found = [[each[key] for each in positions] for key in shared]
    return np.array(found, dtype=np.int64).reshape(len(shared), len(questions))
