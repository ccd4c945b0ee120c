"""Pairs of languages whose maps have failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alignx.errors import AlignmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FailedPairs", "require_none_failed"]

ADVICE = "check that each dictionary and its languages belong together, use more pairs"
LEAVE_OUT = "leave out the languages that nothing else joins"


@dataclass(frozen=True)
class FailedPairs:
    """Reports of the pairs of languages that failed: a `Validation`, `Diagnosis` or text each."""

    reports: Mapping[tuple[str, str], Any]

    def __str__(self) -> str:
        return "; ".join(f"{s}-{t} ({report})" for (s, t), report in self.reports.items())

    def as_dict(self) -> dict[str, Any]:
        """Return the reports for ``--json``."""
        return {
            f"{s}-{t}": report if isinstance(report, str) else report.as_dict()
            for (s, t), report in self.reports.items()
        }


def require_none_failed(
    reports: Mapping[tuple[str, str], Any],
    allow: bool,
    effect: str = LEAVE_OUT,
    advice: str = ADVICE,
) -> None:
    """Raise AlignmentFailed with all pairs that failed, unless that is allowed."""
    if reports and not allow:
        way_out = f"{advice}, or allow_failed (--allow-failed) to {effect}"
        raise AlignmentFailed(FailedPairs(reports), way_out)
