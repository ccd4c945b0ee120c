"""The classifier that learns in some languages and predicts in all of a space."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import clone

from alignx.alignment.shared_space import SharedSpace
from alignx.classification import persistence as model_file
from alignx.classification.base import TextClassifier
from alignx.classification.documents import Documents, as_texts, read_documents
from alignx.classification.encoder import DocumentEncoder
from alignx.classification.heads import fit_head
from alignx.classification.requirements import lacks_of, refuse_lacks
from alignx.classification.strategies import STRATEGIES, Labeled, Task, learn
from alignx.classification.word_translator import WordTranslator
from alignx.support.arguments import require_instance
from alignx.support.tokenizer import tokenize
from alignx.vectors.oov import require_oov_mode

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from alignx.classification.documents import UnseenWords
    from alignx.classification.ensemble import Model
    from alignx.classification.explanation import Explanation
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.tokenizer import Tokenizer
    from alignx.vectors.oov import OOVMode

__all__ = ["TransferClassifier"]

logger = logging.getLogger("alignx")


class TransferClassifier(TextClassifier):
    """Text classifier that learns in one language, or several, and predicts in others.

    Parameters
    ----------
    space : SharedSpace
        Vectors of all languages, by code.
    language : str, optional
        Code of all texts for which a call names no language, in `fit` and when predicting. Without
        it each call must name one.
    strategy : str
        What is learned from:

        - ``"zero_shot"``: the labeled texts;
        - ``"translate_train"``: their translations, word by word, one head for each language;
        - ``"translate_test"``: the labeled texts, and what is to be predicted is translated;
        - ``"translate_train_all"``: the labeled texts and their translations, one head for all;
        - ``"code_switching"``: the labeled texts, and copies with random words translated;
        - ``"self_training"``: these and unlabeled texts, which a teacher has labeled;
        - ``"seed_words"``: unlabeled texts, labeled by translated words that tell classes (CLTS);
        - ``"adversarial"``: features that do not tell languages apart (needs torch, unlabeled
          texts);
        - ``"prior_matching"``: the labeled texts, and classes are made as frequent in unlabeled
          texts as in them;
        - ``"ensemble"``: those vote that learn from the labels alone.
    options : mapping, optional
        Of the strategy: `rate`, `copies` of ``"code_switching"``, `rounds` and `teacher` of
        ``"self_training"``, `budget` and `rounds` of ``"seed_words"``, `teacher` of
        ``"prior_matching"``, `members` of ``"ensemble"``.
    head : {"logistic", "mlp"} or scikit-learn classifier
        What decides over document vectors. ``"logistic"`` chooses its regularization by
        cross-validation; ``"mlp"`` is a small network with dropout (needs torch). Others are
        copied; they need ``sample_weight``, and cannot be saved.
    encoder : DocumentEncoder, optional
        How documents become vectors; its defaults unless given. It is copied.
    tokenizers : mapping of str to callable, optional
        By language; `alignx.support.tokenizer.tokenize` for the others.
    unseen : mapping of str to callable, optional
        By language, what gives (n, d) vectors in the space of words that the vocabulary lacks.
    oov : {"drop", "subword"}
        With ``"subword"`` the languages of the space that were read from a fastText model
        (``.bin``) give such vectors themselves, by the characters of a word, unless `unseen` says
        otherwise.
    alpha : float
        Languages with n labeled texts count n ** alpha in all, in [0, 1]: 1 lets each text count
        the same, 0 each language.
    seed : int
        Of all random numbers.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    languages_ : tuple of str
        The languages with labels in `fit`, most texts first.
    model_ : Model
        What the strategy made.
    prior_ : (classes,) float64
        Share of each class; the answer for texts without a known word.

    Notes
    -----
    Follows scikit-learn's contract, with `language` beside texts. Tools that split the texts of one
    language, such as ``cross_val_score`` and ``GridSearchCV``, need
    ``TransferClassifier(space, language="en")``. With texts of several languages, request their
    codes: ``set_config(enable_metadata_routing=True)``,
    ``classifier.set_fit_request(language=True).set_score_request(language=True)`` and
    ``cross_val_score(classifier, texts, labels, params={"language": codes})``.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> english = Embeddings(["cat", "dog", "sun", "rain"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> spanish = Embeddings(["gato", "perro", "sol", "lluvia"], [[3, 0], [4, 1], [0, 3], [1, 4]])
    >>> space = SharedSpace({"en": english, "es": spanish})
    >>> texts = ["the cat", "a dog", "cat and dog", "the sun", "rain", "sun and rain"]
    >>> labels = ["pets", "pets", "pets", "weather", "weather", "weather"]
    >>> classifier = TransferClassifier(space).fit(texts, labels, language="en")
    >>> classifier.predict(["el perro", "llueve lluvia"], language="es").tolist()
    ['pets', 'weather']
    """

    model_: Model
    encoder_: DocumentEncoder
    languages_: tuple[str, ...]
    translator_: WordTranslator

    def __init__(
        self,
        space: SharedSpace,
        *,
        language: str | None = None,
        strategy: str = "zero_shot",
        options: Mapping[str, Any] | None = None,
        head: Any = "logistic",  # noqa: ANN401
        encoder: DocumentEncoder | None = None,
        tokenizers: Mapping[str, Tokenizer] | None = None,
        unseen: Mapping[str, UnseenWords] | None = None,
        oov: OOVMode = "drop",
        alpha: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.space = space
        self.language = language
        self.strategy = strategy
        self.options = options
        self.head = head
        self.encoder = encoder
        self.tokenizers = tokenizers
        self.unseen = unseen
        self.oov = oov
        self.alpha = alpha
        self.seed = seed

    def fit(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        language: str | Sequence[str] | None = None,
        unlabeled: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Learn.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. Those without a known word are left out.
        labels : (n,) array-like of str or int
            Their classes, at least two.
        language : str or sequence of str, optional
            Code of all texts, or of each; `language` of the class unless given.
        unlabeled : mapping of str to sequence of str, optional
            Further texts, by language. They center a language, and some strategies learn from them.

        Raises
        ------
        TypeError
            If texts or languages are no sequence of strings, or `unlabeled` is no mapping.
        ValueError
            If a parameter is out of range, a language is not named or has no vectors, there is
            only one class, or no text has a known word.
        MissingDependencyError
            If torch is needed and is not installed.

        Notes
        -----
        Logistic regression takes O(n d classes) time in each of its iterations; with texts by the
        ten thousand that is seconds. Strategies that translate begin with a sweep over both
        vocabularies.
        """
        self._check()
        texts = as_texts(texts)
        codes = self._codes(language, len(texts))
        if unlabeled is not None and not isinstance(unlabeled, Mapping):
            raise TypeError(
                f"unlabeled must be a mapping of languages to texts, got {type(unlabeled).__name__}"
            )
        self._require_needs(codes, unlabeled or {})
        numbers = self._learn_labels(labels, len(texts))
        parts = self._read(texts, codes)
        further = {code: self.read(some, code) for code, some in (unlabeled or {}).items()}
        self.encoder_ = clone(self.encoder) if self.encoder is not None else DocumentEncoder()
        self.encoder_.fit(self.space, [*(part for part, _ in parts), *further.values()])
        self.translator_ = WordTranslator(self.space)
        labeled = self._labeled(parts, numbers)
        task = Task(
            self.space,
            self.encoder_,
            self.translator_,
            labeled,
            further,
            len(self.classes_),
            self._fit_head(),
            self.seed,
        )
        self.model_ = learn(task, self.strategy, self.options or {})
        self.languages_ = tuple(part.documents.language for part in labeled)
        self.prior_ = task.prior
        return self

    def predict_proba(
        self, texts: Sequence[str], *, language: str | Sequence[str] | None = None
    ) -> Double:
        """Give the probability of each class.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. One without a known word gets the shares of the classes in `fit`; how many
            there are is logged as a warning.
        language : str or sequence of str, optional
            Code of all texts, or of each; `language` of the class unless given.

        Returns
        -------
        (n, classes) float64
            In the order of `classes_`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a language is not named or has no vectors.
        """
        self._require_fitted()
        texts = as_texts(texts)
        codes = self._codes(language, len(texts))
        result = np.empty((len(texts), len(self.classes_)))
        nothing = 0
        for documents, rows in self._read(texts, codes):
            found, empty = self.probabilities(documents)
            result[rows] = found
            nothing += int(empty.sum())
        if nothing:
            logger.warning(
                "%d of %d texts have no known word and get the shares of the classes in training",
                nothing,
                len(texts),
            )
        return result

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts, as `fit` and `predict` do.

        Parameters
        ----------
        texts : sequence of str
            Any texts.
        language : str
            Their code.

        Raises
        ------
        ValueError
            If the language has no vectors.
        """
        self._require_vectors(language)
        return read_documents(
            texts,
            language,
            self.space[language],
            tokenizer=(self.tokenizers or {}).get(language, tokenize),
            unseen=self.unseen_of(language),
        )

    def unseen_of(self, language: str) -> UnseenWords | None:
        """Give what has vectors of words that the vocabulary of a language lacks, if anything."""
        own = self.space[language].oov_vectors if self.oov == "subword" else None
        return (self.unseen or {}).get(language, own)

    def encode(self, texts: Sequence[str], *, language: str) -> Matrix:
        """Give the vectors of texts, as the head sees them.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts.
        language : str
            Their code.

        Returns
        -------
        (n, d) float32
            Unit rows; zero for a text without a known word.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the language has no vectors.
        """
        self._require_fitted()
        return self.encoder_.transform(self.read(texts, language))

    def coverage(self, texts: Sequence[str], *, language: str) -> Double:
        """Give the share of the words of each text that have a vector, (n,); 0 for no words."""
        documents = self.read(texts, language)
        words = documents.lengths + documents.unknown
        return np.asarray(documents.lengths / np.maximum(words, 1))

    def explain(
        self,
        text: str,
        *,
        language: str | None = None,
        k: int = 5,
        label: Any = None,  # noqa: ANN401
        neighbors: int = 3,
        source: str | None = None,
    ) -> Explanation:
        """Find the words that carry a prediction; see `alignx.classification.explanation.explain`.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `explain` does.
        """
        from alignx.classification.explanation import explain

        return explain(
            self, text, language=language, k=k, label=label, neighbors=neighbors, source=source
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the classifier to one ``.safetensors`` file, without the vectors.

        It holds the heads, what the encoder learned, the translations that predicting needs, and
        what tells whether vectors are the same.

        Parameters
        ----------
        path : path
            Replaced as a whole.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the head is neither ``"logistic"`` nor ``"mlp"``.
        OutputError
            If it cannot be written.
        FormatError
            If the name ends like another format.
        """
        self._require_fitted()
        model_file.write(self, path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        space: SharedSpace,
        *,
        tokenizers: Mapping[str, Tokenizer] | None = None,
        unseen: Mapping[str, UnseenWords] | None = None,
        oov: OOVMode = "drop",
    ) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
            A ``.safetensors`` file.
        space : SharedSpace
            The vectors of `fit`. Languages that are not to be predicted may be missing.
        tokenizers, unseen, oov
            As of the class; they are not in the file.

        Raises
        ------
        FormatError
            If it cannot be read or is no classifier, or the vectors are others.
        ValueError
            If no language has a model of characters for `oov`.
        """
        require_oov_mode(oov, *space.values())
        classifier = cls(space, tokenizers=tokenizers, unseen=unseen, oov=oov)
        model_file.read(classifier, path)
        return classifier

    def probabilities(self, documents: Documents) -> tuple[Double, NDArray[np.bool_]]:
        """Give (n, classes) float64 probabilities of documents, and which have no known word."""
        scores = self.model_.log_probabilities(documents, self.encoder_, self.translator_)
        found = np.exp(scores)
        empty = documents.lengths == 0
        found[empty] = self.prior_
        return found, empty

    def _check(self) -> None:
        if not isinstance(self.space, Mapping):  # one language needs no shared space
            require_instance(self.space, SharedSpace, "space")
        if self.strategy not in STRATEGIES:
            raise ValueError(
                f"strategy must be one of {', '.join(STRATEGIES)}, got {self.strategy!r}"
            )
        if isinstance(self.head, str) and self.head not in ("logistic", "mlp"):
            raise ValueError(
                f"head must be 'logistic', 'mlp' or a classifier of scikit-learn, got {self.head!r}"
            )
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha must lie in [0, 1], got {self.alpha}")
        require_oov_mode(self.oov, *self.space.values())

    def _require_needs(self, codes: Sequence[str], unlabeled: Mapping[str, Sequence[str]]) -> None:
        """Refuse a strategy that lacks a package or unlabeled texts, before the work."""
        without = [code for code in self.space if code not in unlabeled and code not in codes]
        lacks = lacks_of(self.strategy, options=self.options, head=self.head, without=without)
        refuse_lacks({f"strategy {self.strategy!r}": lacks}, "pass unlabeled={language: texts}")

    def _fit_head(self) -> Any:  # noqa: ANN401
        if self.head == "mlp":
            from alignx.classification.neural_heads import train_neural_head

            return partial(train_neural_head, seed=self.seed)
        estimator = None if isinstance(self.head, str) else self.head
        return partial(fit_head, estimator=estimator, seed=self.seed)

    def language_of(self, language: str | None) -> str:
        """Give the code that a call means, which may have named none.

        Raises
        ------
        TypeError
            If it is no string.
        ValueError
            If no language is named where the space has several, or it has no vectors.
        """
        code = self.language if language is None else language
        if code is None and len(self.space) == 1:
            code = next(iter(self.space))
        if code is None:
            raise ValueError(
                f"language must be named where there are several ({', '.join(self.space)}): pass "
                f"language=... with the texts, or to {type(self).__name__} for all calls"
            )
        if not isinstance(code, str):
            raise TypeError(f"language must be a string, got {type(code).__name__}")
        self._require_vectors(code)
        return code

    def _codes(self, language: str | Sequence[str] | None, count: int) -> list[str]:
        """Give the code of each text."""
        if language is None or isinstance(language, str):
            return [self.language_of(language)] * count
        codes = as_texts(language, "language")
        if len(codes) != count:
            raise ValueError(f"language must name {count} languages, one a text, got {len(codes)}")
        for code in dict.fromkeys(codes):
            self._require_vectors(code)
        return codes

    def _require_vectors(self, code: str) -> None:
        if code not in self.space:
            raise ValueError(
                f"language must be one of {', '.join(self.space)}, which have vectors, got {code!r}"
            )

    def _read(self, texts: Sequence[str], codes: Sequence[str]) -> list[tuple[Documents, Indices]]:
        """Look up texts language by language, each with the positions of its texts."""
        places = np.asarray(codes, dtype=object)
        result = []
        for code in dict.fromkeys(codes):
            rows = np.flatnonzero(places == code)
            own = [texts[row] for row in rows.tolist()] if len(rows) < len(texts) else texts
            result.append((self.read(own, code), rows))
        return result

    def _labeled(
        self, parts: Sequence[tuple[Documents, Indices]], numbers: Indices
    ) -> tuple[Labeled, ...]:
        """Join documents with classes and weights, without texts that say nothing."""
        kept = [
            (part.take(known), rows[known])
            for part, rows in parts
            for known in [np.flatnonzero(part.lengths > 0)]
            if len(known)
        ]
        total = sum(len(rows) for _, rows in kept)
        classes = set(np.concatenate([numbers[rows] for _, rows in kept]).tolist()) if kept else {}
        if len(classes) < 2:
            raise ValueError(
                "texts of at least 2 classes must have words that are in the vocabulary, got "
                f"{len(classes)}; are the language and the case of the words right?"
            )
        shares = np.array([len(rows) ** self.alpha for _, rows in kept])
        shares *= total / shares.sum()
        labeled = [
            Labeled(part, numbers[rows], np.full(len(rows), share / len(rows)), rows)
            for (part, rows), share in zip(kept, shares, strict=True)
        ]
        return tuple(sorted(labeled, key=lambda part: -len(part.documents)))
