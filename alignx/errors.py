"""What can go wrong for reasons that a user can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AlignmentFailed",
    "AlignxError",
    "ClusterError",
    "DimensionError",
    "DirectionError",
    "EmptyLexiconError",
    "FormatError",
    "MissingDependencyError",
    "NotFittedError",
    "OutputError",
    "RecallError",
    "SpaceError",
    "TrainingError",
]


class AlignxError(Exception):
    """Base of all errors that alignx raises on purpose; the command line prints it in one line."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes, whatever a class asks for when it is made."""
        return _restore, (type(self), self.args, vars(self))


def _restore(kind: type[AlignxError], args: tuple[Any, ...], facts: dict[str, Any]) -> AlignxError:
    error = kind.__new__(kind, *args)
    vars(error).update(facts)
    return error


class FormatError(AlignxError):
    """A file does not hold what its name or its place in the call promises.

    Parameters
    ----------
    path : str or path-like
        The file.
    problem : str
        What is wrong with it, and what to do.
    line : int, optional
        One-based line at which it shows.
    """

    def __init__(self, path: object, problem: str, line: int | None = None) -> None:
        self.path = str(path)
        self.problem = problem
        self.line = line
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{place}: {problem}")


class AlignmentFailed(AlignxError):  # noqa: N818  # what happened, as StopIteration
    """An alignment without a dictionary did not find what two languages have in common.

    Parameters
    ----------
    diagnosis : alignx.alignment.diagnosis.Diagnosis
        The figures that say so.
    advice : str
        What to do.
    """

    def __init__(self, diagnosis: object, advice: str) -> None:
        self.diagnosis = diagnosis
        self.advice = advice
        super().__init__(f"the alignment failed: {diagnosis}; {advice}")


class ClusterError(AlignxError):
    """A cluster cannot be reached, or cannot do the work.

    Parameters
    ----------
    address : str
        Of its scheduler.
    problem : str
        What is wrong, and what to do.
    """

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        self.problem = problem
        super().__init__(f"{address}: {problem}")


class DimensionError(AlignxError):
    """Vectors of one dimension meet a map or other vectors of another."""


class DirectionError(AlignxError):
    """A dictionary or vectors fit the other way round: source and target are exchanged."""


class EmptyLexiconError(AlignxError):
    """A lexicon has no pair whose two words are both in the vocabularies."""


class NotFittedError(AlignxError):
    """An estimator is used before `fit`."""


class OutputError(AlignxError):
    """A file cannot be written.

    Parameters
    ----------
    path : str or path-like
        The file.
    problem : str
        Why not, and what to do.
    """

    def __init__(self, path: object, problem: str) -> None:
        self.path = str(path)
        self.problem = problem
        super().__init__(f"{self.path}: {problem}")


class MissingDependencyError(AlignxError, ImportError):
    """An optional package is needed; the message holds the command that installs it."""


class RecallError(AlignxError):
    """An approximate index misses more than it may, whatever its settings.

    Parameters
    ----------
    kind : str
        Of the index.
    reached : float
        Recall with the most work.
    target : float
        Recall that was asked for.
    settings : mapping
        The most work.
    """

    def __init__(
        self, kind: str, reached: float, target: float, settings: Mapping[str, float]
    ) -> None:
        self.kind = kind
        self.reached = reached
        self.target = target
        self.settings = settings
        most = ", ".join(f"{name}={value}" for name, value in settings.items())
        super().__init__(
            f"an index of kind {kind!r} finds {reached:.4f} of the best keys at most ({most}), "
            f"{target:g} was asked for; ask for less, or search exactly"
        )


class SpaceError(AlignxError):
    """Vectors that were mapped into different spaces meet."""


class TrainingError(AlignxError):
    """fastText, in a process of its own, has ended without a model."""
