"""Alignment of several languages, from dictionaries of some pairs of them or without."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alignx.alignment.normalized import steps_of
from alignx.errors import AlignxError, DimensionError
from alignx.mapping.joint import (
    JOINT_METHODS,
    GeneralizedProcrustes,
    JointAligner,
    JointContrastive,
)
from alignx.multilingual.assembly import (
    assembled,
    fit_rankers,
    keep_finished,
    kept_finished,
)
from alignx.multilingual.evidence import (
    as_lexicons,
    known_rows,
    require_agreement,
    require_codes,
    require_connected,
)
from alignx.multilingual.given_languages import described, given_vectors, prepared_parts
from alignx.multilingual.joint_stage import cross_fit, fit_all
from alignx.multilingual.pair_tasks import PAIRS_PER_DIMENSION
from alignx.multilingual.pairwise_stage import choose_hub, join_by_vectors, lay_foundation
from alignx.multilingual.work import Work
from alignx.ranking.ranker import PairRanker
from alignx.support.arguments import require_callable, require_instance, require_optional
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from alignx.alignment.validation import Validation
    from alignx.lexicon.lexicon import LexiconLike
    from alignx.multilingual.evidence import Pair
    from alignx.multilingual.multilingual_alignment import MultilingualAlignment
    from alignx.multilingual.pairwise_stage import Foundation
    from alignx.support.progress import Log, Progress
    from alignx.vectors.normalizer import Step

__all__ = ["align_many"]

logger = logging.getLogger("alignx")


def align_many(
    languages: Mapping[str, Any],
    *,
    lexicons: Mapping[Pair, LexiconLike],
    hub: str | None = None,
    method: str | JointAligner | None = None,
    normalize: Sequence[Step] | Literal["linear"] | None = None,
    ranker: PairRanker | bool = True,
    allow_failed: bool = False,
    work: Work | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> MultilingualAlignment:
    """Learn maps of several languages into one space.

    Parameters
    ----------
    languages : mapping of str to Embeddings, path or object
        Vectors by language code, most frequent words first, or what `as_embeddings` converts.
        Paths are read one at a time; see Notes.
    lexicons : mapping of (str, str) to Lexicon, path, list of pairs, dict or DataFrame
        Known translations by source and target code, for any pairs of the languages; those of both
        directions of a pair are merged. Languages without any are joined by `SelfLearning`.
    hub : str, optional
        Code of the first language of the space, onto which `star` maps the others. Default: that
        whose maps with others answer the most held-out words.
    method : str or JointAligner, optional
        `JointContrastive` (the default, ``"contrastive"``), `JointReweighted` (``"reweighted"``) or
        `GeneralizedProcrustes` (``"procrustes"``); the default with fewer than two pairs for each
        dimension is the last.
    normalize : sequence of {"unit", "center", "project"} or "linear", optional
        Normalization of each language; see `Normalizer`. Default: ``"unit", "center", "unit"``.
        ``"linear"`` takes steps without centering.
    ranker : PairRanker or bool
        Learned ranking of each pair of languages; see `align`. Pairs without a lexicon take that of
        the others, where it gains on pairs that it was not learned from. False for none.
    allow_failed : bool
        Whether to leave out dictionaries and languages that fail, instead of an error; see
        `MultilingualAlignment.apart`.
    work : Work, optional
        Folder from which an interrupted fit goes on, and which keeps its result until the space is
        saved; number of processes, and cluster. See `Work`.
    progress, log : callable, optional
        Called with the fraction done, and with the figures of each stage.

    Returns
    -------
    MultilingualAlignment

    Raises
    ------
    AlignxError
        If dictionaries leave islands of languages, contradict each other around a triangle, or no
        word of a language has a vector.
    AlignmentFailed
        If maps do not translate held-out words, or self-learning joins a language with none of the
        others; names all these pairs.
    EmptyLexiconError, DirectionError
        If no pair of a dictionary is in both vocabularies, or its words are exchanged.
    DimensionError
        If the dimensions differ and the method or the number of pairs forbids that.
    ValueError, TypeError
        If a code, a key of `lexicons` or a parameter is out of range or of another type.

    Notes
    -----
    Of each language the 20,000 most frequent words take part in the fit, and those of its
    dictionaries: they are held in memory, all others only while its mean is computed and rankers
    are learned. The time is that of the pairs of languages with a dictionary, and of up to four
    others for each language in which pairs are induced.

    Examples
    --------
    >>> import alignx as ax
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).standard_normal((40, 4))
    >>> turned = {"en": rows, "es": rows[:, ::-1], "de": -rows}
    >>> vectors = {
    ...     code: ax.Embeddings([f"{code}{i}" for i in range(40)], each)
    ...     for code, each in turned.items()
    ... }
    >>> lexicons = {
    ...     ("en", "es"): [(f"en{i}", f"es{i}") for i in range(30)],
    ...     ("en", "de"): [(f"en{i}", f"de{i}") for i in range(30)],
    ... }
    >>> alignment = ax.align_many(vectors, lexicons=lexicons, ranker=False)
    >>> alignment
    MultilingualAlignment(en, es, de; 3 pairs of languages)
    >>> alignment.apply(vectors).pair("es", "de").translate("es35", k=1)[0].word
    'de35'
    """
    _require_arguments(languages, lexicons, ranker, work, (progress, log))
    by_pair = as_lexicons(lexicons, languages)
    require_connected(list(languages), by_pair)
    if hub is not None:
        hub = _code_of(hub, languages)
    chosen, steps = _method(method), tuple(steps_of(normalize)[0])
    languages = {code: given_vectors(data) for code, data in languages.items()}
    settings = described(languages, by_pair, work)
    settings |= {"method": repr(chosen), "default": method is None, "hub": hub}
    settings |= {"steps": list(steps), "allow_failed": allow_failed}
    tell = log or (lambda _: None)
    with (work or Work()).opened(settings) as tasks:
        if (finished := kept_finished(tasks, ranker)) is not None:
            return finished
        parts = prepared_parts(languages, by_pair, steps, tasks, part_of(progress, 0, 0.1))
        known = known_rows(by_pair, {code: part.words for code, part in parts.items()})
        require_agreement(known, allow=allow_failed)
        found = lay_foundation(
            parts, known, tasks, allow_failed=allow_failed, progress=part_of(progress, 0.1, 0.3)
        )
        first = _hub(hub, found)
        tell({"stage": "pairwise", "hub": first, "p@1": _precisions(found.pairwise)})
        learning = part_of(progress, 0.4, 0.1)
        join_by_vectors(found, first, tasks, allow_failed=allow_failed, progress=learning)
        if len(found.parts) < 2:
            raise AlignxError(f"two languages must be joined, got {first} alone")
        if method is None:
            chosen = _for_few(found, chosen)
        folds = cross_fit(found, first, chosen, tasks, part_of(progress, 0.5, 0.2))
        tell({"stage": "joint", "hub": first, "p@1": _precisions(folds.joint)})
        joint = fit_all(found, (first, chosen, folds.weights), tasks, part_of(progress, 0.7, 0.1))
        rankers = fit_rankers(ranker, found, folds, joint, part_of(progress, 0.8, 0.2))
        alignment = assembled(found, first, chosen, (folds, joint), rankers)
        if work is not None and work.folder is not None:
            keep_finished(alignment, found.parts, tasks, ranker)
    if progress is not None:
        progress(1.0)
    return alignment


def _require_arguments(
    languages: Mapping[str, Any],
    lexicons: Mapping[Pair, LexiconLike],
    ranker: PairRanker | bool,
    work: Work | None,
    callbacks: tuple[Progress | None, Log | None],
) -> None:
    require_instance(languages, Mapping, "languages")
    require_instance(lexicons, Mapping, "lexicons")
    require_optional(work, Work, "work")
    for name, callback in zip(("progress", "log"), callbacks, strict=True):
        require_callable(callback, name)
    if not isinstance(ranker, bool):
        require_instance(ranker, PairRanker, "ranker")
        ranker.require_valid()
    require_codes(languages)


def _method(method: str | JointAligner | None) -> JointAligner:
    if method is None:
        return JointContrastive()
    if isinstance(method, str) and method in JOINT_METHODS:
        return JOINT_METHODS[method]()
    if not isinstance(method, JointAligner):
        raise ValueError(
            f"method must be one of {', '.join(JOINT_METHODS)} or an object of these classes, got "
            f"{method!r}"
        )
    return method


def _code_of(code: str, languages: Mapping[str, Any]) -> str:
    for known in languages:
        if known.casefold() == str(code).casefold():
            return known
    raise ValueError(f"hub must be one of {', '.join(languages)}, got {code!r}")


def _hub(given: str | None, found: Foundation) -> str:
    if given is None:
        return choose_hub(found)
    if given not in found.parts:
        raise AlignxError(
            f"hub must be a language that is joined, got {given}: {found.apart[given]}"
        )
    return given


def _precisions(found: Mapping[Pair, Validation]) -> dict[str, float]:
    return {f"{s}-{t}": each.precision for (s, t), each in found.items()}


def _for_few(found: Foundation, method: JointAligner) -> JointAligner:
    """Return orthogonal maps where pairs are too few for the covariance of a language.

    Raises
    ------
    DimensionError
        If the dimensions differ then.
    """
    for code, part in found.parts.items():
        count = sum(len(rows) for pair, rows in found.starts.items() if code in pair)
        if count >= PAIRS_PER_DIMENSION * part.dimension:
            continue
        needed = (
            f"{PAIRS_PER_DIMENSION} pairs for each of {part.dimension} dimensions of {code}, got "
            f"{count}"
        )
        dimensions = {other.dimension: name for name, other in found.parts.items()}
        if len(dimensions) > 1:
            (d, one), (e, two) = list(dimensions.items())[:2]
            raise DimensionError(
                f"languages of different dimensions ({one}: {d}, {two}: {e}) need {needed}; use a "
                "larger dictionary or equal dimensions"
            )
        logger.warning("the default method needs %s; orthogonal maps are used instead", needed)
        return GeneralizedProcrustes()
    return method
