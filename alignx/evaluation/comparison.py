"""Methods side by side on the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from alignx.evaluation.paired_bootstrap import MEASURES
from alignx.support.characters import one_line
from alignx.support.frames import Tabular
from alignx.support.tables import aligned_lines, html_table, latex_table

if TYPE_CHECKING:
    from alignx.evaluation.paired_bootstrap import PairedDifference

__all__ = ["ComparedMethod", "Comparison"]

TITLES = {"p@1": "P@1", "p@5": "P@5", "mrr": "MRR"}


@dataclass(frozen=True)
class ComparedMethod:
    """Figures of one method on the common questions.

    Attributes
    ----------
    name : str
        Name of the method.
    figures : dict of str to float
        ``"p@1"``, ``"p@5"`` and ``"mrr"``, in [0, 1].
    intervals : dict of str to (float, float)
        95 % interval of each figure.
    coverage : float
        Share of all questions that can be answered, in [0, 1].
    difference : PairedDifference, optional
        Difference to the baseline; None for the baseline itself.
    """

    name: str
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    coverage: float
    difference: PairedDifference | None

    def as_dict(self) -> dict[str, Any]:
        """Convert to values for JSON."""
        return {
            **self.figures,
            "intervals": {name: list(bounds) for name, bounds in self.intervals.items()},
            "coverage": self.coverage,
            "difference": None if self.difference is None else self.difference.as_dict(),
        }


@dataclass(frozen=True, repr=False)
class Comparison(Tabular):
    """Methods side by side on the same questions; prints as a table.

    Attributes
    ----------
    methods : tuple of ComparedMethod
        In the order of the reports.
    baseline : str
        Method that the others are compared with.
    measure : {"p@1", "p@5", "mrr"}
        Figure whose differences are tested.
    n : int
        Number of questions, the same for all methods.
    best : dict of str to str
        The method that is significantly better than each other one, by figure; figures without
        such a method are missing.
    resamples : int
        Number of resamples behind intervals and p-values.
    facts : tuple of str
        Ranking and protocol of the questions, and questions left out.
    """

    methods: tuple[ComparedMethod, ...]
    baseline: str
    measure: str
    n: int
    best: dict[str, str]
    resamples: int
    facts: tuple[str, ...]

    def __repr__(self) -> str:
        figures = {each.name: round(each.figures[self.measure], 3) for each in self.methods}
        return f"Comparison({TITLES[self.measure]}, n {self.n:,}: {figures})"

    def records(self) -> list[dict[str, Any]]:
        """Return a row of figures for each method."""
        rows = []
        for each in self.methods:
            row: dict[str, Any] = {"method": each.name, "n": self.n}
            for name, (low, high) in each.intervals.items():
                row |= {name: each.figures[name], f"{name}_low": low, f"{name}_high": high}
            row["coverage"] = each.coverage
            if (found := each.difference) is not None:
                low, high = found.interval
                row |= {"difference": found.value, "low": low, "high": high}
                row |= {"p": found.p, "p_adjusted": found.p_adjusted}
            rows.append(row)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        names = ("baseline", "measure", "n", "best", "resamples")
        return {
            **{name: getattr(self, name) for name in names},
            "facts": list(self.facts),
            "methods": {each.name: each.as_dict() for each in self.methods},
        }

    def _rows(self) -> list[list[str]]:
        """Return the table as text, the first row its head."""
        difference = f"{TITLES[self.measure]} less {one_line(self.baseline)}"
        rows = [["method", *TITLES.values(), "coverage", difference, "p"]]
        for each in self.methods:
            found = each.difference
            rows.append(
                [
                    one_line(each.name),
                    *(_interval(each.figures[name], *each.intervals[name]) for name in MEASURES),
                    f"{each.coverage:.1%}",
                    "" if found is None else str(found),
                    "" if found is None else f"{found.p_adjusted:.4f}",
                ]
            )
        return rows

    @property
    def _explained(self) -> list[str]:
        """Sentences below the table."""
        others = len(self.methods) - 1
        adjusted = (
            f", adjusted for {others} comparisons (Holm); the intervals are not"
            if others > 1
            else ""
        )
        return [
            f"{self.n:,} questions, the same for all methods. {' '.join(self.facts)}",
            f"Figures in percent, differences in points, with 95 % intervals by the paired "
            f"bootstrap over questions ({self.resamples:,} resamples).",
            f"p: two-sided, by the same resamples{adjusted}.",
            f"*: p < 0.05, the method differs from {one_line(self.baseline)}. Without a star these "
            "questions cannot tell the two apart, which does not make them equal.",
        ]

    def __str__(self) -> str:
        return "\n".join([*aligned_lines(self._rows()), *self._explained])

    def _repr_html_(self) -> str:
        paragraphs = (f"<p>{escape(line)}</p>" for line in self._explained)
        return html_table(self._rows()) + "".join(paragraphs)

    def to_latex(self) -> str:
        r"""Return a LaTeX table, which needs ``\usepackage{booktabs}``.

        The best figure of a column is bold only if its method is significantly better than each
        other one.
        """
        rows = self._rows()
        names = [each.name for each in self.methods]
        bold = {
            (1 + names.index(name), 1 + MEASURES.index(measure))
            for measure, name in self.best.items()
        }
        stated = "Bold: better than each other method by the same test." if bold else ""
        return latex_table(rows, " ".join([*self._explained, stated]).rstrip(), bold=bold)


def _interval(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
