"""Fit of the map of a new language to languages whose rows stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.known_pairs import KnownPairs
from alignx.mapping import balanced_weights
from alignx.mapping.joint import Frame, GeneralizedProcrustes, JointAligner
from alignx.multilingual.multilingual_alignment import restored_method
from alignx.multilingual.pair_tasks import grown
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.multilingual.pair_tasks import LearnedPairs
    from alignx.support.arrays import Indices, Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Extension", "renumbered"]

PARTNERS = 4  # languages of the space to induce pairs with, besides those of the dictionaries


@dataclass(frozen=True, eq=False)
class Extension:
    """A new language, its known or learned pairs with others, and the method of their space.

    Attributes
    ----------
    method, frame
        Method of the space, and its axes.
    words : Embeddings
        Normalized words of the new language.
    languages : mapping of str to Embeddings
        Languages that take part, with unit rows.
    known : mapping of str to (p, 2) int64
        Known pairs of rows, where there is a dictionary.
    learned : mapping of str to LearnedPairs
        Pairs of frequent rows by vectors alone, where there is no dictionary at all.
    """

    method: JointAligner
    frame: Frame
    words: Embeddings
    languages: Mapping[str, Embeddings]
    known: Mapping[str, Indices]
    learned: Mapping[str, LearnedPairs]

    @classmethod
    def of(
        cls,
        folder: SpaceFolder,
        words: Embeddings,
        known: Mapping[str, Indices],
        learned: Mapping[str, LearnedPairs],
        codes: list[str],
    ) -> Extension:
        """Choose the languages that take part: those of dictionaries, and the first others."""
        partners = [other for other in codes if other not in known][:PARTNERS]
        languages = {other: folder.languages[other] for other in [*known, *partners]}
        method, arrays = restored_method(folder.manifest.method), folder.frame()
        if method is None or not arrays:
            method = GeneralizedProcrustes()
            frame = Frame(np.ones(folder.manifest.languages[0].dimension))
        else:
            frame = Frame.restored(arrays)
        return cls(method, frame, words, languages, known, learned)

    @property
    def others(self) -> dict[str, Matrix]:
        """Unit rows of the languages that take part."""
        return {other: language.vectors for other, language in self.languages.items()}

    def known_pairs(self, other: str) -> KnownPairs:
        """Return a digest of the known pairs with another language."""
        source, target = self.words.words, self.languages[other].words
        return KnownPairs.of((source[s], target[t]) for s, t in self.known[other].tolist())

    def parts(self, other: str, frequent: int) -> tuple[Indices, Indices]:
        """Return the rows of the frequent and the known words of both languages, ascending."""
        mine = [rows[:, 0] for rows in self.known.values()]
        theirs = [self.known[other][:, 1]] if other in self.known else []
        return _kept(self.words, frequent, mine), _kept(self.languages[other], frequent, theirs)

    def solve(self, known: Mapping[str, Indices], frequent: int) -> tuple[Matrix, dict[str, int]]:
        """Fit the map on known or learned pairs, then on mutual neighbors too.

        Parameters
        ----------
        known : mapping of str to (p, 2) int64
            Known pairs of rows.
        frequent : int
            Words of each language among which pairs are induced.

        Returns
        -------
        (d, c) float32, dict
            The map, and the number of induced pairs by language.
        """
        parts = {other: self.parts(other, frequent) for other in self.languages}
        rows = self.words.vectors[next(iter(parts.values()))[0]]
        others = {other: self.languages[other].vectors[part[1]] for other, part in parts.items()}
        seeds = {other: renumbered(pairs, *parts[other]) for other, pairs in known.items()}
        evidence = {other: grown(rows, others[other], pairs) for other, pairs in seeds.items()}
        evidence |= {other: found.pairs for other, found in self.learned.items()}
        matrix = self._fitted(self.method.initial(), rows, others, evidence)
        induced: dict[str, int] = {}
        mapped = unit_rows(rows[:frequent] @ matrix)
        for other, target in others.items():
            k = min(N_NEIGHBORS, len(mapped), len(target[:frequent]))
            pairs = mutual_neighbors(mapped, target[:frequent], n_neighbors=k)
            induced[other] = len(pairs)
            evidence[other] = np.concatenate([pairs, seeds.get(other, pairs[:0])])
        # A second round gained 0.1 to 0.3 points of P@1 without a dictionary, within chance.
        return self._fitted(self.method, rows, others, evidence), induced

    def _fitted(
        self,
        method: JointAligner,
        rows: Matrix,
        others: Mapping[str, Matrix],
        evidence: Mapping[str, Indices],
    ) -> Matrix:
        return method.fit_language(
            self.frame,
            rows,
            [others[other] for other in evidence],
            dict(enumerate(evidence.values())),
            {at: balanced_weights(pairs) for at, pairs in enumerate(evidence.values())},
        )


def renumbered(pairs: Indices, source: Indices, target: Indices) -> Indices:
    """Number the rows of pairs, (p, 2), among chosen rows, which are ascending."""
    sides = np.searchsorted(source, pairs[:, 0]), np.searchsorted(target, pairs[:, 1])
    return np.stack(sides, axis=1)


def _kept(words: Embeddings, frequent: int, known: list[Indices]) -> Indices:
    first = np.arange(min(frequent, len(words)))
    return np.union1d(first, np.concatenate([*known, first[:0]]))
