"""Explanation of a prediction by the effects of leaving out words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alignx.classification.languages import require_language
from alignx.retrieval.exact import ExactIndex
from alignx.support.frames import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.model import TransferModel
    from alignx.support.arrays import Indices, Matrix
    from alignx.texts.documents import Documents
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Explanation", "NearWord", "WordEvidence", "explain"]

MIN_PROBABILITY = 1e-300


class NearWord(NamedTuple):
    """Word of the source language with its cosine in [-1, 1]."""

    word: str
    cosine: float


@dataclass(frozen=True)
class WordEvidence:
    """Effect of one word, with `count` occurrences, on a prediction.

    `effect` is the decrease of the log probability of the class without the word; negative if the
    word speaks against the class. `nearest` are source words by cosine, without the word itself.
    """

    word: str
    count: int
    effect: float
    nearest: tuple[NearWord, ...]


@dataclass(frozen=True, repr=False)
class Explanation(Tabular):
    """Words that carry a prediction; prints as a table.

    Attributes
    ----------
    label : object
        The explained class.
    probability : float
        Probability of that class, in [0, 1].
    language, source : str
        Codes of the text, and of the nearest words.
    words : tuple of WordEvidence
        Words with the largest effects of either sign, largest first.
    known, missing : int
        Number of words of the text with a vector, and without one. Without any known word the
        probability is the share of the class in training.
    """

    label: Any
    probability: float
    language: str
    source: str
    words: tuple[WordEvidence, ...]
    known: int
    missing: int

    def __repr__(self) -> str:
        return f"Explanation({self.label!r}, {self.probability:.1%}, {len(self.words)} words)"

    def records(self) -> list[dict[str, Any]]:
        """List the words as rows of a table."""
        return [
            {**vars(one), "nearest": ", ".join(near.word for near in one.nearest)}
            for one in self.words
        ]

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON, if it can hold the label."""
        words = [
            {**vars(evidence), "nearest": [near._asdict() for near in evidence.nearest]}
            for evidence in self.words
        ]
        return {**vars(self), "words": words}

    def __str__(self) -> str:
        total = self.known + self.missing
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
    model: TransferModel,
    text: str,
    language: str,
    *,
    k: int = 5,
    label: Any = None,  # noqa: ANN401
    n_neighbors: int = 3,
    source: str | None = None,
) -> Explanation:
    """Find the words that carry a prediction, by leaving out one after another.

    Parameters
    ----------
    model : TransferModel
        A fitted model, with any head and strategy.
    text, language : str
        Text to predict, and its code.
    k : int
        Most words to return, at least 1.
    label : object, optional
        Class to explain; the predicted one unless given.
    n_neighbors : int
        Source words to return for each, at least 0, which saves their search.
    source : str, optional
        Code of the source language; the one with most labeled texts unless given, or that of the
        text where the space lacks it.

    Raises
    ------
    TypeError, ValueError
        If `text` is not a string, a language has no vectors, or a number is less than 1.

    Notes
    -----
    The effect of a word is log p(class | text) - log p(class | text without all its occurrences),
    for any classifier. Effects do not add up: of two words of the same meaning, each alone is
    dispensable. Words cut at a hyphen count part by part. The cost is one batch of as many texts as
    there are different words, and one sweep over the source vocabulary.

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
    >>> explanation = classifier.explain("el gato y el perro y la lluvia", language="es")
    >>> [(word.word, word.nearest[0].word) for word in explanation.words]
    [('perro', 'dog'), ('gato', 'cat'), ('lluvia', 'rain')]
    """
    space = model.space
    if source is not None:
        require_language(source, space, "source")
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}")
    for name, value, least in (("k", k, 1), ("n_neighbors", n_neighbors, 0)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    if source is None:
        source = next((code for code in model.languages if code in space), language)
    document = model.read([text], language)
    rows, first, counts = np.unique(document.words, return_index=True, return_counts=True)
    probabilities, _ = model.probabilities(_without_each(document, rows))
    is_asked = np.zeros(0) if label is None else model.classes == label
    column = int(is_asked.argmax() if is_asked.any() else probabilities[0].argmax())
    logarithms = np.log(np.maximum(probabilities[:, column], MIN_PROBABILITY))
    effects = logarithms[0] - logarithms[1:]
    largest = np.lexsort((first, -np.abs(effects)))[:k]
    words = [_word(row, space[language], document.oov_words) for row in rows[largest].tolist()]
    near = _nearest(
        words,
        _vectors(document, rows[largest], space[language]),
        space[source],
        n_neighbors,
        itself=language == source,
    )
    return Explanation(
        label=model.classes[column : column + 1].tolist()[0],
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
        missing=int(document.missing[0]),
    )


def _without_each(document: Documents, rows: Indices) -> Documents:
    """Repeat the text, then leave out one word after another."""
    copies = document.take(np.zeros(1 + len(rows), np.int64))
    kept = np.ones((len(copies), len(document.words)), bool)
    kept[1:] = document.words != rows[:, None]
    return copies.keep(kept.ravel())


def _word(row: int, vocabulary: Embeddings, oov: Sequence[str]) -> str:
    return vocabulary.words[row] if row < len(vocabulary) else oov[row - len(vocabulary)]


def _vectors(document: Documents, rows: Indices, vocabulary: Embeddings) -> Matrix:
    is_known = rows < len(vocabulary)
    vectors = np.empty((len(rows), vocabulary.dimension), np.float32)
    vectors[is_known] = vocabulary.vectors[rows[is_known]]
    vectors[~is_known] = document.oov_vectors[rows[~is_known] - len(vocabulary)]
    return vectors


def _nearest(
    words: Sequence[str], vectors: Matrix, source: Embeddings, count: int, *, itself: bool
) -> list[tuple[NearWord, ...]]:
    """Search for source words; `itself` if the words are of that language."""
    if not words or not count:
        return [()] * len(words)
    found = ExactIndex(source.vectors).search(vectors, min(count + itself, len(source)))
    result = []
    for word, rows, cosines in zip(
        words, found.indices.tolist(), found.scores.tolist(), strict=True
    ):
        near = [NearWord(source.words[row], cos) for row, cos in zip(rows, cosines, strict=True)]
        result.append(tuple(one for one in near if not itself or one.word != word)[:count])
    return result
