"""Figures of a share for each row and column: a square of shaded numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.evaluation.accuracy_matrix import AccuracyMatrix
from alignx.reporting.figures.theme import SOURCE, drawing, label_of, language_label
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from alignx.support.arrays import Double

__all__ = ["NAMED", "draw_square", "plot_accuracy_matrix"]

DARKEST = 0.5  # numbers stay readable on it
NAMED = 8  # languages with their names; more have their codes


def plot_accuracy_matrix(
    matrix: AccuracyMatrix, *, without_known: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw P@1 from the language of each row into that of each column, in percent.

    Parameters
    ----------
    matrix : AccuracyMatrix
        Result of `evaluate_many`. Pairs without a test dictionary stay empty.
    without_known : bool
        Leave out questions with an answer that a map was fitted on.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes, darker for better pairs; ``.figure.savefig("accuracy.pdf")`` saves the figure.

    Examples
    --------
    >>> import alignx as ax
    >>> words = ax.Embeddings(["cat", "dog"], [[1, 0], [0, 1]])
    >>> space = ax.SharedSpace({"en": words, "sv": words})
    >>> matrix = ax.evaluate_many(space, {("en", "sv"): [("cat", "cat")]}, n_neighbors=1)
    >>> [text.get_text() for text in plot_accuracy_matrix(matrix).texts]
    ['100']
    """
    require_instance(matrix, AccuracyMatrix, "matrix")
    codes = matrix.languages
    shares = np.zeros((len(codes), len(codes)))
    texts = [[""] * len(codes) for _ in codes]
    for source, target in matrix.reports:
        accuracy = matrix.accuracy(source, target, is_new=without_known)
        if accuracy is not None and accuracy.n:
            row, column = codes.index(source), codes.index(target)
            shares[row, column] = accuracy.precision[1]
            texts[row][column] = f"{100 * accuracy.precision[1]:.0f}"
    label = language_label if len(codes) <= NAMED else label_of
    ax = draw_square(shares, texts, [label(code) for code in codes], ax)
    ax.set(xlabel="target", ylabel="source")
    return ax


def draw_square(
    shares: Double, texts: Sequence[Sequence[str]], names: Sequence[str], ax: Axes | None
) -> Axes:
    """Draw a text for each row and column on a shade by its share in [0, 1]."""
    with drawing(ax, 2.2 + 0.32 * len(names), grid="none") as ax:
        from matplotlib.colors import to_rgba_array

        colors = to_rgba_array([SOURCE] * shares.size, DARKEST * shares.ravel())
        ax.pcolormesh(colors.reshape(*shares.shape, 4))
        for row, line in enumerate(texts):
            for column, text in enumerate(line):
                if text:
                    ax.text(column + 0.5, row + 0.5, text, ha="center", va="center")
        middles = np.arange(len(names)) + 0.5
        ax.set_yticks(middles, names, parse_math=False)
        ax.set_xticks(middles, names, parse_math=False, rotation=90)
        ax.invert_yaxis()
    return ax
