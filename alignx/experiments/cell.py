"""One cell of a grid: a method on a pair of languages, from files to figures, in any process."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from alignx.alignment.align import align
from alignx.alignment.methods import METHODS
from alignx.evaluation.word_translation import evaluate
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Refinement
from alignx.support.config import config_context, get_config
from alignx.vectors.io import load

if TYPE_CHECKING:
    from alignx.evaluation.word_translation import OOVPolicy
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Cell", "Protocol", "run_cell"]


@dataclass(frozen=True)
class Protocol:
    """What all cells of a grid have in common.

    Attributes
    ----------
    limit : int, optional
        How many words of each language are read.
    lowercase : bool
        Whether words of vectors and dictionaries are lower-cased.
    on_error : {"raise", "skip"}
        What is done about malformed lines.
    oov_policy : {"muse", "vecmap", "fasttext", "xling"}
        Of `evaluate`.
    """

    limit: int | None = None
    lowercase: bool = False
    on_error: Literal["raise", "skip"] = "raise"
    oov_policy: OOVPolicy = "muse"

    def load_vectors(self, path: str, language: str) -> Embeddings:
        """Load the vectors of a language."""
        return load(
            path,
            limit=self.limit,
            lowercase=self.lowercase,
            language=language,
            on_error=self.on_error,
        )

    def load_lexicon(self, path: Path) -> Lexicon:
        """Load a dictionary."""
        return Lexicon.load(path, on_error=self.on_error)


@dataclass(frozen=True)
class Cell:
    """What one cell computes; small, and the same in every process.

    Attributes
    ----------
    source, target : str
        Codes of the languages.
    source_file, target_file, test : str
        Vectors and test dictionary, relative to the folder of the grid.
    method : str
        What the grid calls the method with its options.
    algorithm : str
        Method of `align`.
    start : {"dictionary", "identical", "numerals", "nothing"}
        Which known pairs there are: those of a file, words or numbers that both languages write
        the same, none.
    train : str, optional
        The file, if the start is a dictionary.
    size : int, optional
        How many source words of it are known, the first in the file; all unless given.
    seed : int, optional
        For methods that depend on it.
    options : dict
        Arguments of `align`.
    parameters : dict
        Arguments of the aligner, if the method has one.
    protocol : Protocol
        What all cells have in common.

    Examples
    --------
    >>> Cell("en", "es", "en.vec", "es.vec", "test.txt", "cca", "cca", size=1_000).name
    'en-es.cca.1000'
    """

    source: str
    target: str
    source_file: str
    target_file: str
    test: str
    method: str
    algorithm: str
    start: str = "dictionary"
    train: str | None = None
    size: int | None = None
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    protocol: Protocol = Protocol()

    @property
    def pair(self) -> str:
        """Both codes."""
        return f"{self.source}-{self.target}"

    @property
    def name(self) -> str:
        """A name for files that no other cell of the grid has."""
        parts = [self.pair, self.method]
        if self.size is not None:
            parts.append(str(self.size))
        if self.seed is not None:
            parts.append(f"seed{self.seed}")
        return ".".join(parts)

    @property
    def vectors(self) -> dict[str, str]:
        """The code of each file of vectors."""
        return {self.source_file: self.source, self.target_file: self.target}

    @property
    def dictionaries(self) -> list[str]:
        """The files of word pairs."""
        return [self.test] if self.train is None else [self.train, self.test]

    def facts(self) -> dict[str, Any]:
        """Give what a row of a table says of the cell itself."""
        return {
            "pair": self.pair,
            "method": self.method,
            "size": self.size,
            "seed": self.seed,
        }


def run_cell(cell: Cell, folder: str, copies: dict[str, str]) -> dict[str, Any]:
    """Load, align, evaluate.

    Parameters
    ----------
    cell : Cell
        What to do.
    folder : str
        Where its files are.
    copies : dict of str to str
        Copies of files of vectors that open faster; see `VectorCopies`.

    Returns
    -------
    dict
        What `Cell.facts` says; ``"failed"``, the reason why there are no figures, or None. With
        figures: those of `EvaluationReport.as_dict`, the number of known ``"train_pairs"``, the
        ``"seconds"`` of `align`, the ``"diagnosis"`` of a map that no dictionary has found, and the
        ``"validation"`` of one that a dictionary has. Without: the ``"traceback"``.
    """
    try:
        return {**cell.facts(), "failed": None, **_figures(cell, Path(folder), copies)}
    except Exception as error:  # whatever it is, the other cells go on and the table says it
        reason = " ".join(str(error).split()) or type(error).__name__
        return {**cell.facts(), "failed": reason, "traceback": traceback.format_exc()}


def _figures(cell: Cell, folder: Path, copies: dict[str, str]) -> dict[str, Any]:
    protocol = cell.protocol
    test = protocol.load_lexicon(folder / cell.test)
    source, target = (
        _open(folder, file, language, copies, protocol)
        for file, language in (
            (cell.source_file, cell.source),
            (cell.target_file, cell.target),
        )
    )
    lexicon = _known(cell, folder, source, target)
    algorithm = cell.algorithm
    options = dict(cell.options)
    device = options.pop("device", get_config().device)
    shared_options = {k: v for k, v in options.items() if k == "n_neighbors"}
    method = METHODS[algorithm](**cell.parameters)
    parameters = method.get_params()
    own: dict[str, Any] = {k: options.pop(k) for k in ("preset", "restarts") if k in options}
    if "random_state" in parameters:
        own["random_state"] = cell.seed or 0
    method.set_params(**own)
    rounds = {"rounds": options.pop("refinement")} if "refinement" in options else {}
    rounds |= {k: options.pop(k) for k in ("vocabulary", "n_neighbors") if k in options}
    with config_context(device=device):
        start = time.perf_counter()
        alignment = align(
            source,
            target,
            lexicon=lexicon,
            method=method,
            refinement=Refinement(**rounds),
            calibrate=False,
            **options,
        )
        seconds = time.perf_counter() - start
        report = evaluate(
            alignment.apply(source, target),
            test,
            oov_policy=protocol.oov_policy,
            **shared_options,
        )
    validation = alignment.validation
    diagnosis = {} if alignment.diagnosis is None else alignment.diagnosis.as_dict()
    return {
        "train_pairs": alignment.pairs,
        "seconds": seconds,
        "diagnosis": {k: None if v != v else v for k, v in diagnosis.items()} or None,
        "validation": None if validation is None else validation.as_dict(),
        **report.as_dict(),
    }


def _known(cell: Cell, folder: Path, source: Embeddings, target: Embeddings) -> Lexicon | None:
    """Give the pairs that the method may know."""
    if cell.start == "nothing":
        return None
    if cell.train is None:
        return Lexicon.identical(source, target, numerals_only=cell.start == "numerals")
    lexicon = cell.protocol.load_lexicon(folder / cell.train)
    if cell.size is None:
        return lexicon
    words = set(list(lexicon.translations())[: cell.size])
    return Lexicon([pair for pair in lexicon if pair[0] in words], name=lexicon.name)


def _open(
    folder: Path,
    file: str,
    language: str,
    copies: dict[str, str],
    protocol: Protocol,
) -> Embeddings:
    path = folder / file
    if file in copies and Path(copies[file]).exists():
        path = Path(copies[file])
    modified = path.stat().st_mtime_ns if path.exists() else None
    return _recent(str(path), language, protocol, modified)


@lru_cache(maxsize=2)
def _recent(
    path: str,
    language: str,
    protocol: Protocol,
    modified: int | None,  # noqa: ARG001  # a file that was replaced is another one
) -> Embeddings:
    """Keep the languages of the last pair, which the next cell most often shares."""
    return protocol.load_vectors(path, language)
