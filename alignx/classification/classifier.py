"""Cross-lingual text classifier: learns in some languages, predicts in all of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from sklearn.base import clone

from alignx.alignment.shared_space import SharedSpace
from alignx.classification import persistence
from alignx.classification.languages import languages_of
from alignx.classification.model import TransferModel
from alignx.classification.requirements import missing_requirements, require_all
from alignx.classification.space_classifier import SpaceClassifier
from alignx.classification.strategies import as_strategy
from alignx.classification.task import Strategy, Task, head_fitter, label_documents
from alignx.classification.word_translator import WordTranslator
from alignx.support.arguments import require_fraction, require_instance, require_optional
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import TextReader, as_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


__all__ = ["TransferClassifier"]


class TransferClassifier(SpaceClassifier):
    """Cross-lingual text classifier over a shared space.

    Parameters
    ----------
    space : SharedSpace
        Vectors of all languages, by code.
    language : str, optional
        Code of all texts for which a call names no language. Without it each call must name one.
    strategy : str or Strategy
        Choice of the training data; a name is the strategy with its defaults:

        - ``"zero_shot"``: the labeled texts; texts to predict count with their translations;
        - ``"translate_train"``: word-by-word translations, one head for each language;
        - ``"translate_test"``: the labeled texts; texts to predict are translated;
        - ``"translate_train_all"``: the labeled texts and translations, one head for all;
        - ``"code_switching"``: the labeled texts, and copies with random words translated;
        - ``"self_training"``: these and unlabeled texts, labeled by a teacher;
        - ``"seed_words"``: unlabeled texts, labeled by translated seed words (CLTS);
        - ``"adversarial"``: features that hide the language (needs torch, unlabeled texts);
        - ``"prior_matching"``: the labeled texts, with classes as frequent in unlabeled texts;
        - ``"ensemble"``: a vote of the strategies that learn from true labels.

        Objects: `ZeroShot`, `CodeSwitching`, `SelfTraining`, `SeedWords`, `PriorMatching`,
        `Ensemble`.
    head : {"logistic", "mlp"} or scikit-learn classifier
        Classifier over document vectors: cross-validated logistic regression, a small network
        (needs torch), or a copy of another, which needs ``sample_weight`` and cannot be saved.
    encoder : DocumentEncoder, optional
        Weights and centering of document vectors; the defaults unless given. It is copied.
    reader : TextReader, optional
        Tokenizers and OOV handling; ``TextReader(oov="learned")`` unless given, which learns in
        seconds.
    alpha : float
        Exponent in [0, 1] of the weight n ** alpha of a language with n labeled texts, in heads and
        votes: as if texts of it were drawn with a probability in proportion to n ** alpha.
    random_state : int
        Seed of all random numbers.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    prior_ : (classes,) float64
        Share of each class in training; the answer for texts without a word in the vocabulary.
    languages_, encoder_, model_
        Languages with labels, most texts first; the fitted encoder and model.

    Notes
    -----
    Tools of scikit-learn that split texts need ``TransferClassifier(space, language="en")``, or
    metadata routing: ``classifier.set_fit_request(language=True).set_score_request(language=True)``
    and ``cross_val_score(classifier, texts, labels, params={"language": codes})``.

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

    def __init__(
        self,
        space: SharedSpace,
        *,
        language: str | None = None,
        strategy: str | Strategy = "zero_shot",
        head: Any = "logistic",  # noqa: ANN401
        encoder: DocumentEncoder | None = None,
        reader: TextReader | None = None,
        alpha: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.space = space
        self.language = language
        self.strategy = strategy
        self.head = head
        self.encoder = encoder
        self.reader = reader
        self.alpha = alpha
        self.random_state = random_state

    @property
    def languages_(self) -> tuple[str, ...]:
        """Languages with labels in `fit`, most texts first."""
        return self.model_.languages

    def fit(
        self,
        texts: Sequence[str],
        labels: ArrayLike,
        *,
        language: str | Sequence[str] | None = None,
        unlabeled: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Learn from labeled texts.

        Parameters
        ----------
        texts : sequence of str, length n
            Any texts. Those without a word in the vocabulary are left out.
        labels : (n,) array-like of str or int
            Their classes, at least two.
        language : str or sequence of str, optional
            Code of all texts, or of each; `language` of the class unless given.
        unlabeled : mapping of str to sequence of str, optional
            Further texts, by language. They center a language, and some strategies learn from them.

        Raises
        ------
        TypeError, ValueError
            If an argument or parameter is of another type or out of range, a language is not named
            or has no vectors, there is only one class, or no text has a word in the vocabulary.
        MissingDependencyError
            If torch is needed and is not installed.
        """
        self._check()
        strategy = as_strategy(self.strategy)
        fit = head_fitter(self.head, self.random_state)
        texts = as_texts(texts)
        codes = languages_of(language, self.language, self.space, len(texts))
        if unlabeled is not None and not isinstance(unlabeled, Mapping):
            raise TypeError(
                f"unlabeled must be a mapping of languages to texts, got {type(unlabeled).__name__}"
            )
        without = [
            code for code in self.space if code not in (unlabeled or {}) and code not in codes
        ]
        missing = missing_requirements(strategy, head=self.head, without=without)
        require_all({f"strategy {strategy.name!r}": missing}, "pass unlabeled={language: texts}")
        numbers = self._learn_labels(labels, len(texts))
        parts = self._read(texts, codes)
        further = {code: self.read(some, code) for code, some in (unlabeled or {}).items()}
        encoder = clone(self.encoder) if self.encoder is not None else DocumentEncoder()
        encoder.fit(self.space, [*(part for part, _ in parts), *further.values()])
        translator = WordTranslator(self.space)
        task = Task(
            self.space,
            encoder,
            translator,
            label_documents(parts, numbers, self.alpha),
            further,
            len(self.classes_),
            fit,
            self.random_state,
        )
        self._take(
            TransferModel(
                self.space,
                self.classes_,
                task.prior,
                tuple(part.documents.language for part in task.labeled),
                encoder,
                translator,
                strategy.learn(task),
                self._reader,
            )
        )
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the classifier to one ``.safetensors`` file, without the vectors.

        Raises
        ------
        ValueError
            If the head is neither ``"logistic"`` nor ``"mlp"``.
        NotFittedError, OutputError, FormatError
            Before `fit`, if the file cannot be written, or if its name ends like another format.
        """
        self._require_fitted()
        persistence.write(self.model_, as_strategy(self.strategy), self.language, path)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], space: SharedSpace, *, reader: TextReader | None = None
    ) -> Self:
        """Read a saved classifier.

        Parameters
        ----------
        path : path
            A ``.safetensors`` file.
        space : SharedSpace
            The vectors of `fit`. Languages that are not to be predicted may be missing, except
            those that a strategy translates into, as ``"zero_shot"`` does unless ``both=False``.
        reader : TextReader, optional
            Tokenizers and OOV handling, which are not in the file; the default as in the class.

        Raises
        ------
        FormatError, ValueError
            If it cannot be read or is no classifier, the vectors are others, or no language has a
            subword model for the `oov` of the reader.
        """
        classifier = cls(space, reader=reader)
        classifier._reader.require_usable(space.values())
        model, strategy, language = persistence.read(path, space, classifier._reader)
        classifier.strategy = strategy if strategy.options() else strategy.name
        classifier.language = language
        classifier.encoder = DocumentEncoder(**model.encoder.get_params())
        classifier._take(model)
        return classifier

    def _check(self) -> None:
        if not isinstance(self.space, Mapping):  # one language needs no shared space
            require_instance(self.space, SharedSpace, "space")
        require_optional(self.encoder, DocumentEncoder, "encoder")
        require_optional(self.reader, TextReader, "reader")
        require_fraction(self.alpha, "alpha")
        self._reader.require_usable(self.space.values())
