"""Map of a new language into a space whose other languages stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.growth import grow
from alignx.alignment.held_out import correct_answers
from alignx.alignment.known_pairs import KnownPairs
from alignx.alignment.language_map import LanguageMap
from alignx.alignment.normalized import normalized
from alignx.mapping import balanced_weights
from alignx.mapping.joint import Frame, GeneralizedProcrustes, JointAligner
from alignx.multilingual.evidence import as_lexicons, known_rows
from alignx.multilingual.failures import require_none_failed
from alignx.multilingual.held_out_fit import split_dictionaries, validation
from alignx.multilingual.language_part import FREQUENT, HELD_OUT_FREQUENT
from alignx.multilingual.multilingual_alignment import PairFit, restored_method
from alignx.multilingual.pair_tasks import FEWEST_ROWS, N_NEIGHBORS
from alignx.retrieval.csls import mutual_neighbors
from alignx.support.arrays import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.lexicon.lexicon import Lexicon, LexiconLike
    from alignx.support.arrays import Indices, Matrix
    from alignx.support.progress import Progress
    from alignx.vectors.embeddings import Embeddings

__all__ = ["NewLanguage", "fit_new_language"]

ROUNDS = 1  # refits on induced pairs
PARTNERS = 4  # languages of the space to induce pairs with, besides those of the dictionaries


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
    allow_failed: bool = False,
    progress: Progress | None = None,
) -> NewLanguage:
    """Learn the map of a language into a space on disk, by the method that fitted the others.

    Known pairs grow by self-learning. Rounds then find the mutual neighbors with the other
    languages, whose rows stay, and fit the map again. The accuracy is that of maps fitted without
    the words that are asked for.

    Parameters
    ----------
    folder : SpaceFolder
        The space; a language of the same code takes no part.
    code : str
        Code of the language.
    embeddings : Embeddings
        Its vectors.
    lexicons : mapping of (str, str) to Lexicon, path or list of pairs
        Known translations; `code` is one of the two languages of each.
    allow_failed : bool
        Keep a map that has failed its check.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    ValueError
        If there is no lexicon, or one is of other languages.
    EmptyLexiconError, DirectionError
        If no pair of a lexicon is known, or its words are exchanged.
    AlignmentFailed
        If the map has failed by all its dictionaries.
    """
    others = [other for other in folder.manifest.codes if other != code]
    by_other = _by_other(code, others, lexicons)
    steps = folder.language_map(others[0]).normalizer.steps
    normalizer, words = normalized(embeddings, steps, code)
    found = known_rows(
        {(code, other): lexicon for other, lexicon in by_other.items()},
        {code: words, **{other: folder.languages[other] for other in by_other}},
    )
    known = {other: found[code, other] for other in by_other}
    fit = _Extension.of(folder, words, known, others, HELD_OUT_FREQUENT)
    folds = split_dictionaries({(code, other): rows for other, rows in fit.known.items()})
    correct: dict[str, list[Matrix]] = {other: [] for other in known}
    for number, fold in enumerate(folds):
        matrix, _ = fit.solve({other: fold[code, other].train for other in known})
        mapped = unit_rows(fit.rows @ matrix)
        for other in known:
            k = min(N_NEIGHBORS, len(mapped), len(fit.others[other]))
            held_out = fold[code, other].held_out
            correct[other].append(correct_answers(mapped, fit.others[other], held_out, k))
        if progress is not None:
            progress((number + 1) / (len(folds) + 1))
    checks = {
        other: validation(
            np.concatenate(correct[other]),
            rows,
            [fold[code, other].held_out for fold in folds],
            len(fit.others[other]),
        )
        for other, rows in fit.known.items()
    }
    failed = {(code, other): check for other, check in checks.items() if check and check.failed}
    if len(failed) == len(checks):
        require_none_failed(failed, allow_failed)
    fit = _Extension.of(folder, words, known, others, FREQUENT)
    matrix, induced = fit.solve(fit.known)
    pairs = []
    for other, count in induced.items():
        if other not in known:
            pairs.append(PairFit(code, other, 0, count, "pivot"))
            continue
        columns = zip(known[other].tolist(), strict=True)
        named = [(words[s], folder.languages[other][t]) for ((s, t),) in columns]
        pairs.append(
            PairFit(
                code,
                other,
                len(known[other]),
                count,
                joint=checks[other],
                known=KnownPairs.of(named),
            )
        )
    mean = np.zeros(len(matrix), dtype=np.float32)
    return NewLanguage(LanguageMap.of(code, embeddings, normalizer, matrix, mean), tuple(pairs))


def _by_other(
    code: str, others: list[str], lexicons: Mapping[tuple[str, str], LexiconLike]
) -> dict[str, Lexicon]:
    """Return the lexicons from the new language to each of the others."""
    if not lexicons:
        raise ValueError(
            f"a new language needs a dictionary with at least one of {', '.join(others)}, got none"
        )
    found: dict[str, Lexicon] = {}
    for (source, target), lexicon in as_lexicons(lexicons, [code, *others]).items():
        if code not in (source, target):
            raise ValueError(f"dictionaries must be of {code}, got one of {source} and {target}")
        other = target if source == code else source
        found[other] = lexicon if source == code else lexicon.reversed()
    return found


@dataclass(frozen=True, eq=False)
class _Extension:
    """Frequent and known words of a new language and of the others, whose rows are mapped.

    Attributes
    ----------
    method, frame
        Method of the space, and its axes.
    rows : (n, d) float32
        Normalized rows of the new language, most frequent first.
    others : mapping of str to (m, c) float32
        Unit rows of the others.
    known : mapping of str to (p, 2) int64
        Known pairs of these rows.
    frequent : int
        Words of each language among which pairs are induced.
    """

    method: JointAligner
    frame: Frame
    rows: Matrix
    others: Mapping[str, Matrix]
    known: Mapping[str, Indices]
    frequent: int

    @classmethod
    def of(
        cls,
        folder: SpaceFolder,
        words: Embeddings,
        known: Mapping[str, Indices],
        codes: list[str],
        frequent: int,
    ) -> _Extension:
        """Choose the words and languages that take part."""
        kept = _kept(words, frequent, [rows[:, 0] for rows in known.values()])
        partners = [other for other in codes if other not in known][:PARTNERS]
        others, renumbered = {}, {}
        for other in [*known, *partners]:
            language, rows = folder.languages[other], known.get(other)
            chosen = _kept(language, frequent, [] if rows is None else [rows[:, 1]])
            others[other] = language.vectors[chosen]
            if rows is not None:
                sides = np.searchsorted(kept, rows[:, 0]), np.searchsorted(chosen, rows[:, 1])
                renumbered[other] = np.stack(sides, axis=1)
        method, frame = restored_method(folder.manifest.method), folder.frame()
        dimension = folder.manifest.languages[0].dimension
        if method is None or not frame:
            method, axes = GeneralizedProcrustes(), Frame.plain(dimension)
        else:
            axes = Frame.restored(frame)
        return cls(method, axes, words.vectors[kept], others, renumbered, frequent)

    def solve(self, seeds: Mapping[str, Indices]) -> tuple[Matrix, dict[str, int]]:
        """Return the map by known pairs, (d, c), and the number of induced pairs by language."""
        evidence = {other: self._grown(other, pairs) for other, pairs in seeds.items()}
        matrix = self._fitted(self.method.initial(), evidence)
        induced: dict[str, int] = {}
        for number in range(ROUNDS):
            mapped = unit_rows(self.rows[: self.frequent] @ matrix)
            for other, rows in self.others.items():
                frequent = rows[: self.frequent]
                k = min(N_NEIGHBORS, len(mapped), len(frequent))
                pairs = mutual_neighbors(mapped, frequent, n_neighbors=k)
                induced[other] = len(pairs)
                seed = seeds.get(other)
                evidence[other] = pairs if seed is None else np.concatenate([pairs, seed])
            is_last = number == ROUNDS - 1
            matrix = self._fitted(self.method if is_last else self.method.initial(), evidence)
        return matrix, induced

    def _grown(self, other: str, pairs: Indices) -> Indices:
        """Grow known pairs, where the languages have the words and one dimension."""
        X, Y = self.rows, self.others[other]
        if min(len(X), len(Y)) < FEWEST_ROWS or X.shape[1] != Y.shape[1]:
            return pairs
        return grow(X, Y, pairs)

    def _fitted(self, method: JointAligner, evidence: Mapping[str, Indices]) -> Matrix:
        codes = list(evidence)
        return method.fit_language(
            self.frame,
            self.rows,
            [self.others[other] for other in codes],
            {at: evidence[other] for at, other in enumerate(codes)},
            {at: balanced_weights(evidence[other]) for at, other in enumerate(codes)},
        )


def _kept(words: Embeddings, frequent: int, known: list[Indices]) -> Indices:
    """Return the rows of the frequent and the known words, ascending."""
    first = np.arange(min(frequent, len(words)))
    return np.union1d(first, np.concatenate([*known, first[:0]]))
