"""Comparison of transfer strategies on test texts, with upper and lower baselines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.comparison.experiments import (
    BASELINES,
    Experiment,
    Outcome,
    Setting,
    TransferData,
    run_experiment,
)
from alignx.classification.comparison.report import (
    ExperimentResult,
    TrainingOverlap,
    TransferReport,
    summarized,
)
from alignx.classification.labels import require_labels
from alignx.classification.requirements import (
    ALL,
    missing_requirements,
    require_all,
    runnable_strategies,
)
from alignx.support.arguments import (
    require_callable,
    require_instance,
    require_optional,
    require_ordered,
)
from alignx.texts.document_encoder import DocumentEncoder
from alignx.texts.documents import TextReader, as_texts

if TYPE_CHECKING:
    from alignx.classification.comparison.experiments import PeerMaker
    from alignx.support.progress import Progress

__all__ = ["evaluate_transfer", "missing_by_experiment"]

logger = logging.getLogger("alignx")

Experiments: TypeAlias = "Mapping[str, Experiment | PeerMaker]"
Run: TypeAlias = "Callable[[str, int], Outcome | None]"


def evaluate_transfer(
    space: SharedSpace | Mapping[str, SharedSpace],
    data: TransferData,
    experiments: str | Sequence[str] | Experiments = ("zero_shot",),
    *,
    encoder: DocumentEncoder | None = None,
    reader: TextReader | None = None,
    seeds: Sequence[int] = (0,),
    progress: Progress | None = None,
) -> TransferReport:
    """Learn from one language in several ways, and measure them on others.

    Parameters
    ----------
    space : SharedSpace or mapping of str to SharedSpace
        Vectors of all languages; or for each target language a space that holds it and the source.
    data : TransferData
        Source language, and texts to learn from and to measure on.
    experiments : sequence of str, or mapping of str to Experiment or callable
        Names of strategies, or experiments by their name in the table. ``"all"`` selects all
        strategies that can run here; those left out for lack of torch or of unlabeled texts are
        logged as a warning. A callable takes a seed and makes another classifier to compare with,
        such as a `TransformerClassifier`, with `fit` and `predict` like `TransferClassifier`.
    encoder : DocumentEncoder, optional
        Encoder of all experiments.
    reader : TextReader, optional
        Tokenizers and OOV handling of all experiments; that of `TransferClassifier` unless given.
    seeds : sequence of int
        Seeds to repeat each experiment with.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    TransferReport
        Its baselines: a classifier that learned from the target's labeled texts; one for unaligned
        spaces, whose target vectors are rotated at random; the most frequent class of the source.

    Raises
    ------
    ValueError
        If a language is missing, a label of a test text does not occur in the source's training
        texts, or a strategy is unknown or lacks unlabeled texts.
    MissingDependencyError
        If a strategy lacks torch.

    Notes
    -----
    Labels of a target serve only the upper baseline and `shots`, test texts only predictions.
    """
    require_instance(data, TransferData, "data")
    require_ordered(seeds, "seeds")
    require_optional(encoder, DocumentEncoder, "encoder")
    require_optional(reader, TextReader, "reader")
    require_callable(progress, "progress")
    _check(data, seeds)
    targets = data.targets
    texts = {code: list(data.train[code][0]) for code in targets if code in data.train}
    texts |= {code: as_texts(some) for code, some in data.unlabeled.items()}
    chosen = _experiments(experiments, [code for code in targets if code not in texts])
    setting = Setting(
        replace(data, unlabeled=texts),
        _spaces(space, data.source, targets),
        encoder,
        reader or TextReader(oov="learned"),
    )
    runs: dict[str, Run] = {
        name: partial(run_experiment, setting, experiment) for name, experiment in chosen.items()
    }
    runs |= {name: partial(run, setting) for name, run in BASELINES.items()}
    total = len(runs) * len(targets) * len(seeds)
    results: dict[str, ExperimentResult] = {}
    done = 0
    for name, run in runs.items():
        outcomes: dict[str, list[Outcome]] = {}
        for code in targets:
            for seed in seeds:
                outcome = run(code, seed)
                if outcome is not None:
                    outcomes.setdefault(code, []).append(outcome)
                done += 1
                if progress is not None:
                    progress(done / total)
        if len(outcomes) == len(targets):
            results[name] = _result(name, outcomes, setting)
    return TransferReport(
        data.source,
        {name: result for name, result in results.items() if name in chosen},
        {name: result for name, result in results.items() if name in BASELINES},
        tuple(seeds),
        _overlap(results, data),
    )


def missing_by_experiment(experiments: Experiments, without: Sequence[str]) -> dict[str, list[str]]:
    """List the missing requirements of each experiment.

    `without` are targets that have neither labeled nor unlabeled texts.
    """
    return {
        f"strategy {name!r}": missing_requirements(each.strategy, head=each.head, without=without)
        for name, each in experiments.items()
        if isinstance(each, Experiment)
    }


def _experiments(
    experiments: str | Sequence[str] | Experiments, without: Sequence[str]
) -> Experiments:
    """Name the experiments, and refuse missing requirements."""
    if isinstance(experiments, Mapping):
        named = experiments
    else:
        names = [experiments] if isinstance(experiments, str) else list(experiments)
        if ALL in names:
            names, left_out = runnable_strategies(without)
            for name, reason in left_out.items():
                logger.warning("left out: %s, which needs %s", name, reason)
        named = {name: Experiment(name) for name in names}
    require_all(missing_by_experiment(named, without), "pass unlabeled={language: texts}")
    return named


def _overlap(
    results: Mapping[str, ExperimentResult], data: TransferData
) -> dict[str, TrainingOverlap]:
    """Count test texts that are training texts too, and measure without them, by language."""
    known = {" ".join(text.split()) for texts, _ in data.train.values() for text in texts}
    found = {}
    for code, (texts, _) in data.test.items():
        is_known = np.array([" ".join(text.split()) in known for text in texts], dtype=bool)
        if is_known.any():
            rest = {
                name: result.languages[code].right[~is_known]
                for name, result in results.items()
                if code in result.languages
            }
            accuracy = {name: float(right.mean()) for name, right in rest.items() if len(right)}
            found[code] = TrainingOverlap(int(is_known.sum()), len(texts), accuracy)
    return found


def _spaces(
    space: SharedSpace | Mapping[str, SharedSpace], source: str, targets: Sequence[str]
) -> dict[str, SharedSpace]:
    """Collect a space for each target."""
    if not isinstance(space, Mapping):
        require_instance(space, SharedSpace, "space")
    spaces = {}
    for code in targets:
        if not isinstance(space, SharedSpace) and code not in space:
            raise ValueError(f"space must hold every target language, got none for {code!r}")
        own = space if isinstance(space, SharedSpace) else space[code]
        require_instance(own, SharedSpace, f"space of {code!r}")
        if not {source, code} <= set(own):
            raise ValueError(
                f"the space for {code!r} must hold it and the source {source!r}, got "
                f"{', '.join(own)}"
            )
        spaces[code] = own
    return spaces


def _check(data: TransferData, seeds: Sequence[int]) -> None:
    source = data.source
    if source not in data.train:
        raise ValueError(f"train must hold the source language {source!r}, got {list(data.train)}")
    if not data.targets:
        raise ValueError(f"test must hold a language other than the source {source!r}")
    if not seeds:
        raise ValueError("seeds must hold at least 1, got none")
    for name, parts in (("train", data.train), ("test", data.test)):
        for code, (texts, given) in parts.items():
            labels = require_labels(given, f"{name} labels of {code!r}")
            n, least = len(as_texts(texts)), int(name == "test" and code != source)
            if n != len(labels) or n < least:
                raise ValueError(
                    f"{name} texts of {code!r} must be as many as labels"
                    f"{' and at least 1' * least}, got {n} and {len(labels)}"
                )
    known = set(np.asarray(data.train[source][1]).tolist())
    for code in data.targets:
        strange = sorted(set(np.asarray(data.test[code][1]).tolist()) - known, key=str)
        if strange:
            raise ValueError(
                f"test labels of {code!r} must occur in the training texts of {source!r}, got "
                f"{', '.join(map(repr, strange[:5]))}"
            )


def _result(name: str, outcomes: Mapping[str, list[Outcome]], setting: Setting) -> ExperimentResult:
    """Summarize the outcomes of all targets and seeds."""
    data = setting.data
    labels = {code: np.asarray(each) for code, (_, each) in data.test.items()}
    classes = np.unique(np.asarray(data.train[data.source][1])).tolist()
    targets, sources = {}, {}
    for code, runs in outcomes.items():
        found = [run.target for run in runs]
        targets[code] = summarized(found, labels[code], classes, _coverage(setting, code, code))
        at_source = [run.source for run in runs if run.source is not None]
        if at_source:
            coverage = _coverage(setting, code, data.source)
            sources[code] = summarized(at_source, labels[data.source], classes, coverage)
    everything = [run for runs in outcomes.values() for run in runs]
    return ExperimentResult(
        name,
        targets,
        sources,
        float(np.mean([run.fit_seconds for run in everything])),
        float(np.mean([run.predict_seconds for run in everything])),
        {code: runs[-1].facts for code, runs in outcomes.items() if runs[-1].facts},
    )


def _coverage(setting: Setting, target: str, code: str) -> float:
    """Share of the words of a language's test texts that are in the vocabulary."""
    reader = TextReader(tokenizers=setting.reader.tokenizers)
    texts = setting.data.test[code][0]
    documents = reader.read(texts, code, setting.spaces[target][code])
    known, missing = int(documents.lengths.sum()), int(documents.missing.sum())
    return known / max(known + missing, 1)
