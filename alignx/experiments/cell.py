"""Cell of a grid: one method on one pair of languages, from files to figures."""

from __future__ import annotations

import time
import traceback
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from alignx.alignment.align import align
from alignx.alignment.methods import METHODS
from alignx.evaluation.ranked_questions import OOVPolicy  # noqa: TC001  # pydantic reads it
from alignx.evaluation.word_translation import evaluate
from alignx.experiments.config import Count  # noqa: TC001
from alignx.lexicon.lexicon import Lexicon
from alignx.mapping import Refinement
from alignx.support.config import config_context, get_config
from alignx.support.models import Table
from alignx.vectors.io import load
from alignx.vectors.normalizer import parse_steps

if TYPE_CHECKING:
    from alignx.alignment.alignment import Alignment
    from alignx.evaluation.ranked_questions import RankedQuestions
    from alignx.vectors.embeddings import Embeddings

__all__ = ["Cell", "Protocol", "run_cell"]


class Protocol(Table):
    """Settings shared by all cells of a grid; see `load` and `evaluate`."""

    limit: Count | None = None
    casing: Literal["keep", "lower", "tr"] = "keep"
    on_error: Literal["raise", "skip"] = "raise"
    oov_policy: OOVPolicy = "muse"

    def load_vectors(self, path: str, language: str) -> Embeddings:
        """Load the vectors of a language."""
        options = self.model_dump(exclude={"oov_policy"})
        return load(path, language=language, **options)

    def load_lexicon(self, path: Path) -> Lexicon:
        """Load a dictionary."""
        return Lexicon.load(path, on_error=self.on_error)


@dataclass(frozen=True)
class Cell:
    """Small, picklable description of one experiment.

    Attributes
    ----------
    source_file, target_file, test, train : str
        Vectors and dictionaries, relative to the folder of the grid.
    method, algorithm : str
        Names of the method in the grid and in `align`.
    seed_dictionary : {"train", "identical", "numerals", "none"}
        Known pairs: those of `train`, identically spelled words or numbers, or none.
    size : int, optional
        Number of known source words, the first in the file. Default: all.
    options, parameters : dict
        Options of `align` and parameters of the estimator.
    """

    source: str
    target: str
    source_file: str
    target_file: str
    test: str
    method: str
    algorithm: str
    seed_dictionary: str = "train"
    train: str | None = None
    size: int | None = None
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    protocol: Protocol = field(default_factory=Protocol)

    @property
    def pair(self) -> str:
        """Codes of both languages."""
        return f"{self.source}-{self.target}"

    @property
    def name(self) -> str:
        """Unique file name within the grid."""
        seed = None if self.seed is None else f"seed{self.seed}"
        parts = (self.pair, self.method, self.size, seed)
        return ".".join(str(part) for part in parts if part is not None)

    @property
    def vectors(self) -> dict[str, str]:
        """Language code of each file of vectors."""
        return {self.source_file: self.source, self.target_file: self.target}

    @property
    def dictionaries(self) -> list[str]:
        """Files of word pairs."""
        return [self.test] if self.train is None else [self.train, self.test]

    @property
    def files(self) -> list[str]:
        """Files of vectors and word pairs."""
        return [*self.vectors, *self.dictionaries]

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as JSON can hold them."""
        return {**asdict(self), "protocol": self.protocol.model_dump()}

    def identity(self) -> dict[str, Any]:
        """Return pair, method, size and seed, the first columns of tables."""
        return {name: getattr(self, name) for name in ("pair", "method", "size", "seed")}


def run_cell(cell: Cell, folder: str, copies: dict[str, str]) -> dict[str, Any]:
    """Load, align, evaluate.

    Parameters
    ----------
    cell : Cell
        Experiment to run, with its files in `folder`.
    copies : dict of str to str
        Copies of files of vectors; see `plan_copies`.

    Returns
    -------
    dict
        `Cell.identity`; ``"failed"``, the reason of a failure or None. After success: the figures
        of `EvaluationReport.as_dict`, the number of known ``"train_pairs"``, the ``"seconds"`` of
        `align`, its ``"diagnosis"`` and ``"validation"``, and ``"questions"``: the rank of the best
        right answer of each counted question by CSLS (None without one), and the positions of
        those with a training pair. After failure: the ``"traceback"``.
    """
    try:
        return {**cell.identity(), "failed": None, **_figures(cell, Path(folder), copies)}
    except Exception as error:  # any failure goes to the table; the other cells continue
        reason = " ".join(str(error).split()) or type(error).__name__
        return {**cell.identity(), "failed": reason, "traceback": traceback.format_exc()}


def _figures(cell: Cell, folder: Path, copies: dict[str, str]) -> dict[str, Any]:
    test = cell.protocol.load_lexicon(folder / cell.test)
    source, target = (
        _open(folder, file, language, copies, cell.protocol)
        for file, language in ((cell.source_file, cell.source), (cell.target_file, cell.target))
    )
    lexicon = _seed_dictionary(cell, folder, source, target)
    with config_context(device=cell.options.get("device", get_config().device)):
        start = time.perf_counter()
        alignment = _align(cell, source, target, lexicon)
        seconds = time.perf_counter() - start
        report = evaluate(
            alignment.apply(source, target),
            test,
            oov_policy=cell.protocol.oov_policy,
            n_neighbors=cell.options.get("n_neighbors"),
        )
    validation = alignment.validation
    diagnosis = {} if alignment.diagnosis is None else alignment.diagnosis.as_dict()
    return {
        "train_pairs": alignment.pairs,
        "seconds": seconds,
        "diagnosis": {k: None if v != v else v for k, v in diagnosis.items()} or None,
        "validation": None if validation is None else validation.as_dict(),
        **report.as_dict(),
        "questions": _questions(report.questions),
    }


def _questions(questions: RankedQuestions) -> dict[str, Any]:
    ranks = questions.ranks["csls"][questions.counted]
    return {
        "ranks": [int(rank) if np.isfinite(rank) else None for rank in ranks],
        "known": np.flatnonzero(questions.known[questions.counted]).tolist(),
    }


def _align(
    cell: Cell, source: Embeddings, target: Embeddings, lexicon: Lexicon | None
) -> Alignment:
    options, parameters = cell.options, dict(cell.parameters)
    if cell.seed is not None:
        parameters["random_state"] = cell.seed
    names = ("rounds", "vocabulary", "n_neighbors")
    keys = ("refinement", "refinement_vocabulary", "n_neighbors")
    return align(
        source,
        target,
        lexicon=lexicon,
        method=METHODS[cell.algorithm](**parameters),
        normalize=parse_steps(options["normalize"]) if "normalize" in options else None,
        refinement=Refinement(
            **{name: options[key] for name, key in zip(names, keys, strict=True) if key in options}
        ),
        ranker=False,
        allow_failed=options.get("allow_failed", False),
    )


def _seed_dictionary(
    cell: Cell, folder: Path, source: Embeddings, target: Embeddings
) -> Lexicon | None:
    """Return the pairs that the method may know."""
    if cell.seed_dictionary == "none":
        return None
    if cell.train is None:
        return Lexicon.identical(source, target, numerals_only=cell.seed_dictionary == "numerals")
    lexicon = cell.protocol.load_lexicon(folder / cell.train)
    if cell.size is None:
        return lexicon
    words = set(list(lexicon.translations())[: cell.size])
    return Lexicon([pair for pair in lexicon if pair[0] in words], name=lexicon.name)


def _open(
    folder: Path, file: str, language: str, copies: dict[str, str], protocol: Protocol
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
    modified: int | None,  # noqa: ARG001  # a replaced file is read again
) -> Embeddings:
    """Keep the languages of the last pair, which the next cell most often shares."""
    return protocol.load_vectors(path, language)
