"""Third language of a space, through which the learned ranking of two others compares words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alignx.ranking.candidates import SOUGHT
from alignx.ranking.pivots import PivotSearch, Step
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import N_NEIGHBORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alignx.alignment.unit_languages import UnitLanguages
    from alignx.ranking.ranker import PairRanker
    from alignx.support.arrays import Matrix

__all__ = ["Pivot", "pivot_code"]


def pivot_code(codes: Iterable[str], source: str, target: str) -> str | None:
    """Return the pivot of two languages: the first other one, which is the hub unless it is theirs.

    Examples
    --------
    >>> pivot_code(["en", "es", "de"], "es", "de"), pivot_code(["en", "es", "de"], "de", "en")
    ('en', 'es')
    """
    return next((code for code in codes if code not in (source, target)), None)


@dataclass(frozen=True, eq=False, repr=False)
class Pivot:
    """A pivot language of a source and a target language; nothing is read before a search.

    Attributes
    ----------
    languages : UnitLanguages
        Unit vectors of source, target and pivot language, in this order.
    """

    languages: UnitLanguages
    _indexes: dict[str, ExactIndex] = field(default_factory=dict)
    _biases: dict[str, Matrix] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        languages: UnitLanguages,
        source: str,
        target: str,
        ranker: PairRanker | None,
    ) -> Pivot | None:
        """Choose the pivot of two languages; None where their ranker has no use for one."""
        code = pivot_code(languages, source, target)
        if code is None or ranker is None or not ranker.has_pivots:
            return None
        return cls(languages.select([source, target, code]))

    def reversed(self) -> Pivot:
        """Return the pivot of the languages in reverse order."""
        source, target, code = self.languages
        return replace(self, languages=self.languages.select([target, source, code]))

    def search(self, *, all_words: bool) -> PivotSearch:
        """Make a search, for few words or for so many that most rows matter."""
        *pair, pivot = self.languages
        pivots = self._index(pivot, SOUGHT)
        steps = []
        for code in pair:
            words = self._index(code)
            n_neighbors = min(N_NEIGHBORS, len(words), len(pivots))
            if code not in self._biases and (stored := self.languages.stored_biases(pivot, code)):
                self._biases[code] = stored[0][: len(pivots)]  # each stands for itself
            elif code not in self._biases and all_words:
                both = csls_biases(words.keys, pivots.keys, n_neighbors=n_neighbors)
                self._biases[code] = both[1]
            steps.append(Step(words, pivots, n_neighbors, self._biases.get(code)))
        return PivotSearch(*steps)

    def _index(self, code: str, most: int | None = None) -> ExactIndex:
        """Index the most frequent words of a language, once."""
        if code not in self._indexes:
            self._indexes[code] = ExactIndex.borrowing(self.languages[code].vectors[:most])
        return self._indexes[code]
