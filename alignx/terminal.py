"""What a command shows while it works: notes and progress on stderr, never on stdout."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.progress import Progress as Callback

__all__ = ["Terminal", "print_json"]


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


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
    def working(self, what: str) -> Iterator[Callback | None]:
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
            task = bar.add_task(what, total=1.0)
            yield lambda done: bar.update(task, completed=done)
