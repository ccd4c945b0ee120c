"""The command `alignx train`."""

from __future__ import annotations

import importlib
import sys
import time
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.options import Json, Quiet, Threads, Verbose  # typer reads them
from alignx.cli.terminal import open_terminal, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.cli.terminal import Bar, Terminal
    from alignx.support.tokenizer import Tokenizer

__all__ = ["Loss", "Model", "train"]


class Model(StrEnum):
    """What fastText predicts."""

    skipgram = "skipgram"
    cbow = "cbow"


class Loss(StrEnum):
    """What fastText minimizes."""

    ns = "ns"
    hs = "hs"
    softmax = "softmax"


def train(
    corpus: Annotated[
        list[Path],
        typer.Argument(
            metavar="CORPUS", help="Text in UTF-8, .gz, .xz or .bz2, or - for standard input."
        ),
    ],
    outputs: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            help="Where the model goes, a .bin; again for its words as .vec or .safetensors.",
        ),
    ],
    model: Annotated[
        Model, typer.Option(help="Whether a word predicts its neighbors, or they it.")
    ] = Model.skipgram,
    dim: Annotated[
        int | None,
        typer.Option(min=1, help="Numbers in a vector.", show_default="100, or those of --init"),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How often to go through the text.",
            show_default="10 below 2M words, else 5",
        ),
    ] = None,
    min_count: Annotated[
        int, typer.Option("--minCount", "--min-count", min=1, help="Leave out rarer words.")
    ] = 5,
    minn: Annotated[int, typer.Option(min=0, help="Characters of an n-gram, at least.")] = 3,
    maxn: Annotated[int, typer.Option(min=0, help="At most; 0 for no n-grams.")] = 6,
    bucket: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many vectors n-grams share.",
            show_default="2 for each n-gram, at most 2,000,000, and what fits into --memory",
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(help="Learning rate.", show_default="0.05, or 0.025 to go on from --init"),
    ] = None,
    ws: Annotated[int, typer.Option(min=1, help="Neighbors to either side, at most.")] = 5,
    neg: Annotated[int, typer.Option(min=1, help="ns: random words for each neighbor.")] = 5,
    loss: Annotated[
        Loss, typer.Option(help="Negative sampling, hierarchical softmax, or softmax.")
    ] = Loss.ns,
    word_ngrams: Annotated[
        int, typer.Option("--wordNgrams", "--word-ngrams", min=1, help="No effect on vectors.")
    ] = 1,
    lr_update_rate: Annotated[
        int,
        typer.Option(
            "--lrUpdateRate", "--lr-update-rate", min=1, help="Words between changes of the rate."
        ),
    ] = 100,
    t: Annotated[
        float, typer.Option("--t", help="Pass now and then over words of a larger share.")
    ] = 1e-4,
    init: Annotated[
        Path | None, typer.Option(help="Vectors to go on from, in any format; keeps their words.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="What cuts text into words where there are no spaces, such as jieba:lcut.",
            show_default="by Unicode, and lower-cased",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Language code, by whose rules text is lower-cased.",
            show_default="by the name of the output",
        ),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory to fit into, such as 4GB.")
    ] = None,
    threads: Threads = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="With --threads 1: same seed, same file.")
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train fastText vectors from plain text; the options have fastText's names."""
    main, others = _split(outputs)

    from alignx.support.memory import parse_size
    from alignx.support.outputs import require_outputs
    from alignx.training.parameters import FastTextParameters
    from alignx.training.train import require_trainable
    from alignx.training.train import train as fit
    from alignx.vectors.io import require_savable, save

    terminal = open_terminal(quiet, verbose)
    start = time.perf_counter()
    size = None if memory is None else parse_size(memory)
    require_outputs(
        {"--output": outputs},
        {
            "CORPUS": ["/dev/stdin" if str(path) == "-" else str(path) for path in corpus],
            "--init": init,
        },
    )
    require_trainable(main)
    for other in others:
        require_savable(other)
    options: dict[str, Any] = {} if tokenizer is None else {"tokenizer": _tokenizer(tokenizer)}
    stages: dict[str, dict[str, Any]] = {}
    with terminal.working("Reading") as bar:
        embeddings = fit(
            corpus,
            main,
            parameters=FastTextParameters(
                model=model.value,
                dim=dim,
                epoch=epoch,
                minCount=min_count,
                minn=minn,
                maxn=maxn,
                bucket=bucket,
                lr=lr,
                ws=ws,
                neg=neg,
                wordNgrams=word_ngrams,
                loss=loss.value,
                lrUpdateRate=lr_update_rate,
                t=t,
                memory=size,
                seed=seed,
            ),
            language=language,
            init=init,
            progress=bar,
            log=lambda facts: _tell(terminal, bar, stages, facts),
            **options,
        )
    for other in others:
        save(embeddings, other)
    seconds = time.perf_counter() - start
    result = stages["model"]
    if as_json:
        parameters = stages["parameters"]
        needed = parameters.pop("memory")
        print_json(
            {
                "version": version("alignx"),
                "corpus": stages["corpus"],
                "parameters": parameters,
                "words": result["words"],
                "bytes": result["bytes"],
                "memory_needed": needed,
                "peak_memory": result["peak_memory"],
                "training_seconds": result["seconds"],
                "seconds": seconds,
            }
        )
        return
    names = ", ".join(map(str, [main, *others]))
    terminal.note(
        f"{names}: {result['words']:,} words, {result['bytes'] / 1e6:,.1f} MB in {seconds:.1f} s "
        f"(memory: {result['peak_memory'] / 1e6:,.0f} MB)"
    )


def _split(outputs: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Tell the model from what else is to be written."""
    models = [path for path in outputs if path.suffix == ".bin"]
    if len(models) != 1:
        raise typer.BadParameter(
            f"one output must end in .bin, got {', '.join(map(str, outputs))}",
            param_hint="--output",
        )
    return models[0], [path for path in outputs if path != models[0]]


def _tokenizer(text: str) -> Tokenizer:
    """Import a tokenizer, from the folder where one is, too, and see that it gives words."""
    module, _, name = text.partition(":")
    sys.path.append("")
    try:
        found: Tokenizer = getattr(importlib.import_module(module), name)
        words = found("a b")
        is_good = not isinstance(words, str) and all(isinstance(word, str) for word in words)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise typer.BadParameter(
            f"it must be MODULE:FUNCTION such as jieba:lcut, got {text!r}: {error}",
            param_hint="--tokenizer",
        ) from error
    finally:
        sys.path.remove("")
    if not is_good:
        raise typer.BadParameter(
            f"it must give the words of a text, {text!r} gives {words!r}",
            param_hint="--tokenizer",
        )
    return found


def _tell(
    terminal: Terminal, bar: Bar | None, stages: dict[str, dict[str, Any]], facts: dict[str, Any]
) -> None:
    """Keep what a stage tells, and note what was read and chosen."""
    stage = facts.pop("stage")
    stages[stage] = facts
    if stage == "corpus":
        from alignx.training.corpus_writer import CorpusReport

        report = CorpusReport(**facts)
        terminal.note(f"{', '.join(Path(name).name for name in report.files)}: {report}")
    elif stage == "parameters":
        terminal.note(
            f"{facts['model']}: dim {facts['dim']}, epoch {facts['epoch']}, "
            f"minCount {facts['minCount']}, bucket {facts['bucket']:,}, thread {facts['thread']}; "
            f"takes about {facts['memory'] / 1e6:,.0f} MB of memory"
        )
        if bar is not None:
            bar.progress.update(bar.task, description="Training")
