"""Methods of `align`, by their names on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, get_args

from alignx.alignment.model_selection import Auto
from alignx.alignment.unsupervised.adversarial import Adversarial
from alignx.alignment.unsupervised.adversarial_settings import Preset
from alignx.alignment.unsupervised.self_learning import SelfLearning
from alignx.mapping import METHODS as ALIGNERS
from alignx.mapping import Aligner, method_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METHODS", "PRESETS", "UNSUPERVISED", "Method", "as_method"]

Method: TypeAlias = Aligner | Auto | SelfLearning | Adversarial

UNSUPERVISED: Mapping[str, type[SelfLearning | Adversarial]] = {
    "self_learning": SelfLearning,
    "adversarial": Adversarial,
}
METHODS: Mapping[str, type[Method]] = {"auto": Auto, **ALIGNERS, **UNSUPERVISED}
PRESETS = get_args(Preset)


def as_method(method: str | Method | None, *, has_lexicon: bool) -> Method:
    """Return the estimator of a method, or raise ValueError if it does not fit the lexicon."""
    if method is None:
        method = "auto" if has_lexicon else "self_learning"
    estimator = METHODS[method]() if isinstance(method, str) and method in METHODS else method
    method_name(estimator, METHODS)  # raises for a class that could not be saved
    assert not isinstance(estimator, str)
    for member in getattr(estimator, "members", None) or ():
        method_name(member)
    if not has_lexicon and isinstance(estimator, Aligner | Auto):
        names = " or ".join(UNSUPERVISED)
        raise ValueError(f"method must be {names} where there is no lexicon, got {method!r}")
    if has_lexicon and isinstance(estimator, Adversarial):
        raise ValueError(
            f"method must use the lexicon where there is one, got {method!r}; self_learning does"
        )
    return estimator
