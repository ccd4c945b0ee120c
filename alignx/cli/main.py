"""The command line: each command builds values, calls one function, prints."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import traceback
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from alignx import _core
from alignx.cli.bench import bench
from alignx.cli.classify import classify
from alignx.cli.inputs import (
    as_entries,
    as_utf8,
    read_entries,
    read_input,
    read_vectors,
    require_inputs,
    shared_space,
)
from alignx.cli.options import (
    Columns,
    Device,
    Json,
    Limit,
    Lowercase,
    MapFile,
    Neighborhood,
    OnError,
    Oov,
    OovOption,
    Quiet,
    Reverse,
    Seed,
    SkipBad,
    SourceFile,
    TargetFile,
    Threads,
    Verbose,
    as_columns,
    require_at_most,
    with_options,
)
from alignx.cli.terminal import open_terminal, print_json
from alignx.cli.train import train
from alignx.cli.transfer import transfer
from alignx.errors import AlignxError
from alignx.support.files import appearing
from alignx.support.outputs import require_outputs, require_suffix
from alignx.support.packages import require_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.alignment.shared_space import SharedSpace
    from alignx.cli.terminal import Bar, Terminal
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.plan import Sharding
    from alignx.lexicon.lexicon import Lexicon
    from alignx.mapping import Aligner
    from alignx.support.progress import Log
    from alignx.vectors.embeddings import Embeddings

__all__ = ["app", "main"]

app = typer.Typer(
    name="alignx",
    help="Align word embeddings of different languages, and build bilingual dictionaries.",
    epilog="Start with: alignx demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Method(StrEnum):
    """What `alignx.align` takes, spelled out so that help needs no scikit-learn."""

    procrustes = "procrustes"
    cca = "cca"
    least_squares = "least_squares"
    reweighted = "reweighted"
    auto = "auto"
    self_learning = "self_learning"
    adversarial = "adversarial"


class Preset(StrEnum):
    """Schedules of adversarial training."""

    fast = "fast"
    muse = "muse"


class Policy(StrEnum):
    """Published evaluation protocols."""

    muse = "muse"
    vecmap = "vecmap"
    fasttext = "fasttext"
    xling = "xling"


class Dtype(StrEnum):
    """How the cache stores numbers."""

    float32 = "float32"
    float16 = "float16"


class Index(StrEnum):
    """What searches large vocabularies."""

    auto = "auto"
    exact = "exact"
    clustered = "clustered"
    ivf = "ivf"
    hnsw = "hnsw"
    ivfpq = "ivfpq"


OF_FAISS = (Index.ivf, Index.hnsw, Index.ivfpq)


class WhichSide(StrEnum):
    """A language of a map."""

    source = "source"
    target = "target"


def main() -> None:
    """Run the command line; errors that a user can mend are one line on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Words are UTF-8 whatever the locale; names of files may be no text at all.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    _core.explain_bus_errors()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where an error is still ours to report
    except (AlignxError, ValueError, MemoryError) as error:
        if "--verbose" in sys.argv or "-v" in sys.argv:
            traceback.print_exc()
        text = " ".join(with_options(str(error)).split()) or "out of memory; try a smaller --limit"
        sys.stderr.write(f"alignx: error: {text}\n")
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        place = error.filename or "cannot write the answer"
        sys.stderr.write(f"alignx: error: {place}: {error.strerror}\n")
        sys.exit(1)


def _drop_output() -> None:
    """Send what is still buffered nowhere, so that Python's exit does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _load_both(
    terminal: Terminal,
    source: Path,
    target: Path,
    limit: int | None,
    lowercase: bool,
    on_error: OnError,
) -> tuple[Embeddings, Embeddings]:
    return (
        read_vectors(terminal, source, limit, lowercase, on_error),
        read_vectors(terminal, target, limit, lowercase, on_error),
    )


def _dictionary(
    terminal: Terminal,
    path: Path,
    on_error: OnError,
    columns: str | None = None,
    *,
    scored: bool = False,
) -> Lexicon:
    from alignx.lexicon.lexicon import Lexicon

    # Its words are looked up in small letters too, by the rules of each language.
    lexicon = Lexicon.load(
        path, on_error=on_error.value, columns=as_columns(columns), scored=scored
    )
    notes = [f"{len(lexicon):,} pairs", *lexicon.notes]
    if lexicon.skipped:
        notes.append(f"{lexicon.skipped:,} malformed lines skipped")
    terminal.note(f"{path.name}: {'; '.join(notes)}")
    return lexicon


def _shared(map_file: str, languages: tuple[Embeddings, Embeddings], reverse: bool) -> SharedSpace:
    shared = shared_space(map_file, languages)
    return shared.reversed() if reverse else shared


@app.command(epilog="Example: alignx align en.vec es.vec -d en-es.train.txt -o en-es.safetensors")
def align(
    source: SourceFile,
    target: TargetFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the map goes, .safetensors.")
    ],
    lexicon: Annotated[
        Path | None,
        typer.Option("--dictionary", "-d", help="Known translations, two words a line."),
    ] = None,
    columns: Columns = None,
    identical: Annotated[
        bool, typer.Option("--identical", help="Start from words that both write the same.")
    ] = False,
    numerals: Annotated[
        bool, typer.Option("--numerals", help="Start from numbers that both write the same.")
    ] = False,
    unsupervised: Annotated[
        bool, typer.Option("--unsupervised", help="Start from nothing but the vectors.")
    ] = False,
    grow: Annotated[
        bool,
        typer.Option("--self-learning", help="Grow a small dictionary: --method self_learning."),
    ] = False,
    method: Annotated[
        Method | None,
        typer.Option(show_default="procrustes with a dictionary, self_learning without"),
    ] = None,
    components: Annotated[
        int | None,
        typer.Option(
            help="cca, reweighted: how many directions to keep.", show_default="half; all"
        ),
    ] = None,
    regularization: Annotated[
        float | None,
        typer.Option(
            help="cca, least_squares, reweighted: multiple of the mean variance added to each."
        ),
    ] = None,
    normalize: Annotated[
        str | None,
        typer.Option(
            help="Steps joined by commas from unit, center, project; or iterative; or none.",
            show_default="unit,center,unit; with --linear unit,project,unit",
        ),
    ] = None,
    linear: Annotated[
        bool,
        typer.Option(
            "--linear", help="Center nothing, so that `alignx apply` can map a fastText .bin."
        ),
    ] = False,
    refinement: Annotated[
        int, typer.Option("--refine", min=0, help="Rounds of refitting on induced pairs.")
    ] = 5,
    vocabulary: Annotated[
        int | None,
        typer.Option(min=1, help="Refine on that many most frequent words.", show_default="20000"),
    ] = None,
    n_neighbors: Neighborhood = None,
    calibrate: Annotated[
        bool | None,
        typer.Option(
            "--calibrate/--no-calibrate",
            help="Learn probabilities for `alignx induce`: another fit, a sweep over all words.",
            show_default="with a dictionary",
        ),
    ] = None,
    allow_failed: Annotated[
        bool, typer.Option("--allow-failed", help="Keep a map that has not worked.")
    ] = False,
    preset: Annotated[
        Preset | None,
        typer.Option(help="adversarial: our schedule or the published one.", show_default="fast"),
    ] = None,
    restarts: Annotated[
        int | None,
        typer.Option(min=1, help="adversarial: at most that many trainings.", show_default="3"),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="adversarial: that many trainings at the same time.", show_default="1"
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="adversarial: name of files to continue from after an interrupt."),
    ] = None,
    log_file: Annotated[
        Path | None,
        typer.Option("--log", help="Write the figures of each round as it ends, as JSON lines."),
    ] = None,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    device: Device = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Learn a map between two languages: from a dictionary, from shared words, or from nothing."""
    if sum([lexicon is not None, identical, numerals, unsupervised]) != 1:
        raise typer.BadParameter(
            "give one of --dictionary FILE, --identical, --numerals, --unsupervised",
            param_hint="--dictionary",
        )
    if columns is not None and lexicon is None:
        raise typer.BadParameter("they are those of --dictionary", param_hint="--columns")
    if grow and method not in (None, Method.self_learning):
        raise typer.BadParameter("it is --method self_learning", param_hint="--self-learning")
    if lexicon is None or grow:
        method = method or Method.self_learning
    method = method or Method.procrustes
    if method is Method.adversarial:
        require_packages({"adversarial training": "torch"})

    options: dict[str, Any] = {
        "refinement": refinement,
        "vocabulary": vocabulary,
        "calibrate": calibrate,
        "preset": None if preset is None else preset.value,
        "restarts": restarts,
        "n_jobs": jobs,
        "checkpoint": checkpoint,
    }
    _refuse_unused(method, options)

    from alignx.alignment.align import align as fit
    from alignx.alignment.validation import Validation
    from alignx.errors import AlignmentFailed
    from alignx.lexicon.lexicon import Lexicon
    from alignx.vectors.normalizer import parse_steps

    terminal = open_terminal(quiet, verbose)
    start = time.perf_counter()
    aligner = _aligner(method, components, regularization)
    steps = None if normalize is None else parse_steps(normalize)
    if linear and steps is not None and "center" in steps:
        raise typer.BadParameter("--linear takes no steps that center", param_hint="--normalize")
    _require_places_of_align(source, target, lexicon, output, log_file, checkpoint, restarts)
    pairs = None if lexicon is None else _dictionary(terminal, lexicon, on_error, columns)
    require_inputs("-", [source, target])
    languages = _load_both(terminal, source, target, limit, lowercase, on_error)
    require_at_most(n_neighbors, min(map(len, languages)), "--neighbors")
    if identical or numerals:
        pairs = Lexicon.identical(*languages, numerals_only=numerals)
        terminal.note(f"{pairs.name}: {len(pairs):,} pairs")
    answer: dict[str, Any] = {"version": version("alignx"), "method": method.value, "seed": seed}
    with terminal.working("Aligning") as bar, _log(log_file, bar, answer) as log:
        try:
            alignment = fit(
                *languages,
                lexicon=pairs,
                method=aligner,
                normalize=steps,
                linear=linear,
                **options,
                n_neighbors=n_neighbors,
                allow_failed=allow_failed,
                seed=seed,
                progress=bar,
                log=log,
            )
        except AlignmentFailed as error:
            if as_json:
                seconds = time.perf_counter() - start
                told = error.diagnosis
                found = {"validation": told.as_dict()} if isinstance(told, Validation) else {}
                print_json({**answer, "seconds": seconds, "failed": True, **found})
            raise
    alignment.save(output)
    rounds = [vars(round_) for round_ in alignment.rounds]
    seconds = time.perf_counter() - start
    diagnosis, validation = alignment.diagnosis, alignment.validation
    cost = alignment.linear_cost
    if as_json:
        print_json(
            {
                **answer,
                "seconds": seconds,
                "criterion": rounds[-1]["criterion"] if rounds else None,
                "rounds": rounds,
                "pairs": alignment.pairs,
                "failed": alignment.failed,
                "validation": None if validation is None else validation.as_dict(),
                "linear": cost.as_dict() if cost is not None else {} if linear else None,
            }
        )
        return
    if "selection" in answer:
        chosen = answer["selection"]
        terminal.note(
            f"chosen by cross-validation: {chosen['aligner']}, {chosen['refinement']} rounds of "
            "refinement (--json lists all candidates)"
        )
    for round_ in alignment.rounds:
        terminal.note(
            f"round {round_.round}: {round_.pairs:,} pairs, mean cosine {round_.criterion:.3f}"
        )
    verdict = "FAILED, kept as asked" if alignment.failed else "worked"
    if diagnosis is not None:
        terminal.note(f"{verdict}: {diagnosis}")
    if validation is not None and validation.decided:
        terminal.note(f"{verdict}: {validation}")
    if linear:
        unknown = "its cost was not measured; `alignx evaluate` tells, with a test dictionary"
        terminal.note(f"linear: {unknown if cost is None else cost}")
    origin = "no pairs" if pairs is None else f"{alignment.pairs:,} of {len(pairs):,} pairs"
    terminal.note(f"{output}: {method.value} from {origin} in {seconds:.1f} s")


def _require_places_of_align(
    source: Path,
    target: Path,
    lexicon: Path | None,
    output: Path,
    log_file: Path | None,
    checkpoint: Path | None,
    restarts: int | None,
) -> None:
    """Check where a map and what goes with it are to be written."""
    unfinished = []
    if checkpoint is not None:
        from alignx.alignment.unsupervised.fit import RESTARTS, checkpoint_name

        trainings = range(restarts or RESTARTS)
        unfinished = [checkpoint_name(checkpoint, number) for number in trainings]
    require_outputs(
        {"--output": output, "--log": log_file, "--checkpoint": unfinished},
        {"SOURCE": source, "TARGET": target, "--dictionary": lexicon},
    )
    require_suffix(output, "a map")
    if log_file is not None:
        require_suffix(log_file, "a log")


def _refuse(is_useless: bool, option: str, reason: str) -> None:
    """Refuse an option that would do nothing, by exit code 2."""
    if is_useless:
        raise typer.BadParameter(f"{reason}; leave it out", param_hint=option)


def _refuse_unused(method: Method, given: dict[str, Any]) -> None:
    """Refuse options that the method does not use, before anything is read."""
    from alignx.alignment.method_options import refuse_unused

    renamed = {"n_jobs": "jobs", "refinement": "refine"}
    for name, value in given.items():
        option = f"--{renamed.get(name, name)}"
        try:
            refuse_unused(method.value, {name: value}, {name: "it"})
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=option) from None


@contextmanager
def _log(path: Path | None, bar: Bar | None, answer: dict[str, Any]) -> Iterator[Log]:
    """Send figures to a file, line by line, and what they say to the bar and the answer."""
    with ExitStack() as stack:
        write = None if path is None else stack.enter_context(appearing(path))

        def log(facts: dict[str, Any]) -> None:
            if facts["stage"] in ("selection", "diagnosis"):
                answer[facts["stage"]] = {k: v for k, v in facts.items() if k != "stage"}
            if write is not None:
                finite = {k: None if v != v else v for k, v in facts.items()}  # JSON has no NaN
                write(json.dumps(finite, ensure_ascii=False))
            if bar is not None and "criterion" in facts:
                bar.tell(f"{facts['stage']}, criterion {facts['criterion']:.3f}")

        yield log


def _aligner(method: Method, components: int | None, regularization: float | None) -> Aligner | str:
    from alignx.mapping import METHODS

    given = {"n_components": components, "regularization": regularization}
    given = {name: value for name, value in given.items() if value is not None}
    aligner = METHODS[method.value]() if method.value in METHODS else None
    for name in given:
        if aligner is None or name not in aligner.get_params():
            option = "--components" if name == "n_components" else "--regularization"
            raise typer.BadParameter(f"{method.value} has no such option", param_hint=option)
    return method.value if aligner is None else aligner.set_params(**given)


@app.command(epilog="Example: alignx apply en-es.safetensors en.vec -o en.aligned.vec")
def apply(
    map_file: Annotated[Path, typer.Argument(metavar="MAP", help="Map of `alignx align`.")],
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="Vectors of one language.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".vec, .txt, .gz or .safetensors; .bin for a fastText model, by a linear map.",
        ),
    ],
    side: Annotated[
        WhichSide | None,
        typer.Option(help="Which language it is.", show_default="by the name of the file"),
    ] = None,
    dtype: Annotated[Dtype, typer.Option(help="Of a .safetensors file.")] = Dtype.float32,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the vectors of one language as they are in the shared space, with unit rows.

    A fastText model (.bin) is written whole, with vectors of other lengths.
    """
    is_model = output.suffix == ".bin"
    if is_model:
        _refuse_for_models(dtype, limit, lowercase)

    from alignx.alignment.alignment import Alignment
    from alignx.vectors.io import require_savable, save
    from alignx.vectors.language_codes import guess_language

    terminal = open_terminal(quiet, verbose)
    if not is_model:
        require_savable(output, dtype=dtype.value)
    require_outputs({"--output": output}, {"MAP": map_file})
    alignment = Alignment.load(map_file)

    def side_of(language: str | None) -> Literal["source", "target"]:
        if side is not None:
            return "source" if side is WhichSide.source else "target"
        return "source" if alignment.side_of(language) is alignment.source else "target"

    if is_model:
        with terminal.working(f"Mapping {vectors.name}") as progress:
            alignment.save_mapped_model(
                vectors, output, side=side_of(guess_language(vectors).code), progress=progress
            )
        terminal.note(f"{output}: {vectors.name} as a fastText model of the shared space")
        return
    embeddings = read_vectors(terminal, vectors, limit, lowercase, on_error)
    rows = alignment.stream(embeddings, side_of(embeddings.language))
    save(embeddings, output, dtype=dtype.value, rows=rows)
    terminal.note(f"{output}: {len(rows):,} words of {rows.dimension} dimensions")


def _refuse_for_models(dtype: Dtype, limit: int | None, lowercase: bool) -> None:
    """Refuse what would change the words of a model, or how its numbers are stored."""
    given = {
        "--limit": limit is not None,
        "--lowercase": lowercase,
        "--dtype": dtype is not Dtype.float32,
    }
    for option, is_given in given.items():
        if is_given:
            raise typer.BadParameter("a .bin is mapped as it is, in float32", param_hint=option)


@app.command(epilog="Example: alignx translate en-es.safetensors en.vec es.vec cat dog")
def translate(
    map_file: MapFile,
    source: SourceFile,
    target: TargetFile,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORD...",
            help="Words, or phrases in quotes. Read from standard input, one a line, unless given.",
        ),
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", help="Answers for each word.", show_default="5")
    ] = None,
    nearest: Annotated[bool, typer.Option("--nn", help="Rank by cosine instead of CSLS.")] = False,
    oov: OovOption = Oov.drop,
    reverse: Reverse = False,
    n_neighbors: Neighborhood = None,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Answer with the best translations of words and phrases."""
    if nearest:
        _refuse(n_neighbors is not None, "--neighbors", "it is of CSLS, which --nn turns off")
    terminal = open_terminal(quiet, verbose)
    require_inputs(map_file, [source, target])
    lines = as_utf8(words) if words else list(read_input())
    languages = _load_both(terminal, source, target, limit, lowercase, on_error)
    shared = _shared(map_file, languages, reverse)
    require_at_most(k, len(shared.target), "-k")
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    asked_of = languages[1 if reverse else 0]
    answers = shared.translate(
        as_entries(lines, asked_of, lowercase=lowercase),
        k,
        retrieval="nn" if nearest else "csls",
        n_neighbors=n_neighbors,
        oov=oov.value,
    )
    for word, found in answers.items():
        if not found:
            terminal.note(f"{word}: {_why_unanswered(word, asked_of)}")
        elif found[0].origin == "subwords":
            terminal.note(f"{word}: not in the vocabulary, translated by its characters")
    if as_json:
        print_json(
            {word: [answer._asdict() for answer in found] for word, found in answers.items()}
        )
        return
    for word, found in answers.items():
        for answer in found:
            sys.stdout.write(f"{word}\t{answer.word}\t{answer.score:.4f}\n")


def _why_unanswered(word: str, language: Embeddings) -> str:
    """Say why a word or phrase has no vector in a space."""
    from alignx.vectors.lookup import Lookup

    if Lookup(language.index, language.language).row(word) >= 0:
        return "in the vocabulary, but without a vector: it is zero"
    other = language.lookup.case_variant(word)
    if other is None:
        return "not in the vocabulary"
    return f"not in the vocabulary, which has {other}; --lowercase finds it"


@app.command(epilog="Example: alignx induce en-es.safetensors en.vec es.vec -o en-es.tsv")
def induce(
    map_file: MapFile,
    source: SourceFile,
    target: TargetFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Tab-separated, or JSON lines for .jsonl.")
    ],
    phrases: Annotated[
        Path | None,
        typer.Option(
            metavar="LIST", help="Translate only these words and phrases, one a line, and all."
        ),
    ] = None,
    target_phrases: Annotated[
        Path | None,
        typer.Option(metavar="LIST", help="Phrases that may be answers, besides all words."),
    ] = None,
    oov: OovOption = Oov.drop,
    n_best: Annotated[int, typer.Option("--n-best", help="Translations for each word.")] = 1,
    mutual: Annotated[
        bool | None,
        typer.Option(
            "--mutual/--all",
            help="Only pairs that choose each other, or all.",
            show_default="mutual; all with --phrases",
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Keep pairs that are right with this probability.")
    ] = None,
    numbers: Annotated[bool, typer.Option("--numbers", help="Keep numbers.")] = False,
    punctuation: Annotated[bool, typer.Option("--punctuation", help="Keep punctuation.")] = False,
    reverse: Reverse = False,
    n_neighbors: Neighborhood = None,
    index: Annotated[
        Index, typer.Option(help="What searches. auto: by the size of the vocabularies.")
    ] = Index.auto,
    recall: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Best translations that an approximate index must find, as a share.",
            show_default="0.99",
        ),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Use no more than this, such as 8GB.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            show_default="OUTPUT.shards, for large vocabularies",
            help="Keep finished shards here, to go on after an interrupt.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Search on a Dask cluster, such as tcp://HOST:8786."),
    ] = None,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    device: Device = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the bilingual dictionary of two aligned languages."""
    from alignx.alignment.alignment import Alignment
    from alignx.induction.induce import induce_lexicon, require_probabilities
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.pair_selection import PairSelection
    from alignx.induction.sharded.plan import Sharding, is_large
    from alignx.induction.sharded.workspace import Workspace
    from alignx.support.memory import parse_size, peak_resident

    allowed = None if memory is None else parse_size(memory)
    mutual = phrases is None if mutual is None else mutual
    if oov is Oov.subword and phrases is None:
        raise typer.BadParameter("subword takes a list of words, --phrases", param_hint="--oov")
    _refuse(
        recall is not None and index is Index.exact,
        "--recall",
        "it is of approximate indexes, and --index exact finds all",
    )
    terminal = open_terminal(quiet, verbose)
    faiss = {"--index ivf, hnsw or ivfpq": "faiss"} if index in OF_FAISS else {}
    require_packages(faiss | ({"--cluster": "distributed"} if cluster is not None else {}))
    in_files = index not in (Index.auto, Index.exact) or any(
        given is not None for given in (allowed, checkpoint, cluster)
    )
    folder = checkpoint or output.with_name(f"{output.name}.shards")
    require_outputs(
        {"--output": output},
        {
            "MAP": None if map_file == "-" else map_file,
            "SOURCE": source,
            "TARGET": target,
            "--phrases": phrases,
            "--target-phrases": target_phrases,
        },
        {"--checkpoint": folder if in_files or folder.is_dir() else None},
    )
    require_suffix(output, "a dictionary")
    if in_files:
        _require_no_device(device)
    listed = [
        None if path is None else read_entries(terminal, path) for path in (phrases, target_phrases)
    ]
    has_lists = any(entries is not None for entries in listed)
    if in_files and has_lists:
        raise typer.BadParameter(
            "it takes --index exact, without --memory, --checkpoint and --cluster",
            param_hint="--phrases",
        )
    start = time.perf_counter()
    require_inputs(map_file, [source, target])
    languages = _load_both(terminal, source, target, limit, lowercase, on_error)
    require_at_most(n_best, min(map(len, languages)), "--n-best")
    require_at_most(n_neighbors, min(map(len, languages)), "--neighbors")
    if index is Index.auto and is_large(*map(len, languages)) and not has_lists:
        _require_no_device(device)
        in_files = True
    exclude = tuple(
        kind for kind, kept in (("numbers", numbers), ("punctuation", punctuation)) if not kept
    )
    options: dict[str, Any] = {"k": n_best, "mutual": mutual, "exclude": exclude}
    facts: dict[str, Any]
    if in_files:
        sharding = Sharding(
            index=index.value,
            recall=0.99 if recall is None else recall,
            memory=allowed,
            checkpoint=folder,
            keep_checkpoint=True,
            cluster=cluster,
            random_state=seed,
        )
        alignment = None if map_file == "-" else Alignment.load(map_file)
        lazy = LazySpace(*languages, alignment)
        lazy = lazy.reversed() if reverse else lazy
        if threshold is not None:
            require_probabilities(lazy.calibration)
        lexicon, facts = _induce_in_files(
            terminal, lazy, PairSelection(**options), sharding, n_neighbors
        )
    else:
        shared = _shared(map_file, languages, reverse)
        if threshold is not None:
            require_probabilities(shared.calibration)
        if has_lists:
            sides = reversed(languages) if reverse else languages
            listed = [
                None if lines is None else as_entries(lines, side, lowercase=lowercase)
                for lines, side in zip(listed, sides, strict=True)
            ]
            shared = shared.extended(listed[0] or (), listed[1] or (), oov=oov.value)
            _note_unknown(terminal, shared, listed)
        with terminal.working("Searching") as progress:
            lexicon = induce_lexicon(
                shared,
                words=listed[0],
                n_neighbors=n_neighbors,
                progress=progress,
                **options,
            )
        facts = {"index": "exact", "recall": 1.0}
    lexicon = lexicon if threshold is None else lexicon.at_least(threshold)
    lexicon.save(output)
    if in_files:
        Workspace(folder).remove()
    seconds = time.perf_counter() - start
    if as_json:
        print_json(
            {
                "version": version("alignx"),
                "pairs": len(lexicon),
                "mutual": mutual,
                "threshold": threshold,
                **facts,
                "seconds": seconds,
                "peak_memory": peak_resident(),
            }
        )
        return
    terminal.note(f"{output}: {len(lexicon):,} pairs in {seconds:.1f} s")


def _note_unknown(
    terminal: Terminal, shared: SharedSpace, listed: Sequence[Sequence[str] | None]
) -> None:
    """Say which entries of the lists have no vector."""
    for language, entries in zip((shared.source, shared.target), listed, strict=True):
        unknown = [entry for entry in entries or () if language.lookup.row(entry) < 0]
        language.lookup.warn_of_case_variants(entries or (), "entries of the list")
        if unknown:
            more = ", ..." if len(unknown) > 5 else ""
            terminal.note(f"{len(unknown):,} without a vector: {', '.join(unknown[:5])}{more}")


def _require_no_device(device: str | None) -> None:
    if device is not None:
        raise typer.BadParameter(
            "it takes --index exact, without --memory, --checkpoint and --cluster",
            param_hint="--device",
        )


def _induce_in_files(
    terminal: Terminal,
    space: LazySpace,
    selection: PairSelection,
    sharding: Sharding,
    n_neighbors: int | None,
) -> tuple[Lexicon, dict[str, Any]]:
    from alignx.induction.sharded.induce import induce_sharded

    with terminal.working("Searching") as bar:

        def tell(facts: dict[str, Any]) -> None:
            if facts["stage"] == "index":
                terminal.note(f"index: {facts['kind']} ({facts['reason']})")
            elif facts["stage"] == "recall" and "recall" in facts:
                terminal.note(f"recall: {facts['recall']:.1%} with effort {facts['effort']}")
            elif bar is not None:
                bar.tell(facts["stage"])

        try:
            found = induce_sharded(
                space, selection, sharding, n_neighbors=n_neighbors, progress=bar, log=tell
            )
        except KeyboardInterrupt:
            terminal.note(
                f"interrupted: what is finished is in {sharding.checkpoint}; "
                "the same command goes on"
            )
            raise
    if found.recall.sample:
        terminal.note(f"recall of the best translation: {found.recall}")
    facts = {
        "index": found.plan.kind,
        "reason": found.plan.reason,
        "recall": found.recall.value,
        "recall_error": found.recall.error,
        "recall_sample": found.recall.sample,
        "steps": found.seconds,
    }
    return found.lexicon, facts


@app.command(epilog="Example: alignx evaluate en-es.safetensors en.vec es.vec -d en-es.test.txt")
def evaluate(
    map_file: MapFile,
    source: SourceFile,
    target: TargetFile,
    lexicon: Annotated[
        Path | None, typer.Option("--dictionary", "-d", help="Test dictionary.")
    ] = None,
    columns: Columns = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            "--oov-policy", help="Protocol whose figures to compare with.", show_default="muse"
        ),
    ] = None,
    oov: OovOption = Oov.drop,
    similarity: Annotated[
        Path | None,
        typer.Option(help="Source word, target word, human score; as in SemEval-2017."),
    ] = None,
    source_similarity: Annotated[
        Path | None, typer.Option(help="The same with two source words.")
    ] = None,
    target_similarity: Annotated[
        Path | None, typer.Option(help="The same with two target words.")
    ] = None,
    reverse: Reverse = False,
    n_neighbors: Neighborhood = None,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    device: Device = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure accuracy on a test dictionary, and agreement with human word similarity."""
    from alignx.evaluation.word_similarity import evaluate_similarity
    from alignx.evaluation.word_translation import evaluate as measure

    judged = {
        "similarity": similarity,
        "source_similarity": source_similarity,
        "target_similarity": target_similarity,
    }
    if lexicon is None and not any(judged.values()):
        raise typer.BadParameter(
            "give a dictionary or a similarity file", param_hint="--dictionary"
        )
    if columns is not None and lexicon is None:
        raise typer.BadParameter("they are those of --dictionary", param_hint="--columns")
    of_dictionary = {"--oov-policy": policy, "--neighbors": n_neighbors, "--device": device}
    for option, value in of_dictionary.items():
        _refuse(lexicon is None and value is not None, option, "it takes a --dictionary")
    terminal = open_terminal(quiet, verbose)
    read = {
        name: _dictionary(terminal, path, on_error, scored=True)
        for name, path in judged.items()
        if path
    }
    pairs = None if lexicon is None else _dictionary(terminal, lexicon, on_error, columns)
    require_inputs(map_file, [source, target])
    languages = _load_both(terminal, source, target, limit, lowercase, on_error)
    shared = _shared(map_file, languages, reverse)
    require_at_most(n_neighbors, min(map(len, shared.values())), "--neighbors")
    result: dict[str, Any] = {"version": version("alignx")}
    text = []
    if pairs is not None:
        with terminal.working("Evaluating") as progress:
            report = measure(
                shared,
                pairs,
                oov_policy=(policy or Policy.muse).value,
                oov=oov.value,
                n_neighbors=n_neighbors,
                progress=progress,
            )
        result |= report.as_dict()
        text.append(str(report))
    sides = {
        "similarity": (shared.source, shared.target),
        "source_similarity": (shared.source, shared.source),
        "target_similarity": (shared.target, shared.target),
    }
    for name, scored in read.items():
        agreement = evaluate_similarity(*sides[name], scored, oov=oov.value)
        result[name] = agreement.as_dict()
        text.append(f"{name.replace('_', ' ')}: {agreement}")
    if as_json:
        print_json(result)
    else:
        sys.stdout.write("\n".join(text) + "\n")


@app.command(epilog="Example: alignx convert cc.es.300.vec.gz -o es.safetensors --limit 200000")
def convert(
    vectors: Annotated[Path, typer.Argument(metavar="VECTORS", help="What to read.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help=".safetensors, .vec, .txt, or .gz of these.")
    ],
    dtype: Annotated[Dtype, typer.Option(help="Of a .safetensors file.")] = Dtype.float32,
    language: Annotated[
        str | None,
        typer.Option(help="Language code to store.", show_default="by the name of the file"),
    ] = None,
    limit: Limit = None,
    lowercase: Lowercase = False,
    on_error: SkipBad = OnError.fail,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write vectors in another format; .safetensors opens at once, whatever its size."""
    from dataclasses import replace

    from alignx.vectors.io import require_savable, save

    terminal = open_terminal(quiet, verbose)
    require_savable(output, dtype=dtype.value)
    embeddings = read_vectors(terminal, vectors, limit, lowercase, on_error)
    if language is not None:
        embeddings = replace(embeddings, language=language)
    save(embeddings, output, dtype=dtype.value)
    terminal.note(f"{output}: written")


app.command(epilog="Example: alignx bench xling.toml --jobs 4")(bench)
app.command(epilog="Example: alignx train wikipedia.es.txt.xz -o es.bin -o es.vec")(train)
app.add_typer(classify)
classify.command(
    epilog="Example: alignx classify transfer map.safetensors en.vec es.vec --train en=train.tsv "
    "--test es=test.tsv"
)(transfer)


@app.command(epilog="Example: alignx demo --pair en-de")
def demo(
    pair: Annotated[str, typer.Option(help="Two of en, es, de.")] = "en-es",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", show_default="alignx-demo.PAIR.tsv", help="Dictionary."),
    ] = None,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show the whole flow on the bundled sample: align, evaluate, translate, write a dictionary."""
    from alignx.cli.demo import run

    run(open_terminal(quiet, verbose), pair, output or Path(f"alignx-demo.{pair}.tsv"))


@app.command(epilog="Example: alignx info --json")
def info(as_json: Json = False) -> None:
    """Tell what is installed and which CPU level runs; for bug reports."""
    facts: dict[str, Any] = {
        "version": version("alignx"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "simd": _core.simd_level(),
        "simd_available": _core.simd_levels(),
        "threads": _core.default_threads(),
        "packages": {name: _version_of(name) for name in PACKAGES},
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value)
        sys.stdout.write(f"{name}: {text}\n")


PACKAGES = ("numpy", "scipy", "scikit-learn", "safetensors", "fasttext", "faiss-cpu", "torch")


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
