"""Errors of alignx, each also of the expected built-in class."""

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
    "DownloadError",
    "EmptyLexiconError",
    "FormatError",
    "InputError",
    "MissingDependencyError",
    "MissingFileError",
    "NotFittedError",
    "OutputError",
    "RecallError",
    "SpaceError",
    "TrainingError",
]


class AlignxError(Exception):
    """Base of all errors of alignx."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without a call of `__init__`, whose parameters differ."""
        return _restore, (type(self), self.args, vars(self))


def _restore(kind: type[AlignxError], args: tuple[Any, ...], state: dict[str, Any]) -> AlignxError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class _FileError(AlignxError):
    """Base of errors with a file, and perhaps a line."""

    def __init__(self, path: object, problem: str, line: int | None = None) -> None:
        self.path = str(path)
        self.problem = problem
        self.line = line
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{place}: {problem}")


class FormatError(_FileError, ValueError):
    """File with content of another format, or malformed content."""


class InputError(_FileError, OSError):
    """Unreadable file."""


class MissingFileError(InputError, FileNotFoundError):
    """Missing file."""


class AlignmentFailed(AlignxError):  # noqa: N818  # what happened, as StopIteration
    """Failed check of an unsupervised alignment."""

    def __init__(self, diagnosis: object, advice: str) -> None:
        self.diagnosis = diagnosis
        self.advice = advice
        super().__init__(f"the alignment failed: {diagnosis}; {advice}")


class ClusterError(_FileError):
    """Unreachable or unsuitable cluster; `path` is its address."""


class DimensionError(AlignxError, ValueError):
    """Mismatch of the dimensions of vectors or maps."""


class DirectionError(AlignxError, ValueError):
    """Dictionary or vectors with source and target exchanged."""


class DownloadError(_FileError, OSError):
    """Failed download; `path` is its address."""


class EmptyLexiconError(AlignxError, ValueError):
    """Lexicon without a pair of two known words."""


class OutputError(_FileError, OSError):
    """Unwritable file."""


class MissingDependencyError(AlignxError, ImportError):
    """Missing optional package; the message has the install command."""


class RecallError(AlignxError):
    """Approximate index below the wanted recall at its most exhaustive settings."""

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


class SpaceError(AlignxError, ValueError):
    """Vectors of different spaces in one call."""


class TrainingError(AlignxError, RuntimeError):
    """End of a training process of fastText without a model."""


NotFittedError: type[AlignxError]
"""Error of an estimator used before `fit`; also scikit-learn's error of this name."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Create NotFittedError on demand: importing scikit-learn takes a second."""
        if name != "NotFittedError":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from sklearn.exceptions import NotFittedError as Base

        members = {"__module__": __name__, "__doc__": "Estimator used before `fit`."}
        globals()[name] = type(name, (AlignxError, Base), members)
        return globals()[name]
