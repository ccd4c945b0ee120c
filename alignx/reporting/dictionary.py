"""The dictionary of a report: translations in both directions, and neighbors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from alignx.induction.learned_ranking import rank_all
from alignx.retrieval.neighbors import Neighbors
from alignx.retrieval.occurrences import nearest_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.retrieval.neighbors import CrossNeighbors
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

__all__ = ["Dictionary", "Direction"]

ANSWERS = 5


@dataclass(frozen=True, eq=False, repr=False)
class Direction:
    """Translations of the words of one language, and their neighbors in it.

    Attributes
    ----------
    answers : (n, k) int64
        Rows of the other language, best first; -1 where there are fewer.
    scores : (n, k) float32
        Probabilities in [0, 1], or CSLS in [-2, 2].
    neighbors : (n, k) int64
        Rows of the same language, nearest first, without the word itself; -1 likewise.
    """

    answers: Indices
    scores: Matrix
    neighbors: Indices

    def __repr__(self) -> str:
        return f"Direction({len(self.answers):,} words)"


@dataclass(frozen=True, eq=False, repr=False)
class Dictionary:
    """The dictionary of a report, in both directions.

    Attributes
    ----------
    source, target : sequence of str
        Words of each language, most frequent first.
    forward, backward : Direction
        From source to target, and from target to source.
    score : {"probability", "csls"}
        Meaning of the scores of both directions.
    """

    source: Sequence[str]
    target: Sequence[str]
    forward: Direction
    backward: Direction
    score: str

    def __repr__(self) -> str:
        sizes = f"{len(self.source):,} and {len(self.target):,} words"
        return f"Dictionary({sizes}, by {self.score})"

    @classmethod
    def of(
        cls, space: SharedSpace, by_csls: CrossNeighbors, *, progress: Progress | None = None
    ) -> Self:
        """Collect the translations and neighbors of all words of a space.

        Parameters
        ----------
        space : SharedSpace
            Its first language is the source, its second the target.
        by_csls : CrossNeighbors
            Neighbors of each word by CSLS; as many as the learned ranking has candidates.
        progress : callable, optional
            Called with the fraction done.
        """
        source, target = space.source, space.target
        forth, back = by_csls.of_source.first(ANSWERS), by_csls.of_target.first(ANSWERS)
        if space.ranker is not None:
            biases = space.cosine_neighbors().biases(space.n_neighbors())
            both = source.words, target.words
            pivots = space.pivot and space.pivot.search(all_words=True)
            found, probability = rank_all(
                space.ranker, by_csls, biases, both, ANSWERS, pivots=pivots, progress=progress
            )
            forth = Neighbors(found.of_source.indices, probability).first(ANSWERS)
            back = found.of_target
        return cls(
            source.words,
            target.words,
            Direction(forth.indices, forth.scores, nearest_others(source.vectors, ANSWERS)),
            Direction(back.indices, back.scores, nearest_others(target.vectors, ANSWERS)),
            "csls" if space.ranker is None else "probability",
        )
