"""The front door: two languages and a lexicon in, a map that can be kept and applied out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from alignx.alignment import Alignment, Side
from alignx.arrays import Matrix, unit_rows
from alignx.calibration import Calibration, Evidence
from alignx.mapping import METHODS, Aligner, RefinementRound, balanced_weights, method_name, refine
from alignx.normalize import STANDARD, Normalizer, Step
from alignx.progress import Progress, part_of
from alignx.retrieval import ExactIndex, Neighbors, csls_biases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.embeddings import Embeddings
    from alignx.lexicon import Lexicon, LexiconRows

__all__ = ["align"]

HELD_OUT = 0.2  # share of the source words that a calibration keeps for itself
MIN_HELD_OUT = 20  # below that many words their share of right answers says little
CANDIDATES = 10  # for each of them

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False)
class _Recipe:
    """How a map is made, whatever the pairs."""

    aligner: Aligner
    refinement: int
    vocabulary: int
    neighborhood: int
    n_threads: int | None
    device: str | None

    def fit(
        self, source: Matrix, target: Matrix, rows: LexiconRows, progress: Progress | None
    ) -> tuple[Aligner, list[RefinementRound]]:
        pairs = np.stack([rows.source, rows.target], axis=1)
        aligner = clone(self.aligner).fit(
            source[rows.source], target[rows.target], balanced_weights(pairs)
        )
        return refine(
            aligner,
            source,
            target,
            seed_pairs=pairs,
            rounds=self.refinement,
            vocabulary=self.vocabulary,
            neighborhood=self.neighborhood,
            n_threads=self.n_threads,
            device=self.device,
            progress=progress,
        )

    def calibrate(
        self,
        source: Matrix,
        target: Matrix,
        kept: LexiconRows,
        held_out: LexiconRows,
        progress: Progress | None,
    ) -> Calibration | None:
        words = len(np.unique(held_out.source))
        if words < MIN_HELD_OUT:
            _warn_uncalibrated(
                f"it needs {MIN_HELD_OUT} known source words to hold out, got {words}; "
                "use a larger lexicon"
            )
            return None
        try:
            trial, _ = self.fit(source, target, kept, part_of(progress, 0, 0.4))
        except ValueError as error:
            _warn_uncalibrated(f"the map without the held-out words cannot be fitted: {error}")
            return None
        return _calibrate(
            unit_rows(trial.transform(source)),
            unit_rows(trial.transform_target(target)),
            held_out,
            self.neighborhood,
            self.n_threads,
            self.device,
            part_of(progress, 0.4, 0.6),
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
    device: str | None = None,
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
        which of its 10 best answers for these words the lexicon holds; see `Calibration`. With
        fewer than 20 words to hold out, or none of them answered right, it is left out with a
        warning. It takes another fit and a sweep over both vocabularies.
    seed : int
        Draws the words held out for calibration.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. The answers are the same.
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
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> ax.align(sample.source, sample.target, lexicon=sample.train, calibrate=False)
    Alignment(en -> es, Procrustes(), 1053 pairs)
    """
    aligner = _as_aligner(method)
    rows = lexicon.require_rows(source, target)
    source_side, source_rows = _side(source, "source", normalize)
    target_side, target_rows = _side(target, "target", normalize)
    if source_side.code == target_side.code:
        source_side = replace(source_side, code="source")
        target_side = replace(target_side, code="target")
    recipe = _Recipe(aligner, refinement, vocabulary, neighborhood, n_threads, device)
    share = 0.3 if calibrate else 1.0
    fitted, rounds = recipe.fit(source_rows, target_rows, rows, part_of(progress, 0, share))
    calibration = None
    if calibrate:
        kept, held_out = lexicon.split(HELD_OUT, seed=seed)
        calibration = recipe.calibrate(
            source_rows,
            target_rows,
            kept.rows(source, target),
            held_out.rows(source, target),
            part_of(progress, share, 1 - share),
        )
    return Alignment(fitted, source_side, target_side, len(rows.source), tuple(rounds), calibration)


def _as_aligner(method: str | Aligner) -> Aligner:
    if isinstance(method, Aligner):
        method_name(method)  # raises for a class that could not be saved
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
    device: str | None,
    progress: Progress | None,
) -> Calibration | None:
    """Look which of the best answers for held-out words are among their known translations."""
    source_bias, target_bias = csls_biases(
        source,
        target,
        neighborhood=neighborhood,
        n_threads=n_threads,
        device=device,
        progress=progress,
    )
    queries = np.unique(held_out.source)
    k = min(CANDIDATES, len(target))
    found = ExactIndex(target, bias=target_bias, n_threads=n_threads).search(source[queries], k)
    answers, position = np.unique(found.indices, return_inverse=True)
    back = ExactIndex(source, bias=source_bias, n_threads=n_threads).search(
        target[answers], min(2, len(source))
    )
    of_source = Neighbors(found.indices, 2 * (found.scores - source_bias[queries, None]))
    of_target = Neighbors(back.indices, 2 * (back.scores - target_bias[answers, None]))
    source_rows, target_rows = np.repeat(queries, k), found.indices.ravel()
    evidence = Evidence.of(
        source_rows,
        target_rows,
        of_source.scores.ravel(),
        of_source.take(np.repeat(np.arange(len(queries)), k)),
        of_target.take(position.ravel()),
    )
    # Pairs of rows as single numbers, so that membership is one call.
    known = held_out.source * len(target) + held_out.target
    is_right = np.isin(source_rows * len(target) + target_rows, known)
    if is_right.all() or not is_right.any():
        _warn_uncalibrated(
            f"it needs right and wrong answers for held-out words, got {is_right.sum()} right of "
            f"{len(is_right)}; look at the accuracy of this map"
        )
        return None
    return Calibration.fit(evidence, is_right)


def _warn_uncalibrated(reason: str) -> None:
    logger.warning("no probabilities: calibration is left out, since %s", reason)
