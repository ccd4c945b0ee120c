"""Type checks of arguments, with advice in the message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = [
    "require_callable",
    "require_fraction",
    "require_instance",
    "require_optional",
    "require_ordered",
    "require_whole",
    "require_words",
    "shown",
]

_PLAIN = (str, bytes, int, float, Mapping, tuple, list, set, frozenset)
_WAYS = {
    "Alignment": "alignx.align(source, target) fits one, alignx.Alignment.load(path) reads one",
    "Embeddings": "alignx.load(path) reads a file",
    "LabeledTexts": "alignx.LabeledTexts.load(path) reads a file",
    "Lexicon": "alignx.Lexicon.load(path) reads a file, alignx.Lexicon(pairs) takes a list or dict",
    "SharedSpace": "alignment.apply(source, target) gives one; alignx.SharedSpace.of(source, "
    "target) joins vectors that share a space already",
}


def require_instance(value: object, kind: type, name: str) -> None:
    """Refuse a value of another class; name functions for its creation."""
    if isinstance(value, kind):
        return
    way = f"; {_WAYS[kind.__name__]}" if kind.__name__ in _WAYS else ""
    raise TypeError(f"{name} must be of class {kind.__name__}, got {shown(value)}{way}")


def require_whole(value: object, name: str) -> None:
    """Refuse anything but a whole number; True and False are none.

    Examples
    --------
    >>> require_whole("3", "k")
    Traceback (most recent call last):
        ...
    TypeError: k must be a whole number, got str '3'
    """
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")


def require_fraction(value: object, name: str) -> None:
    """Refuse anything but a number in [0, 1]."""
    if isinstance(value, bool) or not hasattr(type(value), "__float__"):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    if not 0 <= value <= 1:  # type: ignore[operator]  # a number
        raise ValueError(f"{name} must lie in [0, 1], got {value}")


def require_optional(value: object, kind: type, name: str) -> None:
    """Refuse a value of another class; None passes."""
    if value is not None:
        require_instance(value, kind, name)


def require_callable(value: object, name: str) -> None:
    """Refuse anything but a function or None."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function, got {shown(value)}")


def require_ordered(values: object, name: str) -> None:
    """Refuse a string or an unordered collection in place of a sequence."""
    if isinstance(values, str | bytes):
        kind = "string" if isinstance(values, str) else "bytes"
        raise TypeError(f"{name} must be a sequence of strings, got the {kind} {values[:50]!r}")
    if isinstance(values, set | frozenset) or not isinstance(values, Iterable):
        advice = "; pass its texts and its labels" if hasattr(values, "texts") else ""
        raise TypeError(f"{name} must be in order, such as in a list, got {shown(values)}{advice}")


def require_words(values: object, name: str) -> None:
    """Refuse anything but a collection of strings, except iterators."""
    if isinstance(values, str | bytes):
        raise TypeError(f"{name} must be a sequence of words, got the string {values[:50]!r}")
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence of words, got {shown(values)}")
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{name} must be strings, got {shown(value)}")


def shown(value: object) -> str:
    """Describe a value by its class and the beginning of its text."""
    text = " ".join(repr(value).split()) if isinstance(value, _PLAIN) else ""
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}".strip()
