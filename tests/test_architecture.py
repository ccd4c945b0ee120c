from __future__ import annotations

import ast
import importlib.metadata
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

import alignx
from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(alignx.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
)

# Who may import whom: a package imports from its own tier and from those before it.
ORDER = [
    {"errors"},
    {"support"},
    {"vectors", "lexicon", "retrieval"},
    {"datasets", "mapping", "training"},
    {"alignment"},
    {"induction", "evaluation", "classification"},
    {"experiments", "report"},
    {"cli"},
    {"__main__"},
]
TIER_OF = {name: tier for tier, names in enumerate(ORDER) for name in names} | {"_core": 1}

# Packages of others, by the packages of ours that import them.
ONLY_IN = {
    "alignx._core": {"", "cli", "retrieval", "training", "vectors"},
    "distributed": {"support"},
    "faiss": {"retrieval"},
    "fasttext": {"training"},
    "joblib": {"support"},
    "matplotlib": {"classification"},
    "pandas": {"support"},
    "rich": {"cli"},
    "safetensors": {"alignment", "classification", "induction", "support"},
    "scipy": {"alignment", "classification", "evaluation", "vectors"},
    "sklearn": {"alignment", "classification", "errors", "mapping", "vectors"},
    "torch": {"alignment", "classification", "retrieval", "support"},
    "typer": {"cli"},
}
# What may be imported although it is neither ours nor in the standard library.
DEPENDENCIES = {
    "numpy",
    "distributed",
    "faiss",
    "fasttext",
    "torch",
    "joblib",
    "sklearn",
    "scipy",
    "safetensors",
    "threadpoolctl",
    "matplotlib",
    "pandas",
    "transformers",
    "sentence_transformers",
    "model2vec",
    "huggingface_hub",
    "typer",
    "rich",
}


def path_of(module: str) -> Path:
    path = PACKAGE.parent / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def parse(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


def part_of_package(module: str) -> str:
    """Give "retrieval" for alignx.retrieval.exact, "" for alignx itself."""
    return module.partition(".")[2].partition(".")[0]


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Give every module that is imported anywhere in it, by a statement or by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports must be absolute"
            assert node.module is not None
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            ours = [name for name in names if name in MODULES or name == "alignx._core"]
            yield from ours or [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


@cache
def imports_of_part(module: str) -> set[str]:
    names = {name for name in imported_modules(parse(module)) if name.split(".")[0] == "alignx"}
    return {part_of_package(name) for name in names}


def without_type_checking(tree: ast.AST) -> ast.AST:
    """Drop what only type checkers read."""

    class Remover(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
            is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            return node.orelse if is_for_types else node

    return Remover().visit(tree)  # type: ignore[no-any-return]  # visit is not typed


@cache
def outside_imports(module: str) -> set[str]:
    names = imported_modules(without_type_checking(parse(module)))
    tops = {name if name.startswith("alignx._core") else name.split(".")[0] for name in names}
    return tops - {"alignx"}


# --- who imports whom -------------------------------------------------------------------------


def test_every_package_has_its_place() -> None:
    parts = {part_of_package(module) for module in MODULES} - {""}
    assert parts <= TIER_OF.keys()


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    tier = TIER_OF.get(part_of_package(module), len(ORDER))
    upward = {name for name in imports_of_part(module) if TIER_OF.get(name, -1) > tier}
    assert not upward, f"{module} imports from later packages: {upward}"


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    waiting = {
        module: {
            name
            for name in imported_modules(parse(module))
            if name in MODULES and name not in (module, "alignx")
        }
        for module in MODULES
    }
    while waiting:
        free = {module for module, needed in waiting.items() if not needed & waiting.keys()}
        assert free, f"a circle among {sorted(waiting)}"
        waiting = {module: needed for module, needed in waiting.items() if module not in free}


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_a_package_is_imported_only_where_it_belongs(package: str) -> None:
    parts = {part_of_package(m) for m in MODULES if package in outside_imports(m)}
    assert parts == ONLY_IN[package]


def test_nothing_else_is_needed() -> None:
    needed = set().union(*(outside_imports(module) for module in MODULES))
    assert needed - sys.stdlib_module_names - {"alignx._core"} == DEPENDENCIES


def test_mapping_never_sees_words_and_lexicon_never_sees_maps() -> None:
    for module in MODULES:
        if part_of_package(module) == "mapping":
            assert not imports_of_part(module) & {"vectors", "lexicon"}, module
        if part_of_package(module) == "lexicon":
            assert not imports_of_part(module) & {"mapping", "retrieval"}, module


# --- names ------------------------------------------------------------------------------------


def defined_names(tree: ast.Module) -> set[str]:
    """Give the functions, classes and named values of a module."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            value: list[str] = ast.literal_eval(node.value)
            return value
    raise AssertionError("there is no __all__")


def public_functions_and_classes(tree: ast.Module) -> set[str]:
    nodes = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return {node.name for node in nodes if not node.name.startswith("_")}


@cache
def names_used() -> dict[str, set[str]]:
    """Give the names that other modules import of each module."""
    used: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(parse(module)):
            if isinstance(node, ast.ImportFrom) and node.module not in (None, module):
                used.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    return used


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_and_what_it_exports(module: str) -> None:
    tree = parse(module)
    assert ast.get_docstring(tree)
    if len(tree.body) == 1:
        return
    names = exported(tree)
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith("_")]
    if "torch" in outside_imports(module):
        pytest.importorskip("torch")
    loaded = importlib.import_module(module)
    assert not [name for name in names if not hasattr(loaded, name)]


@pytest.mark.parametrize("module", [m for m in MODULES if path_of(m).name != "__init__.py"])
def test_what_others_use_is_exported_and_what_is_exported_is_defined(module: str) -> None:
    tree = parse(module)
    names = set(exported(tree))
    assert not names - defined_names(tree)
    used = names_used().get(module, set())
    assert not {name for name in used if name.startswith("_")}, "private names are used elsewhere"


# Shared among the readers of vectors, or commands that typer calls; nothing for users.
HELPERS = {
    "alignx.vectors.embeddings": {"check_limit", "count_zero_rows", "enter_words"},
    "alignx.vectors.cache": {"StoredWords"},
}


@pytest.mark.parametrize("module", [module for module in MODULES if len(parse(module).body) > 1])
def test_public_functions_and_classes_are_exported(module: str) -> None:
    tree = parse(module)
    rest = public_functions_and_classes(tree) - set(exported(tree))
    assert rest <= HELPERS.get(module, set())


# --- alignx itself ----------------------------------------------------------------------------


def type_checking_imports() -> dict[str, str]:
    """Give the module of each name that type checkers see in alignx."""
    tree = parse("alignx")
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_all_lists_of_public_names_agree() -> None:
    for_types = type_checking_imports()
    lazy = {name: f"alignx.{module}" for name, module in alignx._MODULE_OF.items()}
    assert for_types == lazy
    assert set(alignx.__all__) == set(lazy)
    assert len(alignx.__all__) == len(set(alignx.__all__)) == len(lazy)


@pytest.mark.parametrize("name", alignx.__all__)
def test_every_public_name_is_there_and_exported_at_home(name: str) -> None:
    home = importlib.import_module(f"alignx.{alignx._MODULE_OF[name]}")
    assert getattr(alignx, name) is getattr(home, name)
    assert name in home.__all__
    assert name in dir(alignx)
    assert getattr(alignx, name).__doc__


def test_an_unknown_name_is_refused_as_usual() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        alignx.no_such_name  # noqa: B018  # looking it up is the test
    assert alignx.__version__ == importlib.metadata.version("alignx")


def fresh(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


HEAVY = ("torch", "faiss", "fasttext", "sklearn", "matplotlib", "scipy", "numpy", "rich", "typer")


def test_importing_alignx_imports_nothing_heavy() -> None:
    loaded = fresh("import sys, alignx; print(*sys.modules)").split()
    assert "alignx" in loaded
    assert not set(HEAVY) & set(loaded)


def test_importing_alignx_takes_next_to_no_time() -> None:
    code = (
        "import time; start = time.perf_counter(); import alignx; "
        "print(time.perf_counter() - start)"
    )
    assert min(float(fresh(code)) for _ in range(3)) < 0.3


@pytest.mark.parametrize(
    "arguments", [("--help",), ("align", "--help"), ("classify", "fit", "--help")]
)
def test_help_needs_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys, alignx.cli.main\n"
        f"sys.argv = {['alignx', *arguments]}\n"
        "try:\n    alignx.cli.main.main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules)"
    )
    loaded = fresh(code).splitlines()[-1].split()
    assert "alignx.cli.main" in loaded
    assert not {"torch", "sklearn", "scipy", "joblib", "fasttext"} & set(loaded)


def test_no_command_with_a_dictionary_loads_torch() -> None:
    code = (
        "import sys, alignx; alignx.align, alignx.induce_lexicon, alignx.evaluate; "
        "print(*sys.modules)"
    )
    loaded = fresh(code).split()
    assert "alignx.alignment.unsupervised.fit" in loaded
    assert not {"torch", "alignx.alignment.unsupervised.adversarial"} & set(loaded)


def test_the_choices_of_the_command_line_are_those_of_the_library() -> None:
    from alignx.alignment.method_options import UNSUPERVISED
    from alignx.cli.main import Method, Preset
    from alignx.mapping import METHODS

    assert [str(name) for name in Method] == [*METHODS, "auto", *UNSUPERVISED]
    assert {str(name) for name in Preset} == {"fast", "muse"}


def test_the_choices_of_classify_are_those_of_the_library() -> None:
    from alignx.classification.encoder import Weighting as OfDocuments
    from alignx.classification.strategies import STRATEGIES
    from alignx.cli.classify import Strategy, Weighting

    assert [str(name) for name in Strategy] == list(STRATEGIES)
    assert {str(name) for name in Weighting} == {*get_args(OfDocuments)}


# --- the compiled part ------------------------------------------------------------------------


def stub() -> ast.Module:
    return ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))


def test_the_stub_describes_the_compiled_module() -> None:
    nodes = (n for n in stub().body if isinstance(n, ast.FunctionDef | ast.ClassDef))
    described = {node.name for node in nodes}
    assert {"search", "PreparedKeys"} < described
    assert described == {name for name in dir(_core) if not name.startswith("_")}
    assert all(callable(getattr(_core, name)) for name in described)


def test_annotations_are_shipped() -> None:
    assert (PACKAGE / "py.typed").exists()


# --- beside the sources -----------------------------------------------------------------------


def sources(folder: Path, *, compiled: bool) -> Path:
    """Copy the package into a folder, with its compiled part or without."""
    ignored = shutil.ignore_patterns("__pycache__", "data", "_core*.so")
    shutil.copytree(PACKAGE, folder / "alignx", ignore=ignored)
    if compiled:
        shutil.copy(str(_core.__file__), folder / "alignx")
    return folder


def run_in(folder: Path, *arguments: str, installed: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder of sources, with what is installed but for an editable alignx."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), *packages])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sources_take_the_compiled_part_of_an_installed_copy_of_the_same(tmp_path: Path) -> None:
    checkout = sources(tmp_path / "checkout", compiled=False)
    installed = sources(tmp_path / "installed", compiled=True)
    code = "import alignx; print(alignx.__file__, alignx.ExactIndex)"
    done = run_in(checkout, "-c", code, installed=installed)
    assert (
        done.stdout
        == f"{checkout}/alignx/__init__.py <class 'alignx.retrieval.exact.ExactIndex'>\n"
    )
    done = run_in(checkout, "-m", "alignx", "info", installed=installed)
    assert done.stdout.startswith("version: ")
    with (checkout / "alignx" / "side.py").open("a") as file:
        file.write("# another version\n")
    for code in (
        "import alignx; alignx.ExactIndex",
        "from alignx import load",
        "from alignx import _core",
    ):
        done = run_in(checkout, "-c", code, installed=installed)
        last = done.stderr.splitlines()[-1]
        assert last.startswith(f"ImportError: alignx is imported from its sources, {checkout}")
        assert last.endswith("or install them in place: pip install -e .")
