"""Figure of words of both languages on a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.figures.theme import (
    MUTED,
    SOURCE,
    TARGET,
    any_script,
    drawing,
    label_of,
    legend_above,
    require_numbers,
)
from alignx.reporting.word_map import WordMap
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox


__all__ = ["plot_words"]

HEIGHT = 4.8
POINTS = 250


def plot_words(word_map: WordMap, *, n_labels: int = 40, ax: Axes | None = None) -> Axes:
    """Draw frequent words of both languages, with lines between translations.

    Parameters
    ----------
    word_map : WordMap
        Places of the words. The 250 most frequent of each language are drawn.
    n_labels : int
        Translations whose words are written, at least 0; fewer where labels would overlap.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("words.pdf")`` saves the figure.

    Raises
    ------
    ValueError
        If `n_labels` is negative, or a place is NaN or infinite.

    Examples
    --------
    >>> from alignx.reporting.word_map import WordMap
    >>> places = np.array([[0, 0], [1, 1]], dtype=np.float32)
    >>> pairs = np.array([[0, 0], [1, 1]])
    >>> words = WordMap(["cat", "sun"], ["gato", "sol"], places, places + 0.5, pairs, "PCA")
    >>> [text.get_text() for text in plot_words(words).texts]
    ['cat', 'gato', 'sun', 'sol']
    """
    require_instance(word_map, WordMap, "word_map")
    from matplotlib.collections import LineCollection

    if n_labels < 0:
        raise ValueError(f"n_labels must be at least 0, got {n_labels}")
    sides = (
        (word_map.source, word_map.source_points, SOURCE, "o", "source"),
        (word_map.target, word_map.target_points, TARGET, "^", "target"),
    )
    places = [require_numbers(points[:POINTS], "points") for _, points, *_ in sides]
    links = word_map.links[(word_map.links < POINTS).all(axis=1)]
    links = links[np.argsort(links.sum(axis=1), kind="stable")]
    with drawing(ax, HEIGHT, grid="none") as ax:
        lines = np.stack([places[side][links[:, side]] for side in (0, 1)], axis=1)
        ax.add_collection(LineCollection(lines, colors=MUTED, linewidths=0.6, alpha=0.5))
        for (_, _, color, marker, name), points in zip(sides, places, strict=True):
            ax.plot(*points.T, marker, color=color, markersize=3, alpha=0.6, label=name)
        labels = [
            ax.annotate(
                label_of(words[row]),
                points[row],
                xytext=(3, rise),
                textcoords="offset points",
                color=color,
                va="bottom" if rise > 0 else "top",
                parse_math=False,
            )
            for pair in links[:n_labels].tolist()
            for row, points, (words, _, color, *_), rise in zip(
                pair, places, sides, (1, -1), strict=True
            )
        ]
        ax.set(xticks=[], yticks=[], xlabel=f"places by {word_map.projection}")
        legend_above(ax)
        _drop_overlapping(ax, labels)
    return ax


def _drop_overlapping(ax: Axes, labels: Sequence[Text]) -> None:
    """Remove labels that would cover an earlier one."""
    with any_script():
        ax.get_figure(root=True).draw_without_rendering()
        boxes = [label.get_window_extent() for label in labels]
    kept: list[Bbox] = []
    for label, box in zip(labels, boxes, strict=True):
        if box.count_overlaps(kept):
            label.remove()
        else:
            kept.append(box)
