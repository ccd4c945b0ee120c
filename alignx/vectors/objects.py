"""Embeddings from objects of other packages, which are recognized without an import of these."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.support.arguments import shown
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.static_model import TokenAverages, whole_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.support.arrays import Matrix

__all__ = ["as_embeddings"]


def as_embeddings(data: Any, *, language: str | None = None) -> Embeddings:  # noqa: ANN401
    """Convert vectors of another form or package to embeddings.

    Parameters
    ----------
    data : object
        One of these:

        - embeddings, or the path of a file, read as by `alignx.load`;
        - a dict of words and vectors, or a pandas data frame with the words in its index or in a
          column of strings, and the vectors in columns of numbers or in one column of arrays;
        - a model of gensim: `KeyedVectors`, `Word2Vec` or `FastText`, the last with vectors of OOV
          words;
        - a model of fastText, with vectors of OOV words;
        - spaCy's `Vocab`, or a pipeline that has one;
        - a static model of model2vec or sentence-transformers. Its words are the tokens that are
          whole words; vectors of OOV words are means of those of their tokens;
        - a matrix of NumPy or torch, or a `torch.nn.Embedding`; the words are the numbers of its
          rows, as by `Embeddings.from_arrays`.
    language : str, optional
        Language code such as ``"en"``. Default: that of the embeddings or the file.

    Returns
    -------
    Embeddings
        Words and a copy of their vectors, in the order of `data`.

    Raises
    ------
    TypeError
        If `data` is of another form, or a word is not a string.
    ValueError
        If words are not distinct, or vectors not finite or of different lengths.

    Examples
    --------
    >>> as_embeddings({"cat": [1.0, 0.0], "dog": [0.6, 0.8]}, language="en")
    Embeddings(language='en', n=2, d=2, source=None)
    """
    if isinstance(data, Embeddings):
        return data if language in (None, data.language) else replace(data, language=language)
    if isinstance(data, str | os.PathLike):
        return load(data, language=language)
    if isinstance(data, Mapping):
        return _from_mapping(data, language)
    # A class may derive from that of a package.
    packages = [kind.__module__.partition(".")[0] for kind in type(data).__mro__]
    for package, convert in _PACKAGES.items():
        if package in packages:
            return convert(data, language)
    raise TypeError(
        "vectors must be embeddings, a path, a dict of words and vectors, a data frame, a matrix, "
        "or a model of gensim, fastText, spaCy, model2vec or sentence-transformers, "
        f"got {shown(data)}; ax.Embeddings.from_arrays(vectors, words) takes arrays"
    )


def _from_mapping(data: Mapping[str, Any], language: str | None) -> Embeddings:
    return _from_pairs(list(data), list(data.values()), language)


def _from_pairs(words: Sequence[Any], vectors: Sequence[Any], language: str | None) -> Embeddings:
    rows = [_of_tensor(row) if hasattr(row, "detach") else np.asarray(row) for row in vectors]
    shape = rows[0].shape if rows else ()
    for word, row in zip(words, rows, strict=True):
        if row.ndim != 1 or row.shape != shape:
            raise ValueError(
                "each word must have a vector, all of one length, "
                f"got shape {shape} first, {row.shape} of {word!r}; "
                "ax.Embeddings.from_arrays(vectors, words) takes arrays"
            )
    return Embeddings(words, np.stack(rows) if rows else np.empty((0, 1)), language)


def _from_frame(frame: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    if frame.ndim != 2:
        raise TypeError(f"a data frame must have a column for each dimension, got {shown(frame)}")
    kinds = [dtype.kind for dtype in frame.dtypes]
    numbers = [column for column, kind in enumerate(kinds) if kind in "fiu"]
    others = [column for column in range(len(kinds)) if column not in numbers]
    cells = {column: frame.iloc[:, column].tolist() for column in others}
    vectors = [column for column in others if not any(map(_is_cell_of_words, cells[column]))]
    texts = [column for column in others if column not in vectors]
    words = frame.index.tolist()
    if len(texts) == 1 and not any(isinstance(word, str) for word in words):
        words = cells[texts.pop()]
    is_table = bool(numbers) and not vectors
    if texts or not any(isinstance(word, str) for word in words) or is_table == (len(vectors) == 1):
        raise TypeError(
            "a data frame must hold words in its index or in one column, and numbers or a column "
            f"of vectors, got an index of {frame.index.dtype} and columns of "
            f"{', '.join(map(str, frame.dtypes[:5]))}"
        )
    missing = next((row for row, word in enumerate(words) if not isinstance(word, str)), None)
    if missing is not None:
        raise TypeError(
            f"words must be strings, got {words[missing]!r} in row {missing}; pandas takes words "
            "such as null for missing ones, unless it reads with keep_default_na=False"
        )
    if not is_table:
        if numbers:
            raise _beside(frame, numbers)
        return _from_pairs(words, cells[vectors[0]], language)
    whole = [column for column in numbers if kinds[column] != "f"]
    if odd := [column for column in whole if _NO_DIMENSION.fullmatch(str(frame.columns[column]))]:
        raise _beside(frame, odd)
    return Embeddings(words, frame.iloc[:, numbers].to_numpy(np.float64), language)


# Names of whole numbers that tables of words hold beside vectors.
_NO_DIMENSION = re.compile(r"unnamed.*|index|level_0|id|rank|n|count.*|freq.*", re.IGNORECASE)


def _beside(frame: Any, columns: Sequence[int]) -> ValueError:  # noqa: ANN401
    names = [frame.columns[column] for column in columns]
    return ValueError(
        f"numbers must be dimensions of the vectors, got {', '.join(map(repr, names))} beside "
        f"them; drop what is none: frame.drop(columns={names!r})"
    )


def _is_cell_of_words(cell: Any) -> bool:  # noqa: ANN401
    return not hasattr(cell, "__len__") or isinstance(cell, str)


def _from_gensim(model: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    vectors = getattr(model, "wv", model)
    if not hasattr(vectors, "index_to_key"):
        raise TypeError(f"gensim's object must hold word vectors, got {shown(model)}")
    oov_vectors = _GensimSubwords(vectors) if hasattr(vectors, "vectors_ngrams") else None
    words = list(vectors.index_to_key)
    return Embeddings(words, vectors.vectors, language, oov_vectors=oov_vectors)


@dataclass(frozen=True)
class _GensimSubwords:
    """Vectors of any words from gensim's `FastTextKeyedVectors`."""

    vectors: Any

    def __call__(self, words: Sequence[str]) -> Matrix:
        found: Matrix = np.zeros((len(words), self.vectors.vector_size), np.float32)
        for row, word in zip(found, words, strict=True):
            # Others have no vector, which gensim says by an error.
            if word in self.vectors:
                row[:] = self.vectors.get_vector(word)
        return found


def _from_fasttext(model: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    # Broken UTF-8 would be two words of one spelling, or none.
    words = [word for word in model.get_words(on_unicode_error="replace") if "\ufffd" not in word]
    vectors = _each(model.get_word_vector)
    return Embeddings(words, vectors(words), language, oov_vectors=vectors)


def _each(vector: Callable[[str], Any]) -> Callable[[Sequence[str]], Matrix]:
    def vectors(words: Sequence[str]) -> Matrix:
        rows: Matrix = np.array([vector(word) for word in words], np.float32)
        return rows

    return vectors


def _from_spacy(model: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    vocab = getattr(model, "vocab", model)
    if not hasattr(vocab, "vectors") or not hasattr(vocab.vectors, "key2row"):
        raise TypeError(f"spaCy's object must hold word vectors, got {shown(model)}")
    strings, key2row = vocab.strings, vocab.vectors.key2row
    rows = {strings[key]: row for key, row in key2row.items() if row >= 0 and key in strings}
    rows.pop("", None)
    if not rows:  # as in models without vectors, and those of subwords alone
        raise ValueError(f"spaCy's vectors must have words, got none in {shown(model)}")
    data = np.asarray(vocab.vectors.data)
    # "xx" is spaCy's code of no language.
    code = language or (vocab.lang if vocab.lang != "xx" else None) or None
    return Embeddings(list(rows), data[list(rows.values())], code)


def _from_static(model: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    averages = TokenAverages.of(model)
    words = list(whole_words(averages.tokenizer))
    return Embeddings(words, averages(words), language, oov_vectors=averages)


def _from_array(array: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    return Embeddings.from_arrays(array, language=language)


def _from_torch(tensor: Any, language: str | None) -> Embeddings:  # noqa: ANN401
    if hasattr(tensor, "num_embeddings"):  # of torch.nn.Embedding
        tensor = tensor.weight
    if not hasattr(tensor, "detach"):
        raise TypeError(f"torch's object must be a matrix, got {shown(tensor)}")
    return _from_array(_of_tensor(tensor), language)


def _of_tensor(tensor: Any) -> Matrix:  # noqa: ANN401
    array: Matrix = tensor.detach().cpu().float().numpy()
    return array


_PACKAGES: dict[str, Callable[[Any, str | None], Embeddings]] = {
    "pandas": _from_frame,
    "gensim": _from_gensim,
    "fasttext": _from_fasttext,
    "spacy": _from_spacy,
    "model2vec": _from_static,
    "sentence_transformers": _from_static,
    "numpy": _from_array,
    "torch": _from_torch,
}
