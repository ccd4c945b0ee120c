"""Accuracy of word translation between all languages of a space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.evaluation.word_translation import EvaluationReport, evaluate
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular
from alignx.support.progress import part_of
from alignx.support.tables import aligned_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.evaluation.accuracy import Accuracy
    from alignx.evaluation.ranked_questions import OOVPolicy
    from alignx.retrieval.ranked import Ranking
    from alignx.support.progress import Progress

__all__ = ["AccuracyMatrix", "evaluate_many"]

WITH_INTERVALS = 6  # languages whose intervals fit into a line

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False, repr=False)
class AccuracyMatrix(Tabular):
    """Accuracy from each language into each other; prints as a square.

    Attributes
    ----------
    languages : tuple of str
        Codes, in the order of the space.
    reports : mapping of (str, str) to EvaluationReport
        Accuracy by source and target code, for each pair with a test dictionary.
    ranking : str
        Ranking of the figures: the one that was asked for; otherwise learned if all pairs have it,
        and CSLS if not.
    """

    languages: tuple[str, ...]
    reports: Mapping[Pair, EvaluationReport]
    ranking: str

    def __repr__(self) -> str:
        return (
            f"AccuracyMatrix(mean P@1 {self.mean:.1%} by {self.ranking}, "
            f"{len(self.reports)} pairs of {len(self.languages)} languages)"
        )

    def accuracy(self, source: str, target: str, *, is_new: bool = False) -> Accuracy | None:
        """Return the accuracy of a pair, or None without a test dictionary.

        With `is_new`, questions with an answer that a map was fitted on are left out.
        """
        report = self.reports.get((source, target))
        if report is None:
            return None
        if is_new and report.known:
            return report.new[self.ranking]
        return report.more.get(self.ranking) or getattr(report, self.ranking)

    @property
    def mean(self) -> float:
        """Mean P@1 of the pairs with a test dictionary, which all count the same."""
        return float(np.mean([self._measured(*pair).precision[1] for pair in self.reports]))

    def _measured(self, source: str, target: str) -> Accuracy:
        found = self.accuracy(source, target)
        assert found is not None  # the pair has a report
        return found

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures for each pair; ``new_`` is without pairs known from the fit."""
        rows = []
        for (source, target), report in self.reports.items():
            row: dict[str, Any] = {"source": source, "target": target, "ranking": self.ranking}
            row |= _figures(self._measured(source, target))
            row |= {"coverage": report.coverage, "known": report.known}
            new = self.accuracy(source, target, is_new=True)
            row |= {f"new_{name}": value for name, value in _figures(new).items()} if new else {}
            rows.append(row)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints, without the version."""
        return {
            "languages": list(self.languages),
            "ranking": self.ranking,
            "mean": self.mean,
            "pairs": [
                {"source": source, "target": target, **report.as_dict()}
                for (source, target), report in self.reports.items()
            ],
        }

    def cells(self, *, is_new: bool = False, intervals: bool = True) -> list[list[str]]:
        """Return the square as text, its head first: a row for each source, means at the ends."""
        found = {
            (s, t): self.accuracy(s, t, is_new=is_new) for s, t in permutations(self.languages, 2)
        }
        shown = {pair: each for pair, each in found.items() if each is not None and each.n}
        rows = [["", *self.languages, "mean"]]
        for source in self.languages:
            cells = [_cell(shown.get((source, t)), intervals=intervals) for t in self.languages]
            cells[self.languages.index(source)] = "-"
            rows.append([source, *cells, _mean(a for (s, _), a in shown.items() if s == source)])
        into = [_mean(a for (_, t), a in shown.items() if t == target) for target in self.languages]
        return [*rows, ["mean", *into, _mean(shown.values())]]

    def __str__(self) -> str:
        intervals = len(self.languages) <= WITH_INTERVALS
        by = "the learned ranking" if self.ranking == "learned" else self.ranking.upper()
        detail = ", with its 95 % interval" if intervals else ""
        lines = [f"P@1 by {by} from the language of the row into that of the column{detail}:"]
        lines += aligned_lines(self.cells(intervals=intervals))
        if any(report.known for report in self.reports.values()):
            lines += ["without pairs known from the fit:"]
            lines += aligned_lines(self.cells(is_new=True, intervals=intervals))
        sizes = [self._measured(*pair).n for pair in self.reports]
        coverage = [report.coverage for report in self.reports.values()]
        words = _range(f"{min(sizes):,}", f"{max(sizes):,}")
        covered = _range(f"{min(coverage):.1%}", f"{max(coverage):.1%}")
        lines.append(f"{words} questions a pair; coverage {covered}")
        return "\n".join(lines)


def _figures(accuracy: Accuracy) -> dict[str, float]:
    low, high = accuracy.interval
    return {
        "n": accuracy.n,
        "p@1": accuracy.precision[1],
        "p@1_low": low,
        "p@1_high": high,
        "p@5": accuracy.precision[5],
        "mrr": accuracy.mrr,
    }


def _cell(accuracy: Accuracy | None, *, intervals: bool) -> str:
    if accuracy is None:
        return ""
    low, high = accuracy.interval
    text = f"{100 * accuracy.precision[1]:.1f}"
    return f"{text} [{100 * low:.1f}, {100 * high:.1f}]" if intervals else text


def _mean(accuracies: Iterable[Accuracy]) -> str:
    values = [each.precision[1] for each in accuracies]
    return f"{100 * np.mean(values):.1f}" if values else ""


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def evaluate_many(
    space: SharedSpace,
    lexicons: Mapping[Pair, LexiconLike],
    *,
    both_ways: bool = False,
    oov_policy: OOVPolicy = "muse",
    ranking: Ranking | None = None,
    n_neighbors: int | None = None,
    progress: Progress | None = None,
) -> AccuracyMatrix:
    """Measure the accuracy of word translation between many languages.

    Parameters
    ----------
    space : SharedSpace
        Two languages or more.
    lexicons : mapping of (str, str) to Lexicon, path, list of pairs, dict or DataFrame
        Test dictionaries by source and target code.
    both_ways : bool
        Use a dictionary in its other direction too, where that has none of its own.
    oov_policy : {"muse", "vecmap", "fasttext", "xling"}
        Published protocol; see `evaluate`.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Ranking of the figures. Default: learned if all pairs have it, otherwise CSLS.
    n_neighbors : int, optional
        Neighbors in the CSLS average; see `SharedSpace.n_neighbors`.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    AccuracyMatrix

    Raises
    ------
    ValueError, TypeError
        If there is no dictionary, or one is not of two languages of the space.
    EmptyLexiconError, DirectionError
        As `evaluate` does.

    Notes
    -----
    A pair takes one sweep of O(n m d) time over two vocabularies, which serves both directions, and
    its neighbors are forgotten after a few pairs: memory does not grow with the languages.

    Examples
    --------
    >>> import alignx as ax
    >>> words = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> space = ax.SharedSpace({"en": words, "sv": words, "nl": words})
    >>> test = {("en", "sv"): [("cat", "cat"), ("dog", "dog")], ("sv", "nl"): [("cat", "dog")]}
    >>> print(ax.evaluate_many(space, test, both_ways=True, n_neighbors=1))
    P@1 by CSLS from the language of the row into that of the column, with its 95 % interval:
          en                   sv                   nl               mean
    en    -                    100.0 [34.2, 100.0]                   100.0
    sv    100.0 [34.2, 100.0]  -                    0.0 [0.0, 79.3]  50.0
    nl                         0.0 [0.0, 79.3]      -                0.0
    mean  100.0                50.0                 0.0              50.0
    1 to 2 questions a pair; coverage 100.0%
    """
    require_instance(space, SharedSpace, "space")
    tests = _checked(space, lexicons, both_ways=both_ways)
    # Both directions of a pair follow each other, and share its neighbors.
    order = sorted(tests, key=lambda pair: (sorted(map(list(space).index, pair)), pair))
    found = {}
    for number, pair in enumerate(order):
        found[pair] = evaluate(
            space.pair(*pair),
            tests[pair],
            oov_policy=oov_policy,
            ranking=ranking,
            n_neighbors=n_neighbors,
            progress=part_of(progress, number / len(order), 1 / len(order)),
        )
        if progress is not None:
            progress((number + 1) / len(order))
    if ranking is None:
        ranking = "learned" if all("learned" in each.more for each in found.values()) else "csls"
    return AccuracyMatrix(tuple(space), {pair: found[pair] for pair in tests}, ranking)


def _checked(space: SharedSpace, lexicons: object, *, both_ways: bool) -> dict[Pair, Lexicon]:
    """Read the dictionaries, in the order of the square."""
    require_instance(lexicons, Mapping, "lexicons")
    assert isinstance(lexicons, Mapping)
    pairs = list(permutations(space, 2))
    for pair in lexicons:
        if pair not in pairs:
            raise ValueError(
                f"keys of lexicons must be pairs of two of {', '.join(space)}, got {pair!r}"
            )
    if not lexicons:
        raise ValueError("lexicons must hold at least 1 dictionary, got none")
    given = {pair: Lexicon.of(each) for pair, each in lexicons.items()}
    if both_ways:
        given = {(t, s): each.reversed() for (s, t), each in given.items()} | given
    return {pair: given[pair] for pair in pairs if pair in given}
