"""Part of a language that takes part in a fit: frequent words and those of its dictionaries."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignx.alignment.language_map import LanguageMap
from alignx.alignment.normalized import normalized
from alignx.multilingual.work import Result
from alignx.ranking.candidates import SOUGHT
from alignx.support.arrays import unit_rows
from alignx.vectors.io import load
from alignx.vectors.objects import as_embeddings
from alignx.vectors.oov import add_oov_entries
from alignx.vectors.saving import save
from alignx.vectors.spelling import is_phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.normalizer import Step

__all__ = ["FREQUENT", "HELD_OUT_FREQUENT", "LanguagePart", "forget_words", "is_path", "prepare"]

FREQUENT = 20_000  # words among which pairs are induced
HELD_OUT_FREQUENT = 10_000  # words among which those of the held-out words are
_LOADED = 3  # languages whose words for rankers are kept in memory


def is_path(data: object) -> bool:
    """Tell a path from vectors in memory."""
    return isinstance(data, str | os.PathLike)


def prepare(
    data: Any,  # noqa: ANN401  # what as_embeddings takes
    code: str,
    entries: Sequence[str],
    steps: Sequence[Step],
    path: str,
) -> Result:
    """Normalize a language, and write the part of it that takes part in a fit.

    Parameters
    ----------
    data : Embeddings, path or object
        Vectors, as `as_embeddings` takes them.
    code : str
        Language code.
    entries : sequence of str
        Words and phrases of its dictionaries.
    steps : sequence of {"unit", "center", "project"}
        Normalization.
    path : str
        File of the part, a cache of vectors.
    """
    embeddings = as_embeddings(data, language=code)
    normalizer, words = normalized(embeddings, steps, code)
    frequent = np.arange(len(words))
    words = add_oov_entries(words, list(filter(is_phrase, entries)))
    found = words.find(entries)
    known = np.unique(found[found >= 0])
    kept = np.union1d(frequent[:FREQUENT], known)
    part = words.derive(tuple(words.words[row] for row in kept.tolist()), words.vectors[kept])
    save(part, path)
    d = words.dimension
    identity = np.eye(d, dtype=np.float32), np.zeros(d, dtype=np.float32)
    unmapped = LanguageMap.of(code, embeddings, normalizer, *identity)
    covariance = part.vectors[:FREQUENT].T.astype(np.float64) @ part.vectors[:FREQUENT]
    arrays = {
        "kept": kept,
        "few": np.searchsorted(kept, np.union1d(frequent[:HELD_OUT_FREQUENT], known)),
        "spectrum": np.linalg.eigvalsh(covariance)[::-1] / np.trace(covariance),
        **unmapped.tensors(),
    }
    facts = {**unmapped.facts(), "all": len(words), "frequent": len(frequent[:FREQUENT])}
    return Result(arrays, facts)


@dataclass(frozen=True, eq=False)
class LanguagePart:
    """Normalized words of a language in a fit, most frequent first.

    Attributes
    ----------
    data : Embeddings, path or object
        All vectors, as they were given.
    path : str
        File of the part.
    phrases : sequence of str
        Phrases of the dictionaries.
    kept : (n,) int64
        Row of each word of the part among all normalized words, phrases last.
    few : (m,) int64
        Rows of the part that serve for held-out words.
    frequent : int
        Words of the part that are there for their frequency; they come first.
    spectrum : (d,) float64
        Shares of the variance by principal axis, largest first.
    unmapped : LanguageMap
        Normalization, and the identity as map.
    """

    data: Any
    path: str
    phrases: Sequence[str]
    kept: Indices
    few: Indices
    frequent: int
    spectrum: Double
    unmapped: LanguageMap

    @classmethod
    def of(cls, data: Any, path: str, entries: Sequence[str], result: Result) -> Self:  # noqa: ANN401
        """Open the part that `prepare` has written."""
        arrays, facts = result
        return cls(
            data,
            path,
            list(filter(is_phrase, entries)),
            arrays["kept"],
            arrays["few"],
            facts["frequent"],
            arrays["spectrum"],
            LanguageMap.restored(dict(facts), dict(arrays)),
        )

    @property
    def code(self) -> str:
        """Language code."""
        return self.unmapped.code

    @cached_property
    def words(self) -> Embeddings:
        """Words and normalized rows of the part, mapped from its file."""
        return load(self.path, language=self.code)

    @property
    def dimension(self) -> int:
        """Dimension of the vectors."""
        return len(self.unmapped.matrix)

    def mapped_by(self, matrix: Matrix) -> LanguageMap:
        """Return the map of the language with a fitted matrix, (d, c)."""
        return replace(self.unmapped, matrix=matrix, mean=np.zeros(len(matrix), np.float32))

    def ranked_words(self) -> Embeddings:
        """Return the 40,000 most frequent words with normalized rows; of few also the phrases."""
        return _ranked_words(self)

    def ranked_rows(self, matrix: Matrix) -> Matrix:
        """Map these words to unit rows."""
        return unit_rows(self.ranked_words().vectors @ matrix)


@lru_cache(maxsize=_LOADED)
def _ranked_words(part: LanguagePart) -> Embeddings:
    if is_path(part.data):
        embeddings = load(part.data, limit=SOUGHT, language=part.code)
    else:
        embeddings = as_embeddings(part.data, language=part.code).head(SOUGHT)
    rows = part.unmapped.normalizer.transform(embeddings.vectors)
    words = embeddings.with_vectors(rows).without_zero_rows()
    is_whole = len(embeddings) == part.unmapped.words
    return add_oov_entries(words, part.phrases) if is_whole else words


def forget_words() -> None:
    """Free the words that `ranked_words` keeps."""
    _ranked_words.cache_clear()
