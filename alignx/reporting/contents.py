"""Contents of a report: all values that its page shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from alignx.evaluation.word_translation import EvaluationReport
    from alignx.reporting.classifier import ClassifierSection
    from alignx.reporting.dictionary import Dictionary
    from alignx.reporting.hubs import Hubs
    from alignx.reporting.prospects.prospects import Prospects
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
    prospects : Prospects, optional
        Facts of both languages, and what to expect of an alignment; only without a map.
    classifier : ClassifierSection, optional
        Quality of a classifier, if one was given with labeled texts.
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
    prospects: Prospects | None = None
    classifier: ClassifierSection | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Report({self.title})"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints, without map of words and dictionary.

        Figures that were not measured are None.
        """
        found: dict[str, Any] = {
            "title": self.title,
            "languages": self.languages,
            "card": self.card and {**vars(self.card), "accuracies": self.card.records()},
            "evaluation": self.evaluation and self.evaluation.as_dict(),
            "questions": self.questions and self.questions.as_dict(),
            "reliability": self.reliability and vars(self.reliability),
            "hubs": self.hubs and self.hubs.as_dict(),
            "cosines": self.cosines and dict(zip(("pairs", "random"), self.cosines, strict=True)),
            "singular_values": self.singular_values
            and dict(zip(("source", "target"), self.singular_values, strict=True)),
            "prospects": self.prospects and self.prospects.as_dict(),
            "classifier": self.classifier and self.classifier.as_dict(),
            "notes": self.notes,
        }
        return {name: _as_json(value) for name, value in found.items()}


def _as_json(value: Any) -> Any:  # noqa: ANN401  # any value of a report
    """Return a value of a report as JSON knows it."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_as_json, value)]
    if hasattr(value, "as_dict"):
        return _as_json(value.as_dict())
    if hasattr(value, "__dataclass_fields__"):
        return _as_json(asdict(value))
    return None if isinstance(value, float) and not np.isfinite(value) else value
