"""Orthogonal maps that bring the moments of several languages together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.mapping.joint.evidence import Pair
    from alignx.support.arrays import Double

__all__ = ["Rotations", "polar"]

MOST_SWEEPS = 50
LEAST_GAIN = 1e-8  # of the criterion in a sweep


def polar(matrix: Double) -> Double:
    """Find the matrix with orthonormal rows or columns nearest to a matrix, (d, c)."""
    U, _, Vt = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(U @ Vt)


class Rotations:
    """Rotations R_i that maximize the sum over pairs of ``trace(R_i' C_ij R_j)``.

    Alternating: each R_i in turn becomes the best one for the others, ``polar(sum_j C_ij R_j)``,
    until a sweep gains nothing. A language of more dimensions than the space gets orthonormal
    columns, and one of fewer gets orthonormal rows.

    Parameters
    ----------
    dimensions : sequence of int
        d_i of each language.
    crosses : mapping of (int, int) to (d_i, d_j) float64
        C_ij of each pair of languages, times its weight.
    """

    def __init__(self, dimensions: Sequence[int], crosses: Mapping[Pair, Double]) -> None:
        # A direction that a single language has is shared with none.
        self.components = sorted(dimensions)[-2]
        self.towards: list[list[tuple[Double, int]]] = [[] for _ in dimensions]
        for (i, j), cross in crosses.items():
            self.towards[i].append((cross, j))
            self.towards[j].append((cross.T, i))
        self.matrices: dict[int, Double] = {}
        order = self._attach(dimensions)
        criterion = 0.0
        for _ in range(MOST_SWEEPS):
            before, criterion = criterion, 0.0
            for language in order:
                target = self._sum(language)
                self.matrices[language] = polar(target)
                criterion += float((self.matrices[language] * target).sum())
            if criterion <= before * (1 + LEAST_GAIN):
                break

    def _attach(self, dimensions: Sequence[int]) -> list[int]:
        """Rotate the language of most evidence by the identity, and others towards those before."""
        strength = [
            sum(float(np.linalg.norm(cross)) for cross, _ in towards) for towards in self.towards
        ]
        roots = [i for i, dimension in enumerate(dimensions) if dimension == self.components]
        order = [max(roots, key=lambda i: strength[i])]
        self.matrices[order[0]] = np.eye(self.components)
        while len(order) < len(dimensions):
            reached = {
                i
                for i, towards in enumerate(self.towards)
                if i not in self.matrices and any(other in self.matrices for _, other in towards)
            }
            # Wide languages first, since narrow ones pass on a part of the directions only.
            language = max(sorted(reached), key=lambda i: (dimensions[i], strength[i]))
            self.matrices[language] = polar(self._sum(language))
            order.append(language)
        return order

    def _sum(self, language: int) -> Double:
        """Sum ``C_ij R_j`` over the languages that are rotated already."""
        total = sum(
            cross @ self.matrices[other]
            for cross, other in self.towards[language]
            if other in self.matrices
        )
        return np.asarray(total)

    def agreement(self) -> Double:
        """Sum ``R_i' C_ij R_j`` over the pairs, made symmetric, (c, c)."""
        both = np.asarray(sum(self.matrices[i].T @ self._sum(i) for i in self.matrices))
        return np.asarray(both + both.T) / 4
