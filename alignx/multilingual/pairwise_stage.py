"""First stages of a fit: maps of two languages alone, the hub, and languages without dictionary."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.multilingual.evidence import Pair, islands
from alignx.multilingual.failures import require_none_failed
from alignx.multilingual.held_out_fit import split_dictionaries, validation
from alignx.multilingual.pair_tasks import LearnedPairs, fit_pairwise, grow_pairs, self_learn
from alignx.multilingual.spectra import CANDIDATES, distance, most_similar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.held_out import Fold
    from alignx.alignment.validation import Validation
    from alignx.multilingual.language_part import LanguagePart
    from alignx.multilingual.work import Tasks
    from alignx.support.arrays import Indices
    from alignx.support.progress import Progress

__all__ = ["Foundation", "choose_hub", "join_by_vectors", "lay_foundation"]

logger = logging.getLogger("alignx")


@dataclass(frozen=True, eq=False)
class Foundation:
    """Pairs of rows that the joint maps start from, and what two languages alone give.

    Attributes
    ----------
    parts : dict of str to LanguagePart
        Languages that are joined.
    known, starts : dict of (str, str) to (p, 2) int64
        Known pairs, and grown ones or those found by vectors alone, as rows of the parts.
    folds : list of dict of (str, str) to Fold
        Known pairs of each fold, as numbers among the few rows that serve for held-out words.
    fold_starts, stars : list of dict of (str, str) to (p, 2) int64
        For each fold, grown pairs, and those that the map of two languages induces.
    answers : dict of (str, str) to (q,) bool
        Whether the maps of two languages alone answer each held-out word rightly, fold by fold.
    pairwise : dict of (str, str) to Validation
        P@1 of these.
    diagnoses : dict of (str, str) to Diagnosis
        Figures of the pairs found by vectors alone.
    apart : dict of str to str
        Languages that are not joined, and why.
    """

    parts: dict[str, LanguagePart]
    known: dict[Pair, Indices]
    starts: dict[Pair, Indices]
    folds: list[dict[Pair, Fold]]
    fold_starts: list[dict[Pair, Indices]]
    stars: list[dict[Pair, Indices]]
    answers: dict[Pair, NDArray[np.bool_]]
    pairwise: dict[Pair, Validation]
    diagnoses: dict[Pair, Diagnosis] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)

    def without(self, pairs: Mapping[Pair, object], reason: str) -> None:
        """Leave out pairs of languages that failed, and the languages that nothing else joins."""
        joined = {code for pair in self.known.keys() | self.starts.keys() for code in pair}
        for table in self._tables():
            for pair in pairs:
                table.pop(pair, None)
        for island in islands(self.parts, self.starts)[1:]:
            for code in joined.intersection(island):
                self.leave(code, reason)

    def leave(self, code: str, reason: str) -> None:
        """Leave out a language."""
        logger.warning("%s is left out: %s", code, reason)
        del self.parts[code]
        self.apart[code] = reason
        for table in self._tables():
            for pair in [pair for pair in table if code in pair]:
                del table[pair]

    def _tables(self) -> list[dict[Pair, Any]]:
        """Return all that is kept by pair of languages."""
        return [
            self.known,
            self.starts,
            self.answers,
            self.pairwise,
            self.diagnoses,
            *self.folds,
            *self.fold_starts,
            *self.stars,
        ]


def lay_foundation(
    parts: dict[str, LanguagePart],
    known: dict[Pair, Indices],
    tasks: Tasks,
    *,
    allow_failed: bool,
    progress: Progress | None,
) -> Foundation:
    """Grow the pairs of each dictionary, and validate the map of its two languages alone.

    Raises
    ------
    AlignmentFailed
        If such maps fail, unless that is allowed: then these dictionaries are left out, and the
        languages that nothing else joins.
    """
    few = {code: part.few for code, part in parts.items()}
    numbered = {
        (s, t): np.stack(
            [np.searchsorted(few[c], rows[:, n]) for n, c in enumerate((s, t))], axis=1
        )
        for (s, t), rows in known.items()
    }
    folds = split_dictionaries(numbered)
    paths = {code: part.path for code, part in parts.items()}
    grown = {f"grown-{s}.{t}": (paths[s], paths[t], rows) for (s, t), rows in known.items()}
    alone = {
        f"pairwise-{number}-{s}.{t}": (paths[s], paths[t], (few[s], few[t]), *fold)
        for number, each in enumerate(folds)
        for (s, t), fold in each.items()
    }
    starts = tasks.run(grow_pairs, grown, None)
    fitted = tasks.run(fit_pairwise, alone, progress)

    def of_folds(name: str) -> list[dict[Pair, Indices]]:
        return [
            {(s, t): fitted[f"pairwise-{n}-{s}.{t}"].arrays[name] for s, t in known}
            for n in range(len(folds))
        ]

    found = Foundation(
        dict(parts),
        dict(known),
        {(s, t): starts[f"grown-{s}.{t}"].arrays["pairs"] for s, t in known},
        folds,
        of_folds("start"),
        of_folds("induced"),
        {
            (s, t): np.concatenate(
                [fitted[f"pairwise-{n}-{s}.{t}"].arrays["is_correct"] for n in range(len(folds))]
            )
            for s, t in known
        },
        {},
    )
    for pair, rows in known.items():
        held_out = [each[pair].held_out for each in folds]
        measured = validation(found.answers[pair], rows, held_out, len(few[pair[1]]))
        if measured is not None:
            found.pairwise[pair] = measured
    failed = {pair: each for pair, each in found.pairwise.items() if each.failed}
    require_none_failed(failed, allow_failed)
    found.without(failed, "the maps of its dictionaries translate no held-out words")
    for source, target in found.known:
        measured = found.pairwise.get((source, target))
        if measured is None or not measured.decided:
            logger.warning(
                "the map of %s and %s could not be validated: too few pairs (%d) to hold some out",
                source,
                target,
                len(known[source, target]),
            )
    return found


def choose_hub(found: Foundation) -> str:
    """Return the language whose maps with others answer the most held-out words.

    That is the sum of P@1 over its dictionaries; without any, the language whose spectrum is
    nearest to those of the others.
    """
    scores = dict.fromkeys(found.parts, 0.0)
    for pair, measured in found.pairwise.items():
        for code in pair:
            scores[code] += measured.precision
    for pair in found.known:  # dictionaries that are too small to measure
        for code in pair:
            scores[code] += 1e-6
    if not found.known:
        scores = {
            code: -sum(distance(part.spectrum, other.spectrum) for other in found.parts.values())
            for code, part in found.parts.items()
        }
    return max(scores, key=scores.__getitem__)


def join_by_vectors(
    found: Foundation, hub: str, tasks: Tasks, *, allow_failed: bool, progress: Progress | None
) -> None:
    """Join the languages without a dictionary by self-learning with the hub and similar ones.

    Raises
    ------
    AlignmentFailed
        If it fails with all of them, unless that is allowed: then the language is left out.
    """
    joined = {code for pair in found.starts for code in pair} | {hub}
    calls: dict[str, Pair] = {}
    spectra = {code: part.spectrum for code, part in found.parts.items()}
    for code in [code for code in found.parts if code not in joined]:
        for other in most_similar(spectra, code, hub)[:CANDIDATES]:
            if f"learned-{other}.{code}" not in calls:
                calls[f"learned-{code}.{other}"] = code, other
    results = tasks.run(
        self_learn,
        {name: tuple(found.parts[code].path for code in pair) for name, pair in calls.items()},
        progress,
    )
    tried: dict[Pair, object] = {}
    for name, pair in calls.items():
        learned = LearnedPairs.of(results[name])
        tried[pair] = learned.report
        if learned.diagnosis is not None and learned.succeeded:
            found.diagnoses[pair] = learned.diagnosis
            found.starts[pair] = learned.pairs
    island = next(group for group in islands(found.parts, found.starts) if hub in group)
    lost = [code for code in found.parts if code not in island]
    failed = {pair: report for pair, report in tried.items() if {*pair} & {*lost}}
    require_none_failed(failed, allow_failed)
    for code in lost:
        reports = [f"{s} and {t}: {report}" for (s, t), report in failed.items() if code in (s, t)]
        found.leave(code, f"its vectors alone give no map ({'; '.join(reports)})")
