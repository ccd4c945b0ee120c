"""Tables for LaTeX, with the lines of booktabs."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

__all__ = ["escape", "latex_table"]

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
)


def escape(text: str) -> str:
    r"""Escape text for LaTeX, on one line and without control characters.

    Examples
    --------
    >>> print(escape("50 % of\nmy_words"))
    50 \% of my\_words
    """
    spaced = " ".join(text.split())
    shown = "".join(c for c in spaced if not unicodedata.category(c).startswith("C"))
    return shown.translate(_ESCAPED)


def latex_table(
    rows: Sequence[Sequence[str]], caption: str, *, bold: Container[tuple[int, int]] = ()
) -> str:
    r"""Format rows of cells, the first as its head, as a LaTeX table.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, not escaped.
    caption : str
        Text below the table, not escaped.
    bold : container of (int, int)
        Row and column of the cells in bold.

    Notes
    -----
    The document needs ``\usepackage{booktabs}``.

    Examples
    --------
    >>> print(latex_table([["method", "P@1"], ["a_b", "65.7"]], "Of 9 words.", bold={(1, 1)}))
    \begin{table}
    \centering
    \begin{tabular}{lr}
    \toprule
    method & P@1 \\
    \midrule
    a\_b & \textbf{65.7} \\
    \bottomrule
    \end{tabular}
    \caption{Of 9 words.}
    \end{table}
    """
    cells = [
        [
            f"\\textbf{{{escape(text)}}}" if (i, j) in bold else escape(text)
            for j, text in enumerate(row)
        ]
        for i, row in enumerate(rows)
    ]
    head, *body = (f"{' & '.join(row)} \\\\" for row in cells)
    columns = "l" + "r" * (len(rows[0]) - 1)
    lines = [r"\begin{table}", r"\centering", f"\\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, f"\\caption{{{escape(caption)}}}", r"\end{table}"]) + "\n"
