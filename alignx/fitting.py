"""The front door: two languages and a lexicon in, a map that can be kept and applied out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone

from alignx.alignment import Alignment, Side
from alignx.arrays import Matrix, unit_rows
from alignx.calibration import Calibration
from alignx.embeddings import Embeddings
from alignx.lexicon import Lexicon, LexiconRows
from alignx.mapping import METHODS, Aligner, RefinementRound, refine
from alignx.normalize import STANDARD, Normalizer, Step
from alignx.retrieval import Progress, csls_search, part_of

__all__ = ["align"]

HELD_OUT = 0.2  # share of the source words that a calibration keeps for itself
CANDIDATES = 10  # for each of them


@dataclass(frozen=True, eq=False)
class _Recipe:
    """How a map is made, whatever the pairs."""

    aligner: Aligner
    refinement: int
    vocabulary: int
    neighborhood: int
    n_threads: int | None

    def fit(
        self, source: Matrix, target: Matrix, rows: LexiconRows, progress: Progress | None
    ) -> tuple[Aligner, list[RefinementRound]]:
        aligner = clone(self.aligner).fit(source[rows.source], target[rows.target])
        return refine(
            aligner,
            source,
            target,
            rounds=self.refinement,
            vocabulary=self.vocabulary,
            neighborhood=self.neighborhood,
            n_threads=self.n_threads,
            progress=progress,
        )


def align(
    source: Embeddings,
    target: Embeddings,
    *,
    lexicon: Lexicon,
    method: str | Aligner = "procrustes",
    normalize: Sequence[Step] = STANDARD,
    refinement: int = 5,
    vocabulary: int = 20_000,
    neighborhood: int = 10,
    calibrate: bool = True,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Alignment:
    """Learn to bring two languages into one space from a bilingual lexicon.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of each language, most frequent words first.
    lexicon : Lexicon
        Known translations; pairs with an unknown word are left out.
    method : str or Aligner
        ``"procrustes"``, ``"cca"``, ``"least_squares"`` with their defaults, or an aligner of
        these classes with parameters of your choice.
    normalize : sequence of {"unit", "center"}
        Done to each language first; see `Normalizer`.
    refinement : int
        Rounds of `refine`, 0 for none.
    vocabulary : int
        Refinement induces pairs among that many most frequent words of each language.
    neighborhood : int
        Of CSLS, in refinement and calibration; at most the size of the smaller vocabulary.
    calibrate : bool
        Whether to learn what CSLS says about the probability that a pair is right. That fits a
        second map in the same way without a fifth of the source words of the lexicon, and looks at
        which of its 10 best answers for these words the lexicon holds. It doubles the time.
    seed : int
        Draws the words held out for calibration.
    n_threads : int, optional
        OpenMP's default unless given.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    Alignment

    Raises
    ------
    EmptyLexiconError
        If no pair of the lexicon is known on both sides.
    DimensionError
        If the method needs equal dimensions and they differ.
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words = [f"w{i}" for i in range(60)]
    >>> source = Embeddings(words, rng.standard_normal((60, 8)).astype(np.float32), "en")
    >>> target = Embeddings(words, source.vectors[:, ::-1], "es")
    >>> lexicon = Lexicon([(word, word) for word in words[:40]])
    >>> align(source, target, lexicon=lexicon)
    Alignment(en -> es, Procrustes(), 40 pairs)
    """
    aligner = _as_aligner(method)
    rows = lexicon.require_rows(source, target)
    source_side, source_rows = _side(source, "source", normalize)
    target_side, target_rows = _side(target, "target", normalize)
    if source_side.code == target_side.code:
        source_side = replace(source_side, code="source")
        target_side = replace(target_side, code="target")
    recipe = _Recipe(aligner, refinement, vocabulary, neighborhood, n_threads)
    whole = part_of(progress, 0, 0.5 if calibrate else 1)
    fitted, rounds = recipe.fit(source_rows, target_rows, rows, whole)
    calibration = None
    if calibrate:
        kept, held_out = lexicon.split(HELD_OUT, seed=seed)
        trial, _ = recipe.fit(
            source_rows,
            target_rows,
            kept.require_rows(source, target),
            part_of(progress, 0.5, 0.4),
        )
        X, Y = unit_rows(trial.transform(source_rows)), unit_rows(trial.transform_target(target_rows))
        calibration = _calibrate(X, Y, held_out.rows(source, target), neighborhood, n_threads)
    return Alignment(fitted, source_side, target_side, len(rows.source), tuple(rounds), calibration)


def _as_aligner(method: str | Aligner) -> Aligner:
    if isinstance(method, Aligner):
        return method
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return METHODS[method]()


def _side(
    embeddings: Embeddings, default_code: str, normalize: Sequence[Step]
) -> tuple[Side, Matrix]:
    normalizer = Normalizer(steps=tuple(normalize))
    rows = normalizer.fit_transform(embeddings.vectors)
    code = embeddings.language or default_code
    return Side(code, embeddings.checksum, len(embeddings), normalizer), rows


def _calibrate(
    source: Matrix,
    target: Matrix,
    held_out: LexiconRows,
    neighborhood: int,
    n_threads: int | None,
) -> Calibration:
    """Look which of the best answers for held-out words are among their known translations."""
    queries = np.unique(held_out.source)
    found = csls_search(
        source[queries],
        source,
        target,
        min(CANDIDATES, len(target)),
        neighborhood=neighborhood,
        n_threads=n_threads,
    )
    # Pairs of rows as single numbers, so that membership is one call.
    known = held_out.source * len(target) + held_out.target
    candidates = queries[:, None] * len(target) + found.indices
    return Calibration.fit(found.scores.ravel(), np.isin(candidates, known).ravel())
