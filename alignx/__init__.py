"""Align word embeddings of different languages into one space, and use that space.

Names are imported when first used, so that ``import alignx`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignx.alignment.align import align
    from alignx.alignment.alignment import Alignment
    from alignx.alignment.diagnosis import Diagnosis
    from alignx.alignment.model_selection import Auto
    from alignx.alignment.shared_space import SharedSpace
    from alignx.alignment.space_folder.prepare import prepare_space
    from alignx.alignment.unsupervised.adversarial import Adversarial
    from alignx.alignment.unsupervised.self_learning import SelfLearning
    from alignx.alignment.validation import Validation
    from alignx.classification.classifier import TransferClassifier
    from alignx.classification.comparison.evaluate import evaluate_transfer
    from alignx.classification.comparison.experiments import Experiment, TransferData
    from alignx.classification.comparison.report import TransferReport
    from alignx.classification.comparison.source_ranking import SourceRanking, rank_sources
    from alignx.classification.comparison.space_similarity import Bootstrap
    from alignx.classification.data.texts import LabeledTexts
    from alignx.classification.explanation import Explanation
    from alignx.classification.label_names import LabelNameClassifier
    from alignx.classification.labeled_strategies import CodeSwitching, ZeroShot
    from alignx.classification.strategies import Ensemble, PriorMatching, SeedWords, SelfTraining
    from alignx.classification.transformers.classifier import TransformerClassifier
    from alignx.classification.transformers.prompts import PromptClassifier, translate_by_prompt
    from alignx.datasets.fetch import fetch
    from alignx.datasets.sample import Sample, load_sample
    from alignx.datasets.slices import write_slices
    from alignx.errors import (
        AlignmentFailed,
        AlignxError,
        ClusterError,
        DimensionError,
        DirectionError,
        DownloadError,
        EmptyLexiconError,
        FormatError,
        InputError,
        MissingDependencyError,
        MissingFileError,
        NotFittedError,
        OutputError,
        RecallError,
        SpaceError,
        TrainingError,
    )
    from alignx.evaluation.accuracy_matrix import AccuracyMatrix, evaluate_many
    from alignx.evaluation.compare import compare
    from alignx.evaluation.comparison import Comparison
    from alignx.evaluation.sentence_retrieval import SentenceRetrieval, evaluate_sentences
    from alignx.evaluation.word_similarity import SimilarityReport, evaluate_similarity
    from alignx.evaluation.word_translation import EvaluationReport, evaluate
    from alignx.induction.concepts.concepts import Concepts
    from alignx.induction.concepts.induce import induce_concepts
    from alignx.induction.induce import induce_lexicon
    from alignx.induction.lazy_space import LazySpace
    from alignx.induction.sharded.plan import Sharding
    from alignx.lexicon.lexicon import Lexicon
    from alignx.mapping import (
        CCA,
        RCSLS,
        Contrastive,
        LeastSquares,
        MapEnsemble,
        Procrustes,
        Refinement,
        Reweighted,
        refine,
    )
    from alignx.mapping.joint import (
        GeneralizedProcrustes,
        JointContrastive,
        JointReweighted,
    )
    from alignx.multilingual.align_many import align_many
    from alignx.multilingual.multilingual_alignment import MultilingualAlignment
    from alignx.multilingual.space_changes import add_language, remove_language, update_language
    from alignx.multilingual.work import Work
    from alignx.parallel_text.sentence_pairs import SentencePairs
    from alignx.parallel_text.word_pairs import lexicon_from_parallel
    from alignx.ranking.ranker import PairRanker
    from alignx.reporting.classifier import ClassifierSection
    from alignx.reporting.figures.answers import plot_accuracy, plot_reliability
    from alignx.reporting.figures.changes import plot_drift
    from alignx.reporting.figures.classes import plot_classes, plot_confusion
    from alignx.reporting.figures.comparison import plot_comparison
    from alignx.reporting.figures.languages import plot_bands, plot_expectation, plot_spectra
    from alignx.reporting.figures.squares import plot_accuracy_matrix
    from alignx.reporting.figures.transfer import plot_transfer
    from alignx.reporting.figures.vectors import plot_cosines, plot_hubs, plot_singular_values
    from alignx.reporting.figures.words import plot_words
    from alignx.reporting.prospects.prospects import Prospects, prospects
    from alignx.reporting.report import Report, report
    from alignx.retrieval.csls import (
        csls_bias,
        csls_biases,
        csls_neighbors,
        mutual_neighbors,
    )
    from alignx.retrieval.csls_search import csls_search
    from alignx.retrieval.exact import ExactIndex, cross_neighbors
    from alignx.retrieval.faiss.index import FaissIndex
    from alignx.retrieval.neighbors import CrossNeighbors, Neighbors
    from alignx.retrieval.ranked import key_biases
    from alignx.retrieval.soft_biases import hubless_biases, inverted_softmax_biases
    from alignx.search.evaluation import SearchReport, evaluate_search
    from alignx.search.index import CrossLingualIndex, add_documents
    from alignx.semantic_change.result import Drift, DriftTest
    from alignx.semantic_change.slices import drift
    from alignx.semantic_change.texts import drift_of_texts
    from alignx.sentences.aligned_documents import AlignedDocuments
    from alignx.sentences.document_alignment import align_documents
    from alignx.sentences.encoder import SentenceEncoder
    from alignx.sentences.mined_pairs import MinedPairs
    from alignx.sentences.mining import mine
    from alignx.sentences.scored_pairs import rank_translations
    from alignx.support.config import config_context, get_config, set_config
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import TextReader
    from alignx.training.bilingual import train_bilingual
    from alignx.training.parameters import FastTextParameters
    from alignx.training.train import train
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.io import load
    from alignx.vectors.learned_subwords import LearnedSubwords
    from alignx.vectors.missing import missing_reasons
    from alignx.vectors.normalizer import Normalizer
    from alignx.vectors.objects import as_embeddings
    from alignx.vectors.saving import save

__all__ = [
    "CCA",
    "RCSLS",
    "AccuracyMatrix",
    "Adversarial",
    "AlignedDocuments",
    "Alignment",
    "AlignmentFailed",
    "AlignxError",
    "Auto",
    "Bootstrap",
    "ClassifierSection",
    "ClusterError",
    "CodeSwitching",
    "Comparison",
    "Concepts",
    "Contrastive",
    "CrossLingualIndex",
    "CrossNeighbors",
    "Diagnosis",
    "DimensionError",
    "DirectionError",
    "DocumentEncoder",
    "DownloadError",
    "Drift",
    "DriftTest",
    "Embeddings",
    "EmptyLexiconError",
    "Ensemble",
    "EvaluationReport",
    "ExactIndex",
    "Experiment",
    "Explanation",
    "FaissIndex",
    "FastTextParameters",
    "FormatError",
    "GeneralizedProcrustes",
    "InputError",
    "JointContrastive",
    "JointReweighted",
    "LabelNameClassifier",
    "LabeledTexts",
    "LazySpace",
    "LearnedSubwords",
    "LeastSquares",
    "Lexicon",
    "MapEnsemble",
    "MinedPairs",
    "MissingDependencyError",
    "MissingFileError",
    "MultilingualAlignment",
    "Neighbors",
    "Normalizer",
    "NotFittedError",
    "OutputError",
    "PairRanker",
    "PriorMatching",
    "Procrustes",
    "PromptClassifier",
    "Prospects",
    "RecallError",
    "Refinement",
    "Report",
    "Reweighted",
    "Sample",
    "SearchReport",
    "SeedWords",
    "SelfLearning",
    "SelfTraining",
    "SentenceEncoder",
    "SentencePairs",
    "SentenceRetrieval",
    "Sharding",
    "SharedSpace",
    "SimilarityReport",
    "SourceRanking",
    "SpaceError",
    "TextReader",
    "TrainingError",
    "TransferClassifier",
    "TransferData",
    "TransferReport",
    "TransformerClassifier",
    "Validation",
    "Work",
    "ZeroShot",
    "add_documents",
    "add_language",
    "align",
    "align_documents",
    "align_many",
    "as_embeddings",
    "compare",
    "config_context",
    "cross_neighbors",
    "csls_bias",
    "csls_biases",
    "csls_neighbors",
    "csls_search",
    "drift",
    "drift_of_texts",
    "evaluate",
    "evaluate_many",
    "evaluate_search",
    "evaluate_sentences",
    "evaluate_similarity",
    "evaluate_transfer",
    "fetch",
    "get_config",
    "hubless_biases",
    "induce_concepts",
    "induce_lexicon",
    "inverted_softmax_biases",
    "key_biases",
    "lexicon_from_parallel",
    "load",
    "load_sample",
    "mine",
    "missing_reasons",
    "mutual_neighbors",
    "plot_accuracy",
    "plot_accuracy_matrix",
    "plot_bands",
    "plot_classes",
    "plot_comparison",
    "plot_confusion",
    "plot_cosines",
    "plot_drift",
    "plot_expectation",
    "plot_hubs",
    "plot_reliability",
    "plot_singular_values",
    "plot_spectra",
    "plot_transfer",
    "plot_words",
    "prepare_space",
    "prospects",
    "rank_sources",
    "rank_translations",
    "refine",
    "remove_language",
    "report",
    "save",
    "set_config",
    "train",
    "train_bilingual",
    "translate_by_prompt",
    "update_language",
    "write_slices",
]

_HOMES = {
    "alignment.align": ["align"],
    "alignment.alignment": ["Alignment"],
    "alignment.diagnosis": ["Diagnosis"],
    "alignment.model_selection": ["Auto"],
    "alignment.shared_space": ["SharedSpace"],
    "alignment.space_folder.prepare": ["prepare_space"],
    "alignment.unsupervised.adversarial": ["Adversarial"],
    "alignment.unsupervised.self_learning": ["SelfLearning"],
    "alignment.validation": ["Validation"],
    "classification.classifier": ["TransferClassifier"],
    "classification.comparison.evaluate": ["evaluate_transfer"],
    "classification.comparison.experiments": ["Experiment", "TransferData"],
    "classification.comparison.report": ["TransferReport"],
    "classification.comparison.source_ranking": ["SourceRanking", "rank_sources"],
    "classification.comparison.space_similarity": ["Bootstrap"],
    "classification.data.texts": ["LabeledTexts"],
    "texts.documents": ["TextReader"],
    "texts.document_encoder": ["DocumentEncoder"],
    "classification.explanation": ["Explanation"],
    "classification.label_names": ["LabelNameClassifier"],
    "classification.labeled_strategies": ["CodeSwitching", "ZeroShot"],
    "classification.strategies": ["Ensemble", "PriorMatching", "SeedWords", "SelfTraining"],
    "classification.transformers.classifier": ["TransformerClassifier"],
    "classification.transformers.prompts": ["PromptClassifier", "translate_by_prompt"],
    "datasets.fetch": ["fetch"],
    "datasets.sample": ["Sample", "load_sample"],
    "datasets.slices": ["write_slices"],
    "search.evaluation": ["SearchReport", "evaluate_search"],
    "search.index": ["CrossLingualIndex", "add_documents"],
    "semantic_change.slices": ["drift"],
    "semantic_change.result": ["Drift", "DriftTest"],
    "semantic_change.texts": ["drift_of_texts"],
    "errors": [
        "AlignmentFailed",
        "AlignxError",
        "ClusterError",
        "DimensionError",
        "DirectionError",
        "DownloadError",
        "EmptyLexiconError",
        "FormatError",
        "InputError",
        "MissingDependencyError",
        "MissingFileError",
        "NotFittedError",
        "OutputError",
        "RecallError",
        "SpaceError",
        "TrainingError",
    ],
    "evaluation.accuracy_matrix": ["AccuracyMatrix", "evaluate_many"],
    "evaluation.compare": ["compare"],
    "evaluation.comparison": ["Comparison"],
    "evaluation.sentence_retrieval": ["SentenceRetrieval", "evaluate_sentences"],
    "evaluation.word_similarity": ["SimilarityReport", "evaluate_similarity"],
    "evaluation.word_translation": ["EvaluationReport", "evaluate"],
    "induction.concepts.concepts": ["Concepts"],
    "induction.concepts.induce": ["induce_concepts"],
    "induction.induce": ["induce_lexicon"],
    "induction.lazy_space": ["LazySpace"],
    "induction.sharded.plan": ["Sharding"],
    "lexicon.lexicon": ["Lexicon"],
    "mapping": [
        "CCA",
        "Contrastive",
        "RCSLS",
        "LeastSquares",
        "MapEnsemble",
        "Procrustes",
        "Refinement",
        "Reweighted",
        "refine",
    ],
    "mapping.joint": ["GeneralizedProcrustes", "JointContrastive", "JointReweighted"],
    "multilingual.align_many": ["align_many"],
    "multilingual.multilingual_alignment": ["MultilingualAlignment"],
    "multilingual.space_changes": ["add_language", "remove_language", "update_language"],
    "multilingual.work": ["Work"],
    "parallel_text.sentence_pairs": ["SentencePairs"],
    "parallel_text.word_pairs": ["lexicon_from_parallel"],
    "ranking.ranker": ["PairRanker"],
    "reporting.classifier": ["ClassifierSection"],
    "reporting.figures.answers": ["plot_accuracy", "plot_reliability"],
    "reporting.figures.changes": ["plot_drift"],
    "reporting.figures.classes": ["plot_classes", "plot_confusion"],
    "reporting.figures.comparison": ["plot_comparison"],
    "reporting.figures.languages": ["plot_bands", "plot_expectation", "plot_spectra"],
    "reporting.figures.squares": ["plot_accuracy_matrix"],
    "reporting.figures.transfer": ["plot_transfer"],
    "reporting.figures.vectors": ["plot_cosines", "plot_hubs", "plot_singular_values"],
    "reporting.figures.words": ["plot_words"],
    "reporting.prospects.prospects": ["Prospects", "prospects"],
    "reporting.report": ["Report", "report"],
    "retrieval.csls": [
        "csls_bias",
        "csls_biases",
        "csls_neighbors",
        "mutual_neighbors",
    ],
    "retrieval.csls_search": ["csls_search"],
    "retrieval.exact": ["ExactIndex", "cross_neighbors"],
    "retrieval.faiss.index": ["FaissIndex"],
    "retrieval.neighbors": ["CrossNeighbors", "Neighbors"],
    "retrieval.ranked": ["key_biases"],
    "retrieval.soft_biases": ["hubless_biases", "inverted_softmax_biases"],
    "sentences.aligned_documents": ["AlignedDocuments"],
    "sentences.document_alignment": ["align_documents"],
    "sentences.encoder": ["SentenceEncoder"],
    "sentences.mined_pairs": ["MinedPairs"],
    "sentences.mining": ["mine"],
    "sentences.scored_pairs": ["rank_translations"],
    "support.config": ["config_context", "get_config", "set_config"],
    "training.bilingual": ["train_bilingual"],
    "training.parameters": ["FastTextParameters"],
    "training.train": ["train"],
    "vectors.embeddings": ["Embeddings"],
    "vectors.io": ["load"],
    "vectors.learned_subwords": ["LearnedSubwords"],
    "vectors.normalizer": ["Normalizer"],
    "vectors.missing": ["missing_reasons"],
    "vectors.objects": ["as_embeddings"],
    "vectors.saving": ["save"],
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("alignx")
    if name == "_core":
        return import_module("alignx.support.compiled_part").import_compiled_part(__path__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'alignx' has no attribute {name!r}")
    value = getattr(import_module(f"alignx.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
