"""Word pairs from sentence pairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from alignx.errors import EmptyLexiconError
from alignx.lexicon.lexicon import Lexicon
from alignx.parallel_text.sentence_pairs import SentencePairs
from alignx.parallel_text.word_links import Cooccurrences, dice, model_1
from alignx.support.arguments import require_instance
from alignx.support.counts import counted
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from alignx.support.arrays import Double, Indices
    from alignx.support.tokenizer import Tokenizer

__all__ = ["lexicon_from_parallel"]

N_ITERATIONS = 10
MOST_WORDS = 100  # in a sentence: cells grow with the product of both lengths


def lexicon_from_parallel(
    pairs: SentencePairs,
    *,
    method: Literal["model_1", "dice"] = "model_1",
    least_links: float = 1.5,
    tokenizers: tuple[Tokenizer, Tokenizer] = (tokenize, tokenize),
) -> Lexicon:
    """Learn word pairs from sentence pairs.

    Words are linked in both directions; a pair is taken if each word is the best of the other.

    Parameters
    ----------
    pairs : SentencePairs
        Sentences and their translations. Those of over 100 words on a side are left out.
    method : {"model_1", "dice"}
        IBM model 1, ten rounds of EM in each direction, or Dice's coefficient as the plain
        reference.
    least_links : float
        Least evidence: the expected number of links, by the direction with fewer; with ``"dice"``
        the number of common sentences. At least 0.
    tokenizers : (callable, callable)
        Functions from a sentence to its words; by default lower-cased words by Unicode rules. Words
        without a letter or digit are left out.

    Returns
    -------
    Lexicon
        Pairs with their evidence as scores and their probability under the links, in [0, 1]; best
        first. Each word occurs once.

    Raises
    ------
    EmptyLexiconError
        If no pair has enough evidence.
    TypeError, ValueError
        If a parameter is of another type or out of range.

    Notes
    -----
    Memory and time of a round grow with the sum over sentence pairs of the product of their
    lengths, 48 bytes each: about 30 MB for 1,000 sentences of 25 words.

    Source: Brown et al. (1993), "The mathematics of statistical machine translation"; both
    directions: Och and Ney (2003), "A systematic comparison of various statistical alignment
    models".

    Examples
    --------
    >>> sentences = SentencePairs(
    ...     ["a cat", "a dog", "a cat", "a dog"], ["un gato", "un perro", "un gato", "un perro"]
    ... )
    >>> sorted(lexicon_from_parallel(sentences))
    [('a', 'un'), ('cat', 'gato'), ('dog', 'perro')]
    """
    require_instance(pairs, SentencePairs, "pairs")
    if method not in get_args(Literal["model_1", "dice"]):
        raise ValueError(f"method must be 'model_1' or 'dice', got {method!r}")
    if not least_links >= 0:
        raise ValueError(f"least_links must be at least 0, got {least_links}")
    tokens = [
        [[word for word in cut(text) if any(map(str.isalnum, word))] for text in texts]
        for cut, texts in zip(tokenizers, (pairs.source, pairs.target), strict=True)
    ]
    short = [
        i for i, both in enumerate(zip(*tokens, strict=True)) if max(map(len, both)) <= MOST_WORDS
    ]
    tokens = [[side[i] for i in short] for side in tokens]
    vocabulary = [sorted({word for text in side for word in text}) for side in tokens]
    numbers = [
        [[number[word] for word in text] for text in side]
        for side, number in zip(
            tokens, [{w: i for i, w in enumerate(v, 1)} for v in vocabulary], strict=True
        )
    ]
    measure = _by_model_1 if method == "model_1" else _by_dice
    sizes = len(vocabulary[0]) + 1, len(vocabulary[1]) + 1
    keys, evidence, probability = measure(numbers[0], numbers[1], sizes)
    found = _mutual_best(keys, evidence * probability, sizes)
    found = found[evidence[found] >= least_links]
    found = found[np.lexsort((keys[found], -evidence[found]))]
    if not len(found):
        raise EmptyLexiconError(
            f"{pairs.name}: no two words were linked {least_links:g} times in "
            f"{counted(len(short), 'sentence pair')}; give more sentences, or lower least_links"
        )
    source, target = np.divmod(keys[found], sizes[1])
    return Lexicon(
        [
            (vocabulary[0][s - 1], vocabulary[1][t - 1])
            for s, t in zip(source.tolist(), target.tolist(), strict=True)
        ],
        evidence[found],
        probability[found],
        pairs.name,
        notes=(f"{counted(len(short), 'sentence pair')}",),
    )


def _by_model_1(
    source: list[list[int]], target: list[list[int]], sizes: tuple[int, int]
) -> tuple[Indices, Double, Double]:
    """Return keys of pairs, their links by the weaker direction, and the mean probability."""
    keys, links = _links(source, target, sizes[1])
    turned, back = _links(target, source, sizes[0])
    s, t = turned % sizes[0], turned // sizes[0]
    order = np.argsort(s * sizes[1] + t)  # both directions have the same pairs
    both = np.stack([links, back[order]])
    counts = [
        np.bincount(np.fromiter((w for text in side for w in text), np.int64), minlength=size)
        for side, size in zip((source, target), sizes, strict=True)
    ]
    # Links to a word of the other language, over its count there and here.
    s, t = np.divmod(keys, sizes[1])
    probability = np.sqrt(both[0] / counts[1][t] * (both[1] / counts[0][s]))
    return keys, both.min(axis=0), np.minimum(probability, 1.0)


def _links(
    source: list[list[int]], target: list[list[int]], n_target: int
) -> tuple[Indices, Double]:
    """Return pairs of words and their links, without those of the empty word."""
    found = Cooccurrences.of(source, target, n_target, null=True)
    links = model_1(found, N_ITERATIONS)
    real = found.sources > 0
    return found.keys[real], links[real]


def _by_dice(
    source: list[list[int]], target: list[list[int]], sizes: tuple[int, int]
) -> tuple[Indices, Double, Double]:
    """Return keys of pairs, their common sentences, and Dice's coefficient."""
    sides = [[sorted(set(text)) for text in side] for side in (source, target)]
    counts = []
    for side, size in zip(sides, sizes, strict=True):
        found = Counter(word for text in side for word in text)
        counts.append(np.array([found[word] for word in range(size)], dtype=np.float64))
    together = Cooccurrences.of(sides[0], sides[1], sizes[1], null=False)
    common = np.bincount(together.cells, minlength=len(together.keys)).astype(np.float64)
    return together.keys, common, dice(together, counts[0], counts[1])


def _mutual_best(keys: Indices, values: Double, sizes: tuple[int, int]) -> Indices:
    """Return the positions of pairs that are best for both words; of equal ones the first."""
    best = np.ones(len(keys), dtype=bool)
    for words in np.divmod(keys, sizes[1]):
        order = np.lexsort((np.arange(len(keys)), -values, words))
        first = np.ones(len(order), dtype=bool)
        first[1:] = np.diff(words[order]) != 0
        is_best = np.zeros(len(keys), dtype=bool)
        is_best[order[first]] = True
        best &= is_best
    return np.flatnonzero(best)
