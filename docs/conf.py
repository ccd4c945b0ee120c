"""Settings of Sphinx for this site.

Sphinx with numpydoc reads our docstrings as they are. NumPy, SciPy and scikit-learn have the same
theme, so readers know their way. Tutorials are MyST notebooks: text that myst-nb executes at each
build, so what a reader sees is what ran.

    sphinx-build -W --keep-going docs build/docs
    sphinx-build -W --keep-going -D nb_execution_mode=off docs build/docs    # without notebooks
    sphinx-build -b linkcheck docs build/links                               # needs the network

The build needs no network: nothing is downloaded, and no page loads anything from elsewhere.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.metadata import version as version_of
from inspect import getdoc
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
# Notebooks import from there too, and their `alignx` is that of the Python which builds.
os.environ["PYTHONPATH"] = str(HERE / "_extensions")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

import jupyter_cache.executors.utils as executors  # noqa: E402
from numpydoc.docscrape import NumpyDocString  # noqa: E402
from numpydoc.xref import DEFAULT_LINKS  # noqa: E402

import alignx  # noqa: E402

project = "alignx"
author = "The alignx developers"
project_copyright = author
version = release = version_of("alignx")

extensions = [
    "commands",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
]
templates_path = ["_templates"]
exclude_patterns = ["_*"]
nitpicky = True
nitpick_ignore_regex = [
    # Parameters, fields and modules: in lists of their page, which are no targets of links.
    ("py:obj", r"([A-Z]\w+\.)?[a-z]\w*"),
    ("py:obj", r"(faiss|torch)\..*"),  # names of other packages
]
default_role = "autolink"  # `name` in a docstring is a link where there is such a name

# --- pages ---------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# A stream arrives in chunks, which would be as many blocks, cut anywhere.
executors.executenb = partial(executors.executenb, coalesce_streams=True)
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_show_tb = True
nb_render_markdown_format = "myst"  # has tables
suppress_warnings = ["myst-nb.lexer"]  # of notebooks, where they are not executed
copybutton_exclude = ".linenos, .gp"

# --- docstrings ----------------------------------------------------------------------------------

autosummary_ignore_module_all = False
autodoc_typehints = "none"  # the sections of parameters have types in words
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "inherited-members": True,
}
numpydoc_show_class_members = False  # autodoc shows them
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {name: f"alignx.{name}" for name in alignx.__all__}
numpydoc_xref_ignore = "all"
DEFAULT_LINKS.clear()  # into other sites, whose lists of names a build without network has not


def skips(
    _app: object, _kind: str, _name: str, member: object, skip: bool, _options: object
) -> bool:
    """Leave out the members that classes inherit from other packages and from Python."""
    function = getattr(member, "fget", getattr(member, "func", member))
    home = getattr(getattr(function, "__objclass__", function), "__module__", None)
    return skip or (isinstance(home, str) and home.partition(".")[0] != "alignx")


def inherit_attributes(
    _app: object, kind: str, _name: str, value: type, _options: object, lines: list[str]
) -> None:
    """Add to a class the attributes that the docstrings of its bases describe."""
    if kind != "class":
        return
    bases = [base for base in value.__mro__[1:] if base.__module__.startswith("alignx.")]
    inherited = [NumpyDocString(getdoc(base) or "")["Attributes"] for base in bases]
    if any(inherited):
        page = NumpyDocString("\n".join(lines))
        page["Attributes"] = [*page["Attributes"], *chain(*inherited)]
        lines[:] = str(page).splitlines()


def setup(app: Sphinx) -> None:
    """Register what Sphinx asks while it reads docstrings."""
    app.connect("autodoc-skip-member", skips)
    app.connect("autodoc-process-docstring", inherit_attributes, priority=1)  # before numpydoc


# --- looks ---------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "alignx"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "alignx"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "install": [], "contributing": []}
