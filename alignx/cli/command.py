"""Registration of commands: groups of options, threads and device, examples."""

from __future__ import annotations

from copy import copy
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from alignx.cli.help import HelpCommand
from alignx.support.config import config_context

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RUNNING", "Command", "command", "option"]

RUNNING = "Running"
_OTHER = "More options"
_MOST_CHOICES = 18  # characters of choices that fit beside the name of an option


def option(
    text: str,
    *names: str,
    default: str | bool = True,
    panel: str | None = None,
    **rest: Any,  # noqa: ANN401  # as typer takes them
) -> Any:  # noqa: ANN401  # as typer returns it
    """Declare an option by its help text, and by names if not that of the parameter."""
    return typer.Option(*names, help=text, show_default=default, rich_help_panel=panel, **rest)


_SETTINGS = {
    "threads": Annotated[
        int | None, option("Number of threads.", default="all cores", panel=RUNNING, min=1)
    ],
    "device": Annotated[
        str | None,
        option(
            "Torch device for searches and training, such as cuda.",
            default="the processor, without torch",
            panel=RUNNING,
            metavar="NAME",
        ),
    ],
}


@dataclass(frozen=True)
class Command:
    """Function as typer takes it, and an example for its help."""

    function: Callable[..., None]
    example: str

    def add_to(self, app: typer.Typer, panel: str | None = None) -> None:
        """Add the command to a typer application, in a panel of its help."""
        add = app.command(
            cls=HelpCommand, epilog=f"Example: alignx {self.example}", rich_help_panel=panel
        )
        add(self.function)


def command(
    example: str, settings: tuple[str, ...] = ("threads",), first: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Command]:
    """Make a command of a function whose parameters are options or groups of options.

    A group is a dataclass: each field is an option in the panel ``PANEL`` of the class.

    Parameters
    ----------
    example : str
        Command line without ``alignx``.
    settings : tuple of {"threads", "device"}
        Options that set the context of the call and are no parameters.
    first : tuple of str
        Parameters that are used most, to show before the others [default: all without a panel].
    """

    def build(function: Callable[..., None]) -> Command:
        parameters = [*_parameters(function)]
        groups: dict[str, Any] = {k: v for k, v in _hints(function).items() if is_dataclass(v)}
        parameters += [_parameter(name, _SETTINGS[name], None) for name in settings]
        parameters = _in_order(parameters, first)

        @wraps(function)
        def run(**given: Any) -> None:  # noqa: ANN401  # of the signature below
            context = {name: given.pop(name) for name in settings}
            context = {name: value for name, value in context.items() if value is not None}
            if "threads" in context:
                context["n_threads"] = context.pop("threads")
            for name, group in groups.items():
                own = [field.name for field in fields(group) if field.init]
                given[name] = group(**{field: given.pop(field) for field in own})
            with config_context(**context):
                function(**given)

        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return Command(run, example)

    return build


def _in_order(parameters: list[Parameter], first: tuple[str, ...]) -> list[Parameter]:
    """Move options to the front, in the panel without a title of its own."""
    if not first:
        return parameters
    by_name = {each.name: each for each in parameters}
    for name, parameter in by_name.items():
        _, declared = get_args(parameter.annotation)
        if isinstance(declared, OptionInfo):
            declared.rich_help_panel = None if name in first else declared.rich_help_panel or _OTHER
    rest = [each for each in parameters if each.name not in first]
    return [*(by_name[name] for name in first), *rest]


def _hints(annotated: Any) -> dict[str, Any]:  # noqa: ANN401  # function or class
    return get_type_hints(annotated, include_extras=True)


def _parameters(function: Callable[..., None]) -> list[Parameter]:
    """Return the parameters of a function, with the fields of groups in place of groups."""
    found, hints = [], _hints(function)
    for name, parameter in signature(function).parameters.items():
        if is_dataclass(group := hints[name]):
            kinds, panel = _hints(group), getattr(group, "PANEL", None)
            found += [
                _parameter(each.name, kinds[each.name], each.default, panel)
                for each in fields(group)
                if each.init
            ]
        else:
            found.append(_parameter(name, hints[name], parameter.default))
    return found


def _parameter(name: str, hint: Any, default: Any, panel: str | None = None) -> Parameter:  # noqa: ANN401
    """Complete an option: words for values, one name for a flag, the panel of its group."""
    kind, declared = get_args(hint)
    declared = copy(declared)
    kinds = {kind, *get_args(kind), *get_args(get_args(kind)[0] if get_args(kind) else None)}
    if not declared.metavar:
        names = {bool: " ", int: "N", float: "X", Path: "FILE", str: "TEXT"}
        declared.metavar = next((text for each, text in names.items() if each in kinds), None)
    if isinstance(declared, OptionInfo):
        declared.rich_help_panel = declared.rich_help_panel or panel
        _show_choices(declared, kinds)
        if kind is bool and declared.default is ...:  # no name is declared
            declared.default = f"--{name.replace('_', '-')}"
    given = Parameter.empty if default is MISSING else default
    hint = Annotated[kind, declared]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=given, annotation=hint)


def _show_choices(declared: OptionInfo, kinds: set[Any]) -> None:
    """Name the choices of an option beside its name, or behind its text if they are long."""
    literal = next((kind for kind in kinds if get_origin(kind) is Literal), None)
    if literal is None or declared.metavar:
        return
    choices = [str(choice) for choice in get_args(literal)]
    declared.metavar = "|".join(choices)
    if len(declared.metavar) > _MOST_CHOICES:
        declared.metavar = "NAME"
        declared.help = f"{declared.help} One of {', '.join(choices)}."
