"""Induction of a dictionary of several languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.induction.concepts.clusters import Edges, cluster, densities
from alignx.induction.concepts.concepts import Concepts
from alignx.induction.concepts.language_pairs import compared_pairs
from alignx.induction.induce import induce_lexicon
from alignx.induction.pair_selection import SYMBOLS
from alignx.support.arguments import require_fraction, require_instance, require_whole
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alignx.induction.pair_selection import Symbols
    from alignx.lexicon.lexicon import Lexicon
    from alignx.retrieval.ranked import Ranking
    from alignx.support.arrays import Indices
    from alignx.support.progress import Progress

__all__ = ["induce_concepts"]


def induce_concepts(
    space: SharedSpace,
    languages: Sequence[str] | None = None,
    *,
    k: int = 1,
    agreement: float = 0.5,
    n_nearest: int = 5,
    exclude: Collection[Symbols] = SYMBOLS,
    ranking: Ranking | None = None,
    progress: Progress | None = None,
) -> Concepts:
    """Build a dictionary of several languages, a row for each concept.

    Words of two languages that choose each other are linked, by `induce_lexicon`. Links are joined
    to rows while the words of a row support each other: around a cycle of languages one must come
    back to the same word.

    Parameters
    ----------
    space : SharedSpace
        At least two languages.
    languages : sequence of str, optional
        Codes of the columns. Default: all.
    k : int
        Translations of a word in each other language, and most words in a cell.
    agreement : float
        Least share of linked pairs, of all pairs of a word of one part of a row and a word of the
        other, to join two parts; in [0, 1]. With 1 all words of a row are linked with each other.
    n_nearest : int
        Languages that each is compared with, besides the hub, the one that is nearest to all. The
        time grows with the number of these pairs.
    exclude : collection of {"numbers", "punctuation"}
        Kinds of words that are left out.
    ranking : {"learned", "csls", "nn", "isf", "hnn"}, optional
        Ranking of translations; see `induce_lexicon`. Default: learned for the pairs of languages
        that have it, otherwise CSLS.
    progress : callable, optional
        Called with the fraction done.

    Returns
    -------
    Concepts
        Most frequent words first. The score of a row is the mean probability of its pairs of words
        of different languages, where a pair that is not linked counts as 0: the share of the pairs
        that agree, times their mean probability. If any pair of languages has no probabilities,
        CSLS takes their place for all, or the score of the ranking, cut to [0, 1].

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or a language is not in the space or given twice.

    Notes
    -----
    A word is in one row at most. Costs one search for each compared pair of languages, and about
    ``e log e`` for ``e`` links.

    References
    ----------
    Inverse consultation: Tanaka and Umemura, "Construction of a Bilingual Dictionary Intermediated
    by a Third Language", COLING 1994. Scores by cycles of translations: Mausam et al., "Compiling a
    Massive, Multilingual Dictionary via Probabilistic Inference", ACL 2009. Joining by average
    linkage: see `cluster`.

    Examples
    --------
    >>> import alignx as ax
    >>> import numpy as np
    >>> words = {"en": ["cat", "dog"], "es": ["perro", "gato"], "de": ["Katze", "Hund"]}
    >>> rows = {"en": np.eye(2), "es": np.eye(2)[::-1], "de": np.eye(2)}
    >>> space = ax.SharedSpace({code: ax.Embeddings(words[code], rows[code]) for code in words})
    >>> list(ax.induce_concepts(space))
    [(('cat',), ('gato',), ('Katze',)), (('dog',), ('perro',), ('Hund',))]
    """
    codes = _checked(space, languages)
    require_whole(k, "k")
    require_whole(n_nearest, "n_nearest")
    if n_nearest < 1:
        raise ValueError(f"n_nearest must be at least 1, got {n_nearest}")
    require_fraction(agreement, "agreement")
    compared = compared_pairs(space, codes, n_nearest)
    found: dict[tuple[int, int], Lexicon] = {}
    for at, (first, second) in enumerate(compared):
        cached = space.pair(codes[first], codes[second])
        turned = space.pair(codes[second], codes[first])
        if cached.ranker is None and turned.ranker is not None:  # it is of one direction
            cached, (first, second) = turned, (second, first)
        found[first, second] = induce_lexicon(
            # A copy, whose neighbors do not stay in memory.
            SharedSpace(cached.languages, cached.ranker, cached.known),
            k=k,
            exclude=exclude,
            ranking=ranking,
            progress=part_of(progress, at / len(compared), 1 / len(compared)),
        )
    return _concepts(space, codes, found, agreement, k)


def _checked(space: SharedSpace, languages: Sequence[str] | None) -> tuple[str, ...]:
    require_instance(space, SharedSpace, "space")
    codes = tuple(space if languages is None else languages)
    if isinstance(languages, str) or len(set(codes)) < max(len(codes), 2) or set(codes) - {*space}:
        raise ValueError(
            f"languages must be at least 2 different ones of {', '.join(space)}, got {languages!r}"
        )
    return codes


def _concepts(
    space: SharedSpace,
    codes: tuple[str, ...],
    found: dict[tuple[int, int], Lexicon],
    agreement: float,
    k: int,
) -> Concepts:
    """Join the word pairs of all compared pairs of languages to rows."""
    starts = np.cumsum([0, *(len(space[code]) for code in codes)])
    edges = _edges(space, codes, found, starts)
    language = np.repeat(np.arange(len(codes)), np.diff(starts)).tolist()
    compared = list(found)
    clusters = cluster(edges, language, compared, agreement, k)
    # A row stands where its most frequent word does.
    clusters.sort(key=lambda words: min((word - starts[language[word]], word) for word in words))
    scores = densities(clusters, edges, language, compared)
    rows = []
    for words in clusters:
        row: list[list[str]] = [[] for _ in codes]
        for word in words:
            at = language[word]
            row[at].append(space[codes[at]].words[word - starts[at]])
        rows.append(tuple(map(tuple, row)))
    return Concepts(codes, rows, scores)


def _edges(
    space: SharedSpace,
    codes: tuple[str, ...],
    found: dict[tuple[int, int], Lexicon],
    starts: Indices,
) -> Edges:
    """Number the words of all pairs: those of a language follow those of the languages before."""
    numbers = {pair: np.empty((len(lexicon), 2), np.int64) for pair, lexicon in found.items()}
    for at, code in enumerate(codes):
        row_of = {word: row for row, word in enumerate(space[code].words, start=int(starts[at]))}
        for pair, lexicon in found.items():
            if at in pair:
                side = pair.index(at)
                numbers[pair][:, side] = [row_of[words[side]] for words in lexicon]
    lexicons = list(found.values())
    weights = [each.probabilities for each in lexicons if each.probabilities is not None]
    if len(weights) < len(lexicons):
        scores = [each.scores for each in lexicons if each.scores is not None]
        weights = [np.clip(each, 0, 1) for each in scores]
    return Edges(np.concatenate([*numbers.values()]), np.concatenate(weights))
