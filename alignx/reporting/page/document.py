"""HTML documents that carry their styles and scripts, and load nothing."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from alignx.reporting.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

__all__ = ["Document", "as_json", "document"]

STYLES = ("theme.css",)


class Document(NamedTuple):
    """Text of a page, and its Content-Security-Policy, which it holds too."""

    text: str
    policy: str


def as_json(value: object) -> str:
    r"""Write JSON for a script element: nothing in it closes the element.

    Examples
    --------
    >>> as_json(["</script>"])
    '["\\u003c/script>"]'
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", r"\u003c")


def document(
    template: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    library: str | None = None,
    connect: str = "'none'",
    data: Mapping[str, object] | None = None,
    **values: object,
) -> Document:
    """Render a page with a strict Content-Security-Policy.

    Parameters
    ----------
    template : str
        File in `templates`, which extends `document.html`.
    styles, scripts : sequence of str
        Files in `assets`. Scripts are joined into one module and see the names of each other.
    library : str, optional
        Script of others, which runs before them.
    connect : str
        Addresses that scripts may ask, as ``"'self'"``.
    data : mapping of str to object, optional
        JSON values by the id of the element that carries them.
    **values
        Values of the template.

    Returns
    -------
    Document
        The same for the same values.
    """
    from markupsafe import Markup

    style = "\n".join(map(_file, [*(f"assets/{name}" for name in (*STYLES, *styles))]))
    script = "\n".join(_file(f"assets/{name}") for name in scripts)
    code = [part for part in (library and _file(library), script) if part]
    sources = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, code)) or "'none'",
        "style-src": _hash(style),
        "img-src": "data:",
        "connect-src": connect,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    policy = "; ".join(f"{name} {allowed}" for name, allowed in sources.items())
    page = _environment().get_template(template)
    text = page.render(
        policy=policy,
        style=Markup(style),
        library=Markup(code[0]) if library else None,
        script=Markup(script),
        data={name: Markup(as_json(value)) for name, value in (data or {}).items()},
        **values,
    )
    return Document(text, policy)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return printable(value)

    return Environment(
        loader=PackageLoader("alignx.reporting.page"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _file(name: str) -> str:
    return resources.files("alignx.reporting.page").joinpath(name).read_text(encoding="utf-8")


def _hash(code: str) -> str:
    digest = hashlib.sha256(code.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
