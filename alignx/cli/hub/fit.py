"""Command `alignx hub`: vectors of several languages in one space."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from alignx.cli.command import RUNNING, command, option
from alignx.cli.hub.inputs import codes_of, mapped_language, path_of
from alignx.cli.hub.prepare import NoPrepare, prepare_searches
from alignx.cli.hub.summary import show
from alignx.cli.lexicons import Dictionaries, GivenLexicon, assigned, load_lexicons
from alignx.cli.log import logging_to
from alignx.cli.options import Reading, refuse
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.errors import FormatError, OutputError
from alignx.support.counts import counted
from alignx.support.files import output_errors
from alignx.support.outputs import require_outputs, require_suffix

if TYPE_CHECKING:
    from alignx.lexicon.lexicon import Lexicon
    from alignx.multilingual.multilingual_alignment import MultilingualAlignment
    from alignx.vectors.embeddings import Embeddings

__all__ = ["JointMethod", "fit"]

JointMethod = Literal["contrastive", "reweighted", "procrustes"]
WORK = ".work"  # folder of unfinished results in that of the space
LOCK = ".lock"


@command(
    "hub en.vec es.vec de.vec -d en-es.txt -d en-de.txt -o space/",
    settings=("threads", "device"),
    first=("output", "dictionaries", "identical", "unsupervised", "hub", "limit"),
)
def fit(
    vectors: Annotated[
        list[str],
        typer.Argument(
            metavar="VECTORS",
            help="Vectors of two languages or more; CODE=FILE where the name of a file does not "
            "tell its language.",
        ),
    ],
    output: Annotated[Path, option("Folder of the space.", "--output", "-o", metavar="SPACE")],
    dictionaries: Dictionaries = None,
    identical: Annotated[
        bool,
        option("Words with the same spelling, for languages without a dictionary, or for times."),
    ] = False,
    unsupervised: Annotated[bool, option("No dictionary at all.")] = False,
    hub: Annotated[
        str | None,
        option("Language that the others are mapped onto.", default="the best", metavar="CODE"),
    ] = None,
    method: Annotated[
        JointMethod | None,
        option(
            f"Method: {', '.join(get_args(JointMethod))}.",
            default="contrastive, procrustes with few pairs",
            metavar="METHOD",
        ),
    ] = None,
    no_ranker: Annotated[
        bool, option("Leave out the learned rankings and their probabilities.", "--no-ranker")
    ] = False,
    allow_failed: Annotated[
        bool, option("Leave out languages that have failed their check, and keep the others.")
    ] = False,
    replace: Annotated[bool, option("Replace a space that is there.")] = False,
    no_prepare: NoPrepare = False,
    log_file: Annotated[Path | None, option("Log of the steps, as JSON lines.", "--log")] = None,
    jobs: Annotated[
        int | None,
        option("Pairs of languages at the same time.", "--jobs", default="1", panel=RUNNING, min=1),
    ] = None,
    cluster: Annotated[
        str | None,
        option("Address of a Dask scheduler.", metavar="tcp://HOST:PORT", panel=RUNNING),
    ] = None,
    *,
    reading: Reading,
    terminal: JsonTerminal,
) -> None:
    """Map many languages into one space.

    Dictionaries may join the languages in any way; languages without one are joined by their
    vectors alone. The same command goes on after an interrupt.
    """
    files = codes_of(vectors)
    _require_usage(files, dictionaries, hub, identical=identical, unsupervised=unsupervised)
    _require_output(output, log_file, files, replace=replace)
    given = load_lexicons(dictionaries or (), reading, files)
    start = time.perf_counter()
    with _working_folder(terminal, output) as work:
        languages = {
            code: mapped_language(terminal, code, path, reading, work / "vectors")
            for code, path in files.items()
        }
        lexicons = _lexicons(terminal, given, languages, identical=identical)
        alignment = _align(
            terminal,
            {code: path_of(language) for code, language in languages.items()},
            log_file,
            lexicons=lexicons,
            hub=hub,
            method=method,
            ranker=not no_ranker,
            allow_failed=allow_failed,
            work=(work / "fit", jobs, cluster),
        )
        with terminal.working("Writing"):
            alignment.save(output, languages, prepare=False)
    if not no_prepare:
        prepare_searches(terminal, output)
    show(terminal, output, time.perf_counter() - start)


def _require_usage(
    files: Mapping[str, Path],
    dictionaries: Sequence[str] | None,
    hub: str | None,
    *,
    identical: bool,
    unsupervised: bool,
) -> None:
    """Refuse fewer than two languages, an unknown hub, and no evidence or two kinds of it."""
    refuse(len(files) < 2, "VECTORS", f"give vectors of two languages or more, got {len(files)}")
    refuse(hub not in (None, *files), "--hub", f"it must be one of {', '.join(files)}, got {hub}")
    is_given = bool(dictionaries) or identical
    problem = "give --dictionary FILE, repeated for more, or --identical, or --unsupervised"
    refuse(is_given == unsupervised, "--dictionary", problem)


def _require_output(
    output: Path, log_file: Path | None, files: Mapping[str, Path], *, replace: bool
) -> None:
    """Refuse a folder with a space, unless it is to be replaced, or with other files."""
    from alignx.alignment.space_folder.manifest import MANIFEST

    is_space, is_ours = (output / MANIFEST).exists(), (output / LOCK).exists()
    if is_space and not replace:
        raise OutputError(
            output,
            "this is a space already; --replace fits it anew, and `alignx hub add` adds a language",
        )
    others = [] if is_space or is_ours or not output.is_dir() else _others(output)
    if others:
        raise OutputError(
            output,
            f"this folder must be new, empty or a space, and holds {others[0]}; name another",
        )
    inputs = {"VECTORS": list(files.values())}
    require_outputs({"--log": log_file}, inputs, {"--output": output})
    if log_file is not None:
        require_suffix(log_file, "a log")


def _others(folder: Path) -> list[str]:
    """Return the names in a folder that are not of alignx."""
    return sorted(path.name for path in folder.iterdir() if path.name != WORK)


@contextmanager
def _working_folder(terminal: Terminal, output: Path) -> Iterator[Path]:
    """Make the folder of unfinished results; it stays after an interrupt or a full disk only."""
    is_new = not output.exists()
    work = output / WORK
    with output_errors(output):
        work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    except (KeyboardInterrupt, MemoryError, OutputError):
        terminal.note(f"interrupted: finished parts are in {work}; the same command goes on")
        raise
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        if is_new:
            _remove_empty(output)
        raise
    shutil.rmtree(work, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    """Remove a folder that was made in vain."""
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()


def _lexicons(
    terminal: Terminal,
    given: Sequence[GivenLexicon],
    languages: Mapping[str, Embeddings],
    *,
    identical: bool,
) -> dict[tuple[str, str], Lexicon]:
    """Find the languages of the dictionaries, and add identical words where there is none."""
    from alignx.multilingual.lexicon_languages import identical_lexicons

    lexicons = assigned(terminal, given, languages)
    if not identical:
        return lexicons
    for pair, lexicon in identical_lexicons(languages).items():
        if pair not in lexicons and pair[::-1] not in lexicons:
            terminal.note(f"{'-'.join(pair)}: {counted(len(lexicon), 'identical word')}")
            lexicons[pair] = lexicon
    return lexicons


def _align(
    terminal: Terminal,
    languages: Mapping[str, str],
    log_file: Path | None,
    *,
    work: tuple[Path, int | None, str | None],
    **options: Any,  # noqa: ANN401  # of align_many
) -> MultilingualAlignment:
    """Fit the maps; unfinished results of other inputs give way."""
    from alignx.multilingual.align_many import align_many
    from alignx.multilingual.work import Work

    folder, jobs, cluster = work
    with terminal.working("Aligning") as bar, logging_to(log_file, bar) as log:
        for is_last in (False, True):
            try:
                return align_many(
                    languages, work=Work(folder, jobs, cluster), progress=bar, log=log, **options
                )
            except FormatError as error:
                if is_last or error.path != str(folder):
                    raise
                shutil.rmtree(folder)
    raise AssertionError  # the second time returns or raises
