"""The command `alignx classify transfer`."""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.inputs import read_vectors, require_inputs, shared_space
from alignx.cli.options import (
    Json,
    LabelColumn,
    Limit,
    Lowercase,
    MapFile,
    OnError,
    Oov,
    OovOption,
    Quiet,
    SkipBad,
    TextColumn,
    Threads,
    VectorFiles,
    Verbose,
    as_column,
    require_count,
)
from alignx.cli.terminal import open_terminal, print_json
from alignx.support.files import printable, replacing
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.packages import install, is_installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alignx.classification.comparison.experiments import Experiment, PeerMaker
    from alignx.cli.terminal import Terminal

__all__ = ["transfer"]

ALL = "all"


def transfer(
    map_file: MapFile,
    vectors: VectorFiles,
    train: Annotated[
        list[str],
        typer.Option(
            "--train",
            metavar="[CODE=]FILE",
            help="Labeled texts to learn from. Those of other languages than --source only bound "
            "what can be reached, and serve --shots and --others.",
        ),
    ],
    test: Annotated[
        list[str],
        typer.Option("--test", metavar="[CODE=]FILE", help="Labeled texts to measure on."),
    ],
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    source: Annotated[
        str | None,
        typer.Option(help="Language to learn from.", show_default="that of --train"),
    ] = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="Compare this one too; or all that can run.",
            show_default="zero_shot, ensemble",
        ),
    ] = None,
    shots: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Compare with that many labeled texts a class of the target too."),
    ] = None,
    others: Annotated[
        bool, typer.Option("--others", help="Compare with labels of all other languages too.")
    ] = False,
    transformers: Annotated[
        list[str] | None,
        typer.Option(
            "--transformer", metavar="MODEL", help="Compare with that model too: a folder or name."
        ),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option("--fine-tune", help="Train the transformers, rather than a head on them."),
    ] = False,
    unlabeled: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE=FILE",
            help="Texts of a language, one a line.",
            show_default="those of --train",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repeat with that many seeds.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the table here, or for .json all figures."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw accuracies and gaps: .svg, .png or .pdf.")
    ] = None,
    oov: OovOption = Oov.drop,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare ways to learn in one language and predict in others, between bounds."""
    require_count(map_file, vectors)
    from alignx.classification.comparison.evaluate import evaluate_transfer, missing_by_experiment
    from alignx.classification.comparison.experiments import TransferData
    from alignx.classification.comparison.plot import draw, require_drawable
    from alignx.classification.documents import TextReader
    from alignx.classification.requirements import require_all, runnable_strategies

    terminal = open_terminal(quiet, verbose)
    start = time.perf_counter()
    texts = {"--train": train, "--test": test, "--unlabeled": unlabeled or []}
    require_outputs(
        {"--output": output, "--figure": figure},
        {
            "MAP": None if map_file == "-" else map_file,
            "VECTORS": vectors,
            **{k: [text.rpartition("=")[2] for text in given] for k, given in texts.items()},
        },
    )
    if output is not None:
        require_suffix(output, "a table")
    if figure is not None:
        require_suffix(figure, "a figure")
    names = _names(strategies)
    columns = {"text_column": as_column(text_column), "label_column": as_column(label_column)}
    learned, measured = (_by_language(terminal, given, columns) for given in (train, test))
    source = source or _only(learned)
    further = {code: some for code, (some, _) in _by_language(terminal, unlabeled or []).items()}
    without = [code for code in measured if code not in (source, *learned, *further)]
    if ALL in names:
        names, left_out = runnable_strategies(without)
        for name, reason in left_out.items():
            terminal.note(f"left out: {name}, which needs {reason}")
    experiments = _experiments(names, shots or [], others)
    missing = _lacking_packages(figure, transformers or [])
    missing |= missing_by_experiment(experiments, without)
    require_all(missing, "give --unlabeled CODE=FILE")
    if figure is not None:
        require_drawable(figure)
    require_inputs(map_file, vectors)
    space = shared_space(
        map_file,
        [read_vectors(terminal, path, limit, lowercase, on_error) for path in vectors],
    )
    with terminal.working("Comparing") as progress:
        report = evaluate_transfer(
            space,
            TransferData(source, learned, measured, further),
            experiments | _peers(transformers or [], fine_tune),
            reader=TextReader(oov=oov.value),
            seeds=range(seeds),
            progress=progress,
        )
    facts = {"version": version("alignx"), **report.as_dict()}
    if output is not None:
        with replacing(output) as file:
            if output.suffix.lower() == ".json":
                file.write(json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
            else:
                file.write(report.as_markdown())
    if figure is not None:
        draw(report, figure)
    if as_json:
        print_json(facts)
    else:
        typer.echo(report.as_markdown(), nl=False)
    written = ", ".join(str(path) for path in (output, figure) if path is not None)
    ending = f"; {written}: written" if written else ""
    terminal.note(f"compared in {time.perf_counter() - start:.1f} s{ending}")


def _names(strategies: Sequence[str] | None) -> list[str]:
    """Refuse strategies that there are not."""
    from alignx.classification.strategies import STRATEGIES

    names = list(strategies or ("zero_shot", "ensemble"))
    for name in names:
        if name not in (*STRATEGIES, ALL):
            raise typer.BadParameter(
                f"it must be one of {', '.join(STRATEGIES)}, {ALL}, got {name!r}",
                param_hint="--strategy",
            )
    return names


def _only(learned: Iterable[str]) -> str:
    """Give the one language with labels, which is the one to learn from."""
    codes = list(learned)
    if len(codes) > 1:
        raise typer.BadParameter(
            f"say which to learn from, as --train holds {', '.join(codes)}", param_hint="--source"
        )
    return codes[0]


def _experiments(
    names: Sequence[str], shots: Sequence[int], others: bool
) -> dict[str, Experiment | PeerMaker]:
    """Name the rows of the table."""
    from alignx.classification.comparison.experiments import Experiment

    found: dict[str, Experiment | PeerMaker] = {name: Experiment(name) for name in names}
    found |= {f"few_shot, {k} a class": Experiment(shots=k, alpha=0.5) for k in shots}
    if others:
        found["multi_source"] = Experiment(others=True)
    return found


def _lacking_packages(figure: Path | None, transformers: Sequence[str]) -> dict[str, list[str]]:
    """Give the packages that options need and that are not installed."""
    needs = {
        "--figure": ["matplotlib"] if figure is not None else [],
        "--transformer": ["torch", "sentence_transformers"] if transformers else [],
    }
    return {
        option: [
            f"the package {name} ({install(name)})" for name in names if not is_installed(name)
        ]
        for option, names in needs.items()
    }


def _peers(models: Sequence[str], fine_tune: bool) -> dict[str, Any]:
    if not models:
        return {}
    from alignx.classification.transformers.classifier import TransformerClassifier

    def maker(model: str) -> Any:  # noqa: ANN401
        return lambda seed: TransformerClassifier(model, fine_tune=fine_tune, random_state=seed)

    return {printable(Path(model).name): maker(model) for model in models}


def _by_language(
    terminal: Terminal, given: Sequence[str], columns: dict[str, Any] | None = None
) -> dict[str, tuple[list[str], list[str]]]:
    """Read texts, with labels if columns are given; several files of a language add up."""
    from alignx.classification.data.texts import LabeledTexts

    result: dict[str, tuple[list[str], list[str]]] = {}
    for text in given:
        code, _, name = text.rpartition("=")
        found = LabeledTexts.load(
            name, language=code or None, labeled=columns is not None, **(columns or {})
        )
        if found.languages is None:
            raise typer.BadParameter(
                f"{name} does not say what language its texts are; give CODE={name}",
                param_hint="--train, --test",
            )
        kind = "texts without labels" if columns is None else "labeled texts"
        terminal.note(f"{name}: {len(found):,} {kind}")
        for language in dict.fromkeys(found.languages):
            own = found.of(language)
            texts, labels = result.setdefault(language, ([], []))
            texts += own.texts
            labels += own.labels or ()
    return result
