"""Command `alignx classify fit`: a classifier from labeled texts."""

from __future__ import annotations

import inspect
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from alignx.cli.classify.inputs import (
    OovModels,
    TextOovOption,
    Unlabeled,
    read_oov_models,
    read_unlabeled,
    require_language,
)
from alignx.cli.command import RUNNING, command, option
from alignx.cli.inputs import read_languages, shared_space
from alignx.cli.options import (
    LabeledColumns,
    LanguageFiles,
    MapFile,
    codes_and_files,
    refuse,
)
from alignx.cli.terminal import JsonTerminal, Terminal
from alignx.support.counts import counted
from alignx.support.outputs import require_outputs, require_suffix

if TYPE_CHECKING:
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.data.texts import LabeledTexts
    from alignx.classification.task import Strategy as StrategyObject

__all__ = ["Strategy", "Weighting", "fit"]

Strategy = Literal[
    "zero_shot",
    "translate_train",
    "translate_test",
    "translate_train_all",
    "code_switching",
    "self_training",
    "seed_words",
    "adversarial",
    "prior_matching",
    "ensemble",
]
Weighting = Literal["sif", "idf", "uniform"]


@command(
    "classify fit en-es.safetensors en.vec es.vec -i train.tsv --language en -o model.safetensors",
    first=("inputs", "output", "language", "strategy", "unlabeled"),
)
def fit(
    map_file: MapFile,
    files: LanguageFiles,
    inputs: Annotated[
        list[Path],
        option("Labeled texts: a table, or JSON lines; repeat for more files.", "--input", "-i"),
    ],
    output: Annotated[Path, option("Model, .safetensors.", "--output", "-o")],
    language: Annotated[
        str | None, option("Language of the texts, if their file does not name it.", metavar="CODE")
    ] = None,
    unlabeled: Unlabeled = None,
    strategy: Annotated[
        Strategy, option("Transfer strategy; `alignx classify transfer` compares them.")
    ] = "zero_shot",
    options: Annotated[
        list[str] | None,
        option("Option of the strategy, such as rate=0.5.", "--option", metavar="NAME=VALUE"),
    ] = None,
    head: Annotated[
        Literal["logistic", "mlp"],
        option("Logistic regression, or a small neural network (takes torch)."),
    ] = "logistic",
    weighting: Annotated[
        Weighting, option("Weights of words: by frequency rank, by document frequency, or equal.")
    ] = "sif",
    components: Annotated[int, option("Common directions to remove from text vectors.", min=0)] = 0,
    alpha: Annotated[
        float,
        option("Weights of languages: 1 by text count, 0 equal.", metavar="A", min=0, max=1),
    ] = 1.0,
    oov_models: OovModels = None,
    oov: TextOovOption = "learned",
    seed: Annotated[int, option("Random seed.", panel=RUNNING, min=0)] = 0,
    *,
    columns: LabeledColumns,
    terminal: JsonTerminal,
) -> None:
    """Learn a classifier from labeled texts of one or more languages."""
    files.require_count(map_file)
    further = codes_and_files(unlabeled, "--unlabeled")
    models = codes_and_files(oov_models, "--oov-model")
    settings = _settings(strategy, options or [])

    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.strategies import STRATEGIES
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import TextReader

    chosen = STRATEGIES[strategy](**settings)
    start = time.perf_counter()
    inputs_read = {
        "MAP": None if map_file == "-" else map_file,
        "VECTORS": files.paths,
        "--input": inputs,
        "--unlabeled": [path for _, path in further],
        "--oov-model": [path for _, path in models],
    }
    require_outputs({"--output": output}, inputs_read)
    require_suffix(output, "a model")
    labeled = [_labeled_texts(terminal, path, language, columns) for path in inputs]
    unlabeled_texts = read_unlabeled(terminal, further)
    codes = [code for part in labeled for code in part.languages or ()]
    _require_needs(chosen, head, _surely_without(files.paths, codes, unlabeled_texts))
    space = shared_space(map_file, read_languages(terminal, map_file, files))
    require_language(space, language)
    _require_needs(chosen, head, [c for c in space if c not in (*codes, *unlabeled_texts)])
    classifier = TransferClassifier(
        space,
        strategy=chosen,
        head=head,
        reader=TextReader(
            oov_vectors=read_oov_models(terminal, map_file, space, models) or {}, oov=oov
        ),
        encoder=DocumentEncoder(weighting=weighting, components=components),
        alpha=alpha,
        random_state=seed,
    )
    texts = [text for part in labeled for text in part.texts]
    labels = [label for part in labeled for label in part.labels or ()]
    classifier.fit(texts, labels, language=codes, unlabeled=unlabeled_texts)
    classifier.save(output)
    coverage = {code: _coverage(classifier, texts, codes, code) for code in dict.fromkeys(codes)}
    facts = {
        "strategy": strategy,
        "seed": seed,
        "classes": classifier.classes_.tolist(),
        "languages": coverage,
        "unlabeled": {code: len(part) for code, part in unlabeled_texts.items()},
        "facts": classifier.model_.facts,
        "bytes": output.stat().st_size,
        "seconds": time.perf_counter() - start,
    }
    if terminal.as_json:
        terminal.print({"version": version("alignx"), **facts})
    else:
        _note(terminal, output, facts)


def _note(terminal: Terminal, output: Path, facts: Mapping[str, Any]) -> None:
    """Print the coverage of each language, and the size of the model."""
    for code, found in facts["languages"].items():
        left_out = (
            f"; {found['unknown']:,} without a known word left out" if found["unknown"] else ""
        )
        terminal.note(
            f"{code}: {counted(found['texts'], 'text')}, on average {found['coverage']:.1%} of "
            f"their words are known{left_out}"
        )
    terminal.note(
        f"{output}: {facts['strategy']}, {len(facts['classes'])} classes, "
        f"{facts['bytes'] / 1000:,.1f} kB in {facts['seconds']:.1f} s"
    )


def _settings(strategy: str, given: Sequence[str]) -> dict[str, Any]:
    """Convert options of a strategy to the types of its defaults."""
    if not given:
        return {}
    from alignx.classification.strategies import STRATEGIES

    parameters = dict(inspect.signature(STRATEGIES[strategy]).parameters)
    result: dict[str, Any] = {}
    for text in given:
        name, _, value = text.partition("=")
        takes = ", ".join(parameters) or "no options"
        refuse(name not in parameters, "--option", f"{strategy} takes {takes}, got {text!r}")
        default = parameters[name].default
        try:
            result[name] = _converted(value, default)
        except (KeyError, ValueError):
            kinds = {bool: "true or false", int: "a whole number"}
            kind = kinds.get(type(default), "a number")
            refuse(True, "--option", f"{name} must be {kind}, got {value!r}")
        refuse(
            name in ("teacher", "members") and not set(value.split(",")) <= STRATEGIES.keys(),
            "--option",
            f"{name} must be of {', '.join(STRATEGIES)}, got {value!r}",
        )
    return result


def _converted(value: str, default: Any) -> Any:  # noqa: ANN401
    """Convert text to the type of a default; KeyError or ValueError if it cannot be."""
    if isinstance(default, tuple):
        return tuple(value.split(","))
    if isinstance(default, bool):
        return {"true": True, "false": False}[value.lower()]
    return type(default)(value)


def _require_needs(strategy: StrategyObject, head: str, without: Sequence[str]) -> None:
    """Refuse a strategy without its packages, or without texts of the languages `without` any."""
    from alignx.classification.requirements import missing_requirements, require_all

    missing = missing_requirements(strategy, head=head, without=without)
    require_all({f"strategy {strategy.name!r}": missing}, "give --unlabeled CODE=FILE")


def _surely_without(
    vectors: Sequence[Path], codes: Sequence[str], unlabeled: Mapping[str, list[str]]
) -> list[str]:
    """Return languages without texts, as far as file names tell before vectors are read."""
    from alignx.vectors.language_codes import guess_language

    if unlabeled or len(vectors) <= len(set(codes)):
        return []
    return [code for path in vectors if (code := guess_language(path).code) and code not in codes]


def _labeled_texts(
    terminal: Terminal, path: Path, language: str | None, columns: LabeledColumns
) -> LabeledTexts:
    from alignx.classification.data.texts import LabeledTexts

    found = LabeledTexts.load(path, language=language, **columns.as_dict())
    refuse(
        found.languages is None,
        "--language",
        f"{path.name} does not say what language its texts are; give it, such as --language en",
    )
    sizes = Counter(found.labels)
    notes = [f"{counted(len(found), 'text')} of {counted(len(sizes), 'class')}"]
    notes += found.notes
    if single := [label for label, size in sizes.items() if size == 1]:
        names = ", ".join(single[:3]) + (", ..." if len(single) > 3 else "")
        notes.append(f"{len(single):,} of the classes with a single text ({names})")
    terminal.note(f"{path.name}: {'; '.join(notes)}")
    return found


def _coverage(
    classifier: TransferClassifier, texts: Sequence[str], codes: Sequence[str], code: str
) -> dict[str, Any]:
    """Return the share of known words in the texts of a language, and how many say nothing."""
    own = [text for text, language in zip(texts, codes, strict=True) if language == code]
    shares = classifier.coverage(own, language=code)
    unknown = int((classifier.read(own, code).lengths == 0).sum())
    return {"texts": len(own), "unknown": unknown, "coverage": float(shares.mean())}
