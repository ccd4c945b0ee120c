"""The front door: two languages in, with a lexicon or without, and a map out to keep and apply."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.alignment import Alignment
from alignx.alignment.checking import check
from alignx.alignment.fingerprint import Sketch
from alignx.alignment.held_out import HeldOut, Recipe, Trial
from alignx.alignment.language_map import Side
from alignx.alignment.learned_pairs import LearnedPairs
from alignx.alignment.linear_cost import LinearCost
from alignx.alignment.method_options import UNSUPERVISED, refuse_unused, require_valid
from alignx.alignment.model_selection import choose_aligner
from alignx.alignment.unsupervised.fit import RESTARTS, Workplace, adversarial, self_learning
from alignx.alignment.validation import FEW_WORDS
from alignx.errors import AlignmentFailed, AlignxError
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import METHODS, Aligner, method_name, with_centering, without_centering
from alignx.retrieval.neighbors import N_NEIGHBORS, count_or_default
from alignx.support.arguments import require_instance
from alignx.support.arrays import freeze
from alignx.support.packages import require_packages
from alignx.support.progress import part_of
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import LINEAR, STANDARD, Normalizer, Step
from alignx.vectors.oov import with_phrases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from alignx.alignment.validation import Validation
    from alignx.support.arrays import Indices
    from alignx.support.progress import Log, Progress

__all__ = ["align"]

ADVICE = (
    "use more words, vectors of similar texts, a small dictionary with self_learning, or "
    "allow_failed (--allow-failed) to keep the map as it is"
)

ADVICE_WITH_PAIRS = (
    "check that the dictionary and the languages belong together and are in order, use more pairs, "
    "method self_learning (--self-learning) for few of them, or allow_failed (--allow-failed) to "
    "keep the map as it is"
)

VOCABULARY = 20_000  # refinement looks for pairs among that many words of each language
UNCALIBRATED = "no probabilities: calibration is left out"
UNMEASURED = "what it costs that the map is linear is not measured"

logger = logging.getLogger("alignx")


def align(
    source: Embeddings,
    target: Embeddings,
    *,
    lexicon: Lexicon | None = None,
    method: str | Aligner | None = None,
    normalize: Sequence[Step] | None = None,
    linear: bool = False,
    refinement: int = 5,
    vocabulary: int | None = None,
    n_neighbors: int | None = None,
    calibrate: bool | None = None,
    allow_failed: bool = False,
    preset: Literal["fast", "muse"] | None = None,
    restarts: int | None = None,
    n_jobs: int | None = None,
    checkpoint: str | Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Alignment:
    """Learn to bring two languages into one space, from a bilingual lexicon or from nothing.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of each language, most frequent words first.
    lexicon : Lexicon, optional
        Known translations; pairs with an unknown word are left out. Phrases, several words with
        white space between them, stand for weighted means of their words; see `look_up`. See
        `Lexicon.identical` for words that both languages write the same.
    method : str or Aligner, optional
        With a lexicon: ``"procrustes"`` (the default), ``"cca"``, ``"least_squares"``,
        ``"reweighted"`` with their defaults, an aligner of these classes with parameters of your
        choice, ``"auto"`` for the best of them in cross-validation on the lexicon (see
        `choose_aligner`), or ``"self_learning"`` to grow a small lexicon, of 25 pairs upward.
        Without: ``"self_learning"`` (the default) or ``"adversarial"``.
    normalize : sequence of {"unit", "center", "project"}, optional
        Done to each language first; see `Normalizer`. By default ``"unit", "center", "unit"``, and
        ``"unit", "project", "unit"`` for a linear map.
    linear : bool
        Whether the map must be linear, as the copy of a fastText model that
        `Alignment.save_mapped_model` writes needs: nothing is centered, and a regularization of 0
        becomes 1e-5. What that costs is measured with a lexicon, as `calibrate` does: maps are
        fitted both ways without a fifth of its source words, and asked for these; see
        `Alignment.linear_cost`. The other is what the same parameters give with the usual
        normalization. It takes up to two fits more. The cost is not known without a lexicon, with
        fewer than 20 words to hold out, and for self-learning, which has too few.
    refinement : int
        Rounds of `refine`, 0 for none.
    vocabulary : int, optional
        Refinement induces pairs among that many most frequent words of each language; 20,000
        unless given.
    n_neighbors : int, optional
        Neighbors in the average of CSLS, in refinement and calibration; at most the size of the
        smaller vocabulary. 10 unless given, or the size of that vocabulary with a warning.
    calibrate : bool, optional
        Whether to learn, as by default with a lexicon, what CSLS says about the probability that a
        pair is right. That fits a second map in the same way without a fifth of the source words
        of the lexicon, and looks at which of its 10 best answers for these words the lexicon holds;
        see `Calibration`. With fewer than 20 words to hold out, or none of them answered right, it
        is left out with a warning. It takes another fit and a sweep over both vocabularies.
        Self-learning and adversarial training have no lexicon to hold out from, so their maps have
        no calibration.
    allow_failed : bool
        Give the map even if it has failed: found no translations of held-out words, or, without
        a lexicon, nothing that two runs agree on.
    preset : {"fast", "muse"}, optional
        Adversarial training: our schedule, ``"fast"`` unless given, or the published one.
    restarts : int, optional
        Adversarial training: at most that many trainings, 3 unless given.
    n_jobs : int, optional
        Adversarial training: how many trainings at the same time, 1 unless given.
    checkpoint : path, optional
        Adversarial training: where trainings are kept after each epoch, and continue from.
    seed : int
        Of everything random: the same seed gives the same map on the same machine.
    progress : callable, optional
        Called now and then with the fraction done.
    log : callable, optional
        Called with the figures of each round of self-learning, training and refinement.

    Returns
    -------
    Alignment

    Raises
    ------
    EmptyLexiconError
        If no pair of the lexicon is known on both sides.
    AlignxError
        If no word of a language has a vector, as they are or once they are normalized.
    DirectionError
        If far more of its pairs are known with source and target exchanged.
    AlignmentFailed
        If the map has failed: by self-learning or adversarial training nothing was found that two
        runs agree on, or the map of a lexicon does not translate words held out from it (see
        `Validation`).
    DimensionError
        If the method needs equal dimensions and they differ.
    MissingDependencyError
        If adversarial training lacks torch.
    ValueError
        If a parameter is out of range, or was given although the method does not use it.

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
    method = _checked_method(method, lexicon)
    if method == "adversarial":
        require_packages({"adversarial training": "torch"})
    options = {
        "refinement": refinement,
        "vocabulary": vocabulary,
        "n_neighbors": n_neighbors,
        "calibrate": calibrate,
        "preset": preset,
        "restarts": restarts,
        "n_jobs": n_jobs,
        "checkpoint": checkpoint,
    }
    require_valid(options)
    refuse_unused(method if isinstance(method, str) else method_name(method), options)
    calibrate = method not in UNSUPERVISED if calibrate is None else calibrate
    steps = _steps(normalize, linear)
    source_side, source_words = _side(source, "source", steps)
    target_side, target_words = _side(target, "target", steps)
    if lexicon is not None:
        source_words, target_words = with_phrases(source_words, target_words, lexicon)
    rows = None if lexicon is None else lexicon.require_rows(source_words, target_words)
    pairs = None if rows is None else np.stack([rows.source, rows.target], axis=1)
    if source_side.code == target_side.code:
        source_side = replace(source_side, code="source")
        target_side = replace(target_side, code="target")
    vocabulary = VOCABULARY if vocabulary is None else vocabulary
    if n_neighbors is None:
        fewest = min(vocabulary, len(source_words), len(target_words))
        n_neighbors = count_or_default(None, N_NEIGHBORS, fewest, "n_neighbors", "words")
    work = Workplace(
        source_words.vectors,
        target_words.vectors,
        refinement,
        vocabulary,
        n_neighbors,
        seed,
        log,
    )
    known = 0 if pairs is None else len(pairs)
    learned = None if pairs is None else _digest(pairs, source_words, target_words)
    if method in UNSUPERVISED:
        if method == "self_learning":
            found = self_learning(work, seed_pairs=pairs, progress=progress)
        else:
            found = adversarial(
                work,
                preset=preset or "fast",
                restarts=RESTARTS if restarts is None else restarts,
                n_jobs=1 if n_jobs is None else n_jobs,
                checkpoint=checkpoint,
                progress=progress,
            )
        if found.diagnosis.failed and not allow_failed:
            raise AlignmentFailed(found.diagnosis, ADVICE)
        return Alignment(
            found.aligner,
            source_side,
            target_side,
            known,
            tuple(found.rounds),
            found_by=method,
            diagnosis=found.diagnosis,
            learned=learned,
        )
    assert lexicon is not None  # or the method is refused
    assert pairs is not None
    if method == "auto":
        chosen, work = _chosen(work, pairs, linear, part_of(progress, 0, 0.7))
        standard = with_centering(chosen)
        progress = part_of(progress, 0.7, 0.3)
    else:
        standard = _as_aligner(method)
    recipe = Recipe(without_centering(standard) if linear else standard, work)
    share = 0.3 if calibrate or linear else 0.8
    fitted, rounds = recipe.fit(pairs, part_of(progress, 0, share))
    alignment = Alignment(fitted, source_side, target_side, known, tuple(rounds), learned=learned)
    rest = part_of(progress, share, 1 - share)

    def checked(trial: Trial | None, progress: Progress | None = None) -> Alignment:
        found = check(recipe, fitted, pairs, trial, progress)
        return _validated(alignment, found, allow_failed)

    if not (calibrate or linear):
        return checked(None, rest)
    is_few = len(np.unique(pairs[:, 0])) < FEW_WORDS
    if is_few:  # what has failed is refused before the long work
        alignment = checked(None)

    def usual() -> Recipe:
        words = (_side(source, "source", STANDARD)[1], _side(target, "target", STANDARD)[1])
        X, Y = with_phrases(*words, lexicon)
        return Recipe(standard, work._replace(source=X.vectors, target=Y.vectors))

    wanted = ([UNCALIBRATED] if calibrate else []) + ([UNMEASURED] if linear else [])
    held_out = HeldOut.of(lexicon, source_words, target_words, seed)
    trial = _trial(recipe, held_out, part_of(rest, 0, 0.5 if linear else 1), wanted)
    if not is_few:
        alignment = checked(trial)
    if trial is None:
        return alignment
    calibration = trial.calibration() if calibrate else None
    alignment = replace(alignment, calibration=calibration)
    if not linear:
        return alignment
    is_right = trial.is_right()[:, 0]
    del trial  # it holds as many rows as the other one will
    other = _trial(usual(), held_out, part_of(rest, 0.5, 0.5), [UNMEASURED])
    cost = None if other is None else LinearCost.of(is_right, other.is_right()[:, 0])
    return replace(alignment, linear_cost=cost)


def _validated(
    alignment: Alignment, validation: Validation | None, allow_failed: bool
) -> Alignment:
    """Add what the check found, and refuse or warn where it has to be said.

    Raises
    ------
    AlignmentFailed
        If the map has failed and that is not allowed.
    """
    if validation is None or not validation.decided:
        logger.warning(
            "whether this map works could not be checked: too few pairs (%d) to hold some out; "
            "look at its translations, or use a larger dictionary",
            alignment.pairs,
        )
    elif validation.failed and not allow_failed:
        raise AlignmentFailed(validation, ADVICE_WITH_PAIRS)
    elif validation.weak:
        logger.warning(
            "this map is weak: %s; use more pairs, or method self_learning (--self-learning), "
            "which does better with few of them",
            validation,
        )
    return replace(alignment, validation=validation)


def _checked_method(method: str | Aligner | None, lexicon: Lexicon | None) -> str | Aligner:
    if method is None:
        return "procrustes" if lexicon is not None else "self_learning"
    needs_lexicon = isinstance(method, Aligner) or method in (*METHODS, "auto")
    if not needs_lexicon and method not in UNSUPERVISED:
        names = ", ".join((*METHODS, "auto", *UNSUPERVISED))
        raise ValueError(f"method must be one of {names}, got {method!r}")
    if needs_lexicon and lexicon is None:
        names = " or ".join(UNSUPERVISED)
        raise ValueError(f"method must be {names} where there is no lexicon, got {method!r}")
    if method == "adversarial" and lexicon is not None:
        raise ValueError(
            "method must use the lexicon where there is one, got 'adversarial'; self_learning does"
        )
    return method


def _steps(normalize: Sequence[Step] | None, linear: bool) -> tuple[Step, ...]:
    """Give the steps of normalization that are meant."""
    if normalize is None:
        return LINEAR if linear else STANDARD
    if linear and "center" in normalize:
        raise ValueError(
            "normalize must not center where the map is to be linear, got "
            f"{', '.join(map(repr, normalize))}; 'project' is what comes closest"
        )
    return tuple(normalize)


def _chosen(
    work: Workplace, pairs: Indices, linear: bool, progress: Progress | None
) -> tuple[Aligner, Workplace]:
    """Choose an aligner and rounds of refinement by cross-validation."""
    choice = choose_aligner(
        work.source,
        work.target,
        pairs,
        linear=linear,
        refinement=work.refinement,
        vocabulary=work.vocabulary,
        n_neighbors=work.n_neighbors,
        seed=work.seed,
        progress=progress,
    )
    logger.info("%s", choice)
    if work.log is not None:
        work.log({"stage": "selection", **choice.as_dict()})
    return choice.aligner, work._replace(refinement=choice.refinement)


def _as_aligner(method: str | Aligner) -> Aligner:
    if isinstance(method, Aligner):
        method_name(method)  # raises for a class that could not be saved
        return method
    return METHODS[method]()


def _side(
    embeddings: Embeddings, default_code: str, normalize: Sequence[Step]
) -> tuple[Side, Embeddings]:
    """Give what a map must know of a language, and its words with their normalized vectors."""
    normalizer = Normalizer(steps=tuple(normalize))
    rows = normalizer.fit_transform(embeddings.vectors)
    code = embeddings.language or default_code
    sketch = Sketch.of(embeddings)
    side = Side(code, embeddings.checksum, len(embeddings), normalizer, sketch)
    words = embeddings.with_vectors(freeze(rows)).without_zero_rows()
    if not len(words):
        done = ", ".join(normalize) or "no normalization"
        raise AlignxError(
            f"a language must have words with a vector, got {code}: all {len(embeddings):,} "
            f"vectors are zero after normalization ({done})"
        )
    return side, words


def _digest(pairs: Indices, source: Embeddings, target: Embeddings) -> LearnedPairs:
    """Give what recognizes the known pairs in a test dictionary."""
    return LearnedPairs.of((source.words[s], target.words[t]) for s, t in pairs.tolist())


def _trial(
    recipe: Recipe, held_out: HeldOut, progress: Progress | None, purposes: Sequence[str]
) -> Trial | None:
    """Fit without the words held out, or warn of what cannot be had without that."""
    reason = held_out.lack()
    if reason is None:
        try:
            return recipe.trial(held_out, progress)
        except ValueError as error:
            reason = f"the map without the held-out words cannot be fitted: {error}"
    for purpose in purposes:
        logger.warning("%s, since %s", purpose, reason)
    return None
