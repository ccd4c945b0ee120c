"""Manual page of all commands, in the roff language of `man`."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from alignx.cli.help import DefaultGroup, panels, usage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["commands", "manual_page"]

_END = r"""
.SH EXIT STATUS
0 on success, 1 for a file or a result that is not good, in one line on standard error, 2 for wrong
usage.
.SH FILES
Answers go to standard output, messages to standard error. An output file appears as a whole or not
at all.
"""


def manual_page(program: Any, context: typer.Context) -> str:  # noqa: ANN401  # of typer
    """Write the manual page of a program with commands.

    It has the texts of the help screens: usage, panels of options, example.
    """
    lines = [
        f'.TH ALIGNX 1 "" "alignx {version("alignx")}"',
        ".SH NAME",
        f"alignx \\- {_escaped(program.help).removesuffix('.')}",
        ".SH SYNOPSIS",
        f".B {_escaped(usage(program, context))}",
        ".SH COMMANDS",
    ]
    for command, inner in commands(program, context):
        lines += [f'.SS "{_escaped(usage(command, inner))}"']
        for paragraph in (command.help or "").split("\n\n"):
            lines += [_escaped(" ".join(paragraph.split())), ".PP"]
        for title, rows in panels(command, inner).items():
            lines += [f".B {_escaped(title)}"]
            for names, text in rows:
                lines += [".TP", f".B {_escaped(names.strip())}", _escaped(text) or r"\&"]
            lines += [".PP"]
        if command.epilog:
            lines += [_escaped(command.epilog)]
    return "\n".join(lines) + _END


def commands(group: Any, context: typer.Context) -> Iterator[tuple[Any, typer.Context]]:  # noqa: ANN401
    """Find all commands, also of groups in the group."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = typer.Context(command, info_name=name, parent=context)
        if isinstance(command, DefaultGroup):
            yield command.default, inner
        if isinstance(command, TyperGroup):
            yield from commands(command, inner)
        else:
            yield command, inner


def _escaped(text: str) -> str:
    """Escape the characters that roff takes for its own."""
    plain = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return r"\&" + plain if plain.startswith((".", "'")) else plain
