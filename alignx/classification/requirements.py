"""What strategies of transfer need, looked for before anything is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.classification.strategies import MEMBERS, STRATEGIES
from alignx.errors import MissingDependencyError
from alignx.support.packages import install, is_installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ALL", "lacks_of", "refuse_lacks", "runnable"]

ALL = "all"

_UNLABELED = frozenset({"self_training", "seed_words", "adversarial", "prior_matching"})
_TORCH = frozenset({"adversarial"})


def lacks_of(
    strategy: str,
    *,
    options: Mapping[str, Any] | None = None,
    head: Any = "logistic",  # noqa: ANN401
    without: Sequence[str] = (),
) -> list[str]:
    """Give what a strategy needs and does not find.

    Parameters
    ----------
    strategy : str
        Its name.
    options : mapping, optional
        Its parameters; those with teachers or members need what these need.
    head : str or scikit-learn classifier
        As of `TransferClassifier`.
    without : sequence of str
        Languages to predict that have neither labels nor unlabeled texts.

    Examples
    --------
    >>> lacks_of("zero_shot", without=["es"]), lacks_of("self_training", without=["es", "de"])
    ([], ['unlabeled texts of es, de'])
    """
    parts = set(_parts_of(strategy, options or {}))
    lacks = []
    if (parts & _TORCH or head == "mlp") and not is_installed("torch"):
        lacks.append(f"the package torch ({install('torch')})")
    if parts & _UNLABELED and without:
        lacks.append(f"unlabeled texts of {', '.join(without)}")
    return lacks


def refuse_lacks(lacks: Mapping[str, Sequence[str]], advice: str) -> None:
    """Refuse work that lacks something, all of it in one error.

    Parameters
    ----------
    lacks : mapping of str to sequence of str
        What each piece of work lacks, possibly nothing.
    advice : str
        How to give unlabeled texts.

    Raises
    ------
    MissingDependencyError
        If a package is missing.
    ValueError
        If only unlabeled texts are missing.
    """
    named = [f"{work} needs {' and '.join(missing)}" for work, missing in lacks.items() if missing]
    if not named:
        return
    everything = [lack for missing in lacks.values() for lack in missing]
    text = ", ".join(named)
    if any(lack.startswith("unlabeled") for lack in everything):
        text += f"; {advice}"
    if any(lack.startswith("the package") for lack in everything):
        raise MissingDependencyError(text)
    raise ValueError(text)


def runnable(without: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Divide the strategies into those that can run here, and the others with their reasons.

    Parameters
    ----------
    without : sequence of str
        As of `lacks_of`.

    Returns
    -------
    names : list of str
        Those that can run.
    left_out : dict of str to str
        What each other one needs.
    """
    lacks = {name: lacks_of(name, without=without) for name in STRATEGIES}
    left_out = {name: " and ".join(missing) for name, missing in lacks.items() if missing}
    return [name for name in STRATEGIES if name not in left_out], left_out


def _parts_of(strategy: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Give a strategy, its teacher and its members."""
    yield strategy
    if "teacher" in options:
        yield str(options["teacher"])
    if strategy == "ensemble":
        yield from options.get("members", MEMBERS)
