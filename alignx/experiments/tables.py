"""Tables of a grid: methods x pairs of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alignx.experiments.significance import MEAN, RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from alignx.experiments.significance import Family

__all__ = ["GridTable"]

WIDE = 6  # more pairs than these become rows


class GridTable(NamedTuple):
    """Table of methods x pairs; `bold` holds row and column of the best methods."""

    caption: str
    rows: list[list[str]]
    bold: set[tuple[int, int]]

    @classmethod
    def of_figure(
        cls, frame: DataFrame, column: str, unit: str, caption: str, best: set[tuple[str, str]]
    ) -> GridTable:
        """Lay out one figure; `best` holds label and pair of methods that beat all others."""
        labels, pairs = list(frame["label"].unique()), list(frame["pair"].unique())
        by_cell = frame.groupby(["label", "pair"], sort=False)
        texts = {key: _text(group, column) for key, group in by_cell}
        means = 100 * by_cell[column].mean()
        seconds = frame.groupby("label")["seconds"].mean()
        rows = [["method", *pairs, MEAN, "fit"]]
        for label in labels:
            found = means[label].dropna()
            fit = "" if found.empty else f"{seconds[label]:.1f} s"
            of_pairs = [texts[label, pair] for pair in pairs]
            rows.append([label, *of_pairs, _mean(found, len(pairs)), fit])
        tested = frame[frame["failed"].isna()].drop_duplicates("pair").set_index("pair")
        questions = {
            pair: f"{row['n']:,}, {row['coverage']:.1%}" for pair, row in tested.iterrows()
        }
        rows.append(
            [f"test {unit}, coverage", *(questions.get(pair, "") for pair in pairs), "", ""]
        )
        columns = [*pairs, MEAN]
        bold = {(1 + labels.index(label), 1 + columns.index(pair)) for label, pair in best}
        return cls(caption, rows, bold).turned(len(pairs))

    @classmethod
    def of_differences(cls, family: Family) -> GridTable:
        """Lay out the differences to the baseline."""
        found = family.differences()
        labels = dict.fromkeys(label for of_pair in found.values() for label in of_pair)
        rows = [["method", *found]]
        rows += [
            [label, *(str(of_pair.get(label, "")) for of_pair in found.values())]
            for label in labels
        ]
        rows.append(["questions", *(f"{family.n[pair]:,}" for pair in found)])
        caption = (
            f"Difference of P@1 to {family.baseline} in points, on the same questions, with its "
            f"95 % interval by the paired bootstrap over questions ({RESAMPLES:,} resamples). "
            f"*: p < 0.05, two-sided, adjusted for the methods of a pair (Holm)."
        )
        return cls(caption, rows, set()).turned(len(found))

    def turned(self, pairs: int) -> GridTable:
        """Make rows of the pairs if there are many."""
        if pairs <= WIDE:
            return self
        rows = [list(column) for column in zip(*self.rows, strict=True)]
        rows[0][0] = "pair"
        return self._replace(rows=rows, bold={(j, i) for i, j in self.bold})


def _text(cell: DataFrame, column: str) -> str:
    """Return the figure of one method on one pair, over all seeds."""
    values = 100 * cell[column].dropna()
    if values.empty:
        return "failed"
    text = f"{values.mean():.1f}"
    if len(cell) > 1:
        text += f" ({values.min():.1f} to {values.max():.1f})"
    elif column.endswith("p@1"):
        low, high = (100 * cell[f"{column}_{end}"].iloc[0] for end in ("low", "high"))
        text += f" [{low:.1f}, {high:.1f}]"
    if len(values) < len(cell):
        text += f", {len(cell) - len(values)} of {len(cell)} failed"
    return text


def _mean(means: Sequence[float], pairs: int) -> str:
    """Return the mean over pairs, and their number if some failed."""
    if not len(means):
        return ""
    share = "" if len(means) == pairs else f" ({len(means)} of {pairs})"
    return f"{sum(means) / len(means):.1f}{share}"
