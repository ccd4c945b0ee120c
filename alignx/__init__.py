"""Align word embeddings of different languages into one space, and use that space.

Names are imported when first used, so that ``import alignx`` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignx.alignment import Alignment
    from alignx.ann.index import FaissIndex
    from alignx.classification.encoder import DocumentEncoder
    from alignx.classification.evaluation import Trial, evaluate_transfer
    from alignx.classification.explanation import Explanation
    from alignx.classification.report import TransferReport
    from alignx.classification.sources import SourceRanking, rank_sources
    from alignx.classification.texts import LabeledTexts
    from alignx.classification.transfer import TransferClassifier
    from alignx.classification.yardstick import TransformerClassifier
    from alignx.datasets import Sample, load_sample
    from alignx.diagnosis import Diagnosis
    from alignx.embeddings import Embeddings
    from alignx.errors import (
        AlignmentFailed,
        AlignxError,
        ClusterError,
        DimensionError,
        DirectionError,
        EmptyLexiconError,
        FormatError,
        MissingDependencyError,
        NotFittedError,
        OutputError,
        RecallError,
        SpaceError,
        TrainingError,
    )
    from alignx.evaluation import EvaluationReport, evaluate
    from alignx.fitting import align
    from alignx.induction import induce_lexicon
    from alignx.lexicon import Lexicon
    from alignx.mapping import CCA, LeastSquares, Procrustes, Reweighted, refine
    from alignx.normalize import Normalizer
    from alignx.retrieval import (
        CrossNeighbors,
        ExactIndex,
        Neighbors,
        cross_neighbors,
        csls_bias,
        csls_biases,
        csls_neighbors,
        csls_search,
        mutual_neighbors,
    )
    from alignx.similarity import SimilarityReport, evaluate_similarity
    from alignx.space import SharedSpace
    from alignx.training.training import train
    from alignx.validation import Validation
    from alignx.vectors_io import load, save

__all__ = [
    "CCA",
    "Alignment",
    "AlignmentFailed",
    "AlignxError",
    "ClusterError",
    "CrossNeighbors",
    "Diagnosis",
    "DimensionError",
    "DirectionError",
    "DocumentEncoder",
    "Embeddings",
    "EmptyLexiconError",
    "EvaluationReport",
    "ExactIndex",
    "Explanation",
    "FaissIndex",
    "FormatError",
    "LabeledTexts",
    "LeastSquares",
    "Lexicon",
    "MissingDependencyError",
    "Neighbors",
    "Normalizer",
    "NotFittedError",
    "OutputError",
    "Procrustes",
    "RecallError",
    "Reweighted",
    "Sample",
    "SharedSpace",
    "SimilarityReport",
    "SourceRanking",
    "SpaceError",
    "TrainingError",
    "TransferClassifier",
    "TransferReport",
    "TransformerClassifier",
    "Trial",
    "Validation",
    "align",
    "cross_neighbors",
    "csls_bias",
    "csls_biases",
    "csls_neighbors",
    "csls_search",
    "evaluate",
    "evaluate_similarity",
    "evaluate_transfer",
    "induce_lexicon",
    "load",
    "load_sample",
    "mutual_neighbors",
    "rank_sources",
    "refine",
    "save",
    "train",
]

_HOMES = {
    "alignment": ["Alignment"],
    "ann.index": ["FaissIndex"],
    "classification.encoder": ["DocumentEncoder"],
    "classification.evaluation": ["Trial", "evaluate_transfer"],
    "classification.explanation": ["Explanation"],
    "classification.report": ["TransferReport"],
    "classification.sources": ["SourceRanking", "rank_sources"],
    "classification.texts": ["LabeledTexts"],
    "classification.transfer": ["TransferClassifier"],
    "classification.yardstick": ["TransformerClassifier"],
    "datasets": ["Sample", "load_sample"],
    "diagnosis": ["Diagnosis"],
    "embeddings": ["Embeddings"],
    "errors": [
        "AlignmentFailed",
        "AlignxError",
        "ClusterError",
        "DimensionError",
        "DirectionError",
        "EmptyLexiconError",
        "FormatError",
        "MissingDependencyError",
        "NotFittedError",
        "OutputError",
        "RecallError",
        "SpaceError",
        "TrainingError",
    ],
    "evaluation": ["EvaluationReport", "evaluate"],
    "fitting": ["align"],
    "induction": ["induce_lexicon"],
    "lexicon": ["Lexicon"],
    "mapping": ["CCA", "LeastSquares", "Procrustes", "Reweighted", "refine"],
    "normalize": ["Normalizer"],
    "retrieval": [
        "CrossNeighbors",
        "ExactIndex",
        "Neighbors",
        "cross_neighbors",
        "csls_bias",
        "csls_biases",
        "csls_neighbors",
        "csls_search",
        "mutual_neighbors",
    ],
    "similarity": ["SimilarityReport", "evaluate_similarity"],
    "space": ["SharedSpace"],
    "training.training": ["train"],
    "validation": ["Validation"],
    "vectors_io": ["load", "save"],
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return _version("alignx")
    if name == "_core":
        return _import_core()
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'alignx' has no attribute {name!r}")
    value = getattr(import_module(f"alignx.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def _import_core() -> object:
    """Import the compiled part, which sources have beside them only if installed in place."""
    try:
        return import_module("alignx._core")
    except ModuleNotFoundError as error:
        if error.name != "alignx._core":
            raise
    installed = _installed_copy()
    if installed is not None:
        __path__.append(installed)
        return import_module("alignx._core")
    raise ImportError(
        f"alignx is imported from its sources, {__path__[0]}, which have no compiled part beside "
        "them; start Python in another folder, or install them in place: pip install -e .",
        name="alignx._core",
    )


def _installed_copy() -> str | None:
    """Find an installed alignx with the same code as this, whose compiled part thus fits it."""
    from importlib.machinery import PathFinder
    from pathlib import Path

    here = Path(__path__[0])
    elsewhere = [path for path in sys.path if Path(path or ".").resolve() != here.parent.resolve()]
    found = PathFinder.find_spec("alignx", elsewhere)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    names = {path.relative_to(here) for path in here.rglob("*.py*") if path.suffix != ".pyc"}
    others = {path.relative_to(folder) for path in folder.rglob("*.py*") if path.suffix != ".pyc"}
    if names != others or any(
        (here / name).read_bytes() != (folder / name).read_bytes() for name in names
    ):
        return None
    return str(folder)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
