"""Quality of a cross-lingual classifier: accuracy of each class, confusions, words that tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from alignx.classification.classifier import TransferClassifier
from alignx.classification.data.texts import LabeledTexts
from alignx.classification.languages import languages_of
from alignx.evaluation.accuracy import Accuracy
from alignx.reporting.uses import wilson_interval
from alignx.retrieval.exact import ExactIndex
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from alignx.classification.explanation import Explanation
    from alignx.support.arrays import Indices
    from alignx.vectors.embeddings import Embeddings

__all__ = ["ClassifierSection", "TellingWord", "WrongText"]

EXPLAINED = 20
TELLING = 10
WRONG = 20


class TellingWord(NamedTuple):
    """Word of a language that speaks for a class.

    `effect` is the mean decrease of the log probability of the class without the word, over `texts`
    texts; `nearest` the nearest word of the language with labels, empty for words of that language.
    """

    word: str
    language: str
    effect: float
    texts: int
    nearest: str = ""


class WrongText(NamedTuple):
    """Text with its true and predicted class, and the probability of the predicted one."""

    text: str
    label: str
    predicted: str
    probability: float
    language: str


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierSection(Tabular):
    """Quality of a cross-lingual classifier on labeled texts.

    Attributes
    ----------
    classes : tuple of str
        The classes that training had.
    confusion : (c, c) int64
        Number of texts by true class (row) and predicted class (column).
    accuracy : Accuracy
        Share of right texts, as P@1; the other figures are NaN.
    by_class, by_language : dict of str to Accuracy
        The same for the texts of each true class and of each language.
    telling : dict of str to tuple of TellingWord
        Words that speak for each class, most telling first.
    wrong : tuple of WrongText
        Texts predicted wrong, the most confident first; at most 20.
    """

    classes: tuple[str, ...]
    confusion: Indices
    accuracy: Accuracy
    by_class: dict[str, Accuracy]
    by_language: dict[str, Accuracy]
    telling: dict[str, tuple[TellingWord, ...]]
    wrong: tuple[WrongText, ...]

    def __repr__(self) -> str:
        share, n = self.accuracy.precision[1], self.accuracy.n
        return f"ClassifierSection({share:.1%} of {n:,} texts right, {len(self.classes)} classes)"

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures for each class."""
        return [
            {
                "class": name,
                "n": each.n,
                "right": each.precision[1],
                "low": each.interval[0],
                "high": each.interval[1],
                "telling": ", ".join(word.word for word in self.telling.get(name, ())),
            }
            for name, each in self.by_class.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ``--json`` prints."""
        groups = {"by_class": self.by_class, "by_language": self.by_language}
        return {
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "accuracy": self.accuracy.as_dict(),
            **{key: {k: v.as_dict() for k, v in of.items()} for key, of in groups.items()},
            "telling": {k: [word._asdict() for word in v] for k, v in self.telling.items()},
            "wrong": [text._asdict() for text in self.wrong],
        }

    @classmethod
    def of(cls, classifier: TransferClassifier, texts: LabeledTexts) -> Self:
        """Measure a classifier on labeled texts that it did not learn from.

        Parameters
        ----------
        classifier : TransferClassifier
            A fitted classifier.
        texts : LabeledTexts
            Texts with labels. Without languages, those of the classifier.

        Raises
        ------
        TypeError, ValueError
            If `texts` are no `LabeledTexts`, are none, have no labels or labels that training did
            not have, or a language is missing.
        NotFittedError
            If the classifier is not fitted.

        Notes
        -----
        Telling words are those with the largest mean effects in explanations of the first 20 texts
        of each class that are predicted right.

        Examples
        --------
        >>> from alignx.vectors.embeddings import Embeddings
        >>> from alignx.alignment.shared_space import SharedSpace
        >>> english = Embeddings(["cat", "dog", "sun", "rain"], [[3, 0], [4, 1], [0, 3], [1, 4]])
        >>> spanish = Embeddings(["gato", "can", "sol", "lluvia"], [[3, 0], [4, 1], [0, 3], [1, 4]])
        >>> space = SharedSpace({"en": english, "es": spanish})
        >>> texts = ["the cat", "a dog", "cat and dog", "the sun", "rain", "sun and rain"]
        >>> labels = ["pets", "pets", "pets", "weather", "weather", "weather"]
        >>> classifier = TransferClassifier(space).fit(texts, labels, language="en")
        >>> tests = LabeledTexts(["un gato", "mi can", "el sol"], ["pets", "pets", "weather"],
        ...                      ["es"] * 3)
        >>> section = ClassifierSection.of(classifier, tests)
        >>> section.confusion.tolist(), section.telling["weather"][0].word
        ([[2, 0], [0, 1]], 'sol')
        """
        require_instance(classifier, TransferClassifier, "classifier")
        require_instance(texts, LabeledTexts, "texts")
        if texts.labels is None or not len(texts):
            raise ValueError(
                f"texts must hold at least 1 text with a label, got {len(texts)} texts "
                f"{'without' if texts.labels is None else 'with'} labels"
            )
        probabilities = classifier.predict_proba(texts.texts, language=texts.languages)
        names = [str(label) for label in classifier.classes_.tolist()]
        right = _numbers(texts.labels, names)
        found = probabilities.argmax(axis=1)
        confusion = np.zeros((len(names), len(names)), np.int64)
        np.add.at(confusion, (right, found), 1)
        codes = languages_of(texts.languages, classifier.language, classifier.space, len(texts))
        languages = np.array(codes)
        is_right = right == found
        confidence = probabilities.max(axis=1)
        order = np.argsort(-confidence, kind="stable")
        telling = {
            name: _telling(
                classifier.explain(texts.texts[row], language=codes[row], k=TELLING, n_neighbors=0)
                for row in np.flatnonzero(is_right & (right == number))[:EXPLAINED].tolist()
            )
            for number, name in enumerate(names)
        }
        every = [word for words in telling.values() for word in words]
        nearest = _nearest(every, classifier.space, classifier.languages_[0])
        return cls(
            tuple(names),
            confusion,
            _share(is_right),
            {name: _share(is_right[right == number]) for number, name in enumerate(names)},
            {code: _share(is_right[languages == code]) for code in dict.fromkeys(codes)},
            {
                name: tuple(
                    word._replace(nearest=nearest.get((word.word, word.language), ""))
                    for word in words
                )
                for name, words in telling.items()
            },
            tuple(
                WrongText(
                    texts.texts[row],
                    texts.labels[row],
                    names[found[row]],
                    float(confidence[row]),
                    codes[row],
                )
                for row in order[~is_right[order]][:WRONG].tolist()
            ),
        )


def _numbers(labels: Sequence[str], names: Sequence[str]) -> Indices:
    """Return the number of the class of each label; refuse strange ones."""
    number_of = {name: number for number, name in enumerate(names)}
    strange = sorted({*labels} - number_of.keys())
    if strange:
        raise ValueError(
            f"labels must be among {', '.join(names)}, which occur in training, got "
            f"{', '.join(map(repr, strange[:5]))}"
        )
    return np.array([number_of[label] for label in labels])


def _share(is_right: NDArray[np.bool_]) -> Accuracy:
    """Return the share of right texts as P@1, with Wilson's interval, which serves few texts."""
    n = len(is_right)
    share = float(is_right.mean()) if n else 0.0
    return Accuracy(n, {1: share, 5: np.nan, 10: np.nan}, np.nan, wilson_interval(share, n))


def _telling(explanations: Iterable[Explanation]) -> tuple[TellingWord, ...]:
    """Return the words with the largest sums of effects."""
    effects: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for explanation in explanations:
        for word in explanation.words:
            effects[word.word, explanation.language].append(word.effect)
    largest = sorted(effects, key=lambda key: -sum(effects[key]))[:TELLING]
    return tuple(
        TellingWord(*key, float(np.mean(effects[key])), len(effects[key]))
        for key in largest
        if sum(effects[key]) > 0
    )


def _nearest(
    words: Iterable[TellingWord], space: Mapping[str, Embeddings], source: str
) -> dict[tuple[str, str], str]:
    """Find the nearest source word of each word of other languages, by word and language."""
    keys = [
        (each.word, each.language)
        for each in words
        if each.language != source and each.word in space[each.language]
    ]
    if not keys or source not in space:
        return {}
    vectors = np.stack([space[language][word] for word, language in keys])
    found = ExactIndex(space[source].vectors).search(vectors, 1).indices[:, 0]
    return {key: space[source].words[row] for key, row in zip(keys, found.tolist(), strict=True)}
