"""Pages of the commands, written before each build from the texts of the help screens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from alignx.cli.help import Row, panels, usage
from alignx.cli.main import app as program
from alignx.cli.manual import commands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

FOLDER = Path(__file__).parents[1] / "reference" / "commands"


def write_pages(_: Sphinx | None = None) -> None:
    """Write one page for each command, and remove those of commands that are no more."""
    group = typer.main.get_command(program)
    root = typer.Context(group, info_name="alignx")
    pages = {
        f"{inner.command_path.removeprefix('alignx ').replace(' ', '-')}.md": page(command, inner)
        for command, inner in commands(group, root)
    }
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # else it is up to date
            path.write_text(text, encoding="utf-8")


def page(command: Any, context: typer.Context) -> str:  # noqa: ANN401  # of typer
    """Write the page of a command: usage, help, panels of options, example."""
    parts = [f"# {context.command_path}", fenced(usage(command, context)), command.help or ""]
    for title, rows in panels(command, context).items():
        parts += [f"## {title}", table(rows)]
    return "\n\n".join([*parts, fenced(command.epilog or "")]) + "\n"


def table(rows: Iterable[Row]) -> str:
    """Write names and texts as a list of definitions."""
    entries = (f"{code(names.strip())}\n: {escaped(text)}\n" for names, text in rows)
    return "\n".join(entries)


def code(text: str) -> str:
    """Set words as code."""
    return f"`{text}`"


def fenced(text: str) -> str:
    """Set lines as a block of code."""
    return f"```text\n{text}\n```"


def escaped(text: str) -> str:
    """Escape the characters that Markdown takes for its own."""
    for mark in "\\*_[]<>$":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
