"""Command `alignx train`: fastText vectors from plain text."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import typer

from alignx.cli.command import command, option
from alignx.cli.options import refuse
from alignx.cli.terminal import Bar, JsonTerminal, Terminal
from alignx.support.outputs import require_outputs

if TYPE_CHECKING:
    from alignx.support.tokenizer import Tokenizer

__all__ = ["Parameters", "train"]


@dataclass(frozen=True)
class Parameters:
    """Options with the names of fastText, as `alignx.FastTextParameters` takes them."""

    PANEL: ClassVar[str] = "fastText parameters"
    model: Annotated[
        Literal["skipgram", "cbow"],
        option("Predict neighbors from a word, or a word from its neighbors."),
    ] = "skipgram"
    dim: Annotated[
        int | None, option("Dimension of the vectors.", default="100, or that of --init", min=1)
    ] = None
    epoch: Annotated[
        int | None, option("Passes over the text.", default="10 below 2M words, else 5", min=1)
    ] = None
    minCount: Annotated[  # noqa: N815  # fastText's name
        int, option("Leave out rarer words.", "--minCount", "--min-count", min=1)
    ] = 5
    minn: Annotated[int, option("Shortest character n-grams.", min=0)] = 3
    maxn: Annotated[int, option("Longest character n-grams; 0 for none.", min=0)] = 6
    bucket: Annotated[
        int | None,
        option(
            "Number of n-gram vectors.",
            default="2 for each n-gram, up to 2,000,000 or the limit of --memory",
            min=0,
        ),
    ] = None
    lr: Annotated[
        float | None, option("Learning rate.", default="0.05, 0.025 with --init", metavar="RATE")
    ] = None
    ws: Annotated[int, option("Largest distance of neighbors.", min=1)] = 5
    neg: Annotated[int, option("Random words for each neighbor (loss ns).", min=1)] = 5
    loss: Annotated[
        Literal["ns", "hs", "softmax"],
        option("Negative sampling, hierarchical softmax or softmax."),
    ] = "ns"
    wordNgrams: Annotated[  # noqa: N815  # fastText's name
        int, option("No effect on vectors.", "--wordNgrams", "--word-ngrams", min=1)
    ] = 1
    lrUpdateRate: Annotated[  # noqa: N815  # fastText's name
        int,
        option(
            "Words between changes of the learning rate.",
            "--lrUpdateRate",
            "--lr-update-rate",
            min=1,
        ),
    ] = 100
    t: Annotated[
        float, option("Subsample words with a larger share of the text.", metavar="SHARE")
    ] = 1e-4
    seed: Annotated[
        int, option("Random seed; the file is reproducible with --threads 1.", min=0)
    ] = 0


@dataclass
class _Report:
    """Facts from the stages of training, printed as they come."""

    terminal: Terminal
    bar: Bar | None
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, facts: dict[str, Any]) -> None:
        """Keep the facts of a stage and print those of the corpus and of the parameters."""
        stage = facts.pop("stage")
        self.stages[stage] = facts
        if stage == "corpus":
            from alignx.training.corpus_writer import CorpusReport

            report = CorpusReport(**facts)
            self.terminal.note(f"{', '.join(Path(name).name for name in report.files)}: {report}")
        elif stage == "parameters":
            self.terminal.note(
                f"{facts['model']}: dim {facts['dim']}, epoch {facts['epoch']}, minCount "
                f"{facts['minCount']}, bucket {facts['bucket']:,}, thread {facts['thread']}; "
                f"takes about {facts['memory'] / 1e6:,.0f} MB of memory"
            )
            if self.bar is not None:
                self.bar.progress.update(self.bar.task, description="Training")

    def as_dict(self, seconds: float) -> dict[str, Any]:
        """Return the facts as one JSON object."""
        parameters, model = dict(self.stages["parameters"]), self.stages["model"]
        needed = parameters.pop("memory")
        return {
            "version": version("alignx"),
            "corpus": self.stages["corpus"],
            "parameters": parameters,
            "words": model["words"],
            "bytes": model["bytes"],
            "memory_needed": needed,
            "peak_memory": model["peak_memory"],
            "training_seconds": model["seconds"],
            "seconds": seconds,
        }


@command(
    "train wikipedia.es.txt.xz -o es.bin -o es.vec",
    first=("outputs", "dim", "epoch", "minCount", "model"),
)
def train(
    corpus: Annotated[
        list[Path],
        typer.Argument(
            metavar="CORPUS",
            help="Text in UTF-8, also .gz, .xz or .bz2; - for standard input.",
        ),
    ],
    outputs: Annotated[
        list[Path],
        option(
            "Model (.bin), or its words alone as .vec or .safetensors; repeat for both.",
            "--output",
            "-o",
        ),
    ],
    tokenizer: Annotated[
        str | None,
        option(
            "Tokenizer for text without spaces, such as jieba:lcut.",
            default="Unicode words in lower case",
            metavar="MODULE:FUNCTION",
        ),
    ] = None,
    memory: Annotated[str | None, option("Limit of memory, such as 4GB.", metavar="SIZE")] = None,
    init: Annotated[
        Path | None, option("Initial vectors, in any format; all their words stay.")
    ] = None,
    language: Annotated[
        str | None,
        option(
            "Language code, for its rules of lower case.",
            default="from the output name",
            metavar="CODE",
        ),
    ] = None,
    *,
    parameters: Parameters,
    terminal: JsonTerminal,
) -> None:
    """Train fastText vectors from plain text; options have the names of fastText.

    Unset parameters are chosen from the size of the text and printed.
    """
    main, others = _split(outputs)

    from alignx.support.memory import parse_size
    from alignx.training.parameters import FastTextParameters
    from alignx.training.train import require_trainable
    from alignx.training.train import train as train_model
    from alignx.vectors.saving import require_savable, save

    start = time.perf_counter()
    size = None if memory is None else parse_size(memory)
    texts = ["/dev/stdin" if str(path) == "-" else str(path) for path in corpus]
    require_outputs({"--output": outputs}, {"CORPUS": texts, "--init": init})
    require_trainable(main)
    for other in others:
        require_savable(other)
    options: dict[str, Any] = {} if tokenizer is None else {"tokenizer": _tokenizer(tokenizer)}
    with terminal.working("Reading") as bar:
        report = _Report(terminal, bar)
        embeddings = train_model(
            corpus,
            main,
            parameters=FastTextParameters(**vars(parameters), memory=size),
            language=language,
            init=init,
            **options,
            progress=bar,
            log=report,
        )
    for other in others:
        save(embeddings, other)
    seconds = time.perf_counter() - start
    if terminal.as_json:
        terminal.print(report.as_dict(seconds))
        return
    result = report.stages["model"]
    names = ", ".join(map(str, [main, *others]))
    terminal.note(
        f"{names}: {result['words']:,} words, {result['bytes'] / 1e6:,.1f} MB in {seconds:.1f} s "
        f"(memory: {result['peak_memory'] / 1e6:,.0f} MB)"
    )


def _split(outputs: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Split outputs into the model, or the first if there is none, and the rest."""
    from alignx.vectors.saving import is_model_name

    models = [path for path in outputs if is_model_name(path)]
    refuse(
        len(models) > 1,
        "--output",
        f"one output may end in .bin, got {', '.join(map(str, models))}",
    )
    main = models[0] if models else outputs[0]
    return main, [path for path in outputs if path != main]


def _tokenizer(text: str) -> Tokenizer:
    """Import a tokenizer, also from the current folder, and try it."""
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
    refuse(
        not is_good, "--tokenizer", f"it must give the words of a text, {text!r} gives {words!r}"
    )
    return found
