"""Words and vectors of a fastText model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.errors import FormatError
from alignx.support.counts import counted
from alignx.vectors.fasttext.subword import SubwordVectors
from alignx.vectors.vocabulary_reader import VocabularyReader

if TYPE_CHECKING:
    import io

    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions

__all__ = ["read_fasttext"]


def read_fasttext(file: io.BufferedReader, path: str, options: LoadOptions) -> Embeddings:
    """Read the words of a fastText model and their vectors, subwords included.

    The embeddings have `oov_vectors`. Words that are not valid UTF-8 are left out, and noted.

    Parameters
    ----------
    file : binary stream
        Regular file, which may be a copy of one that is packed.
    path : str
        Path of the file itself.
    options : LoadOptions
        Options of `alignx.load`.

    Raises
    ------
    FormatError
        If the file is not such a model, or truncated.
    """
    model = SubwordVectors.of(file, path)
    rows = [row for row, word in enumerate(model.stored) if _is_text(word)]
    if not rows:
        raise FormatError(path, "the model has no words that are valid UTF-8")
    reader = VocabularyReader(path, options)
    kept = reader.add([model.stored[row].decode() for row in rows])
    vectors = model.of_stored(np.asarray(rows)[kept], options.progress)
    notes = []
    if len(rows) < len(model.stored):
        notes.append(f"{counted(len(model.stored) - len(rows), 'word')} not in UTF-8 left out")
    if model.n_labels:
        notes.append(f"{counted(model.n_labels, 'label')} of the classifier left out")
    if model.n_behind:
        notes.append(f"{counted(model.n_behind, 'byte')} behind the model left out")
    return reader.embeddings("fasttext", vectors, oov_vectors=model, notes=notes)


def _is_text(word: bytes) -> bool:
    """Test for a word that a file of vectors can hold."""
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return bool(word) and b"\n" not in word
