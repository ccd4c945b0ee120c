"""Rules of the code: who imports whom, what is exported, how long things may be."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import alignx
from alignx import _core

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(alignx.__file__).parent
PATHS = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in PATHS.items()}

# A package imports from its own tier and from those before it.
ORDER = [
    {"errors"},
    {"support"},
    {"vectors", "lexicon", "retrieval"},
    {"datasets", "mapping", "parallel_text", "ranking", "texts", "training"},
    {"alignment"},
    {"multilingual"},
    {"induction", "evaluation", "classification", "search", "semantic_change", "sentences"},
    {"experiments", "reporting"},
    {"server"},
    {"cli"},
    {"__main__"},
]
TIER_OF = {name: tier for tier, names in enumerate(ORDER) for name in names} | {"_core": 1}

# The front doors have more.
MOST_PARAMETERS = {"align": 10, "align_many": 10, "induce_lexicon": 9}

# Packages of others that are large or optional, by the packages of ours that import them.
ONLY_IN = {
    "alignx._core": {"cli", "retrieval", "support", "training", "vectors"},
    "anyio": {"server"},
    "distributed": {"support"},
    "faiss": {"retrieval"},
    "fasttext": {"training"},
    "filelock": {"alignment"},
    "fontTools": {"reporting"},
    "jinja2": {"reporting"},
    "joblib": {"support"},
    "matplotlib": {"reporting"},
    "pandas": {"experiments", "lexicon", "support"},
    "pooch": {"datasets"},
    "pyarrow": {"lexicon"},
    "pydantic": {"alignment", "experiments", "search", "support"},
    "rapidfuzz": {"ranking", "reporting", "search", "vectors"},
    "requests": {"datasets"},
    "rich": {"cli"},
    "starlette": {"server"},
    "torch": {"alignment", "classification", "retrieval", "support"},
    "typer": {"cli"},
    "uvicorn": {"server"},
}
DEPENDENCIES = {
    *(
        "distributed",
        "faiss",
        "fasttext",
        "filelock",
        "fontTools",
        "jinja2",
        "joblib",
        "markupsafe",
        "matplotlib",
        "numpy",
        "pandas",
        "pydantic",
    ),
    *("pydantic_core", "rapidfuzz", "rich", "safetensors", "scipy", "sentence_transformers"),
    *("huggingface_hub", "model2vec", "sklearn", "threadpoolctl", "torch", "transformers"),
    *("gensim", "lxml", "platformdirs", "pooch", "pyarrow", "requests", "spacy", "typer"),
    *("anyio", "starlette", "umap", "urllib3", "uvicorn"),
}


def package_of(module: str) -> str:
    """Return "retrieval" for alignx.retrieval.exact, "" for alignx itself."""
    return module.partition(".")[2].partition(".")[0]


def called(node: ast.Call) -> str:
    """Return "import_module" for importlib.import_module(...) and import_module(...)."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every imported module, by a statement or by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports must be absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            ours = [name for name in names if name in PATHS or name == "alignx._core"]
            yield from ours or [str(node.module)]
        elif isinstance(node, ast.Call) and called(node) == "import_module":
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


IMPORTS = {module: {*imports(tree)} for module, tree in TREES.items()}
OURS = {m: {n for n in found if n.split(".")[0] == "alignx"} for m, found in IMPORTS.items()}
OTHERS = {
    m: {n if n.startswith("alignx._core") else n.split(".")[0] for n in found} - {"alignx"}
    for m, found in IMPORTS.items()
}


def exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return {*ast.literal_eval(node.value)}
    return set()


def is_documented_only(tree: ast.Module) -> bool:
    return len(tree.body) == 1


# --- who imports whom -------------------------------------------------------------------------


def test_imports_point_one_way() -> None:
    assert {package_of(module) for module in PATHS} - {""} <= TIER_OF.keys()
    for module, found in OURS.items():
        tier = TIER_OF.get(package_of(module), len(ORDER))
        upward = {name for name in found if TIER_OF.get(package_of(name), -1) > tier}
        assert not upward, f"{module} imports from later packages: {upward}"


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    waiting = {m: (found & PATHS.keys()) - {m, "alignx"} for m, found in OURS.items()}
    while waiting:
        free = {module for module, needed in waiting.items() if not needed & waiting.keys()}
        assert free, f"a circle among {sorted(waiting)}"
        waiting = {module: needed for module, needed in waiting.items() if module not in free}


def test_large_packages_are_imported_where_they_belong() -> None:
    for package, parts in ONLY_IN.items():
        assert {package_of(m) for m, found in OTHERS.items() if package in found} == parts, package
    needed = set().union(*OTHERS.values()) - sys.stdlib_module_names - {"alignx._core"}
    assert needed <= DEPENDENCIES


def test_mapping_never_sees_words_and_lexicon_never_sees_maps() -> None:
    for module, found in OURS.items():
        packages = {package_of(name) for name in found}
        if package_of(module) in ("mapping", "retrieval"):
            assert not packages & {"vectors", "lexicon"}, module
        if package_of(module) == "lexicon":
            assert not packages & {"mapping", "retrieval"}, module


# --- names and sizes --------------------------------------------------------------------------


@pytest.mark.slow
def test_modules_are_documented_and_export_what_they_define() -> None:
    private = {
        f"{node.module}.{alias.name}"
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("alignx.")
        for alias in node.names
        if alias.name.startswith("_")
    }
    assert not private, "private names are used elsewhere"
    for module, tree in TREES.items():
        assert ast.get_docstring(tree), module
        if is_documented_only(tree):
            continue
        nodes = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef))
        public = {node.name for node in nodes if not node.name.startswith("_")}
        names = exported(tree)
        assert public <= names, module
        assert not [name for name in names if name.startswith("_")], module
        if module not in ("alignx", "alignx.__main__"):
            loaded = importlib.import_module(module)
            assert not [name for name in names if not hasattr(loaded, name)], module


def test_modules_and_signatures_are_short() -> None:
    for module, path in PATHS.items():
        if module != "alignx":  # a list of names
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, module
    for name in alignx.__all__:
        value = getattr(alignx, name)
        functions = [value, *(v for k, v in vars(value).items() if not k.startswith("_"))]
        for function in filter(inspect.isfunction, functions):
            given = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
            assert len(given) <= MOST_PARAMETERS.get(name, 8), function
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = [
                    n for n in node.body if not isinstance(n, ast.Expr) or n is not node.body[0]
                ]
                length = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]
                assert length <= 60, (path.name, node.name)


# --- alignx itself ----------------------------------------------------------------------------


def test_all_lists_of_public_names_agree() -> None:
    block = next(node for node in TREES["alignx"].body if isinstance(node, ast.If))
    for_types = {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazy = {name: f"alignx.{module}" for name, module in alignx._MODULE_OF.items()}
    assert for_types == lazy
    assert sorted(alignx.__all__) == sorted(lazy)
    for name in alignx.__all__:
        home = importlib.import_module(lazy[name])
        assert getattr(alignx, name) is getattr(home, name)
        assert name in home.__all__
        assert name in dir(alignx)
        assert getattr(alignx, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        alignx.no_such_name  # noqa: B018  # looking it up is the test
    assert alignx.__version__ == importlib.metadata.version("alignx")


def fresh(code: str) -> list[str]:
    """Run code in a new process; return the words of its last line."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1].split()


HEAVY = {"torch", "faiss", "fasttext", "sklearn", "scipy", "joblib", "pandas", "pydantic"}
LIGHTER = {"matplotlib", "numpy", "rich", "typer"}


def test_importing_alignx_is_cheap() -> None:
    loaded = fresh("import sys, alignx; print(*sys.modules)")
    assert "alignx" in loaded
    assert not (HEAVY | LIGHTER) & {*loaded}
    code = "import time; t = time.process_time(); import alignx; print(time.process_time() - t)"
    assert min(float(fresh(code)[0]) for _ in range(3)) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["--help", "align --help", "classify fit --help"])
def test_help_needs_nothing_heavy(arguments: str) -> None:
    code = (
        "import sys, alignx.cli.main\n"
        f"sys.argv = {['alignx', *arguments.split()]}\n"
        "try:\n    alignx.cli.main.main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules)"
    )
    loaded = fresh(code)
    assert "alignx.cli.main" in loaded
    assert not (HEAVY - {"pydantic"}) & {*loaded}  # which typer imports


@pytest.mark.slow
def test_no_command_with_a_dictionary_loads_torch() -> None:
    code = "import sys, alignx as a; a.align, a.induce_lexicon, a.evaluate; print(*sys.modules)"
    assert "torch" not in fresh(code)


# --- the compiled part ------------------------------------------------------------------------


def test_the_stub_describes_the_compiled_module() -> None:
    stub = ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))
    described = {n.name for n in stub.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assert described == {name for name in dir(_core) if not name.startswith("_")}
    assert (PACKAGE / "py.typed").exists()


def sources(folder: Path, *, compiled: bool) -> Path:
    """Copy the package into a folder, with its compiled part or without."""
    ignored = shutil.ignore_patterns("__pycache__", "*.safetensors", "_core*.so")
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


@pytest.mark.slow
def test_sources_take_the_compiled_part_of_an_installed_copy_of_the_same(tmp_path: Path) -> None:
    checkout = sources(tmp_path / "checkout", compiled=False)
    installed = sources(tmp_path / "installed", compiled=True)
    code = "import alignx; print(alignx.__file__, alignx.ExactIndex.__module__)"
    done = run_in(checkout, "-c", code, installed=installed)
    assert done.stdout.split() == [f"{checkout}/alignx/__init__.py", "alignx.retrieval.exact"]
    done = run_in(checkout, "-m", "alignx", "info", installed=installed)
    assert done.stdout.startswith("version: ")
    with (checkout / "alignx" / "errors.py").open("a") as file:
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
