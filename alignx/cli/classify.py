"""The commands `alignx classify`: learn from labeled texts, predict those that stream in."""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections import Counter
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

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
from alignx.support.files import reading, require_regular
from alignx.support.outputs import require_outputs, require_suffix

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from alignx.alignment.mapped_subwords import UnseenBySubwords
    from alignx.alignment.shared_space import SharedSpace
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import LabeledTexts
    from alignx.classification.explanation import WordEvidence
    from alignx.cli.terminal import Terminal
    from alignx.support.arrays import Double

__all__ = ["Head", "Strategy", "Weighting", "classify", "fit", "predict"]

classify = typer.Typer(
    name="classify",
    help="Classify texts of one language with what was learned in another.",
    epilog="Example: alignx classify fit en-es.safetensors en.vec es.vec -i train.tsv "
    "--language en -o model",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


Unseen = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE=FILE",
        help="fastText model, .bin, of the vectors of a language, for words that they lack.",
    ),
]


class Strategy(StrEnum):
    """What `alignx.TransferClassifier` takes, spelled out so that help needs no scikit-learn."""

    zero_shot = "zero_shot"
    translate_train = "translate_train"
    translate_test = "translate_test"
    translate_train_all = "translate_train_all"
    code_switching = "code_switching"
    self_training = "self_training"
    seed_words = "seed_words"
    adversarial = "adversarial"
    prior_matching = "prior_matching"
    ensemble = "ensemble"


class Head(StrEnum):
    """What decides over document vectors."""

    logistic = "logistic"
    mlp = "mlp"


class Weighting(StrEnum):
    """How much a word counts in a document."""

    sif = "sif"
    idf = "idf"
    uniform = "uniform"


@classify.command(
    epilog="Example: alignx classify fit en-es.safetensors en.vec es.vec -i train.tsv "
    "--language en -o model"
)
def fit(
    map_file: MapFile,
    vectors: VectorFiles,
    inputs: Annotated[
        list[Path],
        typer.Option(
            "--input",
            "-i",
            help="Labeled texts: .jsonl, or columns with tabs between them. Several add up.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the model goes, a .safetensors file.")
    ],
    language: Annotated[
        str | None, typer.Option(help="Code of texts whose file does not say it.")
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    unlabeled: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE=FILE", help="Further texts of a language, one a line."),
    ] = None,
    strategy: Annotated[Strategy, typer.Option(help="What is learned from.")] = Strategy.zero_shot,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Of the strategy, such as rate=0.5."),
    ] = None,
    head: Annotated[
        Head, typer.Option(help="Logistic regression, or a small network (needs torch).")
    ] = Head.logistic,
    weighting: Annotated[
        Weighting, typer.Option(help="How much a word counts: by its rank, its texts, or equally.")
    ] = Weighting.sif,
    components: Annotated[
        int, typer.Option(min=0, help="How many common directions of texts are taken away.")
    ] = 0,
    alpha: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="With several languages: 1 lets each text count, 0 each language."
        ),
    ] = 1.0,
    unseen: Unseen = None,
    oov: OovOption = Oov.drop,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, help="Of all random numbers: the same seed, the same model."),
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Learn classes from labeled texts of one language, or several."""
    require_count(map_file, vectors)
    further = [_code_and_file(text, "--unlabeled") for text in unlabeled or []]
    models = [_code_and_file(text, "--unseen") for text in unseen or []]
    settings = _settings(strategy, options or [])

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.documents import TextReader
    from alignx.classification.encoder import DocumentEncoder
    from alignx.classification.strategies import STRATEGIES

    terminal = open_terminal(quiet, verbose)
    start = time.perf_counter()
    require_outputs(
        {"--output": output},
        {
            "MAP": None if map_file == "-" else map_file,
            "VECTORS": vectors,
            "--input": inputs,
            "--unlabeled": [path for _, path in further],
            "--unseen": [path for _, path in models],
        },
    )
    require_suffix(output, "a model")
    columns = {"text_column": as_column(text_column), "label_column": as_column(label_column)}
    labeled = [_labeled_texts(terminal, path, language, columns) for path in inputs]
    unlabeled_texts = _unlabeled_texts(terminal, further)
    codes = [code for part in labeled for code in part.languages or ()]
    _require_needs(head, strategy, settings, _surely_without(vectors, codes, unlabeled_texts))
    space = _space(terminal, map_file, vectors, limit, lowercase, on_error)
    _require_language(space, language)
    without = [code for code in space if code not in (*codes, *unlabeled_texts)]
    _require_needs(head, strategy, settings, without)
    classifier = TransferClassifier(
        space,
        strategy=STRATEGIES[strategy.value](**settings),
        head=head.value,
        encoder=DocumentEncoder(weighting=weighting.value, components=components),
        reader=TextReader(
            oov_vectors=_unseen(terminal, map_file, space, models) or {}, oov=oov.value
        ),
        alpha=alpha,
        random_state=seed,
    )
    texts = [text for part in labeled for text in part.texts]
    labels = [label for part in labeled for label in part.labels or ()]
    classifier.fit(texts, labels, language=codes, unlabeled=unlabeled_texts)
    classifier.save(output)
    found = {code: _coverage(classifier, texts, codes, code) for code in dict.fromkeys(codes)}
    size = output.stat().st_size
    seconds = time.perf_counter() - start
    classes = classifier.classes_.tolist()
    if as_json:
        print_json(
            {
                "version": version("alignx"),
                "strategy": strategy.value,
                "seed": seed,
                "classes": classes,
                "languages": found,
                "unlabeled": {code: len(part) for code, part in unlabeled_texts.items()},
                "facts": classifier.model_.facts,
                "bytes": size,
                "seconds": seconds,
            }
        )
        return
    for code, facts in found.items():
        left_out = f"; {facts['unknown']:,} without a known word" if facts["unknown"] else ""
        terminal.note(
            f"{code}: {facts['texts']:,} texts, on average {facts['coverage']:.1%} of their words "
            f"are known{left_out}"
        )
    terminal.note(
        f"{output}: {strategy.value}, {len(classes)} classes, {size / 1000:,.1f} kB "
        f"in {seconds:.1f} s"
    )


@classify.command(
    epilog="Example: alignx classify predict model en-es.safetensors en.vec es.vec "
    "--language es < texts.txt"
)
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Model that `alignx classify fit` wrote.")
    ],
    map_file: MapFile,
    vectors: VectorFiles,
    language: Annotated[
        str | None, typer.Option(help="Code of texts whose line does not say it.")
    ] = None,
    probability: Annotated[
        bool,
        typer.Option(
            "--proba", help="Print a tab and the probability, too; of all classes in JSON."
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the words that carry the prediction, too.")
    ] = False,
    unseen: Unseen = None,
    oov: OovOption = Oov.drop,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Read and write JSON lines: label and probability join each object."
        ),
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Print the class of each line of standard input, as the lines come in."""
    require_count(map_file, vectors)
    models = [_code_and_file(text, "--unseen") for text in unseen or []]
    if language is None and not as_json:
        raise typer.BadParameter(
            "say what language the lines are, such as --language es", param_hint="--language"
        )

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import read_texts
    from alignx.classification.documents import TextReader

    terminal = open_terminal(quiet, verbose)
    require_regular(model, "a model")
    with reading(model):  # a wrong name shows before the vectors are read
        pass
    space = _space(terminal, map_file, vectors, limit, lowercase, on_error)
    _require_language(space, language)
    by_characters = _unseen(terminal, map_file, space, models)
    reader = TextReader(oov_vectors=by_characters or {}, oov=oov.value)
    classifier = TransferClassifier.load(model, space, reader=reader)
    counts: Counter[str] = Counter()
    unknown = replaced = 0
    stream = cast("io.BufferedIOBase", sys.stdin.buffer)
    for block in read_texts(
        stream, json_lines=as_json, languages=list(space), need_language=language is None
    ):
        codes = [code or language or "" for code in block.languages]
        found, is_empty = _probabilities(classifier, block.texts, codes)
        answers = _answers(classifier, block.texts, codes, found, explain)
        if as_json:
            lines = _json_lines(block.records, answers, probability)
        else:
            lines = _text_lines(answers, probability)
        # Half of an emoji, which JSON may hold, has no UTF-8.
        sys.stdout.buffer.write("".join(lines).encode(errors="replace"))
        sys.stdout.buffer.flush()  # whoever reads the answers need not wait for more texts
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


def _code_and_file(text: str, option: str) -> tuple[str, Path]:
    code, is_there, name = text.partition("=")
    if not (code and is_there and name):
        raise typer.BadParameter(
            f"give a language and a file, such as es=texts.txt, got {text!r}",
            param_hint=option,
        )
    return code, Path(name)


def _settings(strategy: Strategy, given: Sequence[str]) -> dict[str, Any]:
    """Read options of a strategy, as its signature tells what they are."""
    if not given:
        return {}
    from alignx.classification.strategies import STRATEGIES

    parameters = dict(inspect.signature(STRATEGIES[strategy.value]).parameters)
    result: dict[str, Any] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in parameters:
            takes = ", ".join(parameters) or "no options"
            raise _bad_option(f"{strategy.value} takes {takes}, got {text!r}")
        default = parameters[name].default
        try:
            is_list = isinstance(default, tuple)
            result[name] = tuple(value.split(",")) if is_list else type(default)(value)
        except ValueError:
            kind = "whole number" if isinstance(default, int) else "number"
            raise _bad_option(f"{name} must be a {kind}, got {value!r}") from None
        if name in ("teacher", "members") and not set(value.split(",")) <= STRATEGIES.keys():
            raise _bad_option(f"{name} must be of {', '.join(STRATEGIES)}, got {value!r}")
    return result


def _require_needs(
    head: Head, strategy: Strategy, settings: dict[str, Any], without: Sequence[str] = ()
) -> None:
    """Refuse what lacks a package, or unlabeled texts of languages `without` any."""
    from alignx.classification.requirements import missing_requirements, require_all
    from alignx.classification.strategies import STRATEGIES

    chosen = STRATEGIES[strategy.value](**settings)
    missing = missing_requirements(chosen, head=head.value, without=without)
    require_all({f"strategy {strategy.value!r}": missing}, "give --unlabeled CODE=FILE")


def _surely_without(
    vectors: Sequence[Path], codes: Sequence[str], unlabeled: dict[str, list[str]]
) -> list[str]:
    """Give languages without texts as far as that is certain before vectors are read."""
    from alignx.vectors.embeddings import guess_language

    if unlabeled or len(vectors) <= len(set(codes)):
        return []
    return [code for path in vectors if (code := guess_language(path)) and code not in codes]


def _bad_option(problem: str) -> typer.BadParameter:
    return typer.BadParameter(problem, param_hint="--option")


def _labeled_texts(
    terminal: Terminal, path: Path, language: str | None, columns: dict[str, Any]
) -> LabeledTexts:
    from alignx.classification.data.texts import LabeledTexts

    found = LabeledTexts.load(path, language=language, **columns)
    if found.languages is None:
        raise typer.BadParameter(
            f"{path.name} does not say what language its texts are; give it, such as --language en",
            param_hint="--language",
        )
    terminal.note(f"{path.name}: {len(found):,} texts of {len(set(found.labels or ()))} classes")
    return found


def _unlabeled_texts(terminal: Terminal, files: Sequence[tuple[str, Path]]) -> dict[str, list[str]]:
    from alignx.classification.data.texts import LabeledTexts

    result: dict[str, list[str]] = {}
    for code, path in files:
        found = LabeledTexts.load(path, labeled=False)
        terminal.note(f"{path.name}: {len(found):,} texts without labels ({code})")
        result.setdefault(code, []).extend(found.texts)
    return result


def _space(
    terminal: Terminal,
    map_file: str,
    vectors: Sequence[Path],
    limit: int | None,
    lowercase: bool,
    on_error: OnError,
) -> SharedSpace:
    require_inputs(map_file, vectors)
    return shared_space(
        map_file,
        [read_vectors(terminal, path, limit, lowercase, on_error) for path in vectors],
    )


def _unseen(
    terminal: Terminal, map_file: str, space: SharedSpace, models: Sequence[tuple[str, Path]]
) -> dict[str, UnseenBySubwords]:
    """Load the models that give vectors of words that a language lacks."""
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.mapped_subwords import UnseenBySubwords
    from alignx.vectors.fasttext import SubwordVectors

    alignment = Alignment.load(map_file) if models and map_file != "-" else None
    first = next(iter(space))
    result = {}
    for code, path in models:
        _require_language(space, code, "--unseen")
        model = SubwordVectors(path)
        side: Literal["source", "target"] = "source" if code == first else "target"
        result[code] = UnseenBySubwords(model, alignment, side)
        terminal.note(f"{path.name}: {len(model.stored):,} words and their characters ({code})")
    return result


def _require_language(space: SharedSpace, language: str | None, option: str = "--language") -> None:
    if language is not None and language not in space:
        raise typer.BadParameter(
            f"it must be one of {', '.join(space)}, which have vectors, got {language!r}",
            param_hint=option,
        )


def _coverage(
    classifier: TransferClassifier, texts: Sequence[str], codes: Sequence[str], code: str
) -> dict[str, Any]:
    """Tell how well the vocabulary of a language covers its texts."""
    own = [text for text, language in zip(texts, codes, strict=True) if language == code]
    shares = classifier.coverage(own, language=code)
    unknown = int((shares == 0).sum())
    return {"texts": len(own), "unknown": unknown, "coverage": float(shares.mean())}


def _probabilities(
    classifier: TransferClassifier, texts: Sequence[str], codes: Sequence[str]
) -> tuple[Double, NDArray[np.bool_]]:
    """Give the probabilities of texts, (n, classes), and which of them have no known word."""
    import numpy as np

    found = np.empty((len(texts), len(classifier.classes_)))
    is_empty = np.empty(len(texts), dtype=bool)
    for code in dict.fromkeys(codes):
        rows = [row for row, language in enumerate(codes) if language == code]
        own = [texts[row] for row in rows]
        documents = classifier.read(own, code)
        found[rows], is_empty[rows] = classifier.model_.probabilities(documents)
    return found, is_empty


class _Answer(NamedTuple):
    """What is said of a text."""

    label: Any
    probability: float
    probabilities: dict[Any, float]
    words: tuple[WordEvidence, ...]


def _answers(
    classifier: TransferClassifier,
    texts: Sequence[str],
    codes: Sequence[str],
    found: Double,
    explain: bool,
) -> list[_Answer]:
    classes = classifier.classes_.tolist()
    result = []
    for text, code, row in zip(texts, codes, found.tolist(), strict=True):
        words = classifier.explain(text, language=code).words if explain else ()
        rounded = [round(value, 4) for value in row]
        best = row.index(max(row))
        shares = dict(zip(classes, rounded, strict=True))
        result.append(_Answer(classes[best], rounded[best], shares, words))
    return result


def _text_lines(answers: Sequence[_Answer], probability: bool) -> list[str]:
    lines = []
    for answer in answers:
        fields = [str(answer.label)]
        if probability:
            fields.append(f"{answer.probability:.4f}")
        if answer.words:
            fields.append(", ".join(f"{word.word} {word.effect:+.3f}" for word in answer.words))
        lines.append("\t".join(fields) + "\n")
    return lines


def _json_lines(
    records: Sequence[dict[str, Any]], answers: Sequence[_Answer], probability: bool
) -> list[str]:
    lines = []
    for record, answer in zip(records, answers, strict=True):
        facts = {**record, "label": answer.label, "probability": answer.probability}
        if probability:
            facts["probabilities"] = answer.probabilities
        if answer.words:
            facts["words"] = [
                {"word": word.word, "count": word.count, "effect": round(word.effect, 4)}
                for word in answer.words
            ]
        lines.append(json.dumps(facts, ensure_ascii=False) + "\n")
    return lines
