"""Training of fastText vectors from plain text."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from alignx import _core
from alignx.errors import FormatError, MissingDependencyError, OutputError
from alignx.support.arguments import require_callable, require_optional, require_ordered
from alignx.support.config import get_config
from alignx.support.files import output_errors, replacing, require_regular, require_writable
from alignx.support.memory import peak_resident
from alignx.support.outputs import require_outputs
from alignx.support.packages import is_installed
from alignx.support.progress import part_of
from alignx.support.tokenizer import tokenize
from alignx.training.corpus_writer import write_tokenized
from alignx.training.memory_estimate import Vocabulary, fit_buckets, memory_needed
from alignx.training.parameters import FastTextParameters, choose_bucket, choose_epoch
from alignx.training.pretrained import usable, write_pretrained
from alignx.training.runner import run_fasttext
from alignx.training.validation import covered_share, require_learnable
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext.layout import ModelLayout
from alignx.vectors.io import load
from alignx.vectors.language_codes import guess_language
from alignx.vectors.saving import is_model_name, require_savable, save

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from alignx.support.progress import Log, Progress
    from alignx.support.tokenizer import Tokenizer
    from alignx.training.corpus_writer import CorpusReport, WordCounts
    from alignx.training.runner import TrainingRun

__all__ = ["require_trainable", "train"]

StrPath = str | os.PathLike[str]

_READING_SHARE = 0.05
_COPY_BYTES = 1 << 24
_RATE = 0.05
# English-Spanish P@1 of Spanish vectors that continue from 8 to another 8 MB: 28.5 % at 0.05,
# 33.4 % at 0.025.
_RATE_TO_CONTINUE = 0.025
# Share of the words of the text; acronyms and the like are fewer.
_MANY_CAPITALIZED = 0.05

logger = logging.getLogger("alignx")


def train(
    corpus: StrPath | Sequence[StrPath],
    output: StrPath,
    *,
    parameters: FastTextParameters | None = None,
    init: Embeddings | StrPath | None = None,
    tokenizer: Tokenizer = tokenize,
    language: str | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Embeddings:
    r"""Train fastText vectors of words and character n-grams from plain text.

    Words are lower-cased and split by `tokenize`; words without a letter or digit are left out.
    fastText runs in a child process.

    Parameters
    ----------
    corpus : path or sequence of paths
        Text in UTF-8, best one sentence or paragraph a line; may be packed by gzip, xz or bzip2. It
        is read in blocks, whatever its size. ``"-"`` is standard input.
    output : path
        File of the model, ending in ``.bin``, or of its words and their vectors alone, as
        `alignx.save` writes them. It is replaced as a whole or not at all.
    parameters : FastTextParameters, optional
        Parameters of fastText, its own defaults unless given.
    init : Embeddings or path, optional
        Vectors to continue from, such as to adapt them to a domain. All their words are kept.
    tokenizer : callable
        Splits text into words, for languages written without spaces; its words are not lower-cased.
    language : str, optional
        Language code of the result, whose rules of lower-casing apply. Default: guessed from the
        name of the output.
    progress : callable, optional
        Called with the fraction done.
    log : callable, optional
        Called with the facts of three stages: ``"corpus"`` with the fields of `CorpusReport`,
        ``"parameters"`` with the arguments of fastText and the estimated memory in bytes,
        ``"model"`` with words, bytes, seconds and peak memory.

    Returns
    -------
    Embeddings
        Words and vectors, as `alignx.load` reads them from the output.

    Raises
    ------
    FormatError
        If a file cannot be read, is no text, or nothing can be learned from it.
    TrainingError
        If fastText fails, for example for lack of memory.
    OutputError
        If the model, or the temporary text beside it, cannot be written.
    MissingDependencyError
        If the package `fasttext` is not installed.
    ValueError
        If the dimension is not that of `init`, or the memory is too small.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "es.txt").write_text("El gato duerme.\n" * 20)
    >>> train(folder / "es.txt", folder / "es.bin", parameters=FastTextParameters(dim=10))
    Embeddings(language='es', n=4, d=10, source='es.bin')
    """
    name = os.fspath(output)
    require_optional(parameters, FastTextParameters, "parameters")
    for argument, function in {"tokenizer": tokenizer, "progress": progress, "log": log}.items():
        require_callable(function, argument)
    require_trainable(name)
    files = _files(corpus)
    start_file = None if isinstance(init, Embeddings) else init
    require_outputs({"output": name}, {"corpus": files, "init": start_file})
    given = parameters or FastTextParameters()
    start = None if init is None else _initial(init, given.dim)
    code = language or guess_language(name).code
    if is_model_name(name):
        run = _train_model(name, files, given, start, tokenizer, code, progress, log)
    else:
        with output_errors(name):
            folder = tempfile.TemporaryDirectory(dir=_parent(name), prefix=".alignx-")
        with folder:
            model = os.fspath(Path(folder.name) / "model.bin")
            run = _train_model(model, files, given, start, tokenizer, code, progress, log)
            save(load(model, language=code), name)
    found = load(name, language=language)
    _tell(log, "model", {"words": len(found), "bytes": Path(name).stat().st_size, **asdict(run)})
    return found


def _train_model(
    name: str,
    files: Sequence[str],
    given: FastTextParameters,
    start: Embeddings | None,
    tokenizer: Tokenizer,
    code: str | None,
    progress: Progress | None,
    log: Log | None,
) -> TrainingRun:
    """Write a model and return the facts about the run of fastText."""
    with _temporary(name) as text, _temporary(name) as vectors, _temporary(name) as model:
        with output_errors(name):
            report, counts = write_tokenized(
                files,
                text,
                tokenizer=tokenizer,
                language=code,
                progress=part_of(progress, 0, _READING_SHARE),
            )
            text.flush()
        _tell(log, "corpus", asdict(report))
        require_learnable(report, counts, given.minCount)
        passes = 1 / covered_share(report, counts, given.minCount)
        chosen, needed = _resolved(given, report, counts, start)
        del counts
        arguments = {k: v for k, v in asdict(chosen).items() if k != "memory"}
        arguments["thread"] = get_config().n_threads or _core.default_threads()
        _tell(log, "parameters", {**arguments, "memory": needed})
        if start is not None:
            with output_errors(name):
                write_pretrained(vectors, start, chosen)
                vectors.flush()
        run = run_fasttext(
            arguments,
            text=text,
            pretrained=None if start is None else vectors,
            output=model,
            passes=passes * arguments["epoch"],
            progress=part_of(progress, _READING_SHARE, 1 - _READING_SHARE),
        )
        _require_whole(model, name)
        with replacing(name, "wb") as file:
            shutil.copyfileobj(model, file, _COPY_BYTES)
    return run


def require_trainable(output: StrPath) -> None:
    """Check the output of `train`, and that fastText is installed, before other work.

    Raises
    ------
    FormatError, OutputError, MissingDependencyError
        As `train` does.

    Examples
    --------
    >>> require_trainable("es.model")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: es.model: the name must end in one of .vec, ...
    """
    name = os.fspath(output)
    if is_model_name(name):
        require_writable(name)
    else:
        require_savable(name)
    require_regular(name, "a model")  # it is read again
    if not is_installed("fasttext"):
        raise MissingDependencyError(
            "training needs the package fasttext: pip install fasttext, or alignx[fasttext]"
        )


def _resolved(
    given: FastTextParameters, report: CorpusReport, counts: WordCounts, start: Embeddings | None
) -> tuple[FastTextParameters, int]:
    """Choose the parameters that were not given, and estimate the memory in bytes."""
    words = counts.at_least(given.minCount)
    types, init_words = counts.types, 0
    if start is not None:
        _warn_of_capitals(start, words)
        init_words = len(start)
        types += init_words
        words = list(dict.fromkeys([*words, *start.words]))
    vocabulary = Vocabulary.of(words, given.minn, given.maxn)
    defaults = {
        "dim": 100 if start is None else start.dimension,
        "lr": _RATE if start is None else _RATE_TO_CONTINUE,
        "epoch": choose_epoch(report.tokens),
        "bucket": choose_bucket(vocabulary.distinct),
    }
    missing: dict[str, Any] = {k: v for k, v in defaults.items() if getattr(given, k) is None}
    chosen = replace(given, **missing)
    if given.memory is not None:
        room = given.memory - peak_resident()
        may_change = given.bucket is None
        chosen = fit_buckets(chosen, vocabulary, types, init_words, room, may_change=may_change)
    return chosen, memory_needed(chosen, vocabulary, types, init_words)


def _initial(init: Embeddings | StrPath, dim: int | None) -> Embeddings:
    """Load the vectors to continue from."""
    found = init if isinstance(init, Embeddings) else load(init)
    if dim not in (None, found.dimension):
        raise ValueError(f"dim must be that of init, {found.dimension}, or left out, got {dim}")
    return usable(found)


def _warn_of_capitals(start: Embeddings, words: Sequence[str]) -> None:
    """Warn if many words begin without a given vector, since it is that of a capitalized word."""
    other = {
        word: start.words[row]
        for word, row in zip(words, start.find(words).tolist(), strict=True)
        if row >= 0 and start.lookup.row_in_same_case(word) < 0
    }
    if other and len(other) >= _MANY_CAPITALIZED * len(words):
        word, capitalized = next(iter(other.items()))
        logger.warning(
            "%s of %s words of the text have a given vector with capitals only, such as "
            "%s for %s, and begin without it; lower-case those first (alignx convert "
            "--casing lower)",
            f"{len(other):,}",
            f"{len(words):,}",
            capitalized,
            word,
        )


@contextlib.contextmanager
def _temporary(output: str) -> Iterator[IO[bytes]]:
    """Open a nameless file on the disk of the output; it is gone however the process ends."""
    with output_errors(output):
        file = tempfile.TemporaryFile(dir=_parent(output))  # noqa: SIM115
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):  # on a full disk, which is reported already
            file.close()


def _parent(output: str) -> Path:
    return Path(os.path.realpath(output)).parent


def _require_whole(model: IO[bytes], output: str) -> None:
    """Refuse a part of a model, as fastText does not notice a full disk."""
    try:
        ModelLayout.read(cast("io.BufferedRandom", model), output)
    except FormatError as error:
        problem = "fastText could not write the whole model; free space or choose another place"
        raise OutputError(output, problem) from error
    model.seek(0)


def _files(corpus: StrPath | Sequence[StrPath]) -> list[str]:
    if isinstance(corpus, str | os.PathLike):
        return [os.fspath(corpus)]
    require_ordered(corpus, "corpus")
    files = [os.fspath(path) for path in corpus]
    if not files:
        raise ValueError("corpus must be at least one file, got none")
    return files


def _tell(log: Log | None, stage: str, facts: dict[str, Any]) -> None:
    if log is not None:
        log({"stage": stage, **facts})
