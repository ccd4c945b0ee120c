"""Command `alignx train`: fastText vectors from plain text."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignx.cli.command import command, option
from alignx.cli.fasttext_options import Parameters
from alignx.cli.options import refuse
from alignx.cli.sentence_pairs import ParallelFiles, read_sentence_pairs
from alignx.cli.terminal import Bar, JsonTerminal, Terminal

if TYPE_CHECKING:
    from alignx.support.tokenizer import Tokenizer
    from alignx.training.parameters import FastTextParameters

__all__ = ["train"]

_LANGUAGES = 2


@dataclass
class _Report:
    """Facts from the stages of training, printed as they come."""

    terminal: Terminal
    bar: Bar | None = None
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextmanager
    def working(self, text: str) -> Iterator[Bar | None]:
        """Show a bar while the block runs."""
        with self.terminal.working(text) as self.bar:
            yield self.bar

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
        list[Path] | None,
        typer.Argument(
            metavar="CORPUS",
            help="Text in UTF-8, also .gz, .xz or .bz2; - for standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    outputs: Annotated[
        list[Path],
        option(
            "Model (.bin), or its words alone as .vec or .safetensors; repeat for both, or for the "
            "two languages of --parallel.",
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
    sentences: ParallelFiles,
    parameters: Parameters,
    terminal: JsonTerminal,
) -> None:
    """Train fastText vectors from plain text, or of two languages from sentence pairs.

    Options have the names of fastText. Unset ones are chosen from the size of the text and printed.
    """
    bilingual = sentences.has_sentences
    refuse(
        bool(corpus) == bilingual, "CORPUS", "give text, or sentence pairs by --parallel, not both"
    )
    if bilingual:
        names = {"--tokenizer": tokenizer, "--init": init, "--language": language}
        for name, value in names.items():
            refuse(value is not None, name, "sentence pairs have no such option; leave it out")
        problem = f"give two with --parallel, one for each language, got {len(outputs)}"
        refuse(len(outputs) != _LANGUAGES, "--output", problem)
    outputs = _model_first(outputs)

    from alignx.support.outputs import require_outputs

    start = time.perf_counter()
    texts = ["/dev/stdin" if str(path) == "-" else str(path) for path in corpus or ()]
    require_outputs(
        {"--output": outputs}, {"CORPUS": texts, "--init": init, **sentences.sentence_files}
    )
    given = parameters.as_fasttext(memory, bilingual=bilingual)
    report = _Report(terminal)
    if bilingual:
        _train_on_pairs(sentences, outputs, given, report)
    else:
        cut = {} if tokenizer is None else {"tokenizer": _tokenizer(tokenizer)}
        _train_on_text(corpus or [], outputs, given, report, init=init, language=language, **cut)
    seconds = time.perf_counter() - start
    if terminal.as_json:
        terminal.print(report.as_dict(seconds))
        return
    result = report.stages["model"]
    terminal.note(
        f"{', '.join(map(str, outputs))}: {result['words']:,} words, "
        f"{result['bytes'] / 1e6:,.1f} MB in {seconds:.1f} s "
        f"(memory: {result['peak_memory'] / 1e6:,.0f} MB)"
    )


def _train_on_text(
    corpus: list[Path],
    outputs: list[Path],
    parameters: FastTextParameters,
    report: _Report,
    **options: Any,  # noqa: ANN401  # of alignx.train
) -> None:
    """Train a model, or vectors, and save the vectors in the other formats."""
    main, *others = outputs

    from alignx.training.train import require_trainable
    from alignx.training.train import train as train_model
    from alignx.vectors.saving import require_savable, save

    require_trainable(main)
    for other in others:
        require_savable(other)
    with report.working("Reading") as bar:
        embeddings = train_model(
            corpus, main, parameters=parameters, progress=bar, log=report, **options
        )
    for other in others:
        save(embeddings, other)


def _train_on_pairs(
    files: ParallelFiles, outputs: list[Path], parameters: FastTextParameters, report: _Report
) -> None:
    """Train vectors of two languages."""
    from alignx.training.bilingual import require_bilingual_outputs, train_bilingual

    require_bilingual_outputs(list(map(str, outputs)))
    pairs = read_sentence_pairs(report.terminal, files)
    with report.working("Reading") as bar:
        train_bilingual(
            pairs, (outputs[0], outputs[1]), parameters=parameters, progress=bar, log=report
        )


def _model_first(outputs: Sequence[Path]) -> list[Path]:
    """Put the model first, if there is one, and refuse several."""
    from alignx.vectors.saving import is_model_name

    models = [path for path in outputs if is_model_name(path)]
    refuse(
        len(models) > 1,
        "--output",
        f"one output may end in .bin, got {', '.join(map(str, models))}",
    )
    return [*models, *(path for path in outputs if path not in models)]


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
