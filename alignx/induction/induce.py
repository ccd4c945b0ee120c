"""Induction of a bilingual dictionary from two languages in one space."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.induction.lazy_space import LazySpace
from alignx.induction.learned_ranking import rank_all
from alignx.induction.pair_selection import SYMBOLS, PairSelection
from alignx.induction.sharded.induce import induce_sharded
from alignx.induction.sharded.plan import Sharding, is_large
from alignx.retrieval.csls import csls_neighbors
from alignx.retrieval.ranked import ranked_neighbors, require_ranking
from alignx.support.arguments import require_instance
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alignx.induction.pair_selection import Symbols
    from alignx.lexicon.lexicon import Lexicon
    from alignx.ranking.ranker import PairRanker
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import Indices

__all__ = ["induce_lexicon", "require_probabilities"]


def induce_lexicon(
    space: SharedSpace | LazySpace,
    *,
    words: Sequence[str] | None = None,
    k: int = 1,
    mutual: bool = True,
    exclude: Collection[Symbols] = SYMBOLS,
    ranking: Ranking | None = None,
    n_neighbors: int | None = None,
    sharding: Sharding | None = None,
    progress: Progress | None = None,
) -> Lexicon:
    """Build a bilingual dictionary from two languages in one space.

    Small vocabularies are searched exactly in memory. Large ones, and all with `sharding`, are
    searched shard by shard: out of core, resumable, and by an approximate index where exact search
    would take minutes to hours.

    Parameters
    ----------
    space : SharedSpace or LazySpace
        The languages; the first two of a shared space are source and target.
    words : sequence of str, optional
        Source words to translate, in this order; words without a vector are left out. They are
        looked up as by `Embeddings.find`. See `SharedSpace.extended` for phrases and
        out-of-vocabulary words. Default: the whole vocabulary.
    k : int
        Translations of a word, ``1 <= k <= min(n, m)``.
    mutual : bool
        Keep a pair only if each word is among the `k` best of the other. Otherwise every source
        word gets its `k` best, and target words may be missing.
    exclude : collection of {"numbers", "punctuation"}
        Kinds of words that are left out: those with digits but no letter, those with neither.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Learned ranking of the best by CSLS, CSLS, cosine, inverted softmax or hubless nearest
        neighbors; see `key_biases`. The last three are searched in memory. Default: learned where
        the map has one, otherwise CSLS.
    n_neighbors : int, optional
        Neighbors in the CSLS average; see `SharedSpace.n_neighbors`. Only with the first two.
    sharding : Sharding, optional
        Index, memory limit, checkpoint folder and cluster of a sharded search. Default: chosen by
        the sizes of the vocabularies.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Lexicon
        In the order of the source words, best translation first. Scores are CSLS, or with the last
        three rankings the cosine minus the bias of the target word; the learned ranking gives
        probabilities. See `Lexicon.at_least` for a threshold.

    Raises
    ------
    ValueError
        If a parameter is out of range, or `words` or one of the last three rankings are given for
        a search shard by shard.

    Notes
    -----
    In memory: two sweeps of O(n m d) time; O((n + m) k) memory beyond the vectors.

    Examples
    --------
    >>> import alignx as ax
    >>> english = ax.Embeddings(["cat", "dog", "1"], np.eye(3))
    >>> spanish = ax.Embeddings(["perro", "gato", "1"], np.eye(3)[[1, 0, 2]])
    >>> space = ax.SharedSpace({"en": english, "es": spanish})
    >>> list(ax.induce_lexicon(space, n_neighbors=1))
    [('cat', 'gato'), ('dog', 'perro')]
    """
    if not isinstance(space, LazySpace):
        require_instance(space, SharedSpace, "space")
    if sharding is not None:
        require_instance(sharding, Sharding, "sharding")
    ranking = require_ranking(ranking, n_neighbors, has_ranker=space.ranker is not None)
    selection = PairSelection(k, mutual, exclude)
    languages = space.languages if isinstance(space, LazySpace) else (space.source, space.target)
    if words is not None and sharding is not None:
        raise ValueError("words are searched in memory; leave out sharding")
    is_by_bias = ranking not in ("learned", "csls")
    if sharding is None and (words is not None or not is_large(*map(len, languages))):
        shared = space.shared() if isinstance(space, LazySpace) else space
        if is_by_bias:
            return _by_biases(shared, selection, words, ranking, progress)
        ranker = shared.ranker if ranking == "learned" else None
        return _in_memory(shared, selection, words, ranker, n_neighbors, progress)
    if is_by_bias:
        raise ValueError(
            "large vocabularies and those with sharding are ranked by 'learned' or 'csls', got "
            f"ranking {ranking!r}; give words to translate, or fewer vectors"
        )
    if isinstance(space, SharedSpace):
        space = LazySpace(*languages, ranker=space.ranker)
    sharding = sharding or Sharding()
    if sharding.checkpoint is not None:
        found = induce_sharded(
            space, selection, sharding, ranking=ranking, n_neighbors=n_neighbors, progress=progress
        )
        return found.lexicon
    with tempfile.TemporaryDirectory(prefix="alignx-") as folder:
        sharding = replace(sharding, checkpoint=Path(folder, "shards"))
        found = induce_sharded(
            space, selection, sharding, ranking=ranking, n_neighbors=n_neighbors, progress=progress
        )
    return found.lexicon


def _in_memory(
    shared: SharedSpace,
    selection: PairSelection,
    words: Sequence[str] | None,
    ranker: PairRanker | None,
    n_neighbors: int | None,
    progress: Progress | None,
) -> Lexicon:
    smaller = min(len(shared.source), len(shared.target))
    selection.require_size(smaller)
    n_neighbors = shared.n_neighbors(n_neighbors)
    candidates = 0 if ranker is None else ranker.n_candidates
    searched = 1.0 if ranker is None else 0.8  # share of the work
    cosine = shared.cosine_neighbors(n_neighbors, progress=part_of(progress, 0, searched / 2))
    found = csls_neighbors(
        shared.source.vectors,
        shared.target.vectors,
        min(max(selection.k, candidates), smaller),
        n_neighbors=n_neighbors,
        cosine=cosine,
        progress=part_of(progress, searched / 2, searched / 2),
    )
    rows = _rows_of(words, shared)
    both = shared.source.words, shared.target.words
    probability = None
    if ranker is not None:
        found, probability = rank_all(
            ranker,
            found,
            cosine.biases(n_neighbors),
            both,
            selection.k,
            rows=rows,
            pivots=shared.pivot and shared.pivot.search(all_words=True),
            progress=part_of(progress, searched, 1 - searched),
        )
    allowed = selection.allowed(both[0]), selection.allowed(both[1])
    codes = shared.source.language, shared.target.language
    return selection.lexicon(
        found, both, allowed, rows=rows, probability=probability, languages=codes
    )


def _by_biases(
    shared: SharedSpace,
    selection: PairSelection,
    words: Sequence[str] | None,
    ranking: Ranking,
    progress: Progress | None,
) -> Lexicon:
    """Rank by biases of the same kind on both sides, without probabilities."""
    selection.require_size(min(len(shared.source), len(shared.target)))
    found = ranked_neighbors(
        shared.source.vectors,
        shared.target.vectors,
        selection.k,
        shared.key_biases(ranking, progress=part_of(progress, 0, 0.5)),
        progress=part_of(progress, 0.5, 0.5),
    )
    both = shared.source.words, shared.target.words
    allowed = selection.allowed(both[0]), selection.allowed(both[1])
    codes = shared.source.language, shared.target.language
    return selection.lexicon(found, both, allowed, rows=_rows_of(words, shared), languages=codes)


def _rows_of(words: Sequence[str] | None, shared: SharedSpace) -> Indices | None:
    """Return the different source rows of words that have a vector, in their order."""
    if words is None:
        return None
    listed = dict.fromkeys(shared.source.find(words).tolist())
    return np.array([row for row in listed if row >= 0], dtype=np.int64)


def require_probabilities(threshold: float | None, ranker: PairRanker | None) -> None:
    """Check a threshold of `Lexicon.at_least`, if any, before long work.

    Raises
    ------
    ValueError
        If it is out of range, or there is no learned ranking to give probabilities.
    """
    if threshold is None:
        return
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    if ranker is None:
        raise ValueError(
            "threshold needs probabilities, which a map with a learned ranking has, in the "
            "direction of the fit: align with more pairs, and without ranker=False (--no-ranker)"
        )
