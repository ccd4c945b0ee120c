"""Log of the steps of a command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from alignx.support.files import appearing

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.cli.terminal import Bar
    from alignx.support.progress import Log

__all__ = ["logging_to"]


@contextmanager
def logging_to(path: Path | None, bar: Bar | None) -> Iterator[Log]:
    """Write log facts to a file as JSON lines, and show their stage beside the bar."""
    with ExitStack() as stack:
        write = None if path is None else stack.enter_context(appearing(path))

        def log(facts: dict[str, Any]) -> None:
            if write is not None:
                finite = {k: None if v != v else v for k, v in facts.items()}  # JSON has no NaN
                write(json.dumps(finite, ensure_ascii=False))
            if bar is not None:
                criterion = facts.get("criterion")
                bar.tell(facts["stage"] + (f", criterion {criterion:.3f}" if criterion else ""))

        yield log
