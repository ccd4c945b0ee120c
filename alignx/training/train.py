"""Train vectors from plain text."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from alignx import _core
from alignx.errors import FormatError, MissingDependencyError
from alignx.support.config import get_config
from alignx.support.files import reading, replacing, require_regular, require_writable
from alignx.support.memory import peak_resident
from alignx.support.outputs import require_outputs
from alignx.support.packages import is_installed
from alignx.support.progress import part_of
from alignx.support.tokenizer import tokenize
from alignx.training.corpus_writer import write_tokenized
from alignx.training.memory_estimate import Vocabulary, fitting, memory_needed
from alignx.training.parameters import Parameters, choose_bucket, choose_epoch
from alignx.training.pretrained import usable, write_initial
from alignx.training.runner import training
from alignx.training.scratch import filling, scratch
from alignx.training.validation import covered, require_learnable
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.fasttext.layout import ModelLayout
from alignx.vectors.io import load
from alignx.vectors.language_codes import guess_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.support.progress import Log, Progress
    from alignx.support.tokenizer import Tokenizer
    from alignx.training.corpus_writer import CorpusReport, WordCounts

__all__ = ["require_trainable", "train"]

StrPath = str | os.PathLike[str]

_SUFFIX = ".bin"
_READING_SHARE = 0.05
_RATE = 0.05
# English-Spanish P@1 of Spanish vectors that go on from 8 to another 8 MB: 28.5 % at 0.05, 33.4 %.
_RATE_TO_GO_ON = 0.025
# Of the words of the text: acronyms and the like are fewer.
_MANY = 0.05

logger = logging.getLogger("alignx")


def train(
    corpus: StrPath | Sequence[StrPath],
    output: StrPath,
    *,
    model: Literal["skipgram", "cbow"] = "skipgram",
    dim: int | None = None,
    epoch: int | None = None,
    minCount: int = 5,
    minn: int = 3,
    maxn: int = 6,
    bucket: int | None = None,
    lr: float | None = None,
    ws: int = 5,
    neg: int = 5,
    wordNgrams: int = 1,
    loss: Literal["ns", "hs", "softmax"] = "ns",
    lrUpdateRate: int = 100,
    t: float = 1e-4,
    tokenizer: Tokenizer = tokenize,
    init: Embeddings | StrPath | None = None,
    memory: int | None = None,
    language: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Embeddings:
    r"""Train vectors of words and of their characters from plain text, by fastText.

    The text is cut into lower-cased words as `tokenize` does; those without a letter or digit
    are left out. fastText works in a process of its own.

    Parameters
    ----------
    corpus : path or sequence of paths
        Text in UTF-8, one sentence or paragraph a line best; packed by gzip, xz or bzip2 if you
        like. It is read in blocks, whatever its size. ``"-"`` is standard input.
    output : path
        Where the model goes; ends in ``.bin``. It is replaced as a whole or not at all.
    model, ws, neg, wordNgrams, loss, lrUpdateRate, t
        As for fastText, whose defaults these are; see `alignx.training.parameters.Parameters`.
    dim : int, optional
        Numbers in a vector; by default 100, or those of `init`.
    epoch : int, optional
        How often the text is gone through; by default 10 times below 2 million words, 5 times
        above.
    minCount : int
        Rarer words get no vector of their own, only that of their characters.
    minn, maxn : int
        How many characters n-grams have; ``maxn=0`` for none.
    bucket : int, optional
        How many vectors n-grams share; by default two for each different one, at most 2,000,000,
        and not more than fit into `memory`.
    lr : float, optional
        Learning rate at the start; by default 0.05, or 0.025 to go on from `init`.
    tokenizer : callable
        Gives the words of a text, for languages that write without spaces; they are taken as they
        are.
    init : Embeddings or path, optional
        Vectors to go on from, such as to adapt them to a domain. All their words are kept.
    memory : int, optional
        How many bytes the training may take, what this process holds included.
    language : str, optional
        Code of the result, whose rules of lower-casing hold; by default what the name of the output
        says.
    seed : int
        Of random numbers; 0 and 1 are the same to fastText.
    progress : callable, optional
        Is called with the fraction done.
    log : callable, optional
        Is called with what was found and chosen: the stage ``"corpus"`` gives the fields of
        `CorpusReport`, ``"parameters"`` those of fastText and the memory that is needed in bytes,
        ``"model"`` words, bytes, seconds and peak memory.

    Returns
    -------
    Embeddings
        The words and vectors of the model, as `alignx.load` gives them.

    Raises
    ------
    FormatError
        If a file cannot be read, is no text, or nothing can be learned from it.
    TrainingError
        If fastText fails, such as for want of memory.
    OutputError
        If the model, or the text in words, which lies beside it meanwhile, cannot be written.
    MissingDependencyError
        If the package `fasttext` is not installed.
    ValueError
        If a parameter is out of range, or the memory too small.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "es.txt").write_text("El gato duerme.\n" * 20)
    >>> train(folder / "es.txt", folder / "es.bin", dim=10)
    Embeddings(language='es', n=4, d=10, source='es.bin')
    """
    name = os.fspath(output)
    require_trainable(name)
    files = _files(corpus)
    start_file = None if isinstance(init, Embeddings) else init
    require_outputs({"output": name}, {"corpus": files, "init": start_file})
    start = None if init is None else _initial(init, dim)
    if dim is None:
        dim = 100 if start is None else start.dimension
    if lr is None:
        lr = _RATE if start is None else _RATE_TO_GO_ON
    given = Parameters(
        model=model,
        lr=lr,
        dim=dim,
        ws=ws,
        epoch=1 if epoch is None else epoch,
        minCount=minCount,
        minn=minn,
        maxn=maxn,
        neg=neg,
        wordNgrams=wordNgrams,
        loss=loss,
        bucket=1 if bucket is None else bucket,
        lrUpdateRate=lrUpdateRate,
        t=t,
        thread=get_config().n_threads or _core.default_threads(),
        seed=seed,
    )
    if memory is not None and memory < 1:
        raise ValueError(f"memory must be at least 1 byte, got {memory}")
    with scratch(name) as text, scratch(name) as vectors:
        with filling(text, name) as file:
            report, counts = write_tokenized(
                files,
                file,
                tokenizer=tokenizer,
                language=language or guess_language(name).code,
                progress=part_of(progress, 0, _READING_SHARE),
            )
        _tell(log, "corpus", asdict(report))
        plan = _planned(given, report, counts, start, memory, (epoch is None, bucket is None))
        del counts
        _tell(log, "parameters", {**plan.parameters.as_dict(), "memory": plan.memory})
        if start is not None:
            with filling(vectors, name) as file:
                write_initial(file, start, plan.parameters)
        with training(
            plan.parameters.as_dict(),
            text=text,
            pretrained=None if start is None else vectors,
            passes=plan.passes,
        ) as work:
            work.wait(part_of(progress, _READING_SHARE, 1 - _READING_SHARE))
            with replacing(name, "wb") as file:
                run = work.receive(file)
                _check(file)
    found = load(name, language=language)
    facts = {"words": len(found), "bytes": Path(name).stat().st_size, **asdict(run)}
    _tell(log, "model", facts)
    return found


def require_trainable(output: StrPath) -> None:
    """Refuse what `train` would refuse whatever the text, before other work.

    Parameters
    ----------
    output : path
        Where the model is to go.

    Raises
    ------
    FormatError, OutputError, MissingDependencyError
        As `train` does.

    Examples
    --------
    >>> require_trainable("es.vec")
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: es.vec: the name of a fastText model must end in .bin
    """
    name = os.fspath(output)
    if not name.endswith(_SUFFIX):
        raise FormatError(name, f"the name of a fastText model must end in {_SUFFIX}")
    require_regular(name, "a fastText model")  # it is read again
    require_writable(name)
    if not is_installed("fasttext"):
        raise MissingDependencyError(
            "training needs the package fasttext: pip install fasttext, or alignx[fasttext]"
        )


class _Plan(NamedTuple):
    """What fastText is told, and what is expected of it."""

    parameters: Parameters
    memory: int
    passes: float


def _planned(
    given: Parameters,
    report: CorpusReport,
    counts: WordCounts,
    start: Embeddings | None,
    memory: int | None,
    choose: tuple[bool, bool],
) -> _Plan:
    """Choose what was not told: whether the epochs, and whether the buckets."""
    words = counts.at_least(given.minCount)
    require_learnable(report, counts, len(words), given)
    share = covered(report, counts, given.minCount)
    types = counts.types
    init_words = 0
    if start is not None:
        _tell_of_capitals(start, words)
        init_words = len(start)
        types += init_words
        words = list(dict.fromkeys([*words, *start.words]))
    vocabulary = Vocabulary.of(words, given.minn, given.maxn)
    parameters = given
    if choose[0]:
        parameters = replace(parameters, epoch=choose_epoch(report.tokens))
    if choose[1]:
        parameters = replace(parameters, bucket=choose_bucket(vocabulary.distinct))
    if memory is not None:
        room = memory - peak_resident()
        parameters = fitting(parameters, vocabulary, types, init_words, room, may_change=choose[1])
    needed = memory_needed(parameters, vocabulary, types, init_words)
    return _Plan(parameters, needed, parameters.epoch / share)


def _initial(init: Embeddings | StrPath, dim: int | None) -> Embeddings:
    """Give the vectors to go on from."""
    found = init if isinstance(init, Embeddings) else load(init)
    if dim not in (None, found.dimension):
        raise ValueError(f"dim must be that of init, {found.dimension}, or left out, got {dim}")
    return usable(found)


def _tell_of_capitals(start: Embeddings, words: Sequence[str]) -> None:
    """Warn if many words begin without the vectors that there are, as these keep capitals."""
    other = {
        word: start.words[row]
        for word, row in zip(words, start.find(words).tolist(), strict=True)
        if row >= 0 and start.lookup.row_in_same_case(word) < 0
    }
    if other and len(other) >= _MANY * len(words):
        word, capitalized = next(iter(other.items()))
        logger.warning(
            "%s of %s words of the text have a vector to go on from with capitals only, such as "
            "%s for %s, and begin without it; lower-case those first (alignx convert --lowercase)",
            f"{len(other):,}",
            f"{len(words):,}",
            capitalized,
            word,
        )


def _check(file: IO[bytes]) -> None:
    """See that a model is complete before it takes its place."""
    file.flush()
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        with reading(file.name) as written:
            ModelLayout.read(written, file.name)


def _files(corpus: StrPath | Sequence[StrPath]) -> list[str]:
    """Give the names of the files."""
    if isinstance(corpus, str | os.PathLike):
        return [os.fspath(corpus)]
    files = [os.fspath(path) for path in corpus]
    if not files:
        raise ValueError("corpus must be at least one file, got none")
    return files


def _tell(log: Log | None, stage: str, facts: dict[str, Any]) -> None:
    if log is not None:
        log({"stage": stage, **facts})
