"""Command `alignx classify transfer`: transfer strategies in one table."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.classify.inputs import TextOovOption, Unlabeled, load_unlabeled
from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LabeledColumns, LanguageFiles, MapFile, refuse
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.support.files import printable, replacing
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.packages import install, is_installed

if TYPE_CHECKING:
    from alignx.classification.comparison.experiments import Experiment, PeerMaker

__all__ = ["transfer"]

ALL = "all"


@command(
    "classify transfer map.safetensors en.vec es.vec --train en=train.tsv --test es=test.tsv",
    first=("train", "test", "strategies", "output", "unlabeled"),
)
def transfer(
    map_file: MapFile,
    files: LanguageFiles,
    train: Annotated[
        list[str],
        option(
            "Labeled training texts. Those of other languages than --source serve the upper "
            "baseline, --shots and --others.",
            metavar="[CODE=]FILE",
        ),
    ],
    test: Annotated[list[str], option("Labeled test texts.", metavar="[CODE=]FILE")],
    source: Annotated[
        str | None, option("Language to learn from.", default="that of --train", metavar="CODE")
    ] = None,
    strategies: Annotated[
        list[str] | None,
        option(
            "Strategy to compare, or all; repeat for more.",
            "--strategy",
            default="zero_shot, ensemble",
            metavar="NAME",
        ),
    ] = None,
    shots: Annotated[
        list[int] | None,
        option(
            "Compare with few-shot learning from N labeled target texts a class; repeatable.", min=1
        ),
    ] = None,
    others: Annotated[bool, option("Compare with labels of all other languages.")] = False,
    transformers: Annotated[
        list[str] | None,
        option(
            "Compare with a multilingual transformer: folder or name; repeatable.",
            "--transformer",
            metavar="MODEL",
        ),
    ] = None,
    fine_tune: Annotated[
        bool, option("Fine-tune the transformers, not only a head on them.")
    ] = False,
    unlabeled: Unlabeled = None,
    seeds: Annotated[int, option("Runs with different random seeds.", min=1)] = 1,
    output: Annotated[
        Path | None, option("Table (.md or .txt), or all figures (.json).", "--output", "-o")
    ] = None,
    figure: Annotated[
        Path | None, option("Plot of accuracies and gaps: .svg, .png or .pdf.")
    ] = None,
    oov: TextOovOption = "learned",
    *,
    columns: LabeledColumns,
    terminal: JsonTerminal,
) -> None:
    """Compare transfer strategies between languages, with lower and upper baselines.

    Unlabeled texts of a language are those of --train by default.
    """
    files.require_count(map_file)

    from alignx.classification.comparison.evaluate import evaluate_transfer, missing_by_experiment
    from alignx.classification.comparison.experiments import TransferData
    from alignx.classification.requirements import require_all, runnable_strategies
    from alignx.reporting.figures.saving import require_drawable, save_figure
    from alignx.reporting.figures.transfer import transfer_figure
    from alignx.texts.documents import TextReader

    start = time.perf_counter()
    texts = {"--train": train, "--test": test, "--unlabeled": unlabeled or []}
    inputs = {"MAP": None if map_file == "-" else map_file, "VECTORS": files.paths}
    _require_outputs(output, figure, inputs, texts)
    names = _names(strategies)
    learned, measured = (_by_language(terminal, given, columns) for given in (train, test))
    source = source or _only(learned)
    further = {code: some for code, (some, _) in _by_language(terminal, unlabeled or []).items()}
    without = [code for code in measured if code not in (source, *learned, *further)]
    if ALL in names:
        names, left_out = runnable_strategies(without)
        for name, reason in left_out.items():
            terminal.note(f"left out: {name}, which needs {reason}")
    experiments = _experiments(names, shots or [], others)
    missing = _missing_packages(transformers or [])
    require_all(missing | missing_by_experiment(experiments, without), "give --unlabeled CODE=FILE")
    if figure is not None:
        require_drawable(figure)
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    with terminal.working("Comparing") as progress:
        report = evaluate_transfer(
            space,
            TransferData(source, learned, measured, further),
            experiments | _peers(transformers or [], fine_tune),
            reader=TextReader(oov=oov),
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
        save_figure(transfer_figure(report), figure)
    terminal.print(facts, report.as_markdown())
    written = ", ".join(str(path) for path in (output, figure) if path is not None)
    ending = f"; {written}: written" if written else ""
    terminal.note(f"compared in {time.perf_counter() - start:.1f} s{ending}")


def _require_outputs(
    output: Path | None,
    figure: Path | None,
    inputs: dict[str, Any],
    texts: dict[str, list[str]],
) -> None:
    """Refuse outputs over inputs, and names that promise another format."""
    named = {option: [text.rpartition("=")[2] for text in given] for option, given in texts.items()}
    require_outputs({"--output": output, "--figure": figure}, {**inputs, **named})
    for path, kind in ((output, "a table"), (figure, "a figure")):
        if path is not None:
            require_suffix(path, kind)


def _names(strategies: Sequence[str] | None) -> list[str]:
    """Refuse unknown strategies."""
    from alignx.classification.strategies import STRATEGIES

    known = (*STRATEGIES, ALL)
    names = list(strategies or ("zero_shot", "ensemble"))
    for name in names:
        refuse(
            name not in known, "--strategy", f"it must be one of {', '.join(known)}, got {name!r}"
        )
    return names


def _only(learned: Iterable[str]) -> str:
    """Return the only language with labels."""
    codes = list(learned)
    refuse(
        len(codes) > 1,
        "--source",
        f"say which to learn from, as --train holds {', '.join(codes)}",
    )
    return codes[0]


def _experiments(
    names: Sequence[str], shots: Sequence[int], others: bool
) -> dict[str, Experiment | PeerMaker]:
    """Return the experiments by the names of their rows."""
    from alignx.classification.comparison.experiments import Experiment

    found: dict[str, Experiment | PeerMaker] = {name: Experiment(name) for name in names}
    found |= {f"few_shot, {k} a class": Experiment(shots=k, alpha=0.5) for k in shots}
    if others:
        found["multi_source"] = Experiment(others=True)
    return found


def _missing_packages(transformers: Sequence[str]) -> dict[str, list[str]]:
    """Return missing packages of an option."""
    names = ("torch", "sentence_transformers") if transformers else ()
    return {
        "--transformer": [
            f"the package {name} ({install(name)})" for name in names if not is_installed(name)
        ]
    }


def _peers(models: Sequence[str], fine_tune: bool) -> dict[str, Any]:
    if not models:
        return {}
    from alignx.classification.transformers.classifier import TransformerClassifier

    def maker(model: str) -> Any:  # noqa: ANN401
        return lambda seed: TransformerClassifier(model, fine_tune=fine_tune, random_state=seed)

    return {printable(Path(model).name): maker(model) for model in models}


def _by_language(
    terminal: Terminal, given: Sequence[str], columns: LabeledColumns | None = None
) -> dict[str, tuple[list[str], list[str]]]:
    """Read texts by language, with labels if columns are given."""
    from alignx.classification.data.texts import LabeledTexts

    result: dict[str, tuple[list[str], list[str]]] = {}
    for text in given:
        code, _, name = text.rpartition("=")
        if columns is None:
            found = load_unlabeled(Path(name), code or None)
        else:
            found = LabeledTexts.load(name, language=code or None, **columns.as_dict())
        if found.languages is None:
            raise typer.BadParameter(
                f"{name} does not say what language its texts are; give CODE={name}",
                param_hint="--train, --test",
            )
        kind = "texts without labels" if columns is None else "labeled texts"
        terminal.note(f"{name}: {'; '.join([f'{len(found):,} {kind}', *found.notes])}")
        for language in dict.fromkeys(found.languages):
            own = found.of(language)
            texts, labels = result.setdefault(language, ([], []))
            texts += own.texts
            labels += own.labels or ()
    return result
