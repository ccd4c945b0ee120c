"""Figures of a classifier: accuracy of each class, and its confusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignx.reporting.classifier import ClassifierSection
from alignx.reporting.figures.answers import draw_shares
from alignx.reporting.figures.squares import draw_square
from alignx.reporting.figures.theme import label_of
from alignx.support.arguments import require_instance

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["plot_classes", "plot_confusion"]

SHOWN = 12


def plot_classes(section: ClassifierSection, *, ax: Axes | None = None) -> Axes:
    """Draw the share of right texts of each class, with its 95 % interval.

    Parameters
    ----------
    section : ClassifierSection
        Values of the classifier.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes; ``.figure.savefig("classes.pdf")`` saves the figure.
    """
    require_instance(section, ClassifierSection, "section")
    return draw_shares(section.by_class, "texts predicted right, with 95 % interval", ax)


def plot_confusion(section: ClassifierSection, *, ax: Axes | None = None) -> Axes:
    """Draw the number of texts of each true class by predicted class.

    Parameters
    ----------
    section : ClassifierSection
        Values of the classifier. Of more than 12 classes, those with the most errors are drawn.
    ax : Axes, optional
        Axes to draw on; those of a new figure unless given.

    Returns
    -------
    Axes
        The axes, darker for larger shares of a true class.

    Examples
    --------
    >>> from alignx.evaluation.accuracy import Accuracy
    >>> from alignx.reporting.classifier import ClassifierSection
    >>> right = Accuracy.of_ranks(np.array([1, 2]))
    >>> confusion = np.array([[1, 1], [0, 2]])
    >>> axes = plot_confusion(ClassifierSection(("a", "b"), confusion, right, {}, {}, {}, ()))
    >>> [text.get_text() for text in axes.texts]
    ['1', '1', '2']
    """
    require_instance(section, ClassifierSection, "section")
    errors = section.confusion.sum(axis=0) + section.confusion.sum(axis=1)
    errors -= 2 * section.confusion.diagonal()
    chosen = np.sort(np.argsort(-errors, kind="stable")[:SHOWN])
    counts = section.confusion[np.ix_(chosen, chosen)]
    names = [label_of(section.classes[row]) for row in chosen]
    shares = counts / np.maximum(section.confusion[chosen].sum(axis=1, keepdims=True), 1)
    texts = [[f"{count:,}" if count else "" for count in row] for row in counts.tolist()]
    ax = draw_square(shares, texts, names, ax)
    ax.set(xlabel="predicted class", ylabel="true class")
    return ax
