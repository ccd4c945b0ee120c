"""What a command shows while it works: notes and progress on stderr, never on stdout."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

__all__ = ["Bar", "Terminal", "open_terminal", "print_json"]


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object to stdout."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # A file name in another encoding has no UTF-8; escaped like this it is still JSON.
    sys.stdout.write(text.encode(errors="backslashreplace").decode() + "\n")


@dataclass(frozen=True)
class Bar:
    """A bar on the terminal that moves when called with the fraction done."""

    progress: Progress
    task: TaskID
    what: str

    def __call__(self, done: float) -> None:
        """Move to a fraction in [0, 1]."""
        self.progress.update(self.task, completed=done)

    def tell(self, detail: str) -> None:
        """Say beside the bar what is going on."""
        self.progress.update(self.task, description=f"{self.what}: {detail}")


@dataclass
class Terminal:
    """Where a command talks to the person who started it.

    Parameters
    ----------
    quiet : bool
        Say nothing but errors.
    """

    quiet: bool = False
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def note(self, text: str) -> None:
        """Say something that is worth knowing but is not the answer."""
        if not self.quiet:
            self.console.print(text, markup=False, emoji=False, soft_wrap=True)

    @contextmanager
    def working(self, what: str) -> Iterator[Bar | None]:
        """Show a bar with the time left while the block runs, on a terminal only."""
        if self.quiet or not self.console.is_terminal:
            yield None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            yield Bar(bar, bar.add_task(what, total=1.0), what)


def open_terminal(quiet: bool, verbose: bool) -> Terminal:
    """Give the terminal of a command, and let through what alignx logs as far as it is wanted."""
    logging.basicConfig(format="%(message)s")
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    logging.getLogger("alignx").setLevel(level)
    return Terminal(quiet)
