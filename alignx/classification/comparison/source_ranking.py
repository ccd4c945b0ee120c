"""Ranking of source languages by predicted usefulness, without training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.comparison.space_similarity import (
    CANDIDATE_TEXTS,
    TARGET_TEXTS,
    Bootstrap,
    geometric_mean,
    similarities,
)
from alignx.support.arguments import require_instance
from alignx.support.frames import Tabular
from alignx.texts.documents import TextReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.support.arrays import Double
    from alignx.support.tokenizer import Tokenizer

__all__ = ["SourceCandidate", "SourceRanking", "rank_sources"]

BLOCKS = 1_000  # of texts, which are drawn together
ROUNDING = 1e-9


@dataclass(frozen=True)
class SourceCandidate:
    """Predicted usefulness of a source language.

    Attributes
    ----------
    language : str
        Code of the language.
    score : float
        Predicted usefulness, in [0, 1]; see `rank_sources`.
    mutual : float
        Share of the most frequent target words with a mutual neighbor by CSLS, less the share by
        chance, in [0, 1].
    spectral : float
        Similarity of the singular values of both languages, in (0, 1]: 1 if they are in
        proportion, 1/2 if they differ by a factor of 2 on (quadratic) average.
    relational : float
        Correlation of the cosines among these words with those among their neighbors, of 1,000
        pairs at most, in [0, 1]; negative ones count as 0.
    coverage : float or None
        Share of running words with a vector, the geometric mean of candidate and target; None
        without texts.
    size : int
        Number of labeled texts.
    """

    language: str
    score: float
    mutual: float
    spectral: float
    relational: float
    coverage: float | None
    size: int


@dataclass(frozen=True)
class SourceRanking(Tabular):
    """Source languages, best first; prints as a table.

    Attributes
    ----------
    target : str
        Language to predict in.
    candidates : tuple of SourceCandidate
        At least one.
    confidence : float
        Share of resamples in which the first candidate stays first, in [0, 1]; see `rank_sources`
        for its limits.
    """

    target: str
    candidates: tuple[SourceCandidate, ...]
    confidence: float

    @property
    def best(self) -> SourceCandidate:
        """First candidate."""
        return self.candidates[0]

    def __repr__(self) -> str:
        scores = {candidate.language: round(candidate.score, 3) for candidate in self.candidates}
        return f"SourceRanking(target={self.target!r}, {scores}, confidence={self.confidence:.2f})"

    def records(self) -> list[dict[str, Any]]:
        """List the candidates as rows of a table."""
        return [asdict(candidate) for candidate in self.candidates]

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return {
            "target": self.target,
            "confidence": self.confidence,
            "candidates": self.records(),
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
    bootstrap: Bootstrap | None = None,
    tokenizers: Mapping[str, Tokenizer] | None = None,
) -> SourceRanking:
    """Rank source languages for a classifier of texts in a target language.

    The score is ``quality * size / (size + half_size)``, where quality is the geometric mean of
    `mutual`, `spectral`, `relational` and, with texts, `coverage` of `SourceCandidate`.

    Parameters
    ----------
    spaces : mapping of str to SharedSpace
        Spaces of each candidate and the target, by candidate.
    target : str
        Code of the language to predict in.
    sizes : mapping of str to int
        Number of labeled texts of each candidate, at least 1.
    texts : mapping of str to sequence of str, optional
        Texts, labeled or not, by language: of the target, of all candidates, or of both.
    vocabulary : int
        Number of the most frequent words of each language to compare, at least 1.
    half_size : float
        Number of labeled texts that are half as useful as infinitely many, more than 0. Lower it
        for few classes that single words tell, raise it for many.
    bootstrap : Bootstrap, optional
        Number of resamples and their seed; 200 and 0 unless given.
    tokenizers : mapping of str to callable, optional
        Tokenizers by language; by default words by Unicode rules.

    Returns
    -------
    SourceRanking

    Raises
    ------
    ValueError
        If languages, sizes or texts do not match, or a parameter is out of range.

    Notes
    -----
    The score is a rule of thumb, not a model fitted to results. The terms of quality are shares or
    correlations, each of which makes transfer useless at 0, so their geometric mean is taken. The
    factor of size is a saturating learning curve. Scores of other targets, vocabularies or
    `half_size` do not compare.

    Half of all words choose each other even in unrelated spaces, but from farther away. So the
    neighbors are also searched with the candidate rotated at random: `mutual` counts pairs down to
    the CSLS from which they outnumber those by chance most, less these. `relational` rests on the
    same pairs.

    Confidence measures whether the order holds for other words and texts of the same kind: words of
    either language and texts are drawn with replacement (thousands of texts in blocks of
    neighbors), and their figures computed anew. The maps, the neighbors and the principal axes are
    kept; each singular value becomes the length along its axis, which is right to first order.
    Confidence does not cover errors of the formula, differences in subject between labeled texts
    and those to predict, or the quality of labels. The first of two equal candidates gets between
    0.5 and 1; exact ties are shared.

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
    if vocabulary < 1:
        raise ValueError(f"vocabulary must be at least 1, got {vocabulary}")
    if not half_size > 0:
        raise ValueError(f"half_size must be more than 0, got {half_size}")
    bootstrap = bootstrap or Bootstrap()
    reader = TextReader(tokenizers or {})
    figures = {}
    for code, space in spaces.items():
        X, Y = (space[language].vectors[:vocabulary] for language in (code, target))
        figures[code] = similarities(X, Y, bootstrap)
        if texts:
            figures[code]["coverage"] = _coverage(space, code, target, texts, reader, bootstrap)
    scores = {
        code: geometric_mean(list(terms.values())) * sizes[code] / (sizes[code] + half_size)
        for code, terms in figures.items()
    }
    order = sorted(spaces, key=lambda code: -scores[code][0])
    candidates = [_candidate(code, scores[code], figures[code], sizes[code]) for code in order]
    drawn = np.stack([scores[code][1:] for code in order])
    is_first = drawn >= drawn.max(axis=0) * (1 - ROUNDING)
    confidence = float((is_first[0] / is_first.sum(axis=0)).mean())
    return SourceRanking(target, tuple(candidates), confidence)


def _candidate(
    code: str, scores: Double, figures: Mapping[str, Double], size: int
) -> SourceCandidate:
    """Build a candidate from the figures of the data, which come first."""
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


def _coverage(
    space: SharedSpace,
    code: str,
    target: str,
    texts: Mapping[str, Sequence[str]],
    reader: TextReader,
    bootstrap: Bootstrap,
) -> Double:
    """Compute the share of running words with a vector, of the languages with texts."""
    shares = []
    for language, stream in ((code, CANDIDATE_TEXTS), (target, TARGET_TEXTS)):
        if language not in texts:
            continue
        read = reader.read(texts[language], language, space[language])
        counts = np.stack([read.lengths, read.lengths + read.missing], axis=1)
        blocks = np.array_split(counts, min(len(read), BLOCKS))
        sums = bootstrap.draws(len(blocks), stream) @ [block.sum(axis=0) for block in blocks]
        shares.append(sums[:, 0] / np.maximum(sums[:, 1], 1))
    return geometric_mean(shares)
