"""Learned ranking for each pair of several languages, by its own lexicon or from other pairs."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignx.alignment.held_out import Fold
from alignx.alignment.pivot import pivot_code
from alignx.alignment.ranker_fit import fit_ranker, held_out_candidates
from alignx.alignment.supervised import FEWEST_ASKED
from alignx.multilingual.transferred_ranker import fit_transferred, with_spelling
from alignx.ranking.candidates import SOUGHT
from alignx.ranking.pivots import PivotSearch, Step
from alignx.ranking.spelling import SpellingModel
from alignx.retrieval.csls import csls_biases
from alignx.retrieval.exact import ExactIndex
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from scipy.sparse import csr_array

    from alignx.multilingual.held_out_fit import HeldOutFit
    from alignx.ranking.gain import RankingGain
    from alignx.ranking.ranker import LabeledCandidates, PairRanker
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress

    Rows: TypeAlias = Callable[[str, Matrix], Matrix]
    Words: TypeAlias = Mapping[str, Sequence[str]]
    Pair: TypeAlias = tuple[str, str]

__all__ = ["FittedRanker", "fit_pair_rankers", "held_out_of_pair", "word_pairs"]

POOLED = 12_000  # words of all languages that a transferred ranking is learned from
SPELLED = 5_000  # pairs from which spelling is learned, the most frequent

_NONE: Indices = np.empty((0, 2), dtype=np.int64)


class FittedRanker(NamedTuple):
    """Learned ranking of one pair of languages, if one gains, and its gain on held-out words."""

    ranker: PairRanker | None
    gain: RankingGain | None
    is_transferred: bool = False


def fit_pair_rankers(
    ranker: PairRanker,
    rows: Rows,
    words: Words,
    fits: Sequence[HeldOutFit],
    evidence: Mapping[Pair, Indices],
    *,
    progress: Progress | None = None,
) -> dict[Pair, FittedRanker]:
    """Fit a learned ranking for every ordered pair of languages.

    A pair with a lexicon learns from its held-out words. All other pairs share what these pairs
    teach together, each with the spelling of its own languages. That is kept if it gains on pairs
    that it was not learned from: each pair with a lexicon, ten at most, is left out in turn.

    Parameters
    ----------
    ranker : PairRanker
        Parameters; it is not fitted itself.
    rows : callable
        Gives the mapped unit rows, (n, c) float32, of a language for a code and a map. The 40,000
        most frequent words take part.
    words : mapping of str to sequence of str
        Words of each language by code, in the order of the space, the hub first.
    fits : sequence of HeldOutFit
        Joint maps without a part of the known pairs each.
    evidence : mapping of (str, str) to (p, 2) int64
        Known and induced pairs of rows, by which the languages without a lexicon are spelled. Pairs
        of languages that are not in it are joined through others.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    dict of (str, str) to FittedRanker

    Notes
    -----
    Candidates are also compared through a third language, see `Pivot`. Takes three searches among
    40,000 words for each lexicon and fit, and some 30 seconds of one processor for each lexicon to
    learn. Three languages are in memory at once.
    """
    words = {code: listed[:SOUGHT] for code, listed in words.items()}
    lexicons = [pair for pair in combinations(words, 2) if len(_known_pairs(fits, pair))]
    found: dict[Pair, FittedRanker] = {}
    samples: dict[Pair, list[LabeledCandidates]] = {}
    for number, pair in enumerate(lexicons):
        candidates = held_out_of_pair(rows, words, fits, pair, ranker.n_candidates)
        for way, parts in candidates.items():
            asked = sum(len(part.is_correct) for part in parts)
            if asked >= FEWEST_ASKED:
                found[way] = FittedRanker(*fit_ranker(ranker, parts))
                share = max(1, round(asked * 2 * len(lexicons) / POOLED))
                samples[way] = [part.every(share, only=0) for part in parts]
        if progress is not None:
            progress(0.8 * (number + 1) / len(lexicons))
    others = [pair for pair in permutations(words, 2) if pair not in found]
    if not others:
        return found
    shared, gain = fit_transferred(ranker, samples, part_of(progress, 0.8, 0.2))
    spelled: dict[Pair, SpellingModel] = {}
    for pair in others:
        own = None
        if shared is not None and pair[::-1] in spelled:
            own = with_spelling(shared, spelled[pair[::-1]].reversed())
        elif shared is not None and (known := word_pairs(words, evidence, pair)):
            spelled[pair] = SpellingModel.of(known)
            own = with_spelling(shared, spelled[pair])
        found[pair] = FittedRanker(own, gain, is_transferred=True)
    return found


def _known_pairs(fits: Sequence[HeldOutFit], pair: Pair) -> Indices:
    """Return the known pairs of the frequent words of two languages, of all fits together."""
    every = [_of_languages(each, pair) for fit in fits for each in (fit.train, fit.held_out)]
    known = np.unique(np.concatenate([_NONE, *every]), axis=0)
    return known[(known < SOUGHT).all(axis=1)]


def _of_languages(pairs: Mapping[Pair, Indices], languages: Pair) -> Indices:
    """Return the pairs of two languages, from either order: (p, 2), in the order asked for."""
    own = [pairs[languages]] if languages in pairs else []
    if languages[::-1] in pairs:
        own.append(pairs[languages[::-1]][:, ::-1])
    return np.concatenate([_NONE, *own])


def held_out_of_pair(
    rows: Rows, words: Words, fits: Sequence[HeldOutFit], pair: Pair, k: int
) -> dict[Pair, list[LabeledCandidates]]:
    """Find the candidates of the held-out words of two languages, in both directions."""
    ways = pair, pair[::-1]
    found: dict[Pair, list[LabeledCandidates]] = {way: [] for way in ways}
    pivot = pivot_code(words, *pair)
    for fit in fits:
        codes = [*pair, *([pivot] if pivot is not None else [])]
        mapped = {code: rows(code, fit.maps[code])[:SOUGHT] for code in codes}
        n_neighbors = min(N_NEIGHBORS, *map(len, mapped.values()))
        biases: dict[Pair, Matrix] = {}  # of a language against another
        for one, other in combinations(mapped, 2):
            both = csls_biases(mapped[one], mapped[other], n_neighbors=n_neighbors)
            biases[one, other], biases[other, one] = both
        if pivot is not None:
            pivots = ExactIndex.borrowing(mapped[pivot])
            steps = {
                code: Step(
                    ExactIndex.borrowing(mapped[code]), pivots, n_neighbors, biases[pivot, code]
                )
                for code in pair
            }
        for source, target in ways:
            fold = _fold(fits, fit, (source, target))
            if not len(fold.held_out):
                continue
            part = held_out_candidates(
                (mapped[source], mapped[target]),
                (biases[source, target], biases[target, source]),
                (words[source], words[target]),
                fold,
                min(k, len(mapped[target])),
                n_neighbors,
            )
            if pivot is not None:
                search = PivotSearch(steps[source], steps[target])
                vectors = mapped[source][part.pairs.source_rows]
                part = part._replace(pairs=search.compared(part.pairs, vectors))
            found[source, target].append(part)
    return found


def _fold(fits: Sequence[HeldOutFit], fit: HeldOutFit, pair: Pair) -> Fold:
    """Return the pairs of frequent words of a fit, and those that it has held out."""
    known = _known_pairs(fits, pair)
    held_out, train = (_of_languages(pairs, pair) for pairs in (fit.held_out, fit.train))
    # A word of the second language may have further translations in another fold.
    is_asked = np.isin(known[:, 0], np.setdiff1d(held_out[:, 0], train[:, 0]))
    return Fold(train[(train < SOUGHT).all(axis=1)], known[is_asked])


def word_pairs(words: Words, evidence: Mapping[Pair, Indices], pair: Pair) -> list[tuple[str, str]]:
    """Return word pairs of two languages, of the evidence or joined through other languages."""
    pairs = _of_languages(evidence, pair)
    if not len(pairs):
        pairs = _through_others(words, evidence, pair)
    pairs = pairs[(pairs < SOUGHT).all(axis=1)]
    pairs = pairs[np.argsort(pairs.sum(axis=1), kind="stable")[:SPELLED]]
    return [(words[pair[0]][s], words[pair[1]][t]) for s, t in pairs.tolist()]


def _through_others(words: Words, evidence: Mapping[Pair, Indices], pair: Pair) -> Indices:
    """Join the pairs of two languages with the same word of a third one: (p, 2)."""
    joined = [_NONE]
    for other in words:
        first, second = (_of_languages(evidence, (code, other)) for code in pair)
        joined.append(np.transpose((_incidence(first) @ _incidence(second).T).nonzero()))
    return np.unique(np.concatenate(joined), axis=0)


def _incidence(pairs: Indices) -> csr_array:
    """Return pairs of frequent words as ones in a sparse matrix."""
    from scipy.sparse import csr_array

    kept = pairs[(pairs < SOUGHT).all(axis=1)]
    return csr_array((np.ones(len(kept)), kept.T), shape=(SOUGHT, SOUGHT))
