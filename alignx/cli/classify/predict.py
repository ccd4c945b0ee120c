"""Command `alignx classify predict`: classes of texts."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from alignx.cli.classify.inputs import OovModels, TextOovOption, read_oov_models, require_language
from alignx.cli.command import command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import (
    LanguageFiles,
    MapFile,
    TextColumns,
    codes_and_files,
    refuse,
    with_options,
)
from alignx.cli.terminal import Terminal
from alignx.support.counts import counted
from alignx.support.files import reading as opened
from alignx.support.files import require_readable, require_regular

if TYPE_CHECKING:
    import io

    import numpy as np
    from numpy.typing import NDArray

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.streams import TextBlock
    from alignx.support.arrays import Double

__all__ = ["Output", "predict"]

_BLOCK = 1_000


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
    "classify predict model.safetensors en-es.safetensors en.vec es.vec --language es -i es.txt",
    first=("texts", "language", "proba", "as_json", "text_column"),
)
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Model from `alignx classify fit`.")
    ],
    map_file: MapFile,
    files: LanguageFiles,
    texts: Annotated[
        Path | None,
        option(
            "Texts: one a line, a table, or with --json JSON lines.",
            "--input",
            "-i",
            default="standard input",
        ),
    ] = None,
    language: Annotated[
        str | None, option("Language of the texts, if lines do not name it.", metavar="CODE")
    ] = None,
    oov_models: OovModels = None,
    oov: TextOovOption = "learned",
    *,
    options: Output,
    columns: TextColumns,
    terminal: Terminal,
) -> None:
    """Print the class of each text; of standard input line by line, as they arrive."""
    files.require_count(map_file)
    models = codes_and_files(oov_models, "--oov-model")
    is_table = not options.as_json and (texts is not None or columns != TextColumns())
    refuse(
        language is None and not (options.as_json or is_table),
        "--language",
        "say what language the lines are, such as --language es",
    )

    from alignx.classification.classifier import TransferClassifier
    from alignx.texts.documents import TextReader

    require_regular(model, "a model")
    require_readable(model, *([] if _is_stdin(texts) else [cast("Path", texts)]))
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    require_language(space, language)
    by_subwords = read_oov_models(terminal, map_file, space, models)
    reader = TextReader(oov_vectors=by_subwords or {}, oov=oov)
    classifier = TransferClassifier.load(model, space, reader=reader)
    counts: Counter[str] = Counter()
    unknown = replaced = tabbed = 0
    read = _table if is_table else _lines_as_they_arrive
    for block in read(terminal, texts, language, columns, options.as_json, list(space)):
        codes = [code or language or "" for code in block.languages]
        found, is_empty = _probabilities(classifier, block.texts, codes)
        lines = _lines(classifier, block, codes, found, options)
        # JSON may hold half of a surrogate pair, which has no UTF-8.
        sys.stdout.buffer.write("".join(lines).encode(errors="replace"))
        sys.stdout.buffer.flush()  # readers need not wait for more texts
        counts.update(codes)
        unknown += int(is_empty.sum())
        replaced += block.replaced
        tabbed += 0 if is_table else sum("\t" in text for text in block.texts)
    by_language = ", ".join(f"{code}: {counted(count, 'text')}" for code, count in counts.items())
    terminal.note(by_language or "no texts")
    if unknown:
        most = classifier.classes_[classifier.prior_.argmax()]
        terminal.note(f"{unknown:,} without a known word got {most}, the most frequent class")
    if replaced:
        terminal.note(f"{replaced:,} with invalid UTF-8, which was replaced")
    if tabbed and not options.as_json:
        terminal.note(f"{tabbed:,} with tabs, read as text; --text-column 1 reads a column instead")


def _lines_as_they_arrive(
    _: Terminal,
    path: Path | None,
    language: str | None,
    columns: TextColumns,
    as_json: bool,
    languages: Sequence[str],
) -> Iterator[TextBlock]:
    """Read lines of texts, or JSON objects."""
    from alignx.classification.data.streams import read_texts

    refuse(
        columns.header is not None or columns.delimiter is not None,
        "--header, --delimiter",
        "they are of tables, and --json reads JSON lines",
    )
    with _opened(path) as stream:
        yield from read_texts(
            stream,
            json_lines=as_json,
            text_column=columns.text_column,
            languages=languages,
            need_language=language is None,
            name=_name(path),
        )


def _table(
    terminal: Terminal,
    path: Path | None,
    language: str | None,
    columns: TextColumns,
    _: bool,
    languages: Sequence[str],
) -> Iterator[TextBlock]:
    """Read a whole file, and give its texts in blocks."""
    from alignx.classification.data.streams import read_table
    from alignx.errors import FormatError

    with _opened(path) as stream:
        block, notes = read_table(stream, _name(path), **columns.as_dict())
    terminal.note(f"{_name(path)}: {with_options('; '.join(notes or ['a text a line']))}")
    for row, code in enumerate(block.languages, start=1):
        if (code or language) not in languages:
            got = f"text {row} is of {code!r}" if code else f"none for text {row}"
            raise FormatError(
                _name(path),
                f"a language must be one of {', '.join(languages)}, got {got}; --language names it",
            )
    for at in range(0, len(block.texts), _BLOCK):
        part = slice(at, at + _BLOCK)
        yield block._replace(
            texts=block.texts[part],
            languages=block.languages[part],
            replaced=0 if at else block.replaced,
        )


def _is_stdin(path: Path | None) -> bool:
    return path is None or str(path) == "-"


def _opened(path: Path | None) -> AbstractContextManager[io.BufferedIOBase]:
    if path is None or _is_stdin(path):
        return nullcontext(cast("io.BufferedIOBase", sys.stdin.buffer))
    return opened(path)


def _name(path: Path | None) -> str:
    return "standard input" if _is_stdin(path) else str(path)


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
