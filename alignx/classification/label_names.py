"""Zero-shot text classifier from the names of its labels, in any language of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import clone

from alignx.classification import persistence
from alignx.classification.ensemble import ANY, Member, VotingModel
from alignx.classification.heads import LinearHead, log_softmax
from alignx.classification.labeled_strategies import ZeroShot
from alignx.classification.labels import require_labels
from alignx.classification.languages import language_of, require_language
from alignx.classification.model import TransferModel
from alignx.classification.space_classifier import SpaceClassifier
from alignx.classification.word_translator import WordTranslator
from alignx.errors import FormatError
from alignx.support.arguments import require_fraction, require_optional, require_whole
from alignx.support.arrays import unit_rows
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import TextReader, as_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Matrix

__all__ = ["LabelNameClassifier"]

# By the English training and development texts of SIB-200: the first by accuracy, the second by the
# log likelihood of the true classes.
SHARPNESS = 20.0  # of the softmax over cosines by which texts are clustered
CONFIDENCE = 9.0  # of that of predictions
ROUNDS = 10
CANDIDATES = 40_000  # most frequent words, among which neighbors are looked for


class LabelNameClassifier(SpaceClassifier):
    """Text classifier that learns from label names and unlabeled texts alone.

    Parameters
    ----------
    space : SharedSpace
        Vectors of all languages, by code.
    language : str, optional
        Code of all label names and texts for which a call names no language.
    n_neighbors : int
        Nearest words that enlarge each label, at least 0.
    trust : float
        Weight of the names in [0, 1], against the mean of the unlabeled texts of a label.
    encoder : DocumentEncoder, optional
        Weights and centering of document vectors; the defaults unless given. It is copied.
    reader : TextReader, optional
        Tokenizers and OOV handling; ``TextReader(oov="learned")`` unless given, which learns in
        seconds. Names take no learned vectors, as much depends on each of their words.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    prior_ : (classes,) float64
        Equal shares; the answer for texts without a word in the vocabulary.
    words_ : dict of str to list of str
        The nearest words of each label, best first.
    prototypes_ : (classes, d) float32
        Unit rows, from the names alone.
    encoder_, model_
        The fitted encoder and model.

    Notes
    -----
    A label is the mean of the words of its name and, with the same weight, of its nearest words:
    those with the largest cosine to it, less the mean cosine to all labels. The mean of all labels
    is subtracted. Unlabeled texts are then clustered by spherical k-means with soft assignments,
    which starts from the labels and is held to them by `trust`. The defaults are chosen by the
    English training and development texts of SIB-200.

    References
    ----------
    Chang et al., "Importance of Semantic Representation: Dataless Classification", AAAI 2008;
    Meng et al., "Text Classification Using Label Names Only: A Language Model Self-Training
    Approach", EMNLP 2020.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> english = Embeddings(["pet", "cat", "sun", "rain"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> spanish = Embeddings(["gato", "perro", "sol", "lluvia"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> space = SharedSpace({"en": english, "es": spanish})
    >>> classifier = LabelNameClassifier(space, n_neighbors=1)
    >>> names = {"pets": "pet", "weather": ["sun", "rain"]}
    >>> classifier.fit(names, language="en").predict(["el perro"], language="es").tolist()
    ['pets']
    """

    words_: dict[Any, list[str]]
    prototypes_: Matrix

    def __init__(
        self,
        space: SharedSpace,
        *,
        language: str | None = None,
        n_neighbors: int = 20,
        trust: float = 0.6,
        encoder: DocumentEncoder | None = None,
        reader: TextReader | None = None,
    ) -> None:
        self.space = space
        self.language = language
        self.n_neighbors = n_neighbors
        self.trust = trust
        self.encoder = encoder
        self.reader = reader

    def fit(
        self,
        labels: Sequence[str] | Mapping[Any, str | Sequence[str]],
        *,
        language: str | None = None,
        unlabeled: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Learn from label names, and from unlabeled texts of any languages.

        Parameters
        ----------
        labels : sequence of str, or mapping to str or sequence of str
            At least two different labels, each with a word in the vocabulary; or words that
            describe each label.
        language : str, optional
            Code of the names and words; `language` of the class unless given.
        unlabeled : mapping of str to sequence of str, optional
            Texts to cluster, by language. Those without a word in the vocabulary are left out.

        Raises
        ------
        TypeError, ValueError
            If an argument or parameter is of another type or out of range, a language is not named
            or has no vectors, or a label has no word in the vocabulary.

        Notes
        -----
        Takes O(n k d) time for n unlabeled texts, k labels and d dimensions.
        """
        self._check()
        code = language_of(language, self.language, self.space)
        names = _described(labels)
        self._learn_labels(list(names), len(names))
        further = {}
        for other, texts in _texts_by_language(unlabeled).items():
            require_language(other, self.space, "unlabeled")
            further[other] = self.read(texts, other)
        encoder = clone(self.encoder) if self.encoder is not None else DocumentEncoder()
        encoder.fit(self.space, list(further.values()))
        described = self.read_known([names[label] for label in self.classes_.tolist()], code)
        for label, count in zip(self.classes_.tolist(), described.lengths, strict=True):
            if not count:
                raise ValueError(
                    f"labels must have a word in the {code} vocabulary, got {label!r}; describe "
                    f"it by others: {{{label!r}: 'words'}}"
                )
        own = encoder.transform(described)
        near, best = self._neighbors(own, encoder, code)
        words = self.space[code].words
        self.words_ = {
            label: [words[row] for row in rows]
            for label, rows in zip(self.classes_.tolist(), best, strict=True)
        }
        start = unit_rows(own + near)
        self.prototypes_ = unit_rows(start - start.mean(axis=0))
        parts = [encoder.transform(part.take(np.flatnonzero(part.lengths)))
                 for part in further.values()]  # fmt: skip
        rows = np.concatenate(parts) if parts else np.zeros((0, own.shape[1]), np.float32)
        centers = _clustered(rows, self.prototypes_, self.trust)
        weights = np.ascontiguousarray((CONFIDENCE * centers).T, dtype=np.float32)
        head = LinearHead(weights, np.zeros(len(names), np.float32))
        facts = {
            "label_names": {
                "words": list(self.words_.values()), "n_neighbors": self.n_neighbors,
                "trust": self.trust, "unlabeled": len(rows),
            }
        }  # fmt: skip
        self._take(
            TransferModel(
                self.space,
                self.classes_,
                np.full(len(names), 1 / len(names)),
                (code,),
                encoder,
                WordTranslator(self.space),
                VotingModel((Member({ANY: head}),), facts=facts),
                self._reader,
            )
        )
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the classifier to one ``.safetensors`` file, which `alignx classify predict` reads.

        Raises NotFittedError before `fit`, OutputError if the file cannot be written, FormatError
        if its name ends like another format.
        """
        self._require_fitted()
        persistence.write(self.model_, ZeroShot(both=False), self.language, path)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], space: SharedSpace, *, reader: TextReader | None = None
    ) -> Self:
        """Read a saved classifier, as `TransferClassifier.load` does, without `prototypes_`.

        Raises FormatError if it cannot be read or was not learned from label names.
        """
        classifier = cls(space, reader=reader)
        model, _, classifier.language = persistence.read(path, space, classifier._reader)
        facts = model.facts.get("label_names")
        if facts is None:
            raise FormatError(
                path, "it was learned from labeled texts; alignx.TransferClassifier.load reads it"
            )
        classifier.n_neighbors, classifier.trust = facts["n_neighbors"], facts["trust"]
        classifier.encoder = DocumentEncoder(**model.encoder.get_params())
        classifier.words_ = dict(zip(model.classes.tolist(), facts["words"], strict=True))
        classifier._take(model)
        return classifier

    def _check(self) -> None:
        require_whole(self.n_neighbors, "n_neighbors")
        if self.n_neighbors < 0:
            raise ValueError(f"n_neighbors must be at least 0, got {self.n_neighbors}")
        require_fraction(self.trust, "trust")
        require_optional(self.encoder, DocumentEncoder, "encoder")
        require_optional(self.reader, TextReader, "reader")
        self._reader.require_usable(self.space.values())

    def _neighbors(
        self, own: Matrix, encoder: DocumentEncoder, code: str
    ) -> tuple[Matrix, list[list[int]]]:
        """Average the nearest words of each label, (classes, d) unit rows, and return their rows.

        A word serves one label, that with the largest cosine.
        """
        vectors = self.space[code].vectors[:CANDIDATES] - encoder.means_[code]
        if len(encoder.components_):
            vectors -= (vectors @ encoder.components_.T) @ encoder.components_
        vectors = unit_rows(vectors)
        cosines = vectors @ unit_rows(own - own.mean(axis=0)).T
        nearest = cosines.argmax(axis=1)
        sums, best = np.zeros_like(own), []
        for label in range(len(own)):
            rows = np.flatnonzero((nearest == label) & (cosines[:, label] > 0))
            order = np.argsort(-cosines[rows, label], kind="stable")[: self.n_neighbors]
            rows = rows[order]
            sums[label] = cosines[rows, label] @ vectors[rows]
            best.append(rows.tolist())
        return unit_rows(sums), best


def _clustered(rows: Matrix, prototypes: Matrix, trust: float) -> Matrix:
    """Move prototypes toward the means of texts, (classes, d) unit rows."""
    centers = prototypes
    for _ in range(ROUNDS if len(rows) else 0):
        shares = np.exp(log_softmax((SHARPNESS * (rows @ centers.T)).astype(np.float64)))
        means = unit_rows((shares.T @ rows).astype(np.float32))
        centers = unit_rows(np.float32(trust) * prototypes + np.float32(1 - trust) * means)
    return centers


def _described(labels: Sequence[str] | Mapping[Any, str | Sequence[str]]) -> dict[Any, str]:
    """Return the text of each label: its name, or the words that describe it."""
    if isinstance(labels, Mapping):
        found = {
            label: words if isinstance(words, str) else " ".join(as_texts(words, "labels"))
            for label, words in labels.items()
        }
    else:
        found = {label: label.replace("_", " ") for label in as_texts(labels, "labels")}
        if len(found) < len(labels):
            raise ValueError(
                f"labels must be different, got {len(labels) - len(found)} of {len(labels)} twice"
            )
    require_labels(list(found))
    return found


def _texts_by_language(
    unlabeled: Mapping[str, Sequence[str]] | None,
) -> Mapping[str, Sequence[str]]:
    if unlabeled is not None and not isinstance(unlabeled, Mapping):
        raise TypeError(
            f"unlabeled must be a mapping of languages to texts, got {type(unlabeled).__name__}"
        )
    return unlabeled or {}
