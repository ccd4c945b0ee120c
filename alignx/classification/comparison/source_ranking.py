"""Which language to learn from: a ranking of candidates, before anything is learned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.documents import read_documents
from alignx.retrieval.csls import csls_neighbors
from alignx.support.arguments import require_instance
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.arrays import Double, Indices, Matrix
    from alignx.support.tokenizer import Tokenizer

__all__ = ["SourceCandidate", "SourceRanking", "rank_sources"]

N_NEIGHBORS = 10
PAIRS = 1_000  # the cosines among them are half a million
BLOCKS = 1_000  # of texts, which are drawn together
LEAST_SHARE = 1e-6  # of the variance; what is below is rounding, or no dimension at all
ROUNDING = 1e-9

# What is drawn: equal numbers of things are drawn alike for all candidates, so that these meet the
# same target words and texts.
TARGET_WORDS, CANDIDATE_WORDS, TARGET_TEXTS, CANDIDATE_TEXTS, ROTATION = range(5)


@dataclass(frozen=True)
class SourceCandidate:
    """What speaks for a language to learn from.

    Attributes
    ----------
    language : str
        Its code.
    score : float
        Predicted usefulness, in [0, 1]; see `rank_sources`.
    mutual : float
        Share of the most frequent target words that have a mutual neighbor by CSLS among those of
        the candidate, less the share that has one by chance, in [0, 1]; see `rank_sources`.
    spectral : float
        How alike the singular values of both languages are, in (0, 1]: 1 if they are in
        proportion, 1/2 if they differ by a factor of 2 on (quadratic) average.
    relational : float
        Correlation of the cosines among these words with those among their neighbors, of 1,000
        pairs at most, in [0, 1]; negative ones count as 0.
    coverage : float or None
        Share of running words with a vector, the geometric mean of candidate and target; None
        without texts.
    size : int
        Labeled texts.
    """

    language: str
    score: float
    mutual: float
    spectral: float
    relational: float
    coverage: float | None
    size: int


@dataclass(frozen=True)
class SourceRanking:
    """Languages to learn from, best first; prints as a table.

    Attributes
    ----------
    target : str
        The language to predict in.
    candidates : tuple of SourceCandidate
        At least one.
    confidence : float
        Share of resamples in which the first candidate stays first, in [0, 1]; see `rank_sources`
        for what it does not cover.
    """

    target: str
    candidates: tuple[SourceCandidate, ...]
    confidence: float

    @property
    def best(self) -> SourceCandidate:
        """The first candidate."""
        return self.candidates[0]

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold."""
        return {
            "target": self.target,
            "confidence": self.confidence,
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }

    def __str__(self) -> str:
        width = max(len(candidate.language) for candidate in self.candidates)
        head = f"{'':{width}}  score  mutual  spectral  relational  coverage     size"
        lines = [_table_line(candidate, width) for candidate in self.candidates]
        foot = (
            f"best source for {self.target}: {self.best.language}, first in "
            f"{self.confidence:.0%} of resamples; a rule of thumb"
        )
        return "\n".join([head, *lines, foot])


def _table_line(candidate: SourceCandidate, width: int) -> str:
    coverage = "-" if candidate.coverage is None else f"{candidate.coverage:.1%}"
    return (
        f"{candidate.language:{width}}  {candidate.score:.3f}  {candidate.mutual:6.1%}"
        f"  {candidate.spectral:8.3f}  {candidate.relational:10.3f}  {coverage:>8}"
        f"  {candidate.size:7,}"
    )


def rank_sources(
    spaces: Mapping[str, SharedSpace],
    target: str,
    *,
    sizes: Mapping[str, int],
    texts: Mapping[str, Sequence[str]] | None = None,
    vocabulary: int = 5_000,
    half_size: float = 500.0,
    resamples: int = 200,
    seed: int = 0,
    tokenizers: Mapping[str, Tokenizer] | None = None,
) -> SourceRanking:
    """Predict from which language a classifier of texts transfers best.

    The score is ``quality * size / (size + half_size)``, where quality is the geometric mean of
    `mutual`, `spectral`, `relational` and, with texts, `coverage` of `SourceCandidate`.

    Parameters
    ----------
    spaces : mapping of str to SharedSpace
        For each candidate, a space that holds it and the target, in any order.
    target : str
        Code of the language to predict in.
    sizes : mapping of str to int
        How many labeled texts each candidate has, at least 1.
    texts : mapping of str to sequence of str, optional
        Texts, labeled or not, by language: of the target, of all candidates, or of both.
    vocabulary : int
        How many of the most frequent words of each language are looked at, at least 1.
    half_size : float
        How many labeled texts are worth half as much as any number of them, more than 0. Lower it
        for few classes that single words tell, raise it for many.
    resamples : int
        Of the bootstrap, at least 1.
    seed : int
        Of the rotation and the bootstrap.
    tokenizers : mapping of str to callable, optional
        By language; `alignx.support.tokenizer.tokenize` for the others.

    Returns
    -------
    SourceRanking

    Raises
    ------
    ValueError
        If there is no candidate, the target is one, a space lacks a language, a size is missing or
        less than 1, some candidates have texts and others none, or a parameter is out of range.

    Notes
    -----
    The score is a rule of thumb, not a model fitted to results of transfer. The terms of quality
    are shares or correlations, any of which makes transfer useless when it is 0; that, and that
    none is known to matter more, is why their geometric mean is taken. The factor of size grows
    like a learning curve that saturates. Scores of other targets, vocabularies or `half_size` do
    not compare.

    Half of all words choose each other even where two spaces have nothing in common, but from
    farther away. So the neighbors are also searched with the candidate turned by a random rotation:
    `mutual` counts pairs down to the CSLS from which they outnumber those by chance most, less
    these. `relational` rests on the same pairs.

    Confidence tells whether the order would survive other words and texts of the same kind: words
    of either language and texts are drawn with replacement, and their figures computed anew; with
    `texts` by the thousand, neighboring ones are drawn together. The maps, the neighbors and the
    principal axes stay, and each singular value becomes the length along its axis, which is right
    to first order. Confidence does not cover whether the formula is right, whether the labeled
    texts are about the same things as those to predict, or the quality of labels. The first of two
    candidates that are really equal gets between 0.5 and 1; exact ties are shared.

    A candidate costs two searches by CSLS over both vocabularies, a second or two at the defaults.

    References
    ----------
    Dubossarsky, Vulić, Reichart and Korhonen, "The Secret is in the Spectra: Predicting
    Cross-lingual Task Performance with Spectral Similarity Measures", EMNLP 2020: `spectral` is a
    decreasing function of their singular value gap, the sum of squared differences of logarithmic
    singular values. Vulić, Ruder and Søgaard, "Are All Good Word Vector Spaces Isomorphic?", EMNLP
    2020: `relational` is their relational similarity, over mutual neighbors in place of a
    dictionary.

    Examples
    --------
    >>> from alignx.vectors.embeddings import Embeddings
    >>> from alignx.alignment.shared_space import SharedSpace
    >>> rng = np.random.default_rng(0)
    >>> rows, words = rng.standard_normal((300, 10)), [f"w{i}" for i in range(300)]
    >>> def space(code, noise):
    ...     distorted = rows + noise * rng.standard_normal(rows.shape)
    ...     return SharedSpace({code: Embeddings(words, distorted), "gl": Embeddings(words, rows)})
    >>> spaces = {"en": space("en", 0.9), "pt": space("pt", 0.3)}
    >>> ranking = rank_sources(spaces, "gl", sizes={"en": 900, "pt": 600})
    >>> ranking.best.language, ranking.confidence
    ('pt', 1.0)
    """
    texts = {code: (texts or {})[code] for code in (*spaces, target) if code in (texts or {})}
    _check(spaces, target, sizes, texts)
    for name, value in {"vocabulary": vocabulary, "resamples": resamples}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not half_size > 0:
        raise ValueError(f"half_size must be more than 0, got {half_size}")
    bootstrap = _Bootstrap(resamples, seed)
    figures = {}
    for code, space in spaces.items():
        X, Y = (space[language].vectors[:vocabulary] for language in (code, target))
        figures[code] = _alignment(X, Y, bootstrap)
        if texts:
            figures[code]["coverage"] = _coverage(
                space, code, target, texts, tokenizers or {}, bootstrap
            )
    scores = {
        code: _geometric_mean(list(terms.values())) * sizes[code] / (sizes[code] + half_size)
        for code, terms in figures.items()
    }
    order = sorted(spaces, key=lambda code: -scores[code][0])
    candidates = [_candidate(code, scores[code], figures[code], sizes[code]) for code in order]
    drawn = np.stack([scores[code][1:] for code in order])
    is_first = drawn >= drawn.max(axis=0) * (1 - ROUNDING)
    confidence = float((is_first[0] / is_first.sum(axis=0)).mean())
    return SourceRanking(target, tuple(candidates), confidence)


@dataclass(frozen=True)
class _Bootstrap:
    resamples: int
    seed: int

    def rotation(self, dimension: int) -> Matrix:
        """Give a random orthogonal matrix, the same for all candidates."""
        rng = np.random.default_rng([self.seed, ROTATION])
        axes, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
        return np.asarray(axes, np.float32)

    def draws(self, count: int, stream: int) -> Double:
        """How often each thing counts: once in the first row, in the others as drawn."""
        rng = np.random.default_rng([self.seed, stream])
        drawn = [
            np.bincount(rng.integers(count, size=count), minlength=count)
            for _ in range(self.resamples)
        ]
        return np.stack([np.ones(count), *drawn])


def _candidate(
    code: str, scores: Double, figures: Mapping[str, Double], size: int
) -> SourceCandidate:
    """Take the figures of the data as they are, which come first."""
    terms = {name: float(values[0]) for name, values in figures.items()}
    return SourceCandidate(
        code,
        float(scores[0]),
        terms["mutual"],
        terms["spectral"],
        terms["relational"],
        terms.get("coverage"),
        int(size),
    )


def _check(
    spaces: Mapping[str, SharedSpace],
    target: str,
    sizes: Mapping[str, int],
    texts: Mapping[str, Sequence[str]],
) -> None:
    if not spaces:
        raise ValueError("spaces must hold at least 1 candidate, got none")
    if target in spaces:
        raise ValueError(f"the target must not be among the candidates, got {target!r} as both")
    for code, space in spaces.items():
        require_instance(space, SharedSpace, f"spaces[{code!r}]")
        for language in (code, target):
            if language not in space:
                raise ValueError(
                    f"spaces[{code!r}] must hold {code!r} and the target {target!r}, got "
                    f"{', '.join(map(repr, space))}"
                )
        if sizes.get(code, 0) < 1:
            raise ValueError(
                f"sizes must name at least 1 labeled text of {code!r}, got {sizes.get(code)}"
            )
    missing = [code for code in spaces if code not in texts]
    if 0 < len(missing) < len(spaces):
        raise ValueError(
            f"texts must be given of all candidates or of none, got none of {', '.join(missing)}"
        )
    for language in (*spaces, target):
        if language in texts and len(texts[language]) == 0:
            raise ValueError(f"texts must hold at least 1 text of {language!r}, got none")


def _alignment(X: Matrix, Y: Matrix, bootstrap: _Bootstrap) -> dict[str, Double]:
    """Figures of a candidate X and the target Y, as they are and in each resample."""
    found = _mutual_pairs(X, Y)
    by_chance = _mutual_pairs(X @ bootstrap.rotation(X.shape[1]), Y)
    pairs, others = _beyond_chance(*found, *by_chance)
    draws = bootstrap.draws(len(Y), TARGET_WORDS)
    spectra = (
        _log_spectrum(X, bootstrap.draws(len(X), CANDIDATE_WORDS)),
        _log_spectrum(Y, draws),
    )
    excess = draws[:, pairs[:, 0]].sum(axis=1) - draws[:, others[:, 0]].sum(axis=1)
    return {
        "mutual": np.maximum(excess, 0) / len(Y),
        "spectral": np.exp(-np.sqrt(((spectra[0] - spectra[1]) ** 2).mean(axis=1))),
        "relational": _relational(X, Y, pairs[:PAIRS], draws),
    }


def _mutual_pairs(X: Matrix, Y: Matrix) -> tuple[Indices, Matrix]:
    """Rows of Y and of X that choose each other, most frequent first, and their CSLS."""
    k = min(N_NEIGHBORS, len(X), len(Y))
    found = csls_neighbors(Y, X, 1, n_neighbors=k)
    pairs = found.mutual_pairs()
    return pairs, found.of_source.scores[pairs[:, 0], 0]


def _beyond_chance(
    pairs: Indices, scores: Matrix, others: Indices, other_scores: Matrix
) -> tuple[Indices, Indices]:
    """Keep the pairs with at least the score from which they outnumber the others most."""
    least = np.sort(scores)
    excess = np.searchsorted(np.sort(other_scores), least) - np.arange(len(least))
    threshold = least[excess.argmax()]
    return pairs[scores >= threshold], others[other_scores >= threshold]


def _log_spectrum(rows: Matrix, draws: Double) -> Double:
    """Logarithms of the singular values, relative to the length of all rows, (draws, d)."""
    doubles = rows.astype(np.float64)
    _, axes = np.linalg.eigh(doubles.T @ doubles)
    variances = draws @ (doubles @ axes) ** 2
    total = variances.sum(axis=1, keepdims=True)
    shares = variances / np.maximum(total, np.finfo(np.float64).tiny)
    return np.asarray(np.log(np.maximum(shares, LEAST_SHARE)) / 2)


def _relational(X: Matrix, Y: Matrix, pairs: Indices, draws: Double) -> Double:
    """Correlation of cosines over all pairs of two mutual neighbors, 0 where there is none."""
    weights = draws[:, pairs[:, 0]]
    y, x = Y[pairs[:, 0]].astype(np.float64), X[pairs[:, 1]].astype(np.float64)
    apart = 1 - np.eye(len(pairs))
    A, B = (y @ y.T) * apart, (x @ x.T) * apart

    def total(values: Double) -> Double:
        return np.asarray(np.einsum("rp,rp->r", weights @ values, weights))

    n = np.maximum(total(apart), 1)
    a, b = total(A) / n, total(B) / n
    variances = total(A * A) / n - a * a, total(B * B) / n - b * b
    covariance = total(A * B) / n - a * b
    is_spread = np.minimum(*variances) > 1e-12
    found = np.zeros(len(weights))
    found[is_spread] = covariance[is_spread] / np.sqrt(np.prod(variances, axis=0)[is_spread])
    return np.clip(found, 0, 1)


def _coverage(
    space: SharedSpace,
    code: str,
    target: str,
    texts: Mapping[str, Sequence[str]],
    tokenizers: Mapping[str, Tokenizer],
    bootstrap: _Bootstrap,
) -> Double:
    """Share of running words with a vector, of the languages that have texts."""
    shares = []
    for language, stream in ((code, CANDIDATE_TEXTS), (target, TARGET_TEXTS)):
        if language not in texts:
            continue
        tokenizer = tokenizers.get(language, tokenize)
        read = read_documents(texts[language], language, space[language], tokenizer=tokenizer)
        counts = np.stack([read.lengths, read.lengths + read.unknown], axis=1)
        blocks = np.array_split(counts, min(len(read), BLOCKS))
        sums = bootstrap.draws(len(blocks), stream) @ [block.sum(axis=0) for block in blocks]
        shares.append(sums[:, 0] / np.maximum(sums[:, 1], 1))
    return _geometric_mean(shares)


def _geometric_mean(terms: Sequence[Double]) -> Double:
    return np.asarray(np.prod(terms, axis=0) ** (1 / len(terms)))
