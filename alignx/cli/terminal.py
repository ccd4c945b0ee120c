"""Terminal of a command: notes and progress on stderr, results on stdout."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from alignx.cli.command import RUNNING, option

__all__ = ["Bar", "JsonTerminal", "Terminal"]


@dataclass(frozen=True)
class Bar:
    """Progress bar; call it with the fraction done."""

    progress: Progress
    task: TaskID
    title: str

    def __call__(self, done: float) -> None:
        """Move to a fraction in [0, 1]."""
        self.progress.update(self.task, completed=done)

    def tell(self, detail: str) -> None:
        """Show a detail beside the title."""
        self.progress.update(self.task, description=f"{self.title}: {detail}")


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, emoji=False, soft_wrap=True)


class _Handler(logging.Handler):
    """Handler that prints log messages above a progress bar, and each warning once."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.warned: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        text = record.getMessage()
        if record.levelno == logging.WARNING:
            if text in self.warned:
                return
            self.warned.add(text)
        _print(self.console, text)


@dataclass
class Terminal:
    """Options for messages, and the stream that they go to."""

    PANEL: ClassVar[str] = RUNNING
    quiet: Annotated[bool, option("Print only the result.", "--quiet", "-q")] = False
    verbose: Annotated[
        bool, option("Print more messages, and the traceback of an error.", "--verbose", "-v")
    ] = False
    console: Console = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Show log messages of alignx as the options ask."""
        self.console = Console(stderr=True, highlight=False)
        logger = logging.getLogger("alignx")
        logger.handlers = [_Handler(self.console)]
        logger.setLevel("INFO" if self.verbose else "ERROR" if self.quiet else "WARNING")

    def note(self, text: str) -> None:
        """Print a message to stderr, unless quiet."""
        if not self.quiet:
            _print(self.console, text)

    @contextmanager
    def working(self, title: str) -> Iterator[Bar | None]:
        """Show a progress bar during a ``with`` block, on a terminal only."""
        # Not `is_terminal`: notebooks set FORCE_COLOR, and have no place for a bar.
        if self.quiet or not self.console.file.isatty():
            yield None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            yield Bar(bar, bar.add_task(title, total=1.0), title)


@dataclass
class JsonTerminal(Terminal):
    """Options for messages and for results that programs read."""

    as_json: Annotated[bool, option("Print one JSON object instead of text.", "--json")] = False

    def print(self, facts: dict[str, Any], text: str = "") -> None:
        """Print a result to stdout: one JSON object, or text."""
        if not self.as_json:
            sys.stdout.write(text)
            return
        written = json.dumps(facts, ensure_ascii=False, allow_nan=False)
        # A file name in another encoding has no UTF-8; escaped like this it is still JSON.
        sys.stdout.write(written.encode(errors="backslashreplace").decode() + "\n")
