"""Interactive sessions on a terminal, with a history of lines."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from alignx.cli.inputs import as_utf8
from alignx.cli.options import refuse

__all__ = ["require_terminal", "session"]

_LINES = 1_000


def require_terminal() -> None:
    """Refuse a session without a person at the other end."""
    refuse(
        not (sys.stdin.isatty() and sys.stdout.isatty()),
        "--interactive",
        "it needs a terminal; without it words are read from standard input, one a line",
    )


def session(prompt: str, answer: Callable[[str], None]) -> None:
    """Answer lines of a terminal until Ctrl-D; Ctrl-C leaves a line or an answer."""
    with _history():
        while True:
            try:
                (line,) = as_utf8([input(prompt)])
                if line.strip():
                    answer(line)
            except EOFError:
                sys.stdout.write("\n")
                return
            except KeyboardInterrupt:
                sys.stdout.write("\n")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Keep the lines of all sessions, where the system and the disk allow it."""
    try:
        import readline
    except ImportError:  # not on every system
        yield
        return
    from platformdirs import user_state_path

    path = user_state_path("alignx", appauthor=False) / "translate_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(_LINES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
