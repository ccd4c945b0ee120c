"""Tables of text: plain, Markdown, HTML and LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.support.characters import one_line

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

__all__ = ["aligned_lines", "escape_latex", "html_table", "latex_table", "markdown_table"]

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
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")


def escape_latex(text: str) -> str:
    r"""Escape text for LaTeX, on one line.

    Examples
    --------
    >>> print(escape_latex("50 % of\nmy_words, -3 [-4, -2]"))
    50 \% of my\_words, $-$3 [$-$4, $-$2]
    """
    return _MINUS.sub("$-$", one_line(text).translate(_ESCAPED))


def aligned_lines(rows: Sequence[Sequence[str]], *, right: Container[int] = ()) -> list[str]:
    """Format rows of cells as lines of plain text, with some columns aligned to the right.

    Examples
    --------
    >>> aligned_lines([["cca", "9.1"], ["rcsls", "12.0"]], right=[1])
    ['cca     9.1', 'rcsls  12.0']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Format rows of cells, the first as its head, as a Markdown table.

    Examples
    --------
    >>> print(markdown_table([["method", "P@1"], ["cca", "65.7"]]))
    | method | P@1 |
    | --- | --: |
    | cca | 65.7 |
    """
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"| --- |{' --: |' * (len(rows[0]) - 1)}", *body])


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """Format rows of cells, the first as its head, as an escaped HTML table."""
    import pandas as pd

    head, *body = rows
    return str(pd.DataFrame(body, columns=head).to_html(index=False))


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
            f"\\textbf{{{escape_latex(text)}}}" if (i, j) in bold else escape_latex(text)
            for j, text in enumerate(row)
        ]
        for i, row in enumerate(rows)
    ]
    head, *body = (f"{' & '.join(row)} \\\\" for row in cells)
    columns = "l" + "r" * (len(rows[0]) - 1)
    lines = [r"\begin{table}", r"\centering", f"\\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, f"\\caption{{{escape_latex(caption)}}}", r"\end{table}"])
