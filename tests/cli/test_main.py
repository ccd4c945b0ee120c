"""Help, exit codes, errors in one line, outputs and pipes of all commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from command_line import (
    DIMENSION,
    MAPPED,
    SCRIPT,
    VECTORS,
    environment,
    fail,
    interrupt,
    misuse,
    piped,
    run,
    started,
    succeed,
)

from alignx.vectors.embeddings import Embeddings
from alignx.vectors.io import load
from alignx.vectors.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = (
    "align", "apply", "translate", "induce", "evaluate", "convert", "train", "bench", "demo",
    "drift", "fetch", "info", "serve", "classify fit", "classify names",
    "classify predict", "classify transfer",
)  # fmt: skip


# --- help -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_the_commands_and_where_to_start(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    text = done.out + done.err
    assert all(f"{command.split()[0]} " in text for command in COMMANDS)
    assert "alignx demo" in text
    assert done.code == (0 if arguments else 2)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    text = succeed(*command.split(), "--help").out
    assert f"Example: alignx {command} " in text
    if command not in ("fetch", "info"):
        assert "--quiet" in text
        assert "[default: all cores]" in text  # of --threads
    assert all(len(line) <= 80 for line in text.splitlines())
    first = text.partition("─ Options ")[2].partition("╰")[0]
    names = re.findall(r"^│ +(?:-\w, )?--?\w[\w-]*", first, re.MULTILINE)
    assert len(names) <= 6  # the five used most, and --help
    assert not [line for line in text.splitlines() if re.search(r"<\w+>|\{\w+\}", line)]


def test_classify_without_a_command_shows_its_commands() -> None:
    done = run("classify")
    assert done.code == 2
    assert "predict" in done.out + done.err


@pytest.mark.slow
def test_completion_for_bash_can_be_shown() -> None:
    # A shell is looked for among the ancestors, so there must be one, and not one that `exec`s.
    assert "complete -o default -F" in piped(f"{SCRIPT} --show-completion bash; true")


def test_the_version_is_shown() -> None:
    assert succeed("--version").out == f"alignx {version('alignx')}\n"


def test_the_program_is_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alignx", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"alignx {version('alignx')}\n"


def test_an_interrupt_while_the_program_loads_is_quiet() -> None:
    code = """
import sys, alignx.__main__
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "alignx.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
alignx.__main__.run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_manual_page_is_that_of_the_help() -> None:
    page = succeed("--manual").out
    for command in COMMANDS:
        assert f'.SS "alignx {command} [OPTIONS]' in page.replace("\\-", "-")
    assert r".B \-d, \-\-dictionary FILE" in page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_the_manual_page_without_a_warning(tmp_path: Path) -> None:
    page = tmp_path / "alignx.1"
    page.write_text(succeed("--manual").out, encoding="utf-8")
    done = subprocess.run(
        ["man", "--warnings", "-l", str(page)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "Known translations" in done.stdout


def test_info_tells_what_is_installed() -> None:
    facts = succeed("info", "--json").json
    assert {"version", "simd", "simd_available", "threads", "packages"} <= facts.keys()
    assert facts["simd"] in facts["simd_available"]
    assert facts["threads"] >= 1
    assert facts["packages"]["numpy"] == np.__version__
    text = succeed("info").out
    assert f"version: {facts['version']}\n" in text
    assert f"simd: {facts['simd']}\n" in text


def test_choices_are_those_of_the_library() -> None:
    from alignx.alignment.methods import METHODS, PRESETS
    from alignx.classification.strategies import STRATEGIES
    from alignx.cli.align import Method, Preset
    from alignx.cli.classify.fit import Strategy, Weighting
    from alignx.texts.document_encoder import Weighting as OfDocuments

    assert get_args(Method) == tuple(METHODS)
    assert get_args(Preset) == tuple(PRESETS)
    assert get_args(Strategy) == tuple(STRATEGIES)
    assert get_args(Weighting) == get_args(OfDocuments)


# --- usage and errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("frobnicate",), "frobnicate"),
        (("apply", "map.safetensors", "wiki.en.vec"), "--output"),
        (("info", "--no-such-option"), "--no-such-option"),
        (("induce", "m", "a", "b", "-o", "x.tsv", "--index", "x"), "'--index': 'x' is not one of"),
        (
            ("align", "a", "b", "-o", "x", "--refinement", "-1"),
            "must be greater than or equal to 0",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(here: Path, arguments: tuple[str, ...], gist: str) -> None:
    assert gist in misuse(*arguments)
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("here")
def test_verbose_shows_the_traceback() -> None:
    done = run("convert", "no-such.vec", "-o", "x.vec", "--verbose")
    assert done.code == 1
    assert "Traceback (most recent call last)" in done.err
    assert done.err.splitlines()[-1].startswith("alignx: error: no-such.vec: no such file")


@pytest.mark.parametrize(
    "command",
    [
        ("align", "wiki.en.vec", "x.vec", "-d", "train.txt", "-o", "map.safetensors"),
        ("apply", "map.safetensors", "x.vec", "-o", "wiki.en.vec"),
        ("translate", "map.safetensors", "wiki.en.vec", "x.vec", "cat7"),
        ("induce", "map.safetensors", "x.vec", "wiki.es.vec", "-o", "train.txt"),
        ("evaluate", "map.safetensors", "wiki.en.vec", "x.vec", "-d", "test.txt"),
    ],
)
def test_every_command_names_vectors_that_cannot_be_read(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "x.vec").write_text("a 1 2\nb 1 2\nc 1\n")
    assert fail(*command, "-q").startswith("x.vec:3: ")


def cut(folder: Path) -> bytes:
    return (folder / "map.safetensors").read_bytes()[:-7]


def cache(folder: Path) -> bytes:
    save(load(VECTORS[0]), folder / "cache.safetensors")
    return (folder / "cache.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("content", "gist"),
    [(None, "no such file"), (cut, "truncated"), (cache, "a map")],
)
def test_maps_that_cannot_be_read_are_named(
    folder: Path, content: Callable[[Path], bytes] | None, gist: str
) -> None:
    if content is not None:
        (folder / "bad.safetensors").write_bytes(content(folder))
    message = fail("apply", "bad.safetensors", VECTORS[0], "-o", VECTORS[1])
    assert message.startswith("bad.safetensors: ")
    assert gist in message


@pytest.mark.parametrize(
    ("content", "line", "gist"),
    [
        (None, "", "no such file"),
        (b"cat1 gato1\ncat2\n", ":2", "a pair needs two words, got 1"),
    ],
)
def test_dictionaries_that_cannot_be_read_are_named(
    folder: Path, content: bytes | None, line: str, gist: str
) -> None:
    if content is not None:
        (folder / "bad.txt").write_bytes(content)
    message = fail("evaluate", *MAPPED, "-d", "bad.txt")
    assert message.startswith(f"bad.txt{line}: ")
    assert gist in message


@pytest.mark.parametrize(
    "command", [("align", *VECTORS, "-o", "map.safetensors"), ("evaluate", *MAPPED)]
)
def test_a_dictionary_without_a_usable_pair_is_told_with_its_pairs(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "useless.txt").write_text("kitten1 gato1\ncat2 gatito2\nhouse casa\n")
    message = fail(*command, "-d", "useless.txt")
    assert "got 3 pairs, 2 with an OOV source word and 2 with an OOV target word" in message
    assert "kitten1 gato1" in message


@pytest.mark.parametrize(
    "command",
    [
        ("apply", "map.safetensors", "small.es.vec", "-o", "wiki.en.vec"),
        ("induce", "map.safetensors", "wiki.en.vec", "small.es.vec", "-o", "train.txt"),
    ],
)
def test_vectors_of_another_dimension_than_the_map_are_refused(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "small.es.vec").write_text("gato1 1 2 3\ngato2 2 1 3\n")
    message = fail(*command)
    assert f"this map takes es vectors of dimension {DIMENSION}" in message
    assert "of dimension 3" in message


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("translate", ("gato1",)),
        ("induce", ("-o", "x.tsv", "--index", "clustered", "--reverse")),
        ("evaluate", ("-d", "test.txt", "--reverse")),
    ],
)
def test_vectors_in_the_wrong_order_are_refused(
    folder: Path, command: str, options: tuple[str, ...]
) -> None:
    message = fail(command, MAPPED[0], *VECTORS[::-1], *options)
    assert "in the order of the map, got those of e" in message
    assert not (folder / "x.tsv").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "gist"),
    [(("--neighbors", 9_999), "--neighbors"), (("--normalize", "bold"), "'bold'")],
)
def test_values_that_align_refuses(options: tuple[object, ...], gist: str) -> None:
    assert gist in fail("align", *VECTORS, "-d", "train.txt", "-o", "x", *options)


# --- packages ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        (("align", "a", "b", "--unsupervised", "--method", "adversarial", "-o", "m"), "torch"),
        (("align", "a", "b", "-d", "d", "--device", "cuda", "-o", "m"), "torch"),
        (("induce", "m", "a", "b", "--device", "cuda", "-o", "d.tsv"), "torch"),
        (("induce", "m", "a", "b", "--index", "hnsw", "-o", "d.tsv"), "faiss"),
        (("induce", "m", "a", "b", "--cluster", "tcp://x:1", "-o", "d.tsv"), "distributed"),
        (("evaluate", "m", "a", "b", "-d", "d", "--device", "cuda"), "torch"),
        (("train", "no.txt", "-o", "m.bin"), "fasttext"),
    ],
)
def test_every_command_looks_for_its_packages_first(
    arguments: tuple[str, ...], package: str
) -> None:
    assert f"the package {package}" in fail(*arguments)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("options", ['"adversarial"]', '"cca"]\n[options]\ndevice = "cuda"'])
def test_a_grid_looks_for_its_packages_first(here: Path, options: str) -> None:
    for name in ("en.vec", "es.vec", "d.txt"):
        (here / name).write_text("")
    (here / "grid.toml").write_text(
        'vectors = "{language}.vec"\ntrain = "d.txt"\ntest = "d.txt"\npairs = ["en-es"]\n'
        f"methods = [{options}\n"
    )
    assert "torch" in fail("bench", "grid.toml")
    assert not (here / "grid.cells").exists()


# --- outputs ----------------------------------------------------------------------------------

WRITERS = {
    "align": ("align", *VECTORS, "-d", "train.txt", "--refinement", "0", "--no-ranker", "-o"),
    "apply": ("apply", "map.safetensors", "wiki.en.vec", "-o"),
    "induce": ("induce", *MAPPED, "-o"),
    "convert": ("convert", "wiki.en.vec", "-o"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", [*WRITERS])
def test_an_output_in_no_directory_is_found_before_the_work(command: str) -> None:
    message = fail(*WRITERS[command], "no/such/place.vec")
    assert message == "no/such/place.vec: the directory does not exist; create it first"


@pytest.mark.parametrize(
    ("command", "name"),
    [("apply", "full.vec"), ("apply", "full.safetensors"), ("induce", "full.tsv")],
)
def test_a_full_disk_is_told(folder: Path, command: str, name: str) -> None:
    full = folder / name
    full.symlink_to("/dev/full")
    done = run(*WRITERS[command], full.name, "-q")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"alignx: error: {name}: no space is left on the device")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("align", "map.safetensors"),
        ("convert", "old.vec"),
        ("apply", "old.vec.gz"),
        ("apply", "old.safetensors"),
    ],
)
def test_a_file_that_becomes_too_large_leaves_the_old_one(
    folder: Path, command: str, name: str
) -> None:
    (folder / name).write_text("what was there")
    with started(*WRITERS[command], name, "-q", limit=512) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"alignx: error: {name}: the file exceeds the size that is allowed")
    assert (folder / name).read_text() == "what was there"
    assert not list(folder.glob(".alignx-*"))


def test_a_directory_is_no_output(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert fail(*WRITERS["induce"], "sub").startswith("sub: this is a directory")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["convert", "apply"])
def test_an_interrupt_while_writing_leaves_the_old_file(folder: Path, command: str) -> None:
    rows = np.random.default_rng(0).standard_normal((60_000, DIMENSION), dtype=np.float32)
    words = [f"cat{i}" for i in range(len(rows))]
    save(Embeddings(words, rows, "en"), folder / "sample.safetensors")
    (folder / "old.vec.gz").write_text("what was there")
    maps = ("map.safetensors",) if command == "apply" else ()
    with started(command, *maps, "sample.safetensors", "-o", "old.vec.gz") as process:
        while process.poll() is None and not list(folder.glob(".alignx-*")):
            pass
        interrupt(process)
    assert (folder / "old.vec.gz").read_text() == "what was there"


@pytest.mark.usefixtures("folder")
@pytest.mark.slow
def test_no_progress_bar_is_drawn_in_a_pipe() -> None:
    with started("induce", *MAPPED, "-o", "out.tsv") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert len(err.splitlines()) == 3
    assert not {"\r", "\x1b", "%"} & set(err)


@pytest.mark.slow
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    with Path("/dev/full").open("w") as full, started("info", stdout=full) as process:
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert err == "alignx: error: cannot write the answer: No space left on device\n"


@pytest.mark.slow
def test_the_package_runs_as_a_module() -> None:
    command = [str(SCRIPT.with_name("python")), "-m", "alignx", "info"]
    done = subprocess.run(command, capture_output=True, env=environment(), timeout=60, check=True)
    assert done.stdout.startswith(b"version: ")
