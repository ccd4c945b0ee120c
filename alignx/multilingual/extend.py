"""Map of a new language into a space whose other languages stay."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.held_out import correct_answers
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.normalized import normalized
from alignx.multilingual.evidence import as_lexicons, known_rows, same_vectors
from alignx.multilingual.extension import Extension, renumbered
from alignx.multilingual.failures import require_none_failed
from alignx.multilingual.held_out_fit import HeldOutFit, split_dictionaries, validation
from alignx.multilingual.language_part import FREQUENT, HELD_OUT_FREQUENT
from alignx.multilingual.multilingual_alignment import PairFit
from alignx.multilingual.new_rankers import new_rankers, transferred_rankers
from alignx.multilingual.pair_rankers import FittedRanker
from alignx.multilingual.start_by_vectors import start_by_vectors
from alignx.ranking.ranker import PairRanker
from alignx.retrieval.neighbors import N_NEIGHBORS
from alignx.support.arrays import unit_rows
from alignx.support.progress import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.alignment.validation import Validation
    from alignx.lexicon.lexicon import Lexicon, LexiconLike
    from alignx.multilingual.pair_tasks import LearnedPairs
    from alignx.support.arrays import Indices
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["NewLanguage", "fit_new_language"]

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False)
class NewLanguage:
    """Map of a new language, and its evidence with each language of the space."""

    language_map: LanguageMap
    pairs: tuple[PairFit, ...]


def fit_new_language(
    folder: SpaceFolder,
    code: str,
    embeddings: Embeddings,
    lexicons: Mapping[tuple[str, str], LexiconLike],
    *,
    ranker: PairRanker | bool = True,
    allow_failed: bool = False,
    progress: Progress | None = None,
) -> NewLanguage:
    """Learn the map of a language into a space on disk, by the method that fitted the others.

    Known pairs grow by self-learning; without any, it finds pairs with the hub and the two most
    similar languages. The map is then fitted again on mutual neighbors with the other languages,
    whose rows stay. The accuracy is that of maps fitted without the words that are asked for.

    Parameters
    ----------
    folder : SpaceFolder
        The space; a language of the same code takes no part.
    code : str
        Code of the language.
    embeddings : Embeddings
        Its vectors.
    lexicons : mapping of (str, str) to Lexicon, path or list of pairs
        Known translations; `code` is one of the two languages of each. May be empty.
    ranker : PairRanker or bool
        Learn the ranking from and to each language with a dictionary of 200 words or more. The
        other languages take the ranking that the space has for pairs without a dictionary.
    allow_failed : bool
        Keep a map that has failed its check.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    ValueError
        If a lexicon is of other languages, or the vectors are in the space already.
    EmptyLexiconError, DirectionError
        If no pair of a lexicon is known, or its words are exchanged.
    AlignmentFailed
        If the map does not translate the held-out words of a dictionary, or, without any,
        self-learning fails with all languages; see `Diagnosis`.
    """
    others = [other for other in folder.manifest.codes if other != code]
    by_other = _by_other(code, others, lexicons)
    for other in others:
        if folder.language_map(other).checksum == embeddings.checksum:
            raise same_vectors(other, code)
    steps = folder.language_map(others[0]).normalizer.steps
    normalizer, words = normalized(embeddings, steps, code)
    found = known_rows(
        {(code, other): lexicon for other, lexicon in by_other.items()},
        {code: words, **{other: folder.languages[other] for other in by_other}},
    )
    known = {other: found[code, other] for other in by_other}
    joined: dict[str, LearnedPairs] = {}
    if not known:
        learning = part_of(progress, 0, 0.8)
        others, joined = start_by_vectors(
            folder, code, words, allow_failed=allow_failed, progress=learning
        )
    fit = Extension.of(folder, words, known, joined, others)
    checks, folds = _cross_fit(fit, code, progress) if known else ({}, [])
    _require_success(code, checks, known, allow_failed)
    matrix, induced = fit.solve(known, FREQUENT)
    learned: dict[tuple[str, str], FittedRanker] = {}
    if ranker:
        learned = new_rankers(PairRanker() if ranker is True else ranker, fit, code, folds)
        learned = transferred_rankers(folder, fit, code, matrix, folds) | learned
    if progress is not None:
        progress(1.0)
    mean = np.zeros(len(matrix), dtype=np.float32)
    return NewLanguage(
        LanguageMap.of(code, embeddings, normalizer, matrix, mean),
        tuple(_pair_fits(fit, code, induced, checks, learned)),
    )


def _require_success(
    code: str,
    checks: Mapping[str, Validation | None],
    known: Mapping[str, Indices],
    allow_failed: bool,
) -> None:
    """Refuse a map that does not give a dictionary again; warn of such and of few pairs."""
    failed = {(code, other): check for other, check in checks.items() if check and check.failed}
    require_none_failed(failed, allow_failed, "keep the map")
    for (_, other), check in failed.items():
        logger.warning("%s-%s: the dictionary does not fit the map: %s", code, other, check)
    for other in (other for other, check in checks.items() if check is None):
        text = "the map of %s and %s could not be validated: too few pairs (%d) to hold some out"
        logger.warning(text, code, other, len(known[other]))


def _pair_fits(
    fit: Extension,
    code: str,
    induced: Mapping[str, int],
    checks: Mapping[str, Validation | None],
    learned: Mapping[tuple[str, str], FittedRanker],
) -> Iterator[PairFit]:
    """Give the evidence with each language, and the learned rankings of both directions."""
    nothing = FittedRanker(None, None)
    for other in dict.fromkeys([*induced, *(target for _, target in learned if target != code)]):
        count = induced.get(other, 0)
        is_known, alone = other in fit.known, fit.learned.get(other)
        pairs = len(fit.known[other]) if is_known else 0
        origin = "pivot" if alone is None else "self_learning"
        counts = pairs, count, "lexicon" if is_known else origin
        forth = learned.get((code, other), nothing)
        yield PairFit(
            code,
            other,
            *counts,
            joint=checks.get(other),
            diagnosis=None if alone is None else alone.diagnosis,
            ranker=forth.ranker,
            ranking_gain=forth.gain,
            known=fit.known_pairs(other) if is_known else None,
            is_transferred=forth.is_transferred,
        )
        if (other, code) in learned:
            back = learned[other, code]
            yield PairFit(
                other,
                code,
                *counts,
                ranker=back.ranker,
                ranking_gain=back.gain,
                is_transferred=back.is_transferred,
            )


def _cross_fit(
    fit: Extension, code: str, progress: Progress | None
) -> tuple[dict[str, Validation | None], list[HeldOutFit]]:
    """Ask maps that were fitted without a part of the known words for their translations."""
    splits = split_dictionaries({(code, other): rows for other, rows in fit.known.items()})
    correct: dict[str, list[NDArray[np.bool_]]] = {other: [] for other in fit.known}
    fits = []
    for number, split in enumerate(splits):
        train = {other: split[code, other].train for other in fit.known}
        matrix, _ = fit.solve(train, HELD_OUT_FREQUENT)
        identity = np.eye(matrix.shape[1], dtype=np.float32)
        fits.append(
            HeldOutFit(
                {code: matrix, **dict.fromkeys(fit.known, identity)},
                {pair: fold.train for pair, fold in split.items()},
                {pair: fold.held_out for pair, fold in split.items()},
            )
        )
        for other in fit.known:
            rows, target = fit.parts(other, HELD_OUT_FREQUENT)
            mapped, answers = unit_rows(fit.words.vectors[rows] @ matrix), fit.others[other][target]
            k = min(N_NEIGHBORS, len(mapped), len(answers))
            held_out = renumbered(split[code, other].held_out, rows, target)
            correct[other].append(correct_answers(mapped, answers, held_out, k))
        if progress is not None:
            progress(0.8 * (number + 1) / len(splits))
    checks = {
        other: validation(
            np.concatenate(correct[other]),
            rows,
            [split[code, other].held_out for split in splits],
            len(fit.parts(other, HELD_OUT_FREQUENT)[1]),
        )
        for other, rows in fit.known.items()
    }
    return checks, fits


def _by_other(
    code: str, others: list[str], lexicons: Mapping[tuple[str, str], LexiconLike]
) -> dict[str, Lexicon]:
    """Return the lexicons from the new language to each of the others."""
    found: dict[str, Lexicon] = {}
    for (source, target), lexicon in as_lexicons(lexicons, [code, *others]).items():
        if code not in (source, target):
            raise ValueError(f"dictionaries must be of {code}, got one of {source} and {target}")
        other = target if source == code else source
        found[other] = lexicon if source == code else lexicon.reversed()
    return found
