"""Vectors of two languages in one space, trained on sentence pairs."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignx.errors import FormatError
from alignx.parallel_text.sentence_pairs import SentencePairs
from alignx.support.arguments import require_callable, require_instance, require_optional
from alignx.support.files import output_errors
from alignx.support.outputs import require_outputs
from alignx.support.tokenizer import cut, tokenize
from alignx.training.parameters import FastTextParameters
from alignx.training.train import require_trainable, train
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.language_codes import guess_language
from alignx.vectors.saving import is_model_name, save
from alignx.vectors.spelling import composed, lower

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.files import StrPath
    from alignx.support.progress import Log, Progress
    from alignx.support.tokenizer import Tokenizer

__all__ = ["BILINGUAL_DEFAULTS", "require_bilingual_outputs", "train_bilingual"]

# Chosen on MUSE's training dictionaries with 1,000 sentences of Tatoeba, P@1 English to Spanish and
# to German: 10 epochs 9 and 3 (with n-grams), 50 epochs 49 and 68, without n-grams 74 and 74, with
# fewer frequent words left out (t) 80 and 76.
BILINGUAL_DEFAULTS: dict[str, Any] = {"epoch": 50, "maxn": 0, "minCount": 2, "t": 1e-3}

_TAGS = ("s:", "t:")  # a word of both languages gets two vectors


def train_bilingual(
    pairs: SentencePairs,
    outputs: tuple[StrPath, StrPath],
    *,
    parameters: FastTextParameters | None = None,
    tokenizers: tuple[Tokenizer, Tokenizer] = (tokenize, tokenize),
    progress: Progress | None = None,
    log: Log | None = None,
) -> tuple[Embeddings, Embeddings]:
    """Train fastText vectors of two languages in one space on sentence pairs.

    The words of a sentence and of its translation are written by turns on one line, so that the
    neighbors of a word are of both languages. The vectors need no map.

    Parameters
    ----------
    pairs : SentencePairs
        Sentences and their translations.
    outputs : (path, path)
        Files of the vectors of the source and of the target language, in any format of
        `alignx.save`. Their names give the languages.
    parameters : FastTextParameters, optional
        Parameters of fastText. Default: 50 epochs, words that occur twice, no character n-grams,
        ``t=1e-3``.
    tokenizers : (callable, callable)
        Functions from a sentence to its words; by default lower-cased words by Unicode rules. Words
        without a letter or digit are left out.
    progress, log : callable, optional
        As for `train`.

    Returns
    -------
    (Embeddings, Embeddings)
        Vectors of both languages, most frequent words first.

    Raises
    ------
    FormatError
        If nothing can be learned, no word of a language is frequent enough, or an output has the
        name of a model.
    OutputError, TrainingError, MissingDependencyError
        As `train` does.

    Notes
    -----
    Only words of the sentences get vectors. Vectors of large texts of each language, mapped by
    `lexicon_from_parallel` and `align`, are better and know more words.

    References
    ----------
    Luong, Pham and Manning, "Bilingual Word Representations with Monolingual Quality in Mind",
    2015, who link the words of the sentences instead; Vulic and Moens, "Bilingual Word Embeddings
    from Non-Parallel Document-Aligned Data", 2015, who mix the words of documents.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> sentences = SentencePairs(["A cat sleeps."] * 20, ["Un gato duerme."] * 20)
    >>> english, spanish = train_bilingual(sentences, (folder / "en.vec", folder / "es.vec"))
    >>> sorted(english), sorted(spanish), english.dimension
    (['a', 'cat', 'sleeps'], ['duerme', 'gato', 'un'], 100)
    """
    require_instance(pairs, SentencePairs, "pairs")
    require_optional(parameters, FastTextParameters, "parameters")
    for argument, function in {"progress": progress, "log": log}.items():
        require_callable(function, argument)
    names = [os.fspath(path) for path in outputs]
    if len(names) != len(_TAGS):
        raise ValueError(f"outputs must be 2 files, one for each language, got {len(names)}")
    require_bilingual_outputs(names)
    chosen = parameters or FastTextParameters(**BILINGUAL_DEFAULTS)
    model: dict[str, Any] = {}

    def tell(facts: dict[str, Any]) -> None:
        if facts["stage"] == "model":
            model.update(facts)
        elif log is not None:
            log(facts | ({"files": (pairs.name,)} if facts["stage"] == "corpus" else {}))

    codes = [guess_language(name).code for name in names]
    both = _train_tagged(pairs, chosen, _lines(pairs, tokenizers, codes), progress, tell)
    found = [_tagged(both, tag, name) for tag, name in zip(_TAGS, names, strict=True)]
    for each, name in zip(found, names, strict=True):
        save(each, name)
    if log is not None:
        sizes = sum(Path(name).stat().st_size for name in names)
        log(model | {"words": sum(map(len, found)), "bytes": sizes})
    return found[0], found[1]


def require_bilingual_outputs(outputs: list[str]) -> None:
    """Check the outputs of `train_bilingual`, and that fastText is installed, before other work.

    Raises
    ------
    FormatError, OutputError, MissingDependencyError
        As `train_bilingual` does.

    Examples
    --------
    >>> require_bilingual_outputs(["en.bin", "es.vec"])
    Traceback (most recent call last):
        ...
    alignx.errors.FormatError: en.bin: vectors of two languages are no model; write .vec or another
    """
    for name in outputs:
        if is_model_name(name):
            problem = "vectors of two languages are no model; write .vec or another"
            raise FormatError(name, problem)
        require_trainable(name)
    require_outputs({"output": outputs}, {})


def _train_tagged(
    pairs: SentencePairs,
    parameters: FastTextParameters,
    lines: Iterator[str],
    progress: Progress | None,
    log: Log,
) -> Embeddings:
    """Train vectors of the words of both languages with their tags."""
    with contextlib.ExitStack() as stack:
        with output_errors(tempfile.gettempdir()):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="alignx-"))
            # Without a name, so that it is gone however the process ends.
            corpus = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            corpus.writelines(f"{line}\n" for line in lines)
            corpus.seek(0)
        try:
            return train(
                f"/dev/fd/{corpus.fileno()}",
                Path(folder) / "both.vec",
                parameters=parameters,
                tokenizer=str.split,
                progress=progress,
                log=log,
            )
        except FormatError as error:
            raise FormatError(pairs.name, error.problem) from None


def _lines(
    pairs: SentencePairs, tokenizers: tuple[Tokenizer, Tokenizer], codes: Sequence[str | None]
) -> Iterator[str]:
    """Yield lines of tagged words; those of the shorter sentence are spread evenly."""
    for texts in zip(pairs.source, pairs.target, strict=True):
        placed = []
        for side, (tag, text) in enumerate(zip(_TAGS, texts, strict=True)):
            words = _words(text, tokenizers[side], codes[side])
            placed += [((i + 0.5) / len(words), side, tag + word) for i, word in enumerate(words)]
        yield " ".join(word for _, _, word in sorted(placed))


def _words(text: str, tokenizer: Tokenizer, code: str | None) -> list[str]:
    """Split a sentence, by default in lower case by the rules of its language."""
    own = cut(lower(composed(text), code)) if tokenizer is tokenize else tokenizer(text)
    return [word for word in " ".join(own).split() if any(map(str.isalnum, word))]


def _tagged(both: Embeddings, tag: str, name: str) -> Embeddings:
    """Select the words of a language, for a file of that name."""
    rows = [row for row, word in enumerate(both.words) if word.startswith(tag)]
    if not rows:
        raise FormatError(name, "no word of the language occurs often enough; lower minCount")
    words = [both.words[row].removeprefix(tag) for row in rows]
    return Embeddings(words, np.asarray(both.vectors[rows]), language=guess_language(name).code)
