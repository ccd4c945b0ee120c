"""Figures as SVG inside a page, without styles of their own."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from alignx.reporting.figures.theme import COLORS, STYLE, any_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from matplotlib.figure import Figure

__all__ = ["inline_svg"]

NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
VARIABLES = {color.light: f"var({color.variable}, {color.light})" for color in COLORS}
REFERENCE = re.compile(r"#([\w.-]+)(?=\)|$)")


def inline_svg(figure: Figure, title: str, description: str, prefix: str) -> str:
    """Write a figure as an SVG element for an HTML page.

    Parameters
    ----------
    figure : Figure
        Any figure of matplotlib.
    title, description : str
        Name of the figure, and its text alternative.
    prefix : str
        Start of every id, different for each figure of a page.

    Returns
    -------
    str
        The same for the same figure. Texts are real texts in the font of the page. Colors are the
        CSS variables ``--figure-ink``, ``--figure-muted``, ``--figure-grid``, ``--source`` and
        ``--target``, light ones where the page does not set them. There are no style attributes,
        so that the Content-Security-Policy of the page may forbid them.

    Examples
    --------
    >>> import numpy as np
    >>> from alignx.reporting.figures.vectors import plot_singular_values
    >>> axes = plot_singular_values((np.ones(3), np.ones(3)))
    >>> svg = inline_svg(axes.figure, "Singular values", "All are 1.", "values")
    >>> svg[:4], "style=" in svg, "All are 1." in svg
    ('<svg', False, True)
    """
    root = ElementTree.fromstring(NOT_IN_XML.sub("", _saved(figure)))
    _drop(root, ("metadata", "style"))
    used = {element.get("id") for element in root.iter()} & set(_references(root))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _restyle(element, used, prefix)
    names = {"title": title, "desc": description}
    for position, (tag, text) in enumerate(names.items()):
        child = ElementTree.Element(tag, {"id": f"{prefix}-{tag}"})
        child.text = NOT_IN_XML.sub("", text)
        root.insert(position, child)
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "figure",
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": " ".join(f"{prefix}-{tag}" for tag in names),
        "stroke-linejoin": "round",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _saved(figure: Figure) -> str:
    import matplotlib as mpl

    buffer = io.StringIO()
    style = {**STYLE, "svg.fonttype": "none", "svg.hashsalt": "alignx"}
    with mpl.rc_context(style), any_script():  # for which the browser has fonts
        figure.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None})
    return buffer.getvalue()


def _drop(element: Element, tags: tuple[str, ...]) -> None:
    """Remove elements by tag, and what is empty then or draws nothing."""
    for child in [*element]:
        _drop(child, tags)
        name = child.tag.rpartition("}")[2]
        is_empty = name in ("g", "defs") and not len(child)
        if name in tags or is_empty or child.get("style") == "fill: none":
            element.remove(child)
        child.tail = None
    if len(element):
        element.text = None


def _references(root: Element) -> Iterator[str]:
    for element in root.iter():
        for value in element.attrib.values():
            yield from REFERENCE.findall(value)


def _restyle(element: Element, used: set[str | None], prefix: str) -> None:
    """Turn styles into attributes, colors into variables; prefix ids, or drop unused ones."""
    style = element.attrib.pop("style", "")
    attributes = {
        **element.attrib,
        **dict(part.split(": ", 1) for part in style.split("; ") if part),
    }
    attributes.pop("font-family", None)  # that of the page
    identity = attributes.pop("id", None)
    element.attrib = {
        name.rpartition("}")[2]: _value(value, used, prefix) for name, value in attributes.items()
    }
    if identity in used:
        element.attrib["id"] = f"{prefix}-{identity}"


def _value(value: str, used: set[str | None], prefix: str) -> str:
    if value in VARIABLES:
        return VARIABLES[value]
    prefixed = REFERENCE.sub(lambda m: f"#{prefix}-{m[1]}" if m[1] in used else m[0], value)
    return " ".join(prefixed.split())
