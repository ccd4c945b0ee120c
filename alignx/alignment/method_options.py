"""Which options of `align` belong to which method: what a method does not use is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.mapping import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRESETS", "UNSUPERVISED", "refuse_unused", "require_valid"]

UNSUPERVISED = ("self_learning", "adversarial")
PRESETS = ("fast", "muse")

_FROM_PAIRS = (*METHODS, "auto")
# Options that are not here belong to every method.
_METHODS_OF = {
    "calibrate": _FROM_PAIRS,
    "preset": ("adversarial",),
    "restarts": ("adversarial",),
    "n_jobs": ("adversarial",),
    "checkpoint": ("adversarial",),
}


def refuse_unused(
    method: str, given: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> None:
    """Refuse options that a method does not use.

    Parameters
    ----------
    method : str
        Of `align`.
    given : mapping of str to object
        Options by name; None for one that was not given.
    names : mapping of str to str, optional
        What the message calls them, if not by these names.

    Raises
    ------
    ValueError
        If one was given that has no effect.

    Examples
    --------
    >>> refuse_unused("cca", {"restarts": 3})
    Traceback (most recent call last):
        ...
    ValueError: restarts belongs to method adversarial and has no effect on cca: leave it out
    """
    for name, value in given.items():
        if value is None:
            continue
        called = (names or {}).get(name, name)
        methods = _METHODS_OF.get(name)
        if methods is not None and method not in methods:
            noun = "method" if len(methods) == 1 else "methods"
            raise ValueError(
                f"{called} belongs to {noun} {', '.join(methods)} and has no effect on {method}: "
                "leave it out"
            )


def require_valid(given: Mapping[str, Any]) -> None:
    """Refuse values that are out of range, whether or not they count.

    Raises
    ------
    ValueError
        If one is; None is always right.
    """
    least = {"refinement": 0, "vocabulary": 1, "n_neighbors": 1, "restarts": 1, "n_jobs": 1}
    for name, bound in least.items():
        value = given.get(name)
        if value is not None and value < bound:
            raise ValueError(f"{name} must be at least {bound}, got {value}")
    preset = given.get("preset")
    if preset is not None and preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}")
