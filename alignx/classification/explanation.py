"""Why a text gets its class: the words that carry it, and what they are near to elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.classification.documents import Documents, read_documents
from alignx.retrieval.exact import ExactIndex
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.documents import UnseenWords
    from alignx.support.arrays import Indices, Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Explanation", "NearWord", "WordEvidence", "explain"]

LEAST_PROBABILITY = 1e-300


class NearWord(NamedTuple):
    """A word near to another.

    Attributes
    ----------
    word : str
        In the source language.
    cosine : float
        In [-1, 1].
    """

    word: str
    cosine: float


@dataclass(frozen=True)
class WordEvidence:
    """What one word does to a prediction.

    Attributes
    ----------
    word : str
        As in the vocabulary, or as in the text for a word that has its vector from elsewhere.
    count : int
        How often it occurs in the text.
    effect : float
        By how much the logarithmic probability of the class falls without it; negative if the word
        speaks against the class.
    nearest : tuple of NearWord
        Source words with the highest cosine, best first, without the word itself.
    """

    word: str
    count: int
    effect: float
    nearest: tuple[NearWord, ...]


@dataclass(frozen=True)
class Explanation:
    """The words that carry a prediction; prints as a table.

    Attributes
    ----------
    label : object
        The class that is explained.
    probability : float
        Of that class, in [0, 1].
    language, source : str
        Codes of the text, and of the nearest words.
    words : tuple of WordEvidence
        Those with the largest effects of either sign, largest first.
    known, unknown : int
        How many words of the text have a vector, and how many have none. Without known words the
        probability is the share of the class in training.
    """

    label: Any
    probability: float
    language: str
    source: str
    words: tuple[WordEvidence, ...]
    known: int
    unknown: int

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold, if it can hold the label."""
        words = [
            {**vars(evidence), "nearest": [near._asdict() for near in evidence.nearest]}
            for evidence in self.words
        ]
        return {**vars(self), "words": words}

    def __str__(self) -> str:
        total = self.known + self.unknown
        head = f"{self.label}: probability {self.probability:.3f}"
        if not self.known:
            return (
                f"{head}, its share in training: none of {total} words is known ({self.language})"
            )
        width = max(len(evidence.word) for evidence in self.words)
        lines = [
            f"{evidence.word:{width}}  {evidence.effect:+7.3f}  "
            + ", ".join(f"{near.word} {near.cosine:.2f}" for near in evidence.nearest)
            for evidence in self.words
        ]
        return "\n".join(
            [
                f"{head}, from {self.known} of {total} words ({self.language})",
                f"{'':{width}}   effect  nearest ({self.source})",
                *lines,
            ]
        )


def explain(
    classifier: TransferClassifier,
    text: str,
    *,
    language: str | None = None,
    k: int = 5,
    label: Any = None,  # noqa: ANN401
    neighbors: int = 3,
    source: str | None = None,
) -> Explanation:
    """Find the words that carry a prediction, by leaving out one after another.

    Parameters
    ----------
    classifier : TransferClassifier
        Fitted, with any head and strategy.
    text : str
        What is predicted.
    language : str, optional
        Its code; `language` of the classifier unless given.
    k : int
        How many words to give at most, at least 1.
    label : object, optional
        The class to explain; the predicted one unless given.
    neighbors : int
        How many source words to give for each, at least 1.
    source : str, optional
        Code of their language; the one with most labeled texts in `fit` unless given, or that of
        the text where the space lacks it.

    Returns
    -------
    Explanation

    Raises
    ------
    NotFittedError
        If the classifier is not fitted.
    TypeError
        If `text` is not a string.
    ValueError
        If a language is not named or has no vectors, the label did not occur in training, or `k`
        or `neighbors` is less than 1.

    Notes
    -----
    The effect of a word is log p(class | text) - log p(class | text without all its occurrences),
    whatever the classifier does with the text in between. Effects do not add up: where two words
    say the same, each alone is dispensable. Words that were cut at a hyphen count part by part.

    Costs one batch of as many texts as there are different words, and one sweep over the source
    vocabulary.

    References
    ----------
    Li, Monroe and Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016,
    section 3.

    Examples
    --------
    >>> from alignx.classification.classifier import TransferClassifier
    >>> from alignx.vectors.embeddings import Embeddings
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> english = Embeddings(["cat", "dog", "sun", "rain"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> spanish = Embeddings(["gato", "perro", "sol", "lluvia"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> space = SharedSpace({"en": english, "es": spanish})
    >>> texts = ["the cat", "a dog", "cat and dog", "the sun", "rain", "sun and rain"]
    >>> labels = ["pets", "pets", "pets", "weather", "weather", "weather"]
    >>> classifier = TransferClassifier(space).fit(texts, labels, language="en")
    >>> explanation = explain(classifier, "el gato y el perro y la lluvia", language="es")
    >>> [(word.word, word.nearest[0].word) for word in explanation.words]
    [('perro', 'dog'), ('gato', 'cat'), ('lluvia', 'rain')]
    """
    space = classifier.space
    asked = classifier.known_labels([] if label is None else [label])
    if source is not None and source not in space:
        raise ValueError(
            f"source must be one of {', '.join(space)}, which have vectors, got {source!r}"
        )
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}")
    for name, value in {"k": k, "neighbors": neighbors}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    language = classifier.language_of(language)
    if source is None:
        source = next((code for code in classifier.languages_ if code in space), language)
    document, added = _read(classifier, text, language)
    rows, first, counts = np.unique(document.words, return_index=True, return_counts=True)
    probabilities, _ = classifier.probabilities(_without_each(document, rows))
    column = int(probabilities[0].argmax())
    if len(asked):
        column = int(np.flatnonzero(classifier.classes_ == asked[0])[0])
    logarithms = np.log(np.maximum(probabilities[:, column], LEAST_PROBABILITY))
    effects = logarithms[0] - logarithms[1:]
    largest = np.lexsort((first, -np.abs(effects)))[:k]
    words = [_word(row, space[language], added) for row in rows[largest].tolist()]
    near = _nearest(
        words,
        _vectors(document, rows[largest], space[language]),
        space[source],
        neighbors,
        itself=language == source,
    )
    return Explanation(
        label=classifier.classes_[column : column + 1].tolist()[0],
        probability=float(probabilities[0, column]),
        language=language,
        source=source,
        words=tuple(
            WordEvidence(word, count, effect, nearest)
            for word, count, effect, nearest in zip(
                words, counts[largest].tolist(), effects[largest].tolist(), near, strict=True
            )
        ),
        known=int(document.lengths[0]),
        unknown=int(document.unknown[0]),
    )


def _read(classifier: TransferClassifier, text: str, language: str) -> tuple[Documents, list[str]]:
    """Look up the words of a text as the classifier does; give those beyond the vocabulary too."""
    added: list[str] = []
    give = classifier.unseen_of(language)
    document = read_documents(
        [text],
        language,
        classifier.space[language],
        tokenizer=(classifier.tokenizers or {}).get(language, tokenize),
        unseen=None if give is None else partial(_noted, give, added),
    )
    return document, added


def _noted(give: UnseenWords, added: list[str], words: Sequence[str]) -> Matrix:
    added.extend(words)
    return give(words)


def _without_each(document: Documents, rows: Indices) -> Documents:
    """Give the text as it is, then without one word after another."""
    copies = document.take(np.zeros(1 + len(rows), np.int64))
    kept = np.ones((len(copies), len(document.words)), bool)
    kept[1:] = document.words != rows[:, None]
    return copies.keep(kept.ravel())


def _word(row: int, vocabulary: Embeddings, added: Sequence[str]) -> str:
    return vocabulary.words[row] if row < len(vocabulary) else added[row - len(vocabulary)]


def _vectors(document: Documents, rows: Indices, vocabulary: Embeddings) -> Matrix:
    is_known = rows < len(vocabulary)
    vectors = np.empty((len(rows), vocabulary.dimension), np.float32)
    vectors[is_known] = vocabulary.vectors[rows[is_known]]
    vectors[~is_known] = document.unseen[rows[~is_known] - len(vocabulary)]
    return vectors


def _nearest(
    words: Sequence[str], vectors: Matrix, source: Embeddings, count: int, *, itself: bool
) -> list[tuple[NearWord, ...]]:
    """Search for source words; `itself` tells that the words are of that language."""
    if not words:
        return []
    found = ExactIndex(source.vectors).search(vectors, min(count + itself, len(source)))
    result = []
    for word, rows, cosines in zip(
        words, found.indices.tolist(), found.scores.tolist(), strict=True
    ):
        near = [NearWord(source.words[row], cos) for row, cos in zip(rows, cosines, strict=True)]
        result.append(tuple(one for one in near if not itself or one.word != word)[:count])
    return result
