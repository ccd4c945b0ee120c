"""Quality of an alignment in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from alignx.evaluation.accuracy import Accuracy
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.evaluation.word_translation import EvaluationReport

__all__ = ["MeasuredAccuracy", "QualityCard", "Use"]


@dataclass(frozen=True)
class MeasuredAccuracy:
    """Accuracy of one ranking on one set of words.

    Attributes
    ----------
    words : str
        Set of words: "held-out words of the training dictionary", "test dictionary".
    ranking : {"nn", "csls", "learned"}
        Order of the answers.
    accuracy : Accuracy
        P@1 with its 95 % interval; P@5, P@10 and MRR are NaN where they were not measured.
    """

    words: str
    ranking: str
    accuracy: Accuracy


@dataclass(frozen=True)
class Use:
    """One use of an alignment, and whether its accuracy is enough for it.

    Attributes
    ----------
    name : str
        The use, in plain words.
    good : bool
        Whether the figure reaches the threshold.
    reason : str
        The figure, the threshold, and the result.
    """

    name: str
    good: bool
    reason: str


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
        Good and not good uses, by stated thresholds.
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

    @classmethod
    def of(
        cls,
        space: SharedSpace,
        alignment: Alignment | None = None,
        evaluation: EvaluationReport | None = None,
    ) -> Self:
        """Judge an alignment by its held-out words and a test."""
        accuracies = []
        if evaluation is not None:
            by_ranking = {"nn": evaluation.nn, "csls": evaluation.csls, **evaluation.more}
            accuracies += [
                MeasuredAccuracy("test dictionary", name, each)
                for name, each in reversed(by_ranking.items())
            ]
        nan = float("nan")
        if alignment is not None and alignment.validation is not None:
            found = alignment.validation
            levels = {1: found.precision, 5: nan, 10: nan}
            accuracies.append(
                MeasuredAccuracy(
                    "held-out words of the training dictionary",
                    "csls",
                    Accuracy(found.n, levels, nan, found.interval),
                )
            )
        source, target = space
        return cls(
            source,
            target,
            (len(space.source), len(space.target)),
            "" if alignment is None else str(alignment).splitlines()[0],
            tuple(accuracies),
            None if evaluation is None else evaluation.coverage,
            (),
            (),
            alignment is not None and alignment.failed,
        )
