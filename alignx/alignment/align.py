"""Alignment of two languages, from a lexicon or without."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from alignx.alignment.alignment import Alignment
from alignx.alignment.fit_context import FitContext
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.methods import UNSUPERVISED, as_method
from alignx.alignment.normalized import normalized, steps_of
from alignx.alignment.ranker_fit import cross_fit_candidates, fit_ranker, induced_candidates
from alignx.alignment.supervised import FEWEST_ASKED, MapFit, fit_supervised
from alignx.alignment.unsupervised.adversarial import Adversarial
from alignx.alignment.unsupervised.self_learning import GUESSES, SelfLearning
from alignx.errors import AlignmentFailed
from alignx.lexicon.lexicon import Lexicon, LexiconLike
from alignx.mapping import Refinement, method_name
from alignx.ranking.ranker import PairRanker
from alignx.support.arguments import require_callable, require_instance
from alignx.support.progress import part_of
from alignx.vectors.normalizer import STANDARD
from alignx.vectors.objects import as_embeddings
from alignx.vectors.oov import with_phrases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from alignx.alignment.methods import Method
    from alignx.mapping import Aligner
    from alignx.ranking.gain import RankingGain
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Log, Progress
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.normalizer import Normalizer, Step

__all__ = ["align"]

ADVICE = (
    "use more words, vectors of similar texts, a small dictionary, or "
    "allow_failed (--allow-failed) to keep the map as it is"
)

FEW_KNOWN = 0.2  # share of the pairs

logger = logging.getLogger("alignx")


def align(
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401  # what as_embeddings takes
    *,
    lexicon: LexiconLike | None = None,
    method: str | Method | None = None,
    normalize: Sequence[Step] | Literal["linear"] | None = None,
    refinement: int | Refinement = 5,
    ranker: PairRanker | bool = True,
    allow_failed: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Alignment:
    """Learn a map of two languages into one space.

    Parameters
    ----------
    source, target : Embeddings, path or object
        Vectors of each language, most frequent words first, or what `as_embeddings` converts: the
        path of a file, a dict, a data frame, a model of gensim.
    lexicon : Lexicon, path, list of pairs, dict or DataFrame, optional
        Known translations, as `Lexicon.of` takes them; OOV pairs are left out. A phrase, several
        words with white space between them, gets the weighted mean of their vectors; see `look_up`.
        `Lexicon.identical` makes one of identically spelled words.
    method : str or estimator, optional
        With a lexicon: `Auto` (the default) for the best strategy known for its number of pairs, or
        `Procrustes`, `CCA`, `LeastSquares`, `Reweighted`, `RCSLS`, `Contrastive`, `MapEnsemble` or
        `SelfLearning`, as named. Without: `SelfLearning` (the default) or `Adversarial`. An object,
        or for its defaults a name: ``"auto"``, ``"procrustes"``, ``"self_learning"``, and so on.
    normalize : sequence of {"unit", "center", "project"} or "linear", optional
        Normalization of each language; see `Normalizer`. Default: ``"unit", "center", "unit"``.
        ``"linear"`` fits a linear map, as `Alignment.save_mapped_model` needs: steps
        ``"unit", "project", "unit"``, no centering, and a regularization of at least 1e-5. With a
        lexicon of 100 source words, its cost against the default is measured;
        see `Alignment.linear_cost`.
    refinement : int or Refinement
        Rounds of `refine` at most, or all its settings.
    ranker : PairRanker or bool
        Learned ranking of translations, by default that of `PairRanker`; False for none. With a
        lexicon of 500 source words or more, it is fitted on the candidates of held-out words, and
        kept unless it does worse than CSLS on others of them; otherwise on pairs that the map has
        induced, if there are a thousand, and kept if it gains. Small vocabularies, with fewer, take
        100 source words. See `Alignment.ranking_gain`. It
        also gives the probability of a pair. It takes a sweep over both vocabularies for each fold.
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
    ValueError, TypeError
        If a parameter is out of range or of another type, or the method does not fit the lexicon.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> ax.align(*sample[:2], lexicon=sample.train, method="procrustes", refinement=0, ranker=False)
    Alignment(en -> es, Procrustes(), 1053 pairs)
    """
    require_callable(progress, "progress")
    require_callable(log, "log")
    if lexicon is not None:
        lexicon = Lexicon.of(lexicon)
    source, target = as_embeddings(source), as_embeddings(target)
    estimator = as_method(method, has_lexicon=lexicon is not None)
    settings = Refinement.of(refinement)
    unfitted = _ranker(ranker)
    steps, is_linear = steps_of(normalize)
    normalizers, (X, Y) = _normalized(source, target, steps)
    pairs = known = None
    if lexicon is not None:
        X, Y = with_phrases(X, Y, lexicon)
        rows = lexicon.require_rows(X, Y)
        pairs = np.stack([rows.source, rows.target], axis=1)
        if len(pairs) < FEW_KNOWN * len(lexicon):
            logger.warning(
                "%s: only %d of %d pairs have both words in the vocabularies; is it of these "
                "languages?",
                lexicon.name,
                len(pairs),
                len(lexicon),
            )
        known = KnownPairs.of((X.words[s], Y.words[t]) for s, t in pairs.tolist())
    context = FitContext(X.vectors, Y.vectors, settings.resolved(len(X), len(Y)), log)
    main, last = part_of(progress, 0, 0.8), part_of(progress, 0.8, 0.2)
    fit: MapFit
    if isinstance(estimator, SelfLearning | Adversarial):
        guesses = None
        if pairs is None and isinstance(estimator, SelfLearning):
            guesses = _identical_rows(X, Y)
        fit = _fit_unsupervised(estimator, context, (pairs, guesses), allow_failed, main)
    else:
        assert lexicon is not None  # or as_method refuses the method
        assert pairs is not None

        def standard_rows() -> tuple[Matrix, Matrix]:
            words = with_phrases(*_normalized(source, target, STANDARD)[1], lexicon)
            return words[0].vectors, words[1].vectors

        fit = fit_supervised(
            estimator,
            context,
            pairs,
            (X.words, Y.words),
            standard_rows=standard_rows if is_linear else None,
            n_candidates=0 if unfitted is None else unfitted.n_candidates,
            allow_failed=allow_failed,
            progress=main,
        )
    fitted, gain = None, None
    if unfitted is not None:
        fitted, gain = _fitted_ranker(unfitted, fit, context, (X.words, Y.words), last)
    if progress is not None:
        progress(1.0)
    alignment = Alignment(
        fit.aligner,
        *_language_maps(source, target, normalizers, fit.aligner),
        0 if pairs is None else len(pairs),
        tuple(fit.rounds),
        fitted,
        fit.found_by,
        fit.diagnosis,
        fit.linear_cost,
        gain,
        fit.validation,
        known,
        fit.strategy,
    )
    if fitted is not None:
        fitted.space_ = alignment.space
    return alignment


def _ranker(given: PairRanker | bool) -> PairRanker | None:
    """Return the ranker to fit; refuse wrong parameters before the work."""
    if isinstance(given, bool):
        return PairRanker() if given else None
    require_instance(given, PairRanker, "ranker")
    given.require_valid()
    return given


def _identical_rows(source: Embeddings, target: Embeddings) -> Indices | None:
    """Return the rows of words and numerals written alike, (p, 2), or None if there are none."""
    shared = Lexicon.identical(source, target)
    if not len(shared):
        return None
    rows = shared.rows(source, target)
    return np.stack([rows.source, rows.target], axis=1)


def _fit_unsupervised(
    estimator: SelfLearning | Adversarial,
    context: FitContext,
    pairs_and_guesses: tuple[Indices | None, Indices | None],
    allow_failed: bool,
    progress: Progress | None,
) -> MapFit:
    pairs, guesses = pairs_and_guesses
    found: SelfLearning | Adversarial = clone(estimator).fit(
        context.source,
        context.target,
        pairs=pairs,
        guesses=guesses,
        refinement=context.refinement,
        progress=progress,
        log=context.log,
    )
    diagnosis = found.diagnosis_
    if diagnosis.start == GUESSES:
        diagnosis = replace(diagnosis, start="identical words")
    if diagnosis.failed and not allow_failed:
        raise AlignmentFailed(diagnosis, ADVICE)
    origin = method_name(found, UNSUPERVISED)
    return MapFit(found.aligner_, found.rounds_, diagnosis=diagnosis, found_by=origin)


def _fitted_ranker(
    ranker: PairRanker,
    fit: MapFit,
    context: FitContext,
    words: tuple[Sequence[str], Sequence[str]],
    progress: Progress | None,
) -> tuple[PairRanker | None, RankingGain | None]:
    """Learn from held-out words, or where there are few or none from pairs that the map induces."""
    if fit.answers:
        return fit_ranker(ranker, fit.answers)
    report = fit.validation or fit.diagnosis
    if report is not None and report.failed:
        return None, None
    k = ranker.n_candidates
    weak, strong = induced_candidates(context, words, fit.aligner, k, progress)
    if weak:
        return fit_ranker(ranker, weak, strong)
    fits = fit.cross_fit
    if fits is None or fit.validation is None or fit.validation.words < FEWEST_ASKED:
        return None, None
    if type(fits.spec.aligner) is not type(fit.aligner):  # too few pairs for that without a fold
        return None, None
    return fit_ranker(ranker, cross_fit_candidates(context, words, fits, k, progress))


def _normalized(
    source: Embeddings, target: Embeddings, steps: Sequence[Step]
) -> tuple[tuple[Normalizer, Normalizer], tuple[Embeddings, Embeddings]]:
    """Normalize both languages, and leave out words without a vector."""
    one, other = normalized(source, steps, "source"), normalized(target, steps, "target")
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
