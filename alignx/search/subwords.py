"""Vectors of OOV words for a search, learned from the vocabulary and kept with the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.unit_languages import UnitLanguages
from alignx.errors import FormatError
from alignx.support.safetensors import map_tensors
from alignx.vectors.learned_subwords import LearnedSubwords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from alignx.alignment.shared_space import SharedSpace
    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["SubwordVectors", "read_subwords", "subwords_to_bytes", "with_subwords"]

_FORMAT = "alignx-search-subwords"


@dataclass(frozen=True, eq=False, repr=False)
class SubwordVectors:
    """Function from OOV words to vectors, whose model is made at the first call.

    Parameters
    ----------
    opener : callable
        Function without parameters that learns or reads the model.
    """

    opener: Callable[[], LearnedSubwords]

    @cached_property
    def model(self) -> LearnedSubwords:
        """The fitted model."""
        return self.opener()

    def __call__(self, words: Sequence[str]) -> Matrix:
        """Compute the unit vectors of words, (n, d) float32; zero for unlike ones."""
        return self.model.transform(words)


def with_subwords(space: SharedSpace) -> SharedSpace:
    """Give vectors of OOV words to the languages that have no fastText model."""
    languages = {code: _with_subwords(language) for code, language in space.items()}
    if all(languages[code] is space[code] for code in space):
        return space
    biases = space.languages.biases if isinstance(space.languages, UnitLanguages) else {}
    return replace(space, languages=replace(UnitLanguages.of(languages), biases=biases))


def subwords_to_bytes(language: Embeddings) -> bytes:
    """Return the file of the subwords of a language, in half precision; learns them if need be."""
    from safetensors.numpy import save

    own = language.oov_vectors
    model = own.model if isinstance(own, SubwordVectors) else LearnedSubwords().fit(language)
    tensors: dict[str, NDArray[Any]] = {
        "subwords": model.subwords_.astype(np.float16),
        "mean": model.mean_,
    }
    return save(tensors, {"format": _FORMAT})


def read_subwords(path: Path) -> LearnedSubwords:
    """Map the file of subwords into memory; raises FormatError if it is none."""
    metadata, tensors = map_tensors(path)
    if metadata.get("format") != _FORMAT or {*tensors} != {"subwords", "mean"}:
        raise FormatError(path, "not a file of subwords that alignx has written")
    model = LearnedSubwords()
    model.subwords_, model.mean_ = tensors["subwords"], tensors["mean"]
    return model


def _with_subwords(language: Embeddings) -> Embeddings:
    if language.oov_vectors is not None:
        return language
    own = SubwordVectors(partial(LearnedSubwords().fit, language))
    return language.with_vectors(language.vectors, own, language.space)
