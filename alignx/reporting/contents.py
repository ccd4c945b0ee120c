"""Contents of a report: all values that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignx.evaluation.word_translation import EvaluationReport
    from alignx.reporting.dictionary import Dictionary
    from alignx.reporting.hubs import Hubs
    from alignx.reporting.quality_card import QualityCard
    from alignx.reporting.questions import Questions
    from alignx.reporting.reliability import Reliability
    from alignx.reporting.word_map import WordMap
    from alignx.support.arrays import Double, Matrix

__all__ = ["Contents"]


@dataclass(frozen=True, eq=False, repr=False)
class Contents:
    """Contents of a report of an alignment, or of two languages before any work.

    Attributes
    ----------
    title : str
        Names of the languages, as "English to Spanish".
    languages : (str, str)
        Codes, or "source" and "target".
    card : QualityCard, optional
        None without a map, as are the following.
    evaluation : EvaluationReport, optional
        Accuracy on the test dictionary, if there is one.
    questions : Questions, optional
        The test words and their answers.
    reliability : Reliability, optional
        Of the probabilities, if there are any and a test dictionary.
    hubs : Hubs, optional
        Before and after CSLS.
    cosines : (Matrix, Matrix), optional
        Cosines in the shared space, (n,) float32 each: of the pairs of the test dictionary, and of
        its words in random pairs.
    singular_values : (Double, Double), optional
        Of the map of each language, largest first, (d,) float64.
    word_map : WordMap, optional
        Frequent words of both languages on a plane.
    dictionary : Dictionary, optional
        Translations in both directions.
    notes : tuple of str
        Facts about the making of the report, such as words left out.
    """

    title: str
    languages: tuple[str, str]
    card: QualityCard | None = None
    evaluation: EvaluationReport | None = None
    questions: Questions | None = None
    reliability: Reliability | None = None
    hubs: Hubs | None = None
    cosines: tuple[Matrix, Matrix] | None = None
    singular_values: tuple[Double, Double] | None = None
    word_map: WordMap | None = None
    dictionary: Dictionary | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Report({self.title})"
