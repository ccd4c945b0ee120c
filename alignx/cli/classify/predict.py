"""Command `alignx classify predict`: classes of texts from standard input."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from alignx.cli.classify.inputs import OovModels, read_oov_models, require_language
from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import LanguageFiles, MapFile, OovOption, codes_and_files, refuse
from alignx.cli.terminal import Terminal
from alignx.support.files import reading as opened
from alignx.support.files import require_regular

if TYPE_CHECKING:
    import io

    import numpy as np
    from numpy.typing import NDArray

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import TextBlock
    from alignx.support.arrays import Double

__all__ = ["Output", "predict"]


@dataclass(frozen=True)
class Output:
    """Options of the output lines."""

    proba: Annotated[
        bool, option("Print the probability too; with --json those of all classes.")
    ] = False
    explain: Annotated[bool, option("Print the effects of words on the prediction too.")] = False
    as_json: Annotated[
        bool,
        option("Read and write JSON lines; add label and probability to each object.", "--json"),
    ] = False


@command(
    "classify predict model.safetensors en-es.safetensors en.vec es.vec --language es < texts.txt"
)
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Model from `alignx classify fit`.")
    ],
    map_file: MapFile,
    files: LanguageFiles,
    language: Annotated[
        str | None, option("Language of the texts, if lines do not name it.", metavar="CODE")
    ] = None,
    oov_models: OovModels = None,
    oov: OovOption = "drop",
    *,
    options: Output,
    terminal: Terminal,
) -> None:
    """Print the class of each line of standard input, as lines arrive."""
    files.require_count(map_file)
    models = codes_and_files(oov_models, "--oov-model")
    refuse(
        language is None and not options.as_json,
        "--language",
        "say what language the lines are, such as --language es",
    )

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import read_texts
    from alignx.classification.documents import TextReader

    require_regular(model, "a model")
    with opened(model):  # a wrong name shows before the vectors are read
        pass
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    require_language(space, language)
    by_subwords = read_oov_models(terminal, map_file, space, models)
    reader = TextReader(oov_vectors=by_subwords or {}, oov=oov)
    classifier = TransferClassifier.load(model, space, reader=reader)
    counts: Counter[str] = Counter()
    unknown = replaced = 0
    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    for block in read_texts(
        stream, json_lines=options.as_json, languages=list(space), need_language=language is None
    ):
        codes = [code or language or "" for code in block.languages]
        found, is_empty = _probabilities(classifier, block.texts, codes)
        lines = _lines(classifier, block, codes, found, options)
        # JSON may hold half of a surrogate pair, which has no UTF-8.
        sys.stdout.buffer.write("".join(lines).encode(errors="replace"))
        sys.stdout.buffer.flush()  # readers need not wait for more texts
        counts.update(codes)
        unknown += int(is_empty.sum())
        replaced += block.replaced
    read = ", ".join(f"{code}: {count:,} texts" for code, count in counts.items())
    terminal.note(read or "no texts")
    if unknown:
        most = classifier.classes_[classifier.prior_.argmax()]
        terminal.note(f"{unknown:,} without a known word got {most}, the most frequent class")
    if replaced:
        terminal.note(f"{replaced:,} with invalid UTF-8, which was replaced")


def _probabilities(
    classifier: TransferClassifier, texts: Sequence[str], codes: Sequence[str]
) -> tuple[Double, NDArray[np.bool_]]:
    """Return probabilities (n, classes), and which texts have no known word."""
    import numpy as np

    found = np.empty((len(texts), len(classifier.classes_)))
    is_empty = np.empty(len(texts), dtype=bool)
    for code in dict.fromkeys(codes):
        rows = [row for row, language in enumerate(codes) if language == code]
        own = [texts[row] for row in rows]
        documents = classifier.read(own, code)
        found[rows], is_empty[rows] = classifier.model_.probabilities(documents)
    return found, is_empty


def _lines(
    classifier: TransferClassifier,
    block: TextBlock,
    codes: Sequence[str],
    found: Double,
    options: Output,
) -> Iterator[str]:
    """Give the output lines of a block of texts."""
    classes = classifier.classes_.tolist()
    records = block.records if options.as_json else [{} for _ in block.texts]
    for text, code, row, record in zip(block.texts, codes, found.tolist(), records, strict=True):
        words = classifier.explain(text, language=code).words if options.explain else ()
        rounded = [round(value, 4) for value in row]
        best = row.index(max(row))
        if options.as_json:
            facts = {**record, "label": classes[best], "probability": rounded[best]}
            if options.proba:
                facts["probabilities"] = dict(zip(classes, rounded, strict=True))
            if words:
                facts["words"] = [
                    {"word": word.word, "count": word.count, "effect": round(word.effect, 4)}
                    for word in words
                ]
            yield json.dumps(facts, ensure_ascii=False) + "\n"
            continue
        fields = [str(classes[best]), *([f"{rounded[best]:.4f}"] if options.proba else [])]
        if words:
            fields.append(", ".join(f"{word.word} {word.effect:+.3f}" for word in words))
        yield "\t".join(fields) + "\n"
