"""The front door: two languages in, with a lexicon or without, and a map out to keep and apply."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from alignx.alignment import Alignment, Side
from alignx.arrays import Indices, Matrix, unit_rows
from alignx.calibration import Calibration, Evidence
from alignx.errors import AlignmentFailed
from alignx.mapping import METHODS, Aligner, RefinementRound, balanced_weights, method_name
from alignx.normalize import STANDARD, Normalizer, Step
from alignx.progress import part_of
from alignx.retrieval import ExactIndex, Neighbors, csls_biases
from alignx.selection import choose_aligner
from alignx.unsupervised import Workplace, adversarial, self_learning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from alignx.embeddings import Embeddings
    from alignx.lexicon import Lexicon, LexiconRows
    from alignx.progress import Log, Progress

__all__ = ["align"]

HELD_OUT = 0.2  # share of the source words that a calibration keeps for itself
MIN_HELD_OUT = 20  # below that many words their share of right answers says little
CANDIDATES = 10  # for each of them

UNSUPERVISED = ("selflearning", "adversarial")
ADVICE = (
    "use more words, vectors of similar texts, a small dictionary with selflearning, or "
    "allow_failed (--allow-failed) to keep the map as it is"
)

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False)
class _Recipe:
    """How a map is made from a lexicon, whatever the pairs."""

    aligner: Aligner
    work: Workplace

    def fit(
        self, pairs: Indices, progress: Progress | None, *, is_trial: bool = False
    ) -> tuple[Aligner, list[RefinementRound]]:
        work = self.work._replace(log=None) if is_trial else self.work
        aligner = clone(self.aligner).fit(
            work.source[pairs[:, 0]], work.target[pairs[:, 1]], balanced_weights(pairs)
        )
        return work.refined(aligner, pairs, progress)

    def calibrate(
        self, kept: LexiconRows, held_out: LexiconRows, progress: Progress | None
    ) -> Calibration | None:
        words = len(np.unique(held_out.source))
        if words < MIN_HELD_OUT:
            _warn_uncalibrated(
                f"it needs {MIN_HELD_OUT} known source words to hold out, got {words}; "
                "use a larger lexicon"
            )
            return None
        pairs = np.stack([kept.source, kept.target], axis=1)
        try:
            trial, _ = self.fit(pairs, part_of(progress, 0, 0.4), is_trial=True)
        except ValueError as error:
            _warn_uncalibrated(f"the map without the held-out words cannot be fitted: {error}")
            return None
        return _calibrate(
            unit_rows(trial.transform(self.work.source)),
            unit_rows(trial.transform_target(self.work.target)),
            held_out,
            self.work.neighborhood,
            self.work.n_threads,
            self.work.device,
            part_of(progress, 0.4, 0.6),
        )


def align(
    source: Embeddings,
    target: Embeddings,
    *,
    lexicon: Lexicon | None = None,
    method: str | Aligner | None = None,
    normalize: Sequence[Step] = STANDARD,
    refinement: int = 5,
    vocabulary: int = 20_000,
    neighborhood: int = 10,
    calibrate: bool = True,
    allow_failed: bool = False,
    preset: Literal["fast", "muse"] = "fast",
    restarts: int = 3,
    n_jobs: int = 1,
    checkpoint: str | Path | None = None,
    seed: int = 0,
    n_threads: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Alignment:
    """Learn to bring two languages into one space, from a bilingual lexicon or from nothing.

    Parameters
    ----------
    source, target : Embeddings
        Vectors of each language, most frequent words first.
    lexicon : Lexicon, optional
        Known translations; pairs with an unknown word are left out. See `Lexicon.identical` for
        words that both languages write the same.
    method : str or Aligner, optional
        With a lexicon: ``"procrustes"`` (the default), ``"cca"``, ``"least_squares"``,
        ``"reweighted"`` with their defaults, an aligner of these classes with parameters of your
        choice, ``"auto"`` for the best of them in cross-validation on the lexicon (see
        `choose_aligner`), or ``"selflearning"`` to grow a small lexicon, of 25 pairs upward.
        Without: ``"selflearning"`` (the default) or ``"adversarial"``.
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
        warning. It takes another fit and a sweep over both vocabularies. Self-learning and
        adversarial training have no lexicon to hold out from, so their maps have no calibration.
    allow_failed : bool
        Give the map of self-learning or adversarial training even if it has failed.
    preset : {"fast", "muse"}
        Adversarial training: our schedule, or the published one.
    restarts : int
        Adversarial training: at most that many trainings.
    n_jobs : int
        Adversarial training: how many trainings at the same time.
    checkpoint : path, optional
        Adversarial training: where trainings are kept after each epoch, and continue from.
    seed : int
        Of everything random: the same seed gives the same map on the same machine.
    n_threads : int, optional
        OpenMP's default unless given.
    device : str, optional
        Where torch computes, for example ``"cuda"``; by default the compiled kernel on the
        processor. Searches give the same answers, adversarial training another map.
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
    AlignmentFailed
        If self-learning or adversarial training has found nothing that two runs agree on.
    DimensionError
        If the method needs equal dimensions and they differ.
    MissingDependencyError
        If adversarial training lacks torch.
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> import alignx as ax
    >>> sample = ax.load_sample("en", "es")
    >>> ax.align(sample.source, sample.target, lexicon=sample.train, calibrate=False)
    Alignment(en -> es, Procrustes(), 1053 pairs)
    """
    method = _checked_method(method, lexicon)
    rows = None if lexicon is None else lexicon.require_rows(source, target)
    pairs = None if rows is None else np.stack([rows.source, rows.target], axis=1)
    source_side, source_rows = _side(source, "source", normalize)
    target_side, target_rows = _side(target, "target", normalize)
    if source_side.code == target_side.code:
        source_side = replace(source_side, code="source")
        target_side = replace(target_side, code="target")
    work = Workplace(
        source_rows, target_rows, refinement, vocabulary, neighborhood, seed, n_threads, device, log
    )
    known = 0 if pairs is None else len(pairs)
    if method in UNSUPERVISED:
        if method == "selflearning":
            found = self_learning(work, seed_pairs=pairs, progress=progress)
        else:
            found = adversarial(
                work,
                preset=preset,
                restarts=restarts,
                n_jobs=n_jobs,
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
        )
    assert lexicon is not None  # or the method is refused
    assert pairs is not None
    if method == "auto":
        aligner, work = _chosen(work, pairs, part_of(progress, 0, 0.7))
        progress = part_of(progress, 0.7, 0.3)
    else:
        aligner = _as_aligner(method)
    recipe = _Recipe(aligner, work)
    share = 0.3 if calibrate else 1.0
    fitted, rounds = recipe.fit(pairs, part_of(progress, 0, share))
    calibration = None
    if calibrate:
        kept, held_out = (part.rows(source, target) for part in lexicon.split(HELD_OUT, seed=seed))
        calibration = recipe.calibrate(kept, held_out, part_of(progress, share, 1 - share))
    return Alignment(fitted, source_side, target_side, known, tuple(rounds), calibration)


def _checked_method(method: str | Aligner | None, lexicon: Lexicon | None) -> str | Aligner:
    if method is None:
        return "procrustes" if lexicon is not None else "selflearning"
    is_linear = isinstance(method, Aligner) or method in (*METHODS, "auto")
    if not is_linear and method not in UNSUPERVISED:
        names = ", ".join((*METHODS, "auto", *UNSUPERVISED))
        raise ValueError(f"method must be one of {names}, got {method!r}")
    if is_linear and lexicon is None:
        names = " or ".join(UNSUPERVISED)
        raise ValueError(f"method must be {names} where there is no lexicon, got {method!r}")
    if method == "adversarial" and lexicon is not None:
        raise ValueError(
            "method must use the lexicon where there is one, got 'adversarial'; selflearning does"
        )
    return method


def _chosen(
    work: Workplace, pairs: Indices, progress: Progress | None
) -> tuple[Aligner, Workplace]:
    """Choose an aligner and rounds of refinement by cross-validation."""
    choice = choose_aligner(
        work.source,
        work.target,
        pairs,
        refinement=work.refinement,
        vocabulary=work.vocabulary,
        neighborhood=work.neighborhood,
        seed=work.seed,
        n_threads=work.n_threads,
        device=work.device,
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
