"""Vectors of sentences in the space of the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, clone

from alignx.errors import FormatError, NotFittedError
from alignx.sentences.pivot_terms import PivotTerms
from alignx.sentences.power_means import PowerMeans
from alignx.sentences.stored_encoder import StoredEncoder
from alignx.support.arrays import Matrix, unit_rows
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import TextReader, as_texts
from alignx.vectors.sif import SMOOTHING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from alignx.mapping.base import Aligner
    from alignx.support.tokenizer import Tokenizer
    from alignx.texts.document_encoder import Weighting
    from alignx.texts.documents import Documents, TextOOV
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SentenceEncoder"]

_BATCH = 10_000


class SentenceEncoder(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Encoder of sentences of any language of a space, by meaning and by words.

    A vector has parts of equal length: the weighted mean of the vectors of the words, and
    the weighted sum of one random direction for each word, that of its translation into the
    first language. The mean compares topics; the directions, single words.

    Parameters
    ----------
    weighting : {"sif", "idf", "uniform"}
        Weights of words; see `DocumentEncoder`.
    smoothing : float
        Constant of ``"sif"``, more than 0.
    center : bool
        Whether to subtract the mean sentence of each language, expected from word frequencies.
    lexical_dimension : int
        Width of the part by words, at least 0; 0 leaves it out.
    power_means : bool
        Whether to add a third part, the least and the greatest value of each coordinate over the
        words. Better for short sentences; rows are more than half as long again.
    oov : {"subword", "drop"}
        Vectors of OOV words: from their characters, by the language's fastText model or else by
        `LearnedSubwords`, which is fitted when the first OOV word is met; or none.
    projection : Aligner, optional
        Aligner such as `Procrustes`, `CCA` or `Contrastive` that `fit` applies to the first part,
        learned from its `pairs`. For spaces of two languages.
    tokenizers : mapping of str to callable, optional
        Tokenizer of each language; by default words by Unicode rules.
    random_state : int
        Seed of the random directions.

    Attributes
    ----------
    space_ : mapping of str to Embeddings
        Languages of `fit`.
    documents_ : DocumentEncoder
        Encoder of the first part.
    projection_ : Aligner or None
        Fitted projection.

    See Also
    --------
    alignx.mine : find translations among sentences of two languages.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017.
    Rueckle, Eger, Peyrard and Gurevych, "Concatenated Power Mean Word Embeddings as Universal
    Cross-Lingual Sentence Representations", 2018.
    Achlioptas, "Database-friendly random projections", JCSS 66, 2003.

    Examples
    --------
    >>> import alignx as ax
    >>> english = ax.Embeddings(["the", "cat", "dog"], np.eye(3))
    >>> spanish = ax.Embeddings(["el", "gato", "perro"], np.eye(3))
    >>> encoder = SentenceEncoder().fit({"en": english, "es": spanish})
    >>> queries = encoder.encode(["The cat."], language="en")
    >>> keys = encoder.encode(["el perro", "el gato"], language="es")
    >>> ax.ExactIndex(keys).search(queries, k=1).indices
    array([[1]])
    """

    space_: Mapping[str, Embeddings]
    documents_: DocumentEncoder
    projection_: Aligner | None

    def __init__(
        self,
        *,
        weighting: Weighting = "sif",
        smoothing: float = SMOOTHING,
        center: bool = True,
        lexical_dimension: int = 512,
        power_means: bool = False,
        oov: Literal["subword", "drop"] = "subword",
        projection: Aligner | None = None,
        tokenizers: Mapping[str, Tokenizer] | None = None,
        random_state: int = 0,
    ) -> None:
        self.weighting = weighting
        self.smoothing = smoothing
        self.center = center
        self.lexical_dimension = lexical_dimension
        self.power_means = power_means
        self.oov = oov
        self.projection = projection
        self.tokenizers = tokenizers
        self.random_state = random_state

    def fit(
        self,
        space: Mapping[str, Embeddings],
        pairs: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Prepare the encoding of texts of a space.

        Parameters
        ----------
        space : mapping of str to Embeddings
            Languages of one space by code, such as a `SharedSpace`, with unit rows, most frequent
            word first.
        pairs : mapping of str to sequence of str, optional
            Texts of both languages in the same order, to learn `projection` from.

        Raises
        ------
        ValueError
            If a parameter is out of range, or `projection` and `pairs` are not given together.
        """
        self._check_pairs(space, pairs)
        self._prepare(space)
        if self.projection is not None and pairs is not None:
            source, target = (self._dense(self.read(pairs[code], code)) for code in space)
            usable = source.any(axis=1) & target.any(axis=1)
            self.projection_ = clone(self.projection).fit(source[usable], target[usable])
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the settings and the fitted projection to a ``.safetensors`` file.

        The vectors and the tokenizers are not in it; marks of the vectors are.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the projection is of a class that alignx does not have.
        OutputError, FormatError
            If it cannot be written, or the suffix is that of another kind of file.
        """
        self._require_fitted("save")
        parameters = self.get_params(deep=False)
        del parameters["projection"], parameters["tokenizers"]
        StoredEncoder(parameters, self.projection_).save(path, self.space_)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        space: Mapping[str, Embeddings],
        *,
        tokenizers: Mapping[str, Tokenizer] | None = None,
    ) -> Self:
        """Read a saved encoder, ready to `encode`.

        Parameters
        ----------
        path : path
            A ``.safetensors`` file.
        space : mapping of str to Embeddings
            Languages of `fit`, in the same order.
        tokenizers : mapping of str to callable, optional
            Those of the saved encoder, which are not in the file.

        Raises
        ------
        InputError, FormatError
            If it cannot be read or is no sentence encoder, or the vectors are others.

        Examples
        --------
        >>> import tempfile
        >>> import alignx as ax
        >>> english = ax.Embeddings(["the", "cat", "dog"], np.eye(3))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     SentenceEncoder().fit({"en": english}).save(f"{folder}/encoder.safetensors")
        ...     encoder = SentenceEncoder.load(f"{folder}/encoder.safetensors", {"en": english})
        >>> encoder.encode(["The cat."], language="en").shape
        (1, 515)
        """
        stored = StoredEncoder.load(path, space)
        projection = None if stored.projection is None else clone(stored.projection)
        try:
            encoder = cls(**stored.parameters, projection=projection, tokenizers=tokenizers)
            encoder._prepare(space)
        except (TypeError, ValueError) as error:
            raise FormatError(path, f"damaged: {error}; fit and save again") from None
        encoder.projection_ = stored.projection
        return encoder

    def _prepare(self, space: Mapping[str, Embeddings]) -> None:
        """Set what follows from the space and the parameters."""
        self._check()
        self.space_ = space
        oov: TextOOV = "learned" if self.oov == "subword" else "drop"
        self._reader = TextReader(self.tokenizers or {}, oov=oov)
        self.documents_ = DocumentEncoder(
            weighting=self.weighting,
            smoothing=self.smoothing,
            center=self.center,
            oov_weight=1.0,  # names find translations, though they tell little of a class
        ).fit(space, [])
        self.projection_ = None
        if self.power_means:
            self._extremes = PowerMeans(space, center=self.center, random_state=self.random_state)
        if self.lexical_dimension:
            self._terms = PivotTerms(space)
            self._signs = np.random.default_rng(self.random_state).integers(
                0, 256, (len(self._terms), -(-self.lexical_dimension // 8)), np.uint8
            )

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        self._require_fitted()
        d: int = next(iter(self.space_.values())).dimension
        dense = d if self.projection_ is None else self.projection_.source_map_.shape[1]
        return dense + self.lexical_dimension + 2 * d * self.power_means

    def read(self, texts: Sequence[str], language: str) -> Documents:
        """Look up the words of texts, OOV words by their characters.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the space does not have the language.
        TypeError
            If `texts` is no sequence of strings.
        """
        self._require_fitted()
        if language not in self.space_:
            known = ", ".join(self.space_)
            raise ValueError(f"language must be one of {known}, got {language!r}")
        return self._reader.read(texts, language, self.space_[language])

    def encode(self, texts: Sequence[str], language: str) -> Matrix:
        """Compute the vectors of texts of one language.

        Parameters
        ----------
        texts : sequence of str
            Sentences; longer texts too.
        language : str
            Their language, one of the space.

        Returns
        -------
        (n, dimension) float32
            Unit rows; zero for a text without a word that has a vector.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `read`.

        Notes
        -----
        Takes time linear in the number of words, beside one search for the translation of each
        distinct word.
        """
        given = as_texts(texts)
        found = np.zeros((len(given), self.dimension), np.float32)
        for start in range(0, len(given), _BATCH):
            found[start : start + _BATCH] = self.encode_read(
                self.read(given[start : start + _BATCH], language)
            )
        if not given:
            self.read(given, language)
        return found

    def encode_read(self, documents: Documents) -> Matrix:
        """Compute the vectors of texts whose words are looked up; see `encode`."""
        dense = self._dense(documents)
        if self.projection_ is not None:
            is_source = documents.language == next(iter(self.space_))
            project = self.projection_.transform if is_source else self.projection_.transform_target
            projected = unit_rows(project(dense))
            projected[documents.lengths == 0] = 0
            dense = projected
        parts = [dense]
        if self.lexical_dimension:
            parts.append(self._lexical(documents))
        if self.power_means:
            parts.append(self._extremes.transform(documents))
        return unit_rows(np.hstack(parts)) if len(parts) > 1 else dense

    def _check(self) -> None:
        if self.lexical_dimension < 0:
            raise ValueError(f"lexical_dimension must be at least 0, got {self.lexical_dimension}")
        if self.oov not in ("subword", "drop"):
            raise ValueError(f"oov must be 'subword' or 'drop', got {self.oov!r}")

    def _check_pairs(
        self, space: Mapping[str, Embeddings], pairs: Mapping[str, Sequence[str]] | None
    ) -> None:
        if (self.projection is None) != (pairs is None):
            raise ValueError("projection and pairs must be given together")
        if pairs is not None and (len(space) != 2 or set(pairs) != set(space)):
            raise ValueError(
                "pairs must hold the two languages of the space, "
                f"{' and '.join(space)}, got {' and '.join(pairs)}"
            )
        if pairs is not None and len({len(texts) for texts in pairs.values()}) > 1:
            counts = " and ".join(str(len(texts)) for texts in pairs.values())
            raise ValueError(f"pairs must hold as many texts of both languages, got {counts}")

    def _require_fitted(self, verb: str = "encode") -> None:
        if not hasattr(self, "documents_"):
            raise NotFittedError(f"SentenceEncoder must be fitted before {verb}")

    def _dense(self, documents: Documents) -> Matrix:
        return self.documents_.transform(documents)

    def _lexical(self, documents: Documents) -> Matrix:
        """Sum the random directions of the translations of words, weighted."""
        from scipy.sparse import csr_array

        terms, columns = np.unique(self._terms.of(documents), return_inverse=True)
        weights = self.documents_.weights_[documents.language]
        values = weights[np.minimum(documents.words, documents.vocabulary)]
        counts = csr_array((values, columns, documents.starts), (len(documents), len(terms)))
        bits = np.unpackbits(self._signs[terms], axis=1, count=self.lexical_dimension)
        return unit_rows(np.asarray(counts @ (bits.astype(np.float32) * 2 - 1)))
