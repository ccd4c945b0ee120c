"""Command `alignx drift`: words whose meaning changes between time slices."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.options import Reading, refuse
from alignx.cli.terminal import Terminal
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from alignx.semantic_change.result import Drift

__all__ = ["drift"]

VECTORS = (".vec", ".bin", ".safetensors", ".ftz")
NO_TEST = (
    "No test: differences by chance are only known from shuffled texts; give texts and "
    "--permutations 99. Scores compare words with words of like frequency."
)
BENT = (
    "The maps of this space draw the slices together, so changes are underestimated; give the "
    "vectors of the slices, or a space of `alignx hub --identical --method procrustes`."
)


@command(
    "drift 1900.vec 1950.vec 2000.vec -o drift.tsv",
    first=("output", "permutations", "jobs", "top"),
)
def drift(
    slices: Annotated[
        list[Path],
        typer.Argument(
            metavar="SLICES",
            help="Vectors of each time slice, the earliest first, or the folder of a space; with "
            "--permutations, their texts.",
        ),
    ],
    output: Annotated[
        Path | None, option("Table of all words: .tsv, .txt or .csv.", "--output", "-o")
    ] = None,
    figure: Annotated[
        Path | None, option("Plot of the 20 most changed words: .svg, .png or .pdf.")
    ] = None,
    permutations: Annotated[
        int | None,
        option(
            "Train vectors of texts, and test each word by that many shuffles of their lines, at "
            "least 10; 0 trains without a test.",
            default="no texts",
            min=0,
        ),
    ] = None,
    jobs: Annotated[
        int | None, option("Trainings at the same time.", default="one for each core", min=1)
    ] = None,
    work: Annotated[
        Path | None,
        option("Folder of unfinished results, to go on after an interruption.", metavar="FOLDER"),
    ] = None,
    top: Annotated[int, option("Words to print.", min=0)] = 20,
    n_neighbors: Annotated[int, option("Neighbors that are compared.", "--neighbors", min=1)] = 10,
    seed: Annotated[int, option("Seed of shuffles and trainings.", min=0)] = 0,
    *,
    reading: Reading,
    terminal: Terminal,
) -> None:
    """Rank the words of a language by the change of their meaning between time slices."""
    refuse(permutations is None and work is not None, "--work", "it takes --permutations")
    refuse(permutations is None and jobs is not None, "--jobs", "it takes --permutations")
    require_outputs({"--output": output, "--figure": figure}, {"SLICES": slices}, {"--work": work})
    names = _names(slices)

    _require_formats(output, figure)
    if permutations is not None:
        vectors = [str(path) for path in slices if path.suffix.lower() in VECTORS]
        refuse(bool(vectors), "--permutations", f"it takes texts, got {', '.join(vectors)}")

        from alignx.semantic_change.texts import drift_of_texts

        with terminal.working("Training permuted slices") as progress:
            found = drift_of_texts(
                dict(zip(names, slices, strict=True)),
                permutations=permutations,
                n_neighbors=n_neighbors,
                n_jobs=jobs,
                seed=seed,
                work=work,
                progress=progress,
            )
    else:
        found = _of_vectors(terminal, slices, names, reading, n_neighbors)
    _write(terminal, found, output, figure)
    _show(terminal, found, top)


def _require_formats(output: Path | None, figure: Path | None) -> None:
    """Refuse names of outputs with another ending, before any work."""
    from alignx.reporting.figures.saving import require_drawable
    from alignx.semantic_change.result import require_table

    if output is not None:
        require_table(output)
    if figure is not None:
        require_drawable(figure)


def _write(terminal: Terminal, found: Drift, output: Path | None, figure: Path | None) -> None:
    """Write the table and the figure, if they are asked for."""
    if output is not None:
        found.save(output)
        terminal.note(f"{output}: {len(found):,} words")
    if figure is not None:
        from alignx.reporting.figures.changes import plot_drift
        from alignx.reporting.figures.saving import save_figure

        save_figure(plot_drift(found).figure, figure)
        terminal.note(f"{figure}: written")


def _of_vectors(
    terminal: Terminal, slices: list[Path], names: list[str], reading: Reading, n_neighbors: int
) -> Drift:
    """Compare vectors of slices, or those of a space on disk."""
    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.space_folder.reader import SpaceFolder
    from alignx.cli.inputs import read_vectors
    from alignx.semantic_change.slices import drift as drift_of
    from alignx.support.files import require_readable

    if len(slices) == 1:
        refuse(not slices[0].is_dir(), "SLICES", "give at least two slices, or a space")
        folder = SpaceFolder.open(slices[0], limit=reading.limit)
        if folder.manifest.method.get("method") != "procrustes":
            terminal.note(BENT)
        return drift_of(SharedSpace(folder.languages), n_neighbors=n_neighbors)
    require_readable(*map(str, slices))
    loaded = [read_vectors(terminal, path, reading) for path in slices]
    return drift_of(dict(zip(names, loaded, strict=True)), n_neighbors=n_neighbors)


def _names(slices: list[Path]) -> list[str]:
    """Name each slice by its file, without endings."""
    names = [path.name.split(".")[0] for path in slices]
    twice = next((name for name in names if names.count(name) > 1), None)
    refuse(twice is not None, "SLICES", f"the files must have different names, got {twice} twice")
    return names


def _show(terminal: Terminal, found: Drift, top: int) -> None:
    """Print the most changed words, and what the test says."""
    if found.test is None:
        terminal.note(NO_TEST)
    else:
        terminal.note(
            f"{len(found.significant()):,} of {len(found):,} words have changed at a false "
            f"discovery rate of 5 % ({found.test.permutations} permutations)."
        )
    if top:
        sys.stdout.write(f"{found.as_text(top)}\n")
