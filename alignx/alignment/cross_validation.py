"""Cross-validation of strategies on a lexicon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.alignment.cross_fit import CrossFit
from alignx.errors import EmptyLexiconError
from alignx.support.frames import Tabular
from alignx.support.progress import Progress, part_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.fit_context import FitSpec
    from alignx.support.arrays import Double, Indices

__all__ = ["CandidateScore", "Choice", "cross_validate"]


@dataclass(frozen=True, eq=False)
class CandidateScore:
    """Accuracy of a candidate on held-out words.

    Attributes
    ----------
    spec : FitSpec
        Aligner, not fitted, its rounds of refinement, and whether self-learning comes first.
    precision, n : float, int
        P@1 by CSLS in [0, 1], and number of queries; NaN and 0 for one that could not be fitted.
    behind : float
        Difference of `precision` to that of the choice, at least 0.
    standard_error, behind_error : float
        Standard errors. All candidates answer the same queries, so `behind_error` is the smaller.
    reason : str, optional
        Why the candidate could not be fitted.
    """

    spec: FitSpec
    precision: float = math.nan
    n: int = 0
    standard_error: float = math.nan
    behind: float = math.nan
    behind_error: float = math.nan
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes for ``--json``; NaN is None, since JSON has none."""
        figures = {name: value for name, value in vars(self).items() if name != "spec"}
        facts = {**self.spec.facts(), **figures}
        return {name: None if value != value else value for name, value in facts.items()}

    def _cells(self) -> str:
        if self.reason is not None:
            return f"  not fitted: {self.reason}"
        precision, error = 100 * self.precision, 100 * self.standard_error
        behind, behind_error = 100 * self.behind, 100 * self.behind_error
        return f"{precision:5.1f} {error:4.1f}   {behind:6.1f} {behind_error:4.1f}"


@dataclass(frozen=True, eq=False)
class Choice(Tabular):
    """The strategy with the best cross-validated P@1; prints as a table.

    Attributes
    ----------
    spec : FitSpec
        Aligner, not fitted, its rounds of refinement, and whether self-learning comes first.
    scores : tuple of CandidateScore
        Every candidate, best first; those that could not be fitted come last.
    """

    spec: FitSpec
    scores: tuple[CandidateScore, ...]

    def __repr__(self) -> str:
        return f"Choice({self.spec}, {len(self.scores)} candidates)"

    @property
    def reason(self) -> str:
        """The strategy and the evidence for it, in one line."""
        asked = [score for score in self.scores if score.n]
        best = asked[0]
        text = f"{self.spec}: P@1 {100 * best.precision:.1f} on {best.n:,} held-out words"
        if len(asked) > 1:
            behind = 100 * asked[1].behind
            text += f", the best of {len(asked)} strategies by {behind:.1f}"
        return text

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each candidate."""
        return [score.as_dict() for score in self.scores]

    def as_dict(self) -> dict[str, Any]:
        """Return the choice and its candidates for ``--json``."""
        return {**self.spec.facts(), "candidates": self.records()}

    def __str__(self) -> str:
        names = [str(score.spec) for score in self.scores]
        width = max(map(len, names))
        head = f"{'':{width}}   P@1  +/-   behind  +/-"
        lines = [f"{n:{width}} {s._cells()}" for n, s in zip(names, self.scores, strict=True)]
        foot = (
            f"chosen: {self.spec}, by the first answers for {self.scores[0].n} held-out words; "
            "+/- is one standard error"
        )
        return "\n".join([head, *lines, foot])


def cross_validate(
    candidates: Sequence[FitSpec],
    pairs: Indices,
    *,
    folds: int | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> tuple[Choice, CrossFit]:
    """Choose the candidate with the best P@1 on held-out words, and return its fits.

    Of equal candidates the first is chosen.

    Raises
    ------
    EmptyLexiconError
        If no candidate can be fitted on the pairs without a fold.
    """
    tried = []
    for number, spec in enumerate(candidates):
        share = part_of(progress, number / len(candidates), 1 / len(candidates))
        try:
            fits = CrossFit.of(spec, pairs, folds, random_state, share)
        except ValueError as error:
            tried.append(_Candidate(spec, reason=str(error)))
        else:
            tried.append(_Candidate(spec, fits))
    ranked = sorted(tried, key=lambda candidate: -candidate.hits)
    best = ranked[0]
    if best.fits is None:
        raise EmptyLexiconError(
            "a map must be fitted on the pairs without a part of them, got none: "
            f"{best.reason}; use a dictionary of more words with different translations"
        )
    scores = tuple(candidate.score(best.fits) for candidate in ranked)
    return Choice(best.spec, scores), best.fits


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A strategy and its fits, or the reason why there are none."""

    spec: FitSpec
    fits: CrossFit | None = None
    reason: str | None = None

    @property
    def hits(self) -> int:
        """Correct answers; -1 without fits."""
        return -1 if self.fits is None else int(self.fits.is_correct.sum())

    def score(self, best: CrossFit) -> CandidateScore:
        """Compare with the best candidate."""
        if self.fits is None:
            return CandidateScore(self.spec, reason=self.reason)
        is_correct = self.fits.is_correct.astype(np.float64)
        behind = best.is_correct - is_correct
        return CandidateScore(
            self.spec,
            float(is_correct.mean()),
            len(is_correct),
            _standard_error(is_correct),
            float(behind.mean()),
            _standard_error(behind),
        )


def _standard_error(values: Double) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
