"""Alignment of two languages, from a lexicon or without."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from alignx.alignment.alignment import Alignment
from alignx.alignment.fit_context import FitContext, FitSpec
from alignx.alignment.held_out import HeldOut
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.learned_pairs import LearnedPairs
from alignx.alignment.methods import UNSUPERVISED, as_method
from alignx.alignment.model_selection import Auto
from alignx.alignment.supervised import fit_supervised
from alignx.alignment.unsupervised.adversarial import Adversarial
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.errors import AlignmentFailed, AlignxError
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Refinement, method_name, with_centering, without_centering
from alignx.support.arguments import require_instance
from alignx.support.arrays import freeze
from alignx.support.progress import part_of
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import LINEAR, STANDARD, Normalizer, Step
from alignx.vectors.oov import with_phrases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from alignx.alignment.methods import Method
    from alignx.mapping import Aligner
    from alignx.support.arrays import Indices
    from alignx.support.progress import Log, Progress

__all__ = ["align"]

ADVICE = (
    "use more words, vectors of similar texts, a small dictionary with self_learning, or "
    "allow_failed (--allow-failed) to keep the map as it is"
)

logger = logging.getLogger("alignx")


def align(
    source: Embeddings,
    target: Embeddings,
    *,
    lexicon: Lexicon | None = None,
    method: str | Method | None = None,
    normalize: Sequence[Step] | Literal["linear"] | None = None,
    refinement: int | Refinement = 5,
    calibrate: bool = True,
    allow_failed: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Alignment:
    """Learn a map of two languages into one space.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of each language, most frequent words first.
    lexicon : Lexicon, optional
        Known translations; OOV pairs are left out. A phrase, several words with white space
        between them, gets the weighted mean of their vectors; see `look_up`. `Lexicon.identical`
        makes one of identically spelled words.
    method : str or estimator, optional
        With a lexicon: `Procrustes` (the default), `CCA`, `LeastSquares`, `Reweighted`, `Auto` for
        the best of them in cross-validation, or `SelfLearning` to grow a small lexicon, of 25
        pairs upward. Without: `SelfLearning` (the default) or `Adversarial`. An object, or for its
        defaults a name: ``"procrustes"``, ``"cca"``, ``"least_squares"``, ``"reweighted"``,
        ``"auto"``, ``"self_learning"``, ``"adversarial"``.
    normalize : sequence of {"unit", "center", "project"} or "linear", optional
        Normalization of each language; see `Normalizer`. Default: ``"unit", "center", "unit"``.
        ``"linear"`` fits a linear map, as `Alignment.save_mapped_model` needs: steps
        ``"unit", "project", "unit"``, no centering, and a regularization of at least 1e-5. With a
        lexicon of 20 words to hold out and an aligner, its cost against the default is measured;
        see `Alignment.linear_cost`.
    refinement : int or Refinement
        Rounds of `refine`, or all its settings.
    calibrate : bool
        Whether to fit the probability of a correct pair by a second map, without a fifth of the
        source words of the lexicon; see `Calibration`. It is left out with a warning if there are
        fewer than 20 words to hold out or none is translated correctly. It takes another fit and a
        sweep over both vocabularies. Maps of self-learning and adversarial training have none.
    allow_failed : bool
        Whether to return a map that has failed.
    progress : callable, optional
        Called with the fraction done.
    log : callable, optional
        Called with the figures of each round of self-learning, training and refinement.

    Returns
    -------
    Alignment

    Raises
    ------
    EmptyLexiconError
        If no pair of the lexicon is in both vocabularies.
    AlignxError
        If no word of a language has a vector, before or after normalization.
    DirectionError
        If far more pairs are in the vocabularies with source and target exchanged.
    AlignmentFailed
        If the map does not translate held-out words (see `Validation`), or no two runs without a
        lexicon agree.
    DimensionError
        If the method needs equal dimensions and they differ.
    MissingDependencyError
        If adversarial training lacks torch.
    ValueError
        If a parameter is out of range, or the method does not fit the lexicon.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> ax.align(sample.source, sample.target, lexicon=sample.train, calibrate=False)
    Alignment(en -> es, Procrustes(), 1053 pairs)
    """
    for name, language in {"source": source, "target": target}.items():
        require_instance(language, Embeddings, name)
    if lexicon is not None:
        require_instance(lexicon, Lexicon, "lexicon")
    estimator = as_method(method, has_lexicon=lexicon is not None)
    settings = Refinement.of(refinement)
    steps, is_linear = _steps(normalize)
    normalizers, (X, Y) = _normalized(source, target, steps)
    pairs = learned = None
    if lexicon is not None:
        X, Y = with_phrases(X, Y, lexicon)
        rows = lexicon.require_rows(X, Y)
        pairs = np.stack([rows.source, rows.target], axis=1)
        learned = _digest(pairs, X, Y)
    context = FitContext(X.vectors, Y.vectors, settings.resolved(len(X), len(Y)), log)
    if isinstance(estimator, SelfLearning | Adversarial):
        found = _fit_unsupervised(estimator, context, pairs, allow_failed, progress)
        return Alignment(
            found.aligner_,
            *_language_maps(source, target, normalizers, found.aligner_),
            0 if pairs is None else len(pairs),
            found.rounds_,
            found_by=method_name(found, UNSUPERVISED),
            diagnosis=found.diagnosis_,
            learned=learned,
        )
    assert lexicon is not None  # or as_method refuses the method
    assert pairs is not None
    if isinstance(estimator, Auto):
        chosen = _choose(estimator, context, pairs, is_linear, part_of(progress, 0, 0.7))
        context, progress = chosen.context, part_of(progress, 0.7, 0.3)
        standard = with_centering(chosen.aligner) if is_linear else chosen.aligner
    else:
        standard = estimator

    def standard_spec() -> FitSpec:
        X, Y = with_phrases(*_normalized(source, target, STANDARD)[1], lexicon)
        return FitSpec(standard, context._replace(source=X.vectors, target=Y.vectors))

    fitted = fit_supervised(
        FitSpec(without_centering(standard) if is_linear else standard, context),
        pairs,
        HeldOut.of(lexicon, X, Y) if calibrate or is_linear else None,
        calibrate=calibrate,
        standard_spec=standard_spec if is_linear else None,
        allow_failed=allow_failed,
        progress=progress,
    )
    return Alignment(
        fitted.aligner,
        *_language_maps(source, target, normalizers, fitted.aligner),
        len(pairs),
        tuple(fitted.rounds),
        fitted.calibration,
        linear_cost=fitted.linear_cost,
        validation=fitted.validation,
        learned=learned,
    )


def _steps(normalize: Sequence[Step] | Literal["linear"] | None) -> tuple[Sequence[Step], bool]:
    """Return the steps of normalization, and whether the map must be linear."""
    if normalize is None:
        return STANDARD, False
    if isinstance(normalize, str):
        if normalize != "linear":
            raise ValueError(
                f"normalize must be a sequence of steps or 'linear', got {normalize!r}"
            )
        return LINEAR, True
    return tuple(normalize), False


def _fit_unsupervised(
    estimator: SelfLearning | Adversarial,
    context: FitContext,
    pairs: Indices | None,
    allow_failed: bool,
    progress: Progress | None,
) -> SelfLearning | Adversarial:
    fitted: SelfLearning | Adversarial = clone(estimator).fit(
        context.source,
        context.target,
        pairs=pairs,
        refinement=context.refinement,
        progress=progress,
        log=context.log,
    )
    if fitted.diagnosis_.failed and not allow_failed:
        raise AlignmentFailed(fitted.diagnosis_, ADVICE)
    return fitted


def _choose(
    auto: Auto, context: FitContext, pairs: Indices, is_linear: bool, progress: Progress | None
) -> FitSpec:
    auto = without_centering(auto) if is_linear else clone(auto)
    spec = auto.choose(context, pairs, progress)
    logger.info("%s", auto.choice_)
    return spec


def _normalized(
    source: Embeddings, target: Embeddings, steps: Sequence[Step]
) -> tuple[tuple[Normalizer, Normalizer], tuple[Embeddings, Embeddings]]:
    """Normalize both languages, and leave out words without a vector."""

    def normalized(embeddings: Embeddings, name: str) -> tuple[Normalizer, Embeddings]:
        normalizer = Normalizer(steps=tuple(steps))
        rows = normalizer.fit_transform(embeddings.vectors)
        words = embeddings.with_vectors(freeze(rows)).without_zero_rows()
        if not len(words):
            done = ", ".join(steps) or "no normalization"
            raise AlignxError(
                f"a language must have words with a vector, got {embeddings.language or name}: all "
                f"{len(embeddings):,} vectors are zero after normalization ({done})"
            )
        return normalizer, words

    one, other = normalized(source, "source"), normalized(target, "target")
    return (one[0], other[0]), (one[1], other[1])


def _language_maps(
    source: Embeddings,
    target: Embeddings,
    normalizers: tuple[Normalizer, Normalizer],
    aligner: Aligner,
) -> tuple[LanguageMap, LanguageMap]:
    codes = source.language or "source", target.language or "target"
    if codes[0] == codes[1]:
        codes = "source", "target"
    one, other = normalizers
    return (
        LanguageMap.of(codes[0], source, one, aligner.source_map_, aligner.source_mean_),
        LanguageMap.of(codes[1], target, other, aligner.target_map_, aligner.target_mean_),
    )


def _digest(pairs: Indices, source: Embeddings, target: Embeddings) -> LearnedPairs:
    """Give what recognizes the known pairs in a test dictionary."""
    return LearnedPairs.of((source.words[s], target.words[t]) for s, t in pairs.tolist())
