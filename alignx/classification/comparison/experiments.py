"""Single experiments of a comparison: train for one target, predict its test texts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from alignx.alignment.shared_space import SharedSpace
from alignx.classification.classifier import TransferClassifier
from alignx.classification.data.texts import LabeledTexts
from alignx.classification.labeled_strategies import ZeroShot
from alignx.classification.persistence import as_bytes
from alignx.classification.strategies import as_strategy
from alignx.support.arguments import require_instance, shown
from alignx.support.arrays import freeze
from alignx.support.memory import peak_resident
from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from alignx.classification.task import Strategy
    from alignx.support.arrays import Matrix
    from alignx.texts.document_encoder import DocumentEncoder
    from alignx.texts.documents import OOVVectors, TextReader

__all__ = [
    "BASELINES",
    "Experiment",
    "Outcome",
    "PeerMaker",
    "Setting",
    "Texts",
    "TransferData",
    "run_experiment",
]

Texts: TypeAlias = "tuple[Sequence[str], ArrayLike] | LabeledTexts"

PeerMaker: TypeAlias = "Callable[[int], Any]"
"""Makes a classifier with the interface of `TransferClassifier` from a seed."""


@dataclass(frozen=True)
class Experiment:
    """Way to train a classifier, compared as a row of the table.

    `strategy`, `head` and `alpha` are those of `TransferClassifier`.

    Parameters
    ----------
    shots : int
        Labeled texts of each class of the target to learn from too, drawn by the seed.
    others : bool
        Whether to learn from labeled texts of all languages but the target.
    """

    strategy: str | Strategy = "zero_shot"
    head: Any = "logistic"
    shots: int = 0
    others: bool = False
    alpha: float = 1.0


@dataclass(frozen=True, init=False)
class TransferData:
    """Texts of a comparison, by language.

    Parameters
    ----------
    source : str
        Language to learn from.
    train : mapping of str to (texts, labels) or LabeledTexts
        Labeled texts to learn from; or one `LabeledTexts` that names the language of each. Those of
        a target serve the upper baseline, and experiments with `shots`.
    test : mapping of str to (texts, labels) or LabeledTexts
        Labeled texts of the targets, and of the source where the gap is wanted; or as `train`.
    unlabeled : mapping of str to sequence of str or LabeledTexts
        Texts of the targets to learn from without labels; the texts of `train` unless given.

    Raises
    ------
    TypeError, ValueError
        If texts are of another type, or lack labels.

    Examples
    --------
    >>> train = LabeledTexts(("my cat", "the sun"), ("pets", "weather"), ("en", "en"))
    >>> TransferData("en", train, {"es": (["mi gato", "el sol"], ["pets", "weather"])})
    TransferData('en', train: en 2, test: es 2)
    """

    source: str
    train: Mapping[str, tuple[Sequence[str], ArrayLike]]
    test: Mapping[str, tuple[Sequence[str], ArrayLike]]
    unlabeled: Mapping[str, Sequence[str]]

    def __init__(
        self,
        source: str,
        train: Mapping[str, Texts] | LabeledTexts,
        test: Mapping[str, Texts] | LabeledTexts,
        unlabeled: Mapping[str, Sequence[str] | LabeledTexts] | None = None,
    ) -> None:
        require_instance(source, str, "source")
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "train", _by_language(train, "train"))
        object.__setattr__(self, "test", _by_language(test, "test"))
        further = {} if unlabeled is None else unlabeled
        require_instance(further, Mapping, "unlabeled")
        plain = {
            code: list(given.texts)
            if isinstance(given, LabeledTexts)
            else as_texts(given, "unlabeled")
            for code, given in further.items()
        }
        object.__setattr__(self, "unlabeled", plain)

    def __repr__(self) -> str:
        sizes = (
            ", ".join(f"{c} {len(t[0])}" for c, t in x.items()) for x in (self.train, self.test)
        )
        return "TransferData({!r}, train: {}, test: {})".format(self.source, *sizes)

    @property
    def targets(self) -> list[str]:
        """Languages with test texts, without the source."""
        return [code for code in self.test if code != self.source]


def _by_language(
    given: Mapping[str, Texts] | LabeledTexts, name: str
) -> dict[str, tuple[Sequence[str], ArrayLike]]:
    """Return texts and labels of each language."""
    if isinstance(given, LabeledTexts):
        if given.languages is None:
            raise ValueError(
                f"{name} must name languages, got {given!r} without; pass {{code: texts}}"
            )
        given = {code: given.of(code) for code in dict.fromkeys(given.languages)}
    require_instance(given, Mapping, name)
    found: dict[str, tuple[Sequence[str], ArrayLike]] = {}
    part: Any
    for code, part in given.items():
        if isinstance(part, LabeledTexts):
            if part.labels is None:
                raise ValueError(f"{name} texts of {code!r} must have labels, got none")
            found[code] = (part.texts, part.labels)
        elif isinstance(part, Sequence) and not isinstance(part, str) and len(part) == 2:
            found[code] = (as_texts(part[0], f"{name} texts of {code!r}"), part[1])
        else:
            raise TypeError(
                f"{name} texts of {code!r} must be a pair (texts, labels) or LabeledTexts, got "
                f"{shown(part)}"
            )
    return found


@dataclass(frozen=True)
class Setting:
    """Parts that all experiments share: data, a space for each target, encoder and reader."""

    data: TransferData
    spaces: Mapping[str, SharedSpace]
    encoder: DocumentEncoder | None
    reader: TextReader
    subspaces: dict[tuple[str, ...], SharedSpace] = field(default_factory=dict)

    def subspace(self, space: SharedSpace, codes: Sequence[str]) -> SharedSpace:
        """Return a space of some languages: the same each time, since it keeps translations."""
        if set(codes) == set(space):
            return space
        key = tuple(sorted(codes))
        if key not in self.subspaces:
            self.subspaces[key] = SharedSpace({code: space[code] for code in codes})
        return self.subspaces[key]


@dataclass(frozen=True)
class Outcome:
    """Predictions of one seed for one target, and for the source if it was tested."""

    target: NDArray[Any]
    source: NDArray[Any] | None
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


def run_experiment(
    setting: Setting, experiment: Experiment | PeerMaker, code: str, seed: int
) -> Outcome:
    """Train for one target language, and predict its test texts."""
    data = setting.data
    unlabeled = {code: data.unlabeled[code]} if code in data.unlabeled else {}
    if not isinstance(experiment, Experiment):
        peer = experiment(seed)
        texts, labels = data.train[data.source]
        found = _run(data, peer, (list(texts), labels, data.source), unlabeled, code)
        names = ("size_", "parameters_", "peak_memory_")
        facts = {name.rstrip("_"): getattr(peer, name) for name in names if hasattr(peer, name)}
        return replace(found, facts=facts)
    space = setting.spaces[code]
    sources = [data.source]
    if experiment.others:
        sources += [c for c in data.train if c not in (data.source, code) and c in space]
    classifier = TransferClassifier(
        setting.subspace(space, [*sources, code]) if code != data.source else space,
        strategy=experiment.strategy,
        head=experiment.head,
        encoder=setting.encoder,
        reader=setting.reader,
        alpha=experiment.alpha,
        random_state=seed,
    )
    train = _training_texts(data, sources, code, experiment.shots, seed)
    found = _run(data, classifier, train, unlabeled, code)
    model = classifier.model_
    memory = {"vectors": space[code].vectors.nbytes, "peak_memory": peak_resident()}
    facts = model.facts | memory
    if isinstance(experiment.head, str):
        facts["size"] = len(as_bytes(model, as_strategy(experiment.strategy)))
    return replace(found, facts=facts)


def _training_texts(
    data: TransferData, sources: Sequence[str], code: str, shots: int, seed: int
) -> tuple[list[str], list[Any], list[str]]:
    """Join the labeled texts of the sources, and a few of the target, with their languages."""
    if shots and code not in data.train:
        raise ValueError(f"shots need labeled texts of {code!r} in train")
    texts: list[str] = []
    labels: list[Any] = []
    languages: list[str] = []
    for language in [*sources, code] if shots else sources:
        some, classes = list(data.train[language][0]), np.asarray(data.train[language][1])
        rows = _drawn(classes, shots, seed) if language == code and shots else range(len(some))
        texts += [some[row] for row in rows]
        labels += classes[list(rows)].tolist()
        languages += [language] * len(rows)
    return texts, labels, languages


def _drawn(labels: NDArray[Any], shots: int, seed: int) -> list[int]:
    """Draw rows of as many texts of each class."""
    rng = np.random.default_rng(seed)
    return [
        int(row)
        for label in np.unique(labels)
        for row in rng.permutation(np.flatnonzero(labels == label))[:shots]
    ]


def _run(
    data: TransferData,
    classifier: Any,  # noqa: ANN401
    train: tuple[list[str], Any, Any],
    unlabeled: dict[str, Sequence[str]],
    code: str,
) -> Outcome:
    texts, labels, languages = train
    start = time.perf_counter()
    classifier.fit(texts, labels, language=languages, unlabeled=unlabeled)
    fitted = time.perf_counter()
    found = classifier.predict(list(data.test[code][0]), language=code)
    end = time.perf_counter()
    at_source = None
    if data.source in data.test:
        at_source = classifier.predict(list(data.test[data.source][0]), language=data.source)
    return Outcome(found, at_source, fitted - start, end - fitted)


_UNTRANSLATED = Experiment(ZeroShot(both=False))


def _run_target_trained(setting: Setting, code: str, seed: int) -> Outcome | None:
    """Learn from labels of the target, if there are any."""
    if code not in setting.data.train:
        return None
    own = replace(setting.data, source=code, test={code: setting.data.test[code]}, unlabeled={})
    found = run_experiment(replace(setting, data=own), _UNTRANSLATED, code, seed)
    return replace(found, source=None)


def _run_unaligned(setting: Setting, code: str, seed: int) -> Outcome:
    """Learn without a map: the target's vectors are rotated at random."""
    rng = np.random.default_rng(seed)
    space, source = setting.spaces[code], setting.data.source
    target = space[code]
    d = target.dimension
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    reader, turned = setting.reader, None
    if (compute := reader.oov_vectors_of(code, target)) is not None:
        turned = partial(_turned, compute, rotation)
        reader = replace(reader, oov_vectors={**reader.oov_vectors, code: turned})
    # The model stays with the language too: a reader with oov="subword" asks for one.
    rotated = target.with_vectors(freeze(target.vectors @ rotation), turned)
    unaligned = SharedSpace({source: space[source], code: rotated})
    changed = replace(setting, spaces={code: unaligned}, reader=reader)
    return run_experiment(changed, _UNTRANSLATED, code, seed)


def _turned(compute: OOVVectors, rotation: Matrix, words: Sequence[str]) -> Matrix:
    return compute(words) @ rotation


def _run_majority(setting: Setting, code: str, _: int) -> Outcome:
    """Predict the most frequent class always."""
    data = setting.data
    values, counts = np.unique(np.asarray(data.train[data.source][1]), return_counts=True)
    most = values[counts.argmax()]
    at_source = None
    if data.source in data.test:
        at_source = np.full(len(data.test[data.source][0]), most)
    return Outcome(np.full(len(data.test[code][0]), most), at_source)


BASELINES: dict[str, Callable[[Setting, str, int], Outcome | None]] = {
    "target-trained": _run_target_trained,
    "unaligned": _run_unaligned,
    "majority": _run_majority,
}
