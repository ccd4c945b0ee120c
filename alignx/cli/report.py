"""Command `alignx report`: one page about an alignment, or about two languages before any work."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alignx.cli.command import command, option
from alignx.cli.inputs import read_alignment, read_languages, read_lexicon, shared_space
from alignx.cli.options import LanguageFiles, Reading, TableOptions, refuse
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.support.counts import counted
from alignx.support.files import is_special
from alignx.support.outputs import require_outputs, require_suffix

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import LabeledTexts
    from alignx.reporting.report import Report
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Classification", "Inputs", "Open", "open_page", "report"]

Open = Annotated[bool, option("Open the page in a browser.", "--open")]


@dataclass(frozen=True, kw_only=True)
class Inputs(Reading):
    """Map and vectors of two languages, or the vectors alone."""

    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MAP] SOURCE TARGET",
            help="Map from `alignx align`, or - for vectors that share a space already, and "
            "vectors of both languages; or the folder of a space, and two codes. Without a map: "
            "what to expect of an alignment.",
        ),
    ]

    @property
    def map_file(self) -> str | None:
        """Return the name of the map, if there is one."""
        refuse(
            len(self.files) not in (2, 3),
            "MAP SOURCE TARGET",
            f"give a map and two files of vectors, or these two alone, got {len(self.files)} files",
        )
        return str(self.files[0]) if len(self.files) == 3 else None

    @property
    def vectors(self) -> LanguageFiles:
        """Return the files of vectors, with the options to read them."""
        return LanguageFiles(
            paths=self.files[-2:], limit=self.limit, casing=self.casing, on_error=self.on_error
        )


@dataclass(frozen=True, kw_only=True)
class Classification:
    """A classifier to report."""

    PANEL = "Classifier"
    classifier: Annotated[
        Path | None,
        option("Model from `alignx classify fit`: its confusions, and words that tell."),
    ] = None
    texts: Annotated[
        Path | None, option("Texts with labels to test it, a table or JSON lines.")
    ] = None
    language: Annotated[
        str | None, option("Language of the texts, if lines do not name it.", metavar="CODE")
    ] = None

    def require_complete(self, map_file: str | None) -> None:
        """Refuse a model without texts, texts without a model, and both without a map."""
        given = self.classifier is not None, self.texts is not None
        refuse(any(given) and map_file is None, "--classifier", "it takes a MAP")
        refuse(given == (True, False), "--texts", "give texts with labels to test the classifier")
        refuse(given == (False, True), "--classifier", "give the model that the texts are to test")
        refuse(self.language is not None and not any(given), "--language", "it takes --texts")


@command(
    "report en-es.safetensors en.vec es.vec -d en-es.test.txt -o report.html",
    settings=("threads", "device"),
    first=("output", "dictionary", "open_it", "words", "limit"),
)
def report(
    inputs: Inputs,
    output: Annotated[Path, option("Page to write.", "--output", "-o")] = Path("report.html"),
    dictionary: Annotated[
        Path | None,
        option("Test dictionary, for accuracy, errors and reliability.", "--dictionary", "-d"),
    ] = None,
    words: Annotated[
        int | None,
        option(
            "Most frequent words of each language to show in the dictionary.",
            default="80,000",
            min=2,
        ),
    ] = None,
    open_it: Open = False,
    *,
    classification: Classification,
    table: TableOptions,
    terminal: JsonTerminal,
) -> None:
    """Write one page: quality, figures, dictionary and errors, or what to expect without a map."""
    map_file = inputs.map_file
    classification.require_complete(map_file)
    table.require_dictionary(dictionary)
    for name, value in {"--dictionary": dictionary, "--words": words}.items():
        refuse(value is not None and map_file is None, name, "it takes a MAP")
    refuse(open_it and is_special(output), "--open", f"a browser opens no {output}; name a file")
    require_suffix(output, "a page")
    read = {"--dictionary": dictionary, "--classifier": classification.classifier}
    given = {"--texts": classification.texts, "MAP, SOURCE or TARGET": inputs.files}
    require_outputs({"--output": output}, {**read, **given})

    from alignx.reporting.report import WORDS
    from alignx.reporting.report import report as make

    pairs = dictionary and read_lexicon(terminal, dictionary, inputs, table)
    languages = read_languages(terminal, map_file or "-", inputs.vectors)
    alignment = map_file and read_alignment(map_file)
    source, target = languages
    space = shared_space(map_file, languages) if map_file and not alignment else None
    classifier, texts = _classifier(terminal, classification, alignment, languages)
    with terminal.working("Reporting") as progress:
        found = make(
            space or source,
            None if space else target,
            alignment,
            lexicon=pairs,
            words=words or WORDS,
            classifier=classifier,
            texts=texts,
            progress=progress,
        )
    found.save(output)
    terminal.print(
        {"version": version("alignx"), "output": str(output), **found.as_dict()}, _text(found)
    )
    terminal.note(f"{output}: written")
    if open_it:
        open_page(terminal, output)


def open_page(terminal: Terminal, path: Path) -> None:
    """Open a page in the browser of the user."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        terminal.note(f"no browser was found to open {path}")


def _classifier(
    terminal: Terminal,
    given: Classification,
    alignment: Alignment | None,
    languages: list[Embeddings],
) -> tuple[TransferClassifier | None, LabeledTexts | None]:
    """Read the classifier and its texts, if there are any."""
    if given.classifier is None or given.texts is None:
        return None, None

    from alignx.alignment.shared_space import SharedSpace
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import LabeledTexts

    source, target = languages
    texts = LabeledTexts.load(given.texts, language=given.language)
    terminal.note(f"{given.texts.name}: {'; '.join([counted(len(texts), 'text'), *texts.notes])}")
    space = SharedSpace.of(source, target) if alignment is None else alignment.apply(source, target)
    return TransferClassifier.load(given.classifier, space), texts


def _text(found: Report) -> str:
    """Summarize a report for a terminal."""
    if found.card is None:
        return f"{found.prospects}\n"
    lines = [found.title, found.card.method]
    lines += [f"warning: {text}" for text in found.card.warnings]
    for each in found.card.accuracies[:1]:
        low, high = each.accuracy.interval
        lines.append(
            f"P@1 {each.accuracy.precision[1]:.1%} on {each.accuracy.n:,} {each.words} "
            f"[{100 * low:.1f}, {100 * high:.1f}]"
        )
    lines += [f"{'good' if use.good else 'not good'} for: {use.name}" for use in found.card.uses]
    return "\n".join(lines) + "\n"
