"""Compare ways to carry a classifier over to other languages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.classification import persistence as model_file
from alignx.classification.classifier import TransferClassifier
from alignx.classification.comparison.report import (
    LearnedTexts,
    TransferReport,
    TrialResult,
    summarized,
)
from alignx.classification.documents import as_texts, read_documents
from alignx.classification.labels import require_labels
from alignx.classification.requirements import ALL, lacks_of, refuse_lacks, runnable
from alignx.classification.strategies import STRATEGIES
from alignx.support.arguments import require_instance
from alignx.support.arrays import freeze
from alignx.support.memory import peak_resident
from alignx.support.tokenizer import tokenize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from alignx.classification.encoder import DocumentEncoder
    from alignx.support.progress import Progress
    from alignx.support.tokenizer import Tokenizer
    from alignx.vectors.oov import OOVMode

__all__ = ["Trial", "evaluate_transfer", "lacks_of_trials"]

logger = logging.getLogger("alignx")

Texts: TypeAlias = "tuple[Sequence[str], ArrayLike]"
Makers: TypeAlias = "Mapping[str, Callable[[int], Any]]"
Run: TypeAlias = "Callable[[str, int], _Outcome | None]"


@dataclass(frozen=True)
class Trial:
    """One way to learn, as a line of the table.

    Parameters
    ----------
    strategy : str
        As of `TransferClassifier`.
    options : mapping
        Of the strategy.
    head : str or scikit-learn classifier
        As of `TransferClassifier`.
    shots : int
        How many labeled texts of each class of the target are learned from too, drawn by the seed.
    others : bool
        Whether labeled texts of all other languages but the target are learned from too.
    alpha : float
        How much a language with few labeled texts counts; as of `TransferClassifier`.
    """

    strategy: str = "zero_shot"
    options: Mapping[str, Any] = field(default_factory=dict)
    head: Any = "logistic"
    shots: int = 0
    others: bool = False
    alpha: float = 1.0


@dataclass(frozen=True)
class _Data:
    """What all trials share."""

    source: str
    spaces: Mapping[str, SharedSpace]
    train: Mapping[str, Texts]
    test: Mapping[str, Texts]
    unlabeled: Mapping[str, Sequence[str]]
    encoder: DocumentEncoder | None
    tokenizers: Mapping[str, Tokenizer] | None
    oov: OOVMode

    subspaces: dict[tuple[str, ...], SharedSpace] = field(default_factory=dict)

    def subspace(self, space: SharedSpace, codes: Sequence[str]) -> SharedSpace:
        """Give a space of some languages: the same each time, since it keeps translations."""
        if set(codes) == set(space):
            return space
        key = tuple(sorted(codes))
        if key not in self.subspaces:
            self.subspaces[key] = SharedSpace({code: space[code] for code in codes})
        return self.subspaces[key]


@dataclass(frozen=True)
class _Outcome:
    """One seed of one trial on one target."""

    target: NDArray[Any]
    source: NDArray[Any] | None
    fit_seconds: float
    predict_seconds: float
    facts: dict[str, Any]


def evaluate_transfer(
    space: SharedSpace | Mapping[str, SharedSpace],
    train: Mapping[str, Texts],
    test: Mapping[str, Texts],
    *,
    source: str,
    strategies: str | Sequence[str] | Mapping[str, Trial] = ("zero_shot",),
    unlabeled: Mapping[str, Sequence[str]] | None = None,
    peers: Makers | None = None,
    seeds: Sequence[int] = (0,),
    encoder: DocumentEncoder | None = None,
    tokenizers: Mapping[str, Tokenizer] | None = None,
    oov: OOVMode = "drop",
    progress: Progress | None = None,
) -> TransferReport:
    """Learn from one language and measure on others, in several ways, between bounds.

    Parameters
    ----------
    space : SharedSpace or mapping of str to SharedSpace
        Vectors of all languages; or for each target language a space that holds it and the source.
    train : mapping of str to (texts, labels)
        By language. Those of the source are learned from. Those of a target only bound what can be
        reached, and give a trial with `shots` its texts.
    test : mapping of str to (texts, labels)
        By language: the targets, and the source where the gap is wanted.
    source : str
        The language to learn from.
    strategies : sequence of str, or mapping of str to Trial
        What to compare: names of strategies, or trials by the name that the table gives them.
        ``"all"`` stands for all strategies that can run here; those left out for lack of torch or
        of unlabeled texts are logged as a warning.
    unlabeled : mapping of str to sequence of str, optional
        Texts of the targets to learn from without labels; the texts of `train` unless given.
    peers : mapping of str to callable, optional
        Other classifiers: each takes a seed and gives an object with `fit` and `predict` like those
        of `TransferClassifier`.
    seeds : sequence of int
        Each trial is repeated with each.
    encoder : DocumentEncoder, optional
        Of all trials.
    tokenizers : mapping of str to callable, optional
        By language.
    oov : {"drop", "subword"}
        As of `TransferClassifier`.
    progress : callable, optional
        Called now and then with the fraction done.

    Returns
    -------
    TransferReport
        Its bounds: a classifier that learned from the target's labeled texts; one for spaces that
        are not aligned, whose target vectors are turned by a random rotation; the most frequent
        class of the source.

    Raises
    ------
    ValueError
        If a language is missing, a label of `test` does not occur in the source's training texts,
        or a strategy is unknown or lacks unlabeled texts.
    MissingDependencyError
        If a strategy lacks torch.

    Notes
    -----
    No label of a target is used but as said above. Test texts are seen by `predict` only.
    """
    targets = [code for code in test if code != source]
    _check(train, test, source, targets, seeds)
    texts = {code: list(train[code][0]) for code in targets if code in train}
    further = {**texts, **{code: as_texts(some) for code, some in (unlabeled or {}).items()}}
    trials = _trials(strategies, [code for code in targets if code not in further])
    data = _Data(
        source,
        _spaces(space, source, targets),
        train,
        test,
        further,
        encoder,
        tokenizers,
        oov,
    )
    runs: dict[str, Run] = {name: partial(_run, data, trial) for name, trial in trials.items()}
    runs |= {name: partial(_run_peer, data, maker) for name, maker in (peers or {}).items()}
    bounds: dict[str, Run] = {
        "target-trained": partial(_run_target, data),
        "unaligned": partial(_run_unaligned, data),
        "majority": partial(_run_majority, data),
    }
    total = (len(runs) + len(bounds)) * len(targets) * len(seeds)
    results: dict[str, TrialResult] = {}
    done = 0
    for name, run in (runs | bounds).items():
        outcomes: dict[str, list[_Outcome]] = {}
        for code in targets:
            for seed in seeds:
                outcome = run(code, seed)
                if outcome is not None:
                    outcomes.setdefault(code, []).append(outcome)
                done += 1
                if progress is not None:
                    progress(done / total)
        if len(outcomes) == len(targets):
            results[name] = _result(name, outcomes, data)
    return TransferReport(
        source,
        {name: result for name, result in results.items() if name in runs},
        {name: result for name, result in results.items() if name in bounds},
        tuple(seeds),
        _without_learned(results, train, test),
    )


def _without_learned(
    results: Mapping[str, TrialResult], train: Mapping[str, Texts], test: Mapping[str, Texts]
) -> dict[str, LearnedTexts]:
    """Count test texts that are training texts too, and measure without them, by language."""
    known = {" ".join(text.split()) for texts, _ in train.values() for text in texts}
    found = {}
    for code, (texts, _) in test.items():
        is_learned = np.array([" ".join(text.split()) in known for text in texts], dtype=bool)
        of_language = {
            name: result.languages[code].right[~is_learned]
            for name, result in results.items()
            if code in result.languages
        }
        if is_learned.any():
            accuracy = {n: float(r.mean()) for n, r in of_language.items() if len(r)}
            found[code] = LearnedTexts(int(is_learned.sum()), len(texts), accuracy)
    return found


def _trials(
    strategies: str | Sequence[str] | Mapping[str, Trial], without: Sequence[str]
) -> dict[str, Trial]:
    """Name the trials, and refuse what some lack; `without` are targets without any texts."""
    if isinstance(strategies, Mapping):
        trials = dict(strategies)
    else:
        names = [strategies] if isinstance(strategies, str) else list(strategies)
        if ALL in names:
            names, left_out = runnable(without)
            for name, reason in left_out.items():
                logger.warning("left out: %s, which needs %s", name, reason)
        trials = {name: Trial(name) for name in names}
    for trial in trials.values():
        if trial.strategy not in STRATEGIES:
            raise ValueError(
                f"strategy must be one of {', '.join(STRATEGIES)}, got {trial.strategy!r}"
            )
    refuse_lacks(lacks_of_trials(trials, without), "pass unlabeled={language: texts}")
    return trials


def lacks_of_trials(trials: Mapping[str, Trial], without: Sequence[str]) -> dict[str, list[str]]:
    """Give what each trial lacks; `without` are targets without labeled or unlabeled texts."""
    return {
        f"strategy {name!r}": lacks_of(
            trial.strategy, options=trial.options, head=trial.head, without=without
        )
        for name, trial in trials.items()
    }


def _spaces(
    space: SharedSpace | Mapping[str, SharedSpace], source: str, targets: Sequence[str]
) -> dict[str, SharedSpace]:
    """Give a space for each target."""
    if not isinstance(space, Mapping):
        require_instance(space, SharedSpace, "space")
    spaces = {}
    for code in targets:
        if isinstance(space, SharedSpace):
            spaces[code] = space
        elif code in space:
            spaces[code] = space[code]
        else:
            raise ValueError(f"space must hold every target language, got none for {code!r}")
        require_instance(spaces[code], SharedSpace, f"space of {code!r}")
        missing = {source, code} - set(spaces[code])
        if missing:
            raise ValueError(
                f"the space for {code!r} must hold it and the source {source!r}, got "
                f"{', '.join(spaces[code])}"
            )
    return spaces


def _check(
    train: Mapping[str, Texts],
    test: Mapping[str, Texts],
    source: str,
    targets: Sequence[str],
    seeds: Sequence[int],
) -> None:
    if source not in train:
        raise ValueError(f"train must hold the source language {source!r}, got {list(train)}")
    if not targets:
        raise ValueError(f"test must hold a language other than the source {source!r}")
    if not seeds:
        raise ValueError("seeds must hold at least 1, got none")
    for name, parts in (("train", train), ("test", test)):
        for code, (_, labels) in parts.items():
            require_labels(labels, f"{name} labels of {code!r}")
    for code, (texts, labels) in train.items():
        if len(as_texts(texts)) != len(np.asarray(labels)):
            raise ValueError(
                f"training texts of {code!r} must be as many as labels, got {len(texts)} and "
                f"{len(np.asarray(labels))}"
            )
    known = set(np.asarray(train[source][1]).tolist())
    for code in targets:
        texts, labels = test[code]
        if len(as_texts(texts)) == 0 or len(texts) != len(np.asarray(labels)):
            raise ValueError(
                f"test texts of {code!r} must be as many as labels and at least 1, got "
                f"{len(texts)} and {len(np.asarray(labels))}"
            )
        strange = sorted(set(np.asarray(labels).tolist()) - known, key=str)
        if strange:
            raise ValueError(
                f"test labels of {code!r} must occur in the training texts of {source!r}, got "
                f"{', '.join(map(repr, strange[:5]))}"
            )


def _run(data: _Data, trial: Trial, code: str, seed: int) -> _Outcome:
    """Fit a trial for one target and predict."""
    space = data.spaces[code]
    if trial.shots and code not in data.train:
        raise ValueError(f"shots need labeled texts of {code!r} in train")
    sources = [data.source]
    if trial.others:
        sources += [c for c in data.train if c not in (data.source, code) and c in space]
    texts: list[str] = []
    labels: list[Any] = []
    languages: list[str] = []
    for language in sources:
        some, classes = data.train[language]
        texts += list(some)
        labels += np.asarray(classes).tolist()
        languages += [language] * len(some)
    if trial.shots:
        for row in _drawn(data.train[code], trial.shots, seed):
            texts.append(data.train[code][0][row])
            labels.append(np.asarray(data.train[code][1])[row].item())
            languages.append(code)
    classifier = TransferClassifier(
        data.subspace(space, [*sources, code]) if code != data.source else space,
        strategy=trial.strategy,
        options=trial.options,
        head=trial.head,
        encoder=data.encoder,
        tokenizers=data.tokenizers,
        oov=data.oov,
        alpha=trial.alpha,
        seed=seed,
    )
    unlabeled = {c: some for c, some in data.unlabeled.items() if c == code}
    start = time.perf_counter()
    classifier.fit(texts, labels, language=languages, unlabeled=unlabeled)
    fitted = time.perf_counter()
    found = classifier.predict(list(data.test[code][0]), language=code)
    end = time.perf_counter()
    at_source = None
    if data.source in data.test:
        at_source = classifier.predict(list(data.test[data.source][0]), language=data.source)
    facts = classifier.model_.facts | {
        "vectors": space[code].vectors.nbytes,
        "peak_memory": peak_resident(),
    }
    if isinstance(trial.head, str):
        facts["size"] = len(model_file.as_bytes(classifier))
    return _Outcome(found, at_source, fitted - start, end - fitted, facts)


def _drawn(texts: Texts, shots: int, seed: int) -> list[int]:
    """Rows of as many texts of each class."""
    labels = np.asarray(texts[1])
    rng = np.random.default_rng(seed)
    return [
        int(row)
        for label in np.unique(labels)
        for row in rng.permutation(np.flatnonzero(labels == label))[:shots]
    ]


def _run_peer(data: _Data, maker: Callable[[int], Any], code: str, seed: int) -> _Outcome:
    texts, labels = data.train[data.source]
    peer = maker(seed)
    start = time.perf_counter()
    unlabeled = {code: data.unlabeled[code]} if code in data.unlabeled else None
    peer.fit(list(texts), labels, language=data.source, unlabeled=unlabeled)
    fitted = time.perf_counter()
    found = peer.predict(list(data.test[code][0]), language=code)
    end = time.perf_counter()
    at_source = None
    if data.source in data.test:
        at_source = peer.predict(list(data.test[data.source][0]), language=data.source)
    names = ("size_", "parameters_", "peak_memory_")
    facts = {name.rstrip("_"): getattr(peer, name) for name in names if hasattr(peer, name)}
    return _Outcome(found, at_source, fitted - start, end - fitted, facts)


def _run_target(data: _Data, code: str, seed: int) -> _Outcome | None:
    """Learn from the target's own labels."""
    if code not in data.train:
        return None
    own = replace(data, source=code, test={code: data.test[code]}, unlabeled={})
    return replace(_run(own, Trial(), code, seed), source=None)


def _run_unaligned(data: _Data, code: str, seed: int) -> _Outcome:
    """Learn without a map: the target's vectors are turned at random."""
    turned = _turned(data.spaces[code], data.source, code, seed)
    return _run(replace(data, spaces={code: turned}), Trial(), code, seed)


def _run_majority(data: _Data, code: str, _: int) -> _Outcome:
    """Say the most frequent class always."""
    values, counts = np.unique(np.asarray(data.train[data.source][1]), return_counts=True)
    most = values[counts.argmax()]
    at_source = None
    if data.source in data.test:
        at_source = np.full(len(data.test[data.source][0]), most)
    return _Outcome(np.full(len(data.test[code][0]), most), at_source, 0.0, 0.0, {})


def _turned(space: SharedSpace, source: str, target: str, seed: int) -> SharedSpace:
    """Give two languages, one turned at random, as separate trainings are to each other."""
    rng = np.random.default_rng(seed)
    language = space[target]
    d = language.dimension
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    unseen = language.oov_vectors
    turned = language.with_vectors(
        freeze(language.vectors @ rotation),
        None if unseen is None else lambda words: unseen(words) @ rotation,
    )
    return SharedSpace({source: space[source], target: turned})


def _result(name: str, outcomes: Mapping[str, list[_Outcome]], data: _Data) -> TrialResult:
    classes = {
        str(label): label for label in np.unique(np.asarray(data.train[data.source][1])).tolist()
    }
    targets = {}
    sources = {}
    for code, runs in outcomes.items():
        labels = np.asarray(data.test[code][1])
        targets[code] = summarized(
            [run.target for run in runs], labels, classes, _coverage(data, code, code)
        )
        at_source = [run.source for run in runs if run.source is not None]
        if at_source:
            labels = np.asarray(data.test[data.source][1])
            coverage = _coverage(data, code, data.source)
            sources[code] = summarized(at_source, labels, classes, coverage)
    everything = [run for runs in outcomes.values() for run in runs]
    return TrialResult(
        name,
        targets,
        sources,
        float(np.mean([run.fit_seconds for run in everything])),
        float(np.mean([run.predict_seconds for run in everything])),
        {code: runs[-1].facts for code, runs in outcomes.items() if runs[-1].facts},
    )


def _coverage(data: _Data, target: str, code: str) -> float:
    """Share of the words of a language's test texts that have a vector in a target's space."""
    tokenizer = (data.tokenizers or {}).get(code, tokenize)
    documents = read_documents(
        data.test[code][0], code, data.spaces[target][code], tokenizer=tokenizer
    )
    known, unknown = int(documents.lengths.sum()), int(documents.unknown.sum())
    return known / max(known + unknown, 1)
