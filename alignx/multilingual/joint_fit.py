"""Joint maps of several languages, refined on the pairs that they induce."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from sklearn.base import clone

from alignx.alignment.growth import grow
from alignx.mapping import balanced_weights
from alignx.mapping.joint import JointContrastive
from alignx.multilingual.triangles import Translations, cycles_of, triangles, weights_of_cycles
from alignx.retrieval.csls import mutual_neighbors
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alignx.mapping.joint import Frame, JointAligner
    from alignx.multilingual.multilingual_alignment import Triangle
    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.progress import Log, Progress

__all__ = ["JointFit", "JointRound", "fit_joint", "pairs_to_compare"]

Pair: TypeAlias = tuple[str, str]

Search: TypeAlias = "Callable[[Mapping[str, Matrix], Sequence[Pair]], Mapping[Pair, Indices]]"
"""Search for the mutual neighbors of pairs of languages under maps by code."""

VOCABULARY = 20_000  # most frequent words among which pairs are induced
PARTNERS = 4  # languages without a dictionary that a language is compared with


@dataclass(frozen=True)
class JointRound:
    """Figures of one round of refinement.

    Attributes
    ----------
    round, pairs : int
        Number of the round, from 1, and of the pairs of all languages that are fitted on.
    criterion : float
        Mean cosine of the induced pairs under the maps that induced them.
    seconds : float
    """

    round: int
    pairs: int
    criterion: float
    seconds: float


@dataclass(frozen=True, eq=False)
class JointFit:
    """Maps of several languages into one space, and the evidence for them.

    Attributes
    ----------
    maps : mapping of str to (d, c) float32
        Map of each language, for normalized rows.
    frame : Frame
        Axes of the space, for the map of a language that is added later.
    evidence : mapping of (str, str) to ((p, 2) int64, (p,) float64)
        Pairs of the last fit and their weights.
    induced : mapping of (str, str) to int
        Mutual neighbors of the last round.
    triangles : tuple of Triangle
        Agreement of the mutual neighbors of the last round.
    rounds : tuple of JointRound
    """

    maps: Mapping[str, Matrix]
    frame: Frame
    evidence: Mapping[Pair, tuple[Indices, Double]]
    induced: Mapping[Pair, int]
    triangles: tuple[Triangle, ...]
    rounds: tuple[JointRound, ...]


def fit_joint(
    rows: Mapping[str, Matrix],
    seeds: Mapping[Pair, Indices],
    *,
    method: JointAligner | None = None,
    rounds: int = 2,
    partners: int = PARTNERS,
    starts: Mapping[Pair, Indices] | None = None,
    factors: Mapping[Pair, float] | None = None,
    search: Search | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> JointFit:
    """Fit the maps of several languages on known pairs of some of them.

    The known pairs of two languages grow by self-learning, and start the joint maps. Each round
    then finds the mutual neighbors by CSLS of all languages that are compared, weighs them by their
    agreement with third languages, and fits all maps again; the last round by `method`, those
    before by its first stage.

    Parameters
    ----------
    rows : mapping of str to (n, d) float32
        Normalized rows by code, most frequent first.
    seeds : mapping of (str, str) to (p, 2) int64
        Known pairs of rows. They must connect all languages.
    method : JointAligner, optional
        Default: `JointContrastive`.
    rounds : int
        Number of refits, at least 0.
    partners : int
        Languages without known pairs that a language is compared with at most: the most similar.
    starts : mapping of (str, str) to (p, 2) int64, optional
        Pairs of the first fit, where they have grown elsewhere or stem from vectors alone.
    factors : mapping of (str, str) to float, optional
        Weights of pairs of languages other than 1.
    search : callable, optional
        Finds the mutual neighbors of pairs of languages under some maps, as in other processes.
    progress, log : callable, optional
        Called with the fraction done, and with the figures of each round.
    """
    method = JointContrastive() if method is None else method
    grown = starts
    if grown is None:
        grown = {(s, t): grow(rows[s], rows[t], pairs) for (s, t), pairs in seeds.items()}
    factors = factors or {}
    evidence = {
        pair: (pairs, factors.get(pair, 1.0) * balanced_weights(pairs))
        for pair, pairs in grown.items()
    }
    fitted = _fitted(method.initial() if rounds else method, rows, evidence)
    sizes = {code: min(VOCABULARY, len(each)) for code, each in rows.items()}
    compared: list[Pair] = []
    found: Mapping[Pair, Indices] = {}
    history: list[JointRound] = []
    for number in range(1, rounds + 1):
        start = time.perf_counter()
        unit = {
            code: unit_rows(rows[code][:size] @ matrix)
            for (code, size), matrix in zip(sizes.items(), fitted.maps_, strict=True)
        }
        compared = compared or pairs_to_compare(unit, grown, partners)
        n_neighbors = min(N_NEIGHBORS, *sizes.values())
        if search is None:
            found = {
                (s, t): mutual_neighbors(unit[s], unit[t], n_neighbors=n_neighbors)
                for s, t in compared
            }
        else:
            found = search(dict(zip(rows, fitted.maps_, strict=True)), compared)
        criterion = np.mean([_cosines(unit[s], unit[t], found[s, t]).mean() for s, t in compared])
        del unit
        evidence = _weighed(found, seeds, {code: len(each) for code, each in rows.items()})
        for pair in factors.keys() & evidence.keys():
            pairs, weights = evidence[pair]
            evidence[pair] = pairs, factors[pair] * weights
        fitted = _fitted(method if number == rounds else method.initial(), rows, evidence)
        total = sum(len(pairs) for pairs, _ in evidence.values())
        seconds = time.perf_counter() - start
        history.append(JointRound(number, total, float(criterion), seconds))
        if log is not None:
            log({"stage": "joint refinement", **vars(history[-1])})
        if progress is not None:
            progress(number / rounds)
    return JointFit(
        dict(zip(rows, fitted.maps_, strict=True)),
        fitted.frame_,
        evidence,
        {pair: len(pairs) for pair, pairs in found.items()},
        triangles(found, sizes),
        tuple(history),
    )


def pairs_to_compare(
    unit: Mapping[str, Matrix], known: Mapping[Pair, Indices], partners: int
) -> list[Pair]:
    """List the languages with known pairs, and the most similar ones without.

    Two languages without known pairs are compared if both have some with a third. Similarity is the
    mean cosine of the words that pairs with the third lead to.

    Parameters
    ----------
    unit : mapping of str to (n, c) float32
        Mapped rows at unit length.
    known : mapping of (str, str) to (p, 2) int64
        Known pairs of rows; those beyond the mapped rows are left out.
    partners : int
        Languages without known pairs that a language chooses.
    """
    translations: dict[str, dict[str, Indices]] = {code: {} for code in unit}
    for (source, target), pairs in known.items():
        inside = (pairs < [len(unit[source]), len(unit[target])]).all(axis=1)
        for one, other, columns in ((source, target, pairs), (target, source, pairs[:, ::-1])):
            answers = np.full(len(unit[one]), -1)
            answers[columns[inside, 0]] = columns[inside, 1]
            translations[one][other] = answers
    similar: dict[str, list[tuple[float, Pair]]] = {code: [] for code in unit}
    for source, target in combinations(unit, 2):
        if target in translations[source]:
            continue
        cosines = []
        for third in translations[source].keys() & translations[target].keys():
            one, other = translations[third][source], translations[third][target]
            both = (one >= 0) & (other >= 0)
            composed = np.stack([one[both], other[both]], axis=1)
            cosines.append(_cosines(unit[source], unit[target], composed))
        if cosines and sum(map(len, cosines)):
            pair = (source, target)
            similarity = float(np.concatenate(cosines).mean())
            for code in pair:
                similar[code].append((-similarity, pair))
    chosen = {pair for each in similar.values() for _, pair in sorted(each)[:partners]}
    return [*known, *sorted(chosen)]


def _cosines(source: Matrix, target: Matrix, pairs: Indices) -> Matrix:
    return np.einsum("ij,ij->i", source[pairs[:, 0]], target[pairs[:, 1]])


def _fitted(
    kind: JointAligner, rows: Mapping[str, Matrix], evidence: Mapping[Pair, tuple[Indices, Double]]
) -> JointAligner:
    number = {code: at for at, code in enumerate(rows)}
    pairs = {(number[s], number[t]): pairs for (s, t), (pairs, _) in evidence.items()}
    weights = {(number[s], number[t]): weights for (s, t), (_, weights) in evidence.items()}
    return clone(kind).fit(list(rows.values()), pairs, weights)


def _weighed(
    found: Mapping[Pair, Indices], seeds: Mapping[Pair, Indices], sizes: Mapping[str, int]
) -> dict[Pair, tuple[Indices, Double]]:
    """Join induced and known pairs, and weigh them by their agreement with third languages.

    Pairs of languages weigh the same: the weights have mean 1.
    """
    translations = Translations(found, sizes)
    evidence = {}
    for (source, target), pairs in found.items():
        if (source, target) in seeds:
            pairs = np.unique(np.concatenate([pairs, seeds[source, target]]), axis=0)
        weights = weights_of_cycles(cycles_of(translations, source, target, pairs))
        weights *= balanced_weights(pairs)
        evidence[source, target] = pairs, weights / weights.mean()
    return evidence
