"""A dictionary that answers in both directions, kept in memory."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from alignx.datasets.languages import languages
from alignx.retrieval.ranked import require_ranking
from alignx.server.direction import LiveDirection
from alignx.vectors.oov import require_oov_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.alignment import Alignment
    from alignx.alignment.shared_space import SharedSpace
    from alignx.retrieval.ranked import Ranking
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.oov import OOVMode
    from alignx.vectors.spelling import Casing

__all__ = ["LiveDictionary"]


class LiveDictionary:
    """Translations of any word or phrase in both directions; many threads may ask at once.

    Parameters
    ----------
    shared : SharedSpace
        Two languages.
    loaded : (Embeddings, Embeddings)
        Their vectors before the map.
    alignment : Alignment, optional
        The map, for its figures.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Order of the answers; CSLS takes the place of a learned one that the other direction lacks.
        Default: see `SharedSpace.translate`.
    n_neighbors : int, optional
        Neighbors in the CSLS average.
    oov : {"drop", "subword"}, optional
        Treatment of OOV words; by default from their characters where a language has a model.
    casing : {"keep", "lower", "tr"}
        Treatment of capitals.
    progress : callable, optional
        Called with the fraction of the preparation that is done.

    Raises
    ------
    ValueError
        If a parameter is out of range, or no language has a model and `oov` asks for one.

    Examples
    --------
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> from alignx.vectors.embeddings import Embeddings
    >>> english = Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> spanish = Embeddings(["perro", "gato"], [[0, 1], [1, 0]])
    >>> shared = SharedSpace({"en": english, "es": spanish})
    >>> live = LiveDictionary(shared, (english, spanish), ranking="nn")
    >>> live.directions["es"].translate(["gato"], 1)[0]["answers"]
    [{'word': 'cat', 'score': 1.0}]
    """

    def __init__(
        self,
        shared: SharedSpace,
        loaded: Sequence[Embeddings],
        *,
        alignment: Alignment | None = None,
        ranking: Ranking | None = None,
        n_neighbors: int | None = None,
        oov: OOVMode | None = None,
        casing: Casing = "keep",
        progress: Progress | None = None,
    ) -> None:
        if oov is not None:
            require_oov_mode(oov, shared.source, shared.target)
        require_ranking(ranking, n_neighbors, has_ranker=shared.ranker is not None)
        if ranking in (None, "learned", "csls"):
            n_neighbors = shared.n_neighbors(n_neighbors)  # says once where it is lowered
            shared.csls_biases(n_neighbors, progress=progress)
        elif ranking != "nn":
            shared.key_biases(ranking, progress=progress)
        other = shared.reversed()
        backward = "csls" if ranking == "learned" and other.ranker is None else ranking
        spaces = (shared, ranking, loaded[0]), (other, backward, loaded[1])
        ready = [
            LiveDirection.of(space, vectors, order, n_neighbors, oov=oov, casing=casing)
            for space, order, vectors in spaces
        ]
        self.directions = {direction.code: direction for direction in ready}
        self._alignment = alignment

    def facts(self) -> dict[str, Any]:
        """Return the languages, the quality of the map and the version of alignx."""
        named = languages()
        sides = [each.facts() for each in self.directions.values()]
        for side in sides:
            known = named.get(side["code"])
            side["name"] = known.name if known else side["code"]
        return {"version": version("alignx"), "languages": sides, "map": self._map_facts()}

    def _map_facts(self) -> dict[str, Any] | None:
        """Return the method, the training pairs and the accuracy of the map."""
        alignment = self._alignment
        if alignment is None:
            return None
        return {
            "method": type(alignment.aligner).__name__,
            "pairs": alignment.pairs,
            "found_by": alignment.found_by,
            "failed": alignment.failed,
            "validation": alignment.validation and alignment.validation.as_dict(),
            "diagnosis": alignment.diagnosis and alignment.diagnosis.as_dict(),
            "ranking_gain": alignment.ranking_gain and alignment.ranking_gain.as_dict(),
        }
