"""Requirements of strategies, checked before training: packages and unlabeled texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.classification.strategies import STRATEGIES, as_strategy
from alignx.errors import MissingDependencyError
from alignx.support.packages import install, is_installed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.classification.task import Strategy

__all__ = ["ALL", "missing_requirements", "require_all", "runnable_strategies"]

ALL = "all"


def missing_requirements(
    strategy: str | Strategy,
    *,
    head: Any = "logistic",  # noqa: ANN401
    without: Sequence[str] = (),
) -> list[str]:
    """List the missing requirements of a strategy, its teachers and members.

    `without` are languages to predict that have neither labels nor unlabeled texts.

    Examples
    --------
    >>> missing_requirements("self_training", without=["es", "de"])
    ['unlabeled texts of es, de']
    """
    parts = as_strategy(strategy).parts
    missing = []
    needs_torch = head == "mlp" or any(part.needs_torch for part in parts)
    if needs_torch and not is_installed("torch"):
        missing.append(f"the package torch ({install('torch')})")
    if without and any(part.needs_unlabeled for part in parts):
        missing.append(f"unlabeled texts of {', '.join(without)}")
    return missing


def require_all(missing: Mapping[str, Sequence[str]], advice: str) -> None:
    """Refuse work with missing requirements, all of them in one error.

    `advice` tells how to give unlabeled texts. Raises MissingDependencyError if a package is
    missing, otherwise ValueError.
    """
    named = [f"{work} needs {' and '.join(each)}" for work, each in missing.items() if each]
    everything = [requirement for each in missing.values() for requirement in each]
    text = ", ".join(named)
    if any(requirement.startswith("unlabeled") for requirement in everything):
        text += f"; {advice}"
    if any(requirement.startswith("the package") for requirement in everything):
        raise MissingDependencyError(text)
    if everything:
        raise ValueError(text)


def runnable_strategies(without: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Divide the strategies into runnable ones and others with their missing requirements.

    `without` are languages as of `missing_requirements`.
    """
    missing = {name: missing_requirements(name, without=without) for name in STRATEGIES}
    left_out = {name: " and ".join(each) for name, each in missing.items() if each}
    return [name for name in STRATEGIES if name not in left_out], left_out
