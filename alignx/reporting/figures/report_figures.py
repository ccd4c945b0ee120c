"""All figures of a report, in the order of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.reporting.figures.of_alignment import alignment_figures
from alignx.reporting.figures.of_classifier import classifier_figures
from alignx.reporting.figures.of_languages import language_figures

if TYPE_CHECKING:
    from alignx.reporting.contents import Contents
    from alignx.reporting.figures.entry import ReportFigure

__all__ = ["figures_of"]


def figures_of(report: Contents) -> list[ReportFigure]:
    """Draw every figure that the values of a report allow, in the order of the page.

    Parameters
    ----------
    report : Contents
        Values that are None or empty give no figure.

    Returns
    -------
    list of ReportFigure
        The map of words is not among them: the page draws one to search in.

    Examples
    --------
    >>> import numpy as np
    >>> from alignx.reporting.contents import Contents
    >>> values = (np.ones(3), np.ones(3))
    >>> [figure] = figures_of(Contents("A to B", ("a", "b"), singular_values=values))
    >>> figure.name, figure.caption
    ('stretching', 'The maps stretch all directions alike: they only rotate.')
    """
    found = [*alignment_figures(report)]
    if report.prospects is not None:
        found += language_figures(report.prospects)
    if report.classifier is not None:
        found += classifier_figures(report.classifier)
    return found
