"""Monotone alignment of the sentences of two documents that translate each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from alignx.sentences.aligned_documents import AlignedDocuments, Block
from alignx.sentences.distinct_texts import warn_of_other_languages
from alignx.sentences.encoded_texts import require_languages
from alignx.support.arrays import unit_rows
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.sentences.encoded_texts import Encoder
    from alignx.support.arrays import Double, Indices, Matrix

__all__ = ["align_documents", "align_vectors", "block_costs"]

# Rows of the coarsest documents, which are aligned in full.
_COARSEST = 200
# Columns around the coarser path.
_WIDTH = 10
# Texts of a random sample that costs are relative to.
_SAMPLE = 64
# Cost of a skipped sentence, as a share of the median of random pairs; chosen on English and
# Spanish. The paper's is a quantile of those, which here joins sentences rather than skip them.
_SKIP = 0.5


def align_documents(
    source_sentences: Sequence[str],
    target_sentences: Sequence[str],
    encoder: Encoder,
    *,
    languages: tuple[str, str] | None = None,
    max_block: int = 4,
    seed: int = 0,
) -> AlignedDocuments:
    """Align the sentences of two documents in their order.

    Parameters
    ----------
    source_sentences, target_sentences : sequence of str
        Sentences of two documents that translate each other, in their order. Empty ones are
        skipped.
    encoder : SentenceEncoder
        Fitted encoder of both languages.
    languages : (str, str), optional
        Codes of both languages; those of the encoder's space if it has two.
    max_block : int
        Most sentences of both sides in a block, at least 2: 2 aligns one with one or none, 3 also
        one with two.
    seed : int
        Seed of the sample of sentences that costs are relative to.

    Returns
    -------
    AlignedDocuments
        Blocks in the order of both documents; each sentence is in one.

    Raises
    ------
    ValueError
        If `max_block` is less than 2, or a language is not in the space.
    TypeError
        If the sentences are no sequences of strings.

    Notes
    -----
    Takes O(n + m) time and memory, by dynamic programming on averages of neighboring sentences,
    then near the path found there.

    References
    ----------
    Thompson and Koehn, "Vecalign: Improved Sentence Alignment in Linear Time and Space", EMNLP
    2019.
    """
    codes = require_languages(encoder.space_, languages)
    if max_block < 2:
        raise ValueError(f"max_block must be at least 2, got {max_block}")
    given = (
        as_texts(source_sentences, "source_sentences"),
        as_texts(target_sentences, "target_sentences"),
    )
    kept = [[row for row, text in enumerate(texts) if text.strip()] for texts in given]
    warn_of_other_languages(
        {
            code: [texts[row] for row in rows]
            for code, texts, rows in zip(codes, given, kept, strict=True)
        },
        encoder.space_,
    )
    stacks = [
        _joined_vectors(encoder, [texts[row] for row in rows], code, max_block - 1)
        for texts, rows, code in zip(given, kept, codes, strict=True)
    ]
    path, scores = align_vectors(stacks[0], stacks[1], max_block=max_block, seed=seed)
    blocks = [Block(tuple(kept[0][i:k]), tuple(kept[1][j:m])) for (i, j), (k, m) in pairwise(path)]
    return AlignedDocuments(tuple(blocks), scores, source_sentences, target_sentences)


def align_vectors(
    source: Sequence[Matrix],
    target: Sequence[Matrix],
    *,
    max_block: int = 4,
    seed: int = 0,
    coarsest: int = _COARSEST,
) -> tuple[list[tuple[int, int]], Double]:
    """Align two documents by vectors of their sentences and of joined neighbors.

    Parameters
    ----------
    source, target : sequence of (n, d) float32 and of (m, d) float32
        Unit rows: first those of single sentences, then of each joined with the one before it,
        with the two before it, and so on to ``max_block - 1`` sentences.
    max_block : int
        Most sentences of both sides in a block.
    seed : int
        Seed of the sample of sentences that costs are relative to.
    coarsest : int
        Rows of documents that are aligned in full; longer ones are halved first.

    Returns
    -------
    path : list of (int, int)
        Ends of blocks, from (0, 0) to (n, m).
    scores : (b,) float64
        Cosine of both sides of each block; 0 for a side without sentences.
    """
    rng = np.random.default_rng(seed)
    levels = [(list(source), list(target))]
    while max(len(levels[-1][0][0]), len(levels[-1][1][0])) > coarsest:
        levels.append(([_halved(levels[-1][0][0])], [_halved(levels[-1][1][0])]))
    path: list[tuple[int, int]] | None = None
    for number in range(len(levels) - 1, -1, -1):
        rows, columns = levels[number]
        lows, highs = _window(path, len(rows[0]), len(columns[0]))
        kinds = _kinds(max_block if number == 0 else 2)
        path = _cheapest(rows, columns, kinds, lows, highs, rng)
    assert path is not None  # there is a level
    scores = np.zeros(len(path) - 1)
    for place, ((i, j), (k, m)) in enumerate(pairwise(path)):
        if k > i and m > j:
            scores[place] = source[k - i - 1][k - 1] @ target[m - j - 1][m - 1]
    return path, scores


def block_costs(cosines: Double, sizes: int, source_mean: Double, target_mean: Double) -> Double:
    """Compute the costs of blocks from the cosine of their sides.

    Parameters
    ----------
    cosines : (p,) float64
        Cosine of both sides of each block.
    sizes : int
        Product of the numbers of sentences of both sides, so that large blocks do not win by being
        fewer.
    source_mean, target_mean : (p,) float64
        Mean of 1 - cosine of each side to a random sample of the other document.

    Returns
    -------
    (p,) float64
        At least 0 but for rounding; about `sizes` / 2 for sides that have nothing in common.

    References
    ----------
    Thompson and Koehn (2019), equation 3.
    """
    total = np.maximum(source_mean + target_mean, 1e-3)
    return np.asarray((1 - cosines) * sizes / total)


def _joined_vectors(encoder: Encoder, texts: list[str], language: str, most: int) -> list[Matrix]:
    """Encode sentences, and each joined with up to `most` - 1 before it."""
    d = next(iter(encoder.space_.values())).dimension
    if not texts:
        return [np.zeros((0, d), np.float32)] * most
    numbers = range(1, len(texts) + 1)
    joined = [
        [" ".join(texts[max(0, end - size) : end]) for end in numbers]
        for size in range(1, most + 1)
    ]
    return [encoder.encode(each, language=language) for each in joined]


def _halved(rows: Matrix) -> Matrix:
    """Average each two neighboring rows; a last one alone stays."""
    even = rows[: len(rows) // 2 * 2].reshape(-1, 2, rows.shape[1]).mean(axis=1)
    return unit_rows(np.concatenate([even, rows[len(rows) // 2 * 2 :]]))


def _kinds(max_block: int) -> list[tuple[int, int]]:
    """List the numbers of sentences of both sides of blocks, fewest first."""
    both = [(a, total - a) for total in range(2, max_block + 1) for a in range(1, total)]
    return [(1, 0), (0, 1), *both]


def _window(path: list[tuple[int, int]] | None, n: int, m: int) -> tuple[Indices, Indices]:
    """Return the first and last column for each row from 0 to n: all, or near a coarser path."""
    if path is None:
        return np.zeros(n + 1, np.int64), np.full(n + 1, m)
    coarse = np.minimum(2 * np.array(path), (n, m))
    near = [np.interp(np.arange(n + 1), *_ends(coarse, first=first)) for first in (True, False)]
    lows = np.clip(np.floor(near[0]).astype(np.int64) - _WIDTH, 0, m)
    highs = np.clip(np.ceil(near[1]).astype(np.int64) + _WIDTH, 0, m)
    lows[0], highs[-1] = 0, m
    return lows, highs


def _ends(path: Indices, *, first: bool) -> tuple[Indices, Indices]:
    """Return the rows of a path, each once, with their first or last column."""
    rows, starts, counts = np.unique(path[:, 0], return_index=True, return_counts=True)
    return rows, path[starts if first else starts + counts - 1, 1]


@dataclass(frozen=True)
class _Band:
    """Costs of one kind of block that ends at each cell of the window."""

    kind: tuple[int, int]
    costs: list[list[float]]


def _cheapest(
    source: Sequence[Matrix],
    target: Sequence[Matrix],
    kinds: list[tuple[int, int]],
    lows: Indices,
    highs: Indices,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Find the cheapest path within the window, by dynamic programming."""
    n, m = len(source[0]), len(target[0])
    skip, bands = _costs(source, target, kinds, lows, highs, rng)
    best: list[list[float]] = []
    back: list[list[tuple[int, int]]] = []
    for i in range(n + 1):
        low, high = int(lows[i]), int(highs[i])
        row, from_row = [np.inf] * (high - low + 1), [(0, 0)] * (high - low + 1)
        for j in range(low, high + 1):
            if i == j == 0:
                row[0] = 0.0
                continue
            least, kind = np.inf, (0, 0)
            for band in bands:
                a, b = band.kind
                p, q = i - a, j - b
                if p < 0 or q < 0 or not lows[p] <= q <= highs[p]:
                    continue
                before = row[q - low] if a == 0 else best[p][q - int(lows[p])]
                cost = before + (band.costs[i][j - low] if a and b else skip)
                if cost < least:
                    least, kind = cost, band.kind
            row[j - low], from_row[j - low] = least, kind
        best.append(row)
        back.append(from_row)
    path, i, j = [(n, m)], n, m
    while i or j:
        a, b = back[i][j - int(lows[i])]
        i, j = i - a, j - b
        path.append((i, j))
    return path[::-1]


def _costs(
    source: Sequence[Matrix],
    target: Sequence[Matrix],
    kinds: list[tuple[int, int]],
    lows: Indices,
    highs: Indices,
    rng: np.random.Generator,
) -> tuple[float, list[_Band]]:
    """Compute the cost of a skipped sentence, and those of all blocks in the window."""
    n, m = len(source[0]), len(target[0])
    if not (n and m):
        return 1.0, [_Band(kind, []) for kind in kinds if 0 in kind]
    sample = [rows[0][rng.integers(len(rows[0]), size=_SAMPLE)] for rows in (source, target)]
    means = (
        [1 - (rows @ sample[1].T).mean(axis=1, dtype=np.float64) for rows in source],
        [1 - (rows @ sample[0].T).mean(axis=1, dtype=np.float64) for rows in target],
    )
    i, j = rng.integers(n, size=4 * _SAMPLE), rng.integers(m, size=4 * _SAMPLE)
    cosines = np.einsum("ij,ij->i", source[0][i], target[0][j], dtype=np.float64)
    chance = block_costs(cosines, 1, means[0][0][i], means[1][0][j])
    bands = []
    for a, b in kinds:
        costs: list[list[float]] = []
        if a and b:
            costs.append([np.inf] * int(highs[0] - lows[0] + 1))
            for end in range(1, n + 1):
                columns = np.arange(lows[end], highs[end] + 1) - 1  # of the last sentence
                own = (target[b - 1][columns] @ source[a - 1][end - 1]).astype(np.float64)
                found = block_costs(own, a * b, means[0][a - 1][end - 1], means[1][b - 1][columns])
                costs.append(found.tolist())
        bands.append(_Band((a, b), costs))
    return _SKIP * float(np.median(chance)), bands
