"""Languages of a shared space, with unit rows, opened at first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from alignx.errors import AlignxError
from alignx.support.arguments import require_instance
from alignx.support.arrays import freeze, require_same_dimension, unit_rows
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.same_space import require_same_space

if TYPE_CHECKING:
    from alignx.support.arrays import Matrix

__all__ = ["DeferredLanguage", "UnitLanguages"]


@dataclass(frozen=True, eq=False, repr=False)
class DeferredLanguage:
    """Language opened at first use, once; a pickle holds the opener alone.

    Parameters
    ----------
    opener : callable
        Function without parameters that returns the embeddings.
    size : int
        Number of words.
    """

    opener: Callable[[], Embeddings]
    size: int

    @cached_property
    def embeddings(self) -> Embeddings:
        """The words with their unit rows."""
        return self.opener()

    def __getstate__(self) -> dict[str, Any]:
        return {"opener": self.opener, "size": self.size}


@dataclass(frozen=True, eq=False, repr=False)
class UnitLanguages(Mapping[str, Embeddings]):
    """Languages of one space, with unit rows of one dimension and no zero row.

    Parameters
    ----------
    by_code : mapping of str to DeferredLanguage
        Languages that keep this promise.
    biases : mapping of (str, str) to (source_bias, target_bias)
        CSLS-10 biases of two languages, of all words that these have on disk; see `prepare_space`.

    Examples
    --------
    >>> words = Embeddings(["cat", "dog"], [[1, 0], [0, 2]])
    >>> languages = UnitLanguages.checked({"en": words, "sv": words, "nl": words})
    >>> list(languages.select(["nl", "en"])), languages["nl"]["dog"]
    (['nl', 'en'], array([0., 1.], dtype=float32))
    """

    by_code: Mapping[str, DeferredLanguage]
    biases: Mapping[tuple[str, str], tuple[Matrix, Matrix]] = field(default_factory=dict)

    @classmethod
    def checked(cls, languages: Mapping[str, Embeddings]) -> UnitLanguages:
        """Bring languages to unit rows, and leave out words whose row is zero.

        Raises
        ------
        TypeError, SpaceError, AlignxError, DimensionError
            If one is no `Embeddings` or has no vector that is not zero, or they were mapped into
            different spaces or differ in dimension.
        """
        for code, language in languages.items():
            require_instance(language, Embeddings, f"languages[{code!r}]")
        require_same_space(languages)
        unit = {code: _unit(code, language) for code, language in languages.items()}
        first, *_ = unit
        for code, language in unit.items():
            names = f"languages {first} and {code}"
            require_same_dimension(unit[first].vectors, language.vectors, names)
        return cls.of(unit)

    @classmethod
    def of(cls, languages: Mapping[str, Embeddings]) -> UnitLanguages:
        """Take languages that keep the promise of the class."""
        return cls(
            {
                code: DeferredLanguage(partial(_same, language), len(language))
                for code, language in languages.items()
            }
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Number of words by code."""
        return {code: language.size for code, language in self.by_code.items()}

    def __getitem__(self, code: str) -> Embeddings:
        return self.by_code[code].embeddings

    def __contains__(self, code: object) -> bool:
        return code in self.by_code  # which opens nothing

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_code)

    def __len__(self) -> int:
        return len(self.by_code)

    def select(self, codes: Iterable[str]) -> UnitLanguages:
        """Return some of the languages, in any order; opens none."""
        return UnitLanguages({code: self.by_code[code] for code in codes}, self.biases)

    def stored_biases(self, source: str, target: str) -> tuple[Matrix, Matrix] | None:
        """Return the CSLS-10 biases of two languages, or None unless they are of all words here."""
        both = self.biases.get((source, target))
        sizes = self.by_code[source].size, self.by_code[target].size
        return both if both is not None and sizes == (len(both[0]), len(both[1])) else None


def _same(language: Embeddings) -> Embeddings:
    return language


def _unit(code: str, language: Embeddings) -> Embeddings:
    """Return a language with unit rows, under its code, without words that have no vector."""
    rows = freeze(unit_rows(language.vectors))
    known = language.with_vectors(rows, language.oov_vectors, language.space)
    known = known.without_zero_rows()
    if not len(known):
        raise AlignxError(
            f"a language must have words with a vector, got {code} ({language.source or 'no file'})"
            f": all {len(language):,} vectors are zero, as they are or once they are normalized"
        )
    if language.language is None and code not in ("source", "target"):
        return Embeddings.from_checked(
            known.words,
            known.vectors,
            language=code,  # its rules of capitals hold
            source=known.source,
            oov_vectors=known.oov_vectors,
            space=known.space,
            index=known.index,
            zero_rows=0,
        )
    return known
