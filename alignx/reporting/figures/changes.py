"""Figure of the words that changed most between time slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.theme import (
    INK,
    MUTED,
    SIZE,
    TARGET,
    drawing,
    label_of,
    legend_above,
    require_numbers,
)
from alignx.semantic_change.result import Drift
from alignx.support.arguments import require_fraction, require_instance, require_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["plot_drift"]

PER_CHARACTER = 0.08  # inches of the neighbors, which make a new figure wider


def plot_drift(
    drift: Drift, *, topn: int = 20, n_neighbors: int = 2, q: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Draw the most changed words with their scores, and their neighbors then and now.

    Parameters
    ----------
    drift : Drift
        Result of `alignx.drift` or `drift_of_texts`. After a permutation test, words with a q-value
        above `q` are hollow.
    topn : int
        Words to draw, at least 1.
    n_neighbors : int
        Neighbors to write of the first slice and of the last one, at least 0.
    q : float
        False discovery rate in [0, 1].
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given. The neighbors stand right of them.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("drift.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> import alignx as ax
    >>> rng = np.random.default_rng(0)
    >>> words = [f"w{row}" for row in range(50)]
    >>> then = rng.standard_normal((50, 8))
    >>> now = np.where(np.arange(50)[:, None] == 7, -then, then)
    >>> drift = ax.drift({"1900": ax.Embeddings(words, then), "2000": ax.Embeddings(words, now)})
    >>> plot_drift(drift, topn=3).get_yticklabels()[0].get_text()
    'w7'
    """
    require_instance(drift, Drift, "drift")
    for name, value, least in (("topn", topn, 1), ("n_neighbors", n_neighbors, 0)):
        require_whole(value, name)
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    require_fraction(q, "q")
    words = drift.words[:topn]
    scores = require_numbers(drift.scores[:topn], "scores")
    rows = np.arange(len(words))
    texts = _neighbors(drift, len(words), n_neighbors) if n_neighbors else []
    is_new = ax is None
    with drawing(ax, 1.3 + 0.27 * len(words), grid="x") as ax:
        if is_new and texts:
            ax.figure.set_figwidth(SIZE[0] + PER_CHARACTER * max(map(len, texts)))
        ax.hlines(rows, 0, scores, colors=MUTED, linewidth=1)
        if drift.test is None:
            ax.plot(scores, rows, "o", color=TARGET)
        else:
            called = drift.test.q_values[:topn] <= q
            for some, face, label in (
                (called, TARGET, f"q ≤ {q:g}"),
                (~called, "white", f"q > {q:g}"),
            ):
                ax.plot(scores[some], rows[some], "o", color=TARGET, mfc=face, label=label)
            legend_above(ax)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(rows, [label_of(word) for word in words], parse_math=False)
        ax.set(ylim=(len(words) - 0.5, -0.5), xlabel="change beyond words of like frequency")
        for row, text in enumerate(texts, start=-1):
            where, color = ax.get_yaxis_transform(), MUTED if row < 0 else INK
            ax.text(1.03, row, text, transform=where, color=color, va="center", size="small")
    return ax


def _neighbors(drift: Drift, n_words: int, n_neighbors: int) -> list[str]:
    """Write a head, and for each word its neighbors in the first and the last slice."""
    pairs = [
        (" ".join(near[0][:n_neighbors]), " ".join(near[-1][:n_neighbors]))
        for near in drift.neighbors[:n_words]
    ]
    head = f"neighbors {label_of(drift.slices[0])} → {label_of(drift.slices[-1])}"
    return [head, *(f"{label_of(then)} → {label_of(now)}" for then, now in pairs)]
