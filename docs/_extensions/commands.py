"""Pages of the commands, and the schema of grids, written from the code before each build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from alignx.cli.help import Row, panels, usage
from alignx.cli.main import app as program
from alignx.cli.manual import commands
from alignx.experiments.grid import GridConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

REFERENCE = Path(__file__).parents[1] / "reference"
FOLDER = REFERENCE / "commands"


def write_pages(_: Sphinx) -> None:
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
        write(FOLDER / name, text)


def write_schema(_: Sphinx) -> None:
    """Write the JSON schema of grids of experiments."""
    schema = GridConfig.model_json_schema()
    write(REFERENCE / "grid.schema.json", json.dumps(schema, indent=2) + "\n")


def write(path: Path, text: str) -> None:
    """Write a file unless it is up to date, which spares Sphinx reading it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
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
    app.connect("builder-inited", write_schema)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
