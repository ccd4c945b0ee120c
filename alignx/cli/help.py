"""Help screens of commands: two columns, options in panels by purpose."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import typer
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typer.core import TyperArgument, TyperCommand, TyperGroup

__all__ = ["DefaultGroup", "HelpCommand", "HelpGroup", "Row", "panels", "usage"]

_MOST_INDENT = 33
_OURS = {"Value error, ": "", "Input should ": "must "}
_LIBRARY = re.compile("|".join(_OURS))


class Row(NamedTuple):
    """Names of an option, argument or command, and its description."""

    names: str
    text: str


def panels(command: Any, context: typer.Context) -> dict[str, list[Row]]:  # noqa: ANN401  # of typer
    """Collect arguments, options and commands by panel, in the order of the screen."""
    found: dict[str, list[Row]] = {"Arguments": [], "Options": []}
    for parameter in command.get_params(context):
        if parameter.hidden:
            continue
        is_argument = isinstance(parameter, TyperArgument)
        panel = parameter.rich_help_panel or ("Arguments" if is_argument else "Options")
        row = _argument(parameter) if is_argument else _option(parameter)
        found.setdefault(panel, []).append(row)
    if isinstance(command, DefaultGroup):
        found |= panels(command.default, context)
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            member: Any = command.get_command(context, name)
            panel = member.rich_help_panel or "Commands"
            found.setdefault(panel, []).append(Row(name, _first_line(member.help)))
    return {panel: rows for panel, rows in found.items() if rows}


def usage(command: Any, context: typer.Context) -> str:  # noqa: ANN401  # of typer
    """Return the line of usage, such as "alignx convert [OPTIONS] VECTORS"."""
    if isinstance(command, DefaultGroup):
        return f"{usage(command.default, context)}, or {context.command_path} COMMAND ..."
    parts = [context.command_path, "[OPTIONS]"]
    for parameter in command.get_params(context):
        if isinstance(parameter, TyperArgument):
            name = _argument(parameter).names
            parts.append(name if parameter.required else f"[{name}]")
    if isinstance(command, TyperGroup):
        parts.append("COMMAND ...")
    return " ".join(parts)


class _HelpScreen:
    """Help screen and usage of this module."""

    def get_usage(self, ctx: Any) -> str:  # noqa: ANN401  # of typer
        """Return the line of usage."""
        return f"Usage: {usage(self, ctx)}"

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  # of typer
        """Print the help screen."""
        _print_help(self, ctx)


class HelpCommand(_HelpScreen, TyperCommand):
    """Command with the help screen of this module."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # of typer
        """Parse arguments; errors without the words of the library that checks values."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _LIBRARY.sub(lambda found: _OURS[found[0]], error.message)
            raise


class HelpGroup(_HelpScreen, TyperGroup):
    """Group of commands with the help screen of this module."""


class _NamelessContext(typer.Context):
    """Context of a command without a name in its group."""

    @property
    def command_path(self) -> str:
        """Names from the program to the group."""
        return super().command_path.strip()


class DefaultGroup(HelpGroup):
    """Group whose first command has no name: it takes what does not begin like a command."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # of typer
        super().__init__(**options)
        self.default: Any = self.commands.pop(next(iter(self.commands)))
        self.default.context_class = _NamelessContext
        self.help, self.epilog = self.default.help, self.default.epilog

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # of typer
        """Parse the arguments of the group, or pass all on to the command without a name."""
        first = args[0] if args else ctx.help_option_names[0]
        is_command = bool(get_close_matches(first, self.commands)) and not Path(first).exists()
        if not (first in self.commands or is_command or first in ctx.help_option_names):
            args = ["--", "", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # of typer
        """Find the command by its name, the first one by none."""
        if args[0]:
            return super().resolve_command(ctx, args)
        return "", self.default, args[1:]


def _argument(parameter: Any) -> Row:  # noqa: ANN401  # of typer
    name = parameter.metavar or parameter.name.upper()
    return Row(f"{name}..." if parameter.nargs != 1 else name, parameter.help or "")


def _option(parameter: Any) -> Row:  # noqa: ANN401  # of typer
    """Describe an option: names, value, text, default; "--yes / --no" where a flag has both."""
    short = [name for name in parameter.opts if not name.startswith("--")]
    long = [name for name in parameter.opts if name.startswith("--")]
    names = ", ".join([*short, *long]) if short else f"    {', '.join(long)}"
    if parameter.secondary_opts:
        names += f" / {', '.join(parameter.secondary_opts)}"
    if not parameter.is_flag:
        names += f" {(parameter.metavar or parameter.name).strip()}"
    remarks = [parameter.help or ""]
    shown = parameter.show_default
    if parameter.required:
        remarks.append("[required]")
    elif isinstance(shown, str):
        remarks.append(f"[default: {shown}]")
    elif shown and not parameter.is_flag and parameter.default not in (None, "", ()):
        remarks.append(f"[default: {parameter.default}]")
    return Row(names, " ".join(remarks))


def _first_line(text: str | None) -> str:
    return (text or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _print_help(command: Any, context: typer.Context) -> None:  # noqa: ANN401  # of typer
    """Print usage, description, panels and example."""
    console = Console(highlight=False)
    console.print(Padding(Text.assemble("Usage: ", (usage(command, context), "bold")), 1))
    for paragraph in (command.help or "").split("\n\n"):
        console.print(Padding(" ".join(paragraph.split()), (0, 1, 1, 1)), markup=False)
    groups = panels(command, context)
    rows = [row for group in groups.values() for row in group]
    indent = min(max(len(row.names) for row in rows), _MOST_INDENT)
    for title, group in groups.items():
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(style="bold cyan", width=indent)
        table.add_column(ratio=1)
        for names, text in group:
            table.add_row(Text(names), Text(text))
        console.print(Panel(table, title=title, title_align="left", border_style="dim"))
    if command.epilog:
        console.print(Padding(command.epilog, (1, 1, 0, 1)), markup=False)
