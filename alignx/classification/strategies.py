"""Transfer strategies: choice of the training data of a cross-lingual classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from alignx.classification.ensemble import VotingModel, match_prior
from alignx.classification.heads import Examples
from alignx.classification.labeled_strategies import (
    CodeSwitching,
    TranslateTest,
    TranslateTrain,
    TranslateTrainAll,
    ZeroShot,
    one_head,
    require_positive,
)
from alignx.classification.seed_words import seed_teacher
from alignx.classification.task import Strategy

if TYPE_CHECKING:
    from alignx.classification.task import Task

__all__ = [
    "STRATEGIES",
    "Adversarial",
    "Ensemble",
    "PriorMatching",
    "SeedWords",
    "SelfTraining",
    "as_strategy",
]


@dataclass(frozen=True)
class _Taught(Strategy):
    """Base of strategies that begin with the model of another."""

    needs_unlabeled = True

    teacher: str = "zero_shot"

    def __post_init__(self) -> None:
        _require_strategies(self, "teacher", self.teacher)

    @property
    def _teacher(self) -> Strategy:
        return STRATEGIES[self.teacher]()

    def _built_on(self) -> tuple[Strategy, ...]:
        return (self._teacher,)


@dataclass(frozen=True)
class SelfTraining(_Taught):
    """Learn from unlabeled texts of the targets too, labeled by a teacher.

    Parameters
    ----------
    teacher : str
        Strategy of the first teacher.
    rounds : int
        Rounds in which the student becomes the teacher, at least 1.

    Notes
    -----
    The teacher's probabilities are shifted so that their mean is the share of each class in the
    labels: a bias would grow otherwise. Labeled and unlabeled texts have the same total weight.
    """

    name = "self_training"

    rounds: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(rounds=self.rounds)

    def _learn(self, task: Task) -> VotingModel:
        unlabeled = task.unlabeled_targets(self.name)
        first = self._teacher.learn(task)
        heads = {}
        for code, documents in unlabeled.items():
            rows = task.encoder.transform(documents)
            scores = first.log_probabilities(documents, task.encoder, task.translator)
            for _ in range(self.rounds):
                heads[code] = task.fit_student(rows, scores)
                scores = heads[code].log_probabilities(rows)
        return one_head(task.fit_joined(task.originals()), heads)


@dataclass(frozen=True)
class SeedWords(Strategy):
    """Learn from texts labeled by translated seed words (CLTS).

    Parameters
    ----------
    budget : int
        Words to translate, at least 1.
    rounds : int
        Students in a row, at least 1: the first learns from the words, each other from the one
        before.

    References
    ----------
    Karamanolakis, Hsu and Gravano, "Cross-Lingual Text Classification with Minimal Resources by
    Transferring a Sparse Teacher" (CLTS), Findings of EMNLP 2020, section 3.
    """

    name = "seed_words"
    needs_unlabeled = True

    budget: int = 500
    rounds: int = 2

    def __post_init__(self) -> None:
        require_positive(budget=self.budget, rounds=self.rounds)

    def _learn(self, task: Task) -> VotingModel:
        heads = {}
        for code, documents in task.unlabeled_targets(self.name).items():
            known, scores = seed_teacher(task, documents, self.budget)
            if len(known) == 0:
                raise ValueError(
                    f"unlabeled texts of {code!r} must hold a translated seed word, got none in "
                    f"{len(documents):,} texts"
                )
            rows = task.encoder.transform(documents)
            heads[code] = task.fit_student(rows[known], scores[known], with_labeled=False)
            for _ in range(1, self.rounds):
                scores = heads[code].log_probabilities(rows)
                heads[code] = task.fit_student(rows, scores, with_labeled=False)
        return one_head(task.fit_joined(task.originals()), heads)


@dataclass(frozen=True)
class Adversarial(Strategy):
    """Learn features that hide the language, by gradient reversal; needs torch."""

    name = "adversarial"
    needs_torch = True
    needs_unlabeled = True

    def _learn(self, task: Task) -> VotingModel:
        from alignx.classification.neural_heads import train_adversarial_head

        unlabeled = task.unlabeled_targets(self.name)
        parts = [part.documents for part in task.labeled] + list(unlabeled.values())
        codes = list(task.space)
        numbers = np.array([codes.index(part.language) for part in parts], dtype=np.int64)
        languages = np.repeat(numbers, [len(part) for part in parts])
        head, accuracy = train_adversarial_head(
            Examples.joined(task.originals()),
            np.concatenate([task.encoder.transform(part) for part in parts]),
            languages,
            random_state=task.random_state,
        )
        facts = {"discriminator_accuracy": accuracy, "chance": 1 / len(set(languages.tolist()))}
        return replace(one_head(head), facts=facts)


@dataclass(frozen=True)
class PriorMatching(_Taught):
    """Match predicted class shares to those of the labels.

    The classes of its unlabeled texts must really be about as frequent as those of the labels.

    Parameters
    ----------
    teacher : str
        Strategy whose probabilities are shifted.
    """

    name = "prior_matching"

    def _learn(self, task: Task) -> VotingModel:
        unlabeled = task.unlabeled_targets(self.name)
        model = self._teacher.learn(task)
        scores = {
            code: model.log_probabilities(documents, task.encoder, task.translator)
            for code, documents in unlabeled.items()
        }
        shifts = {code: match_prior(task.prior, each) for code, each in scores.items()}
        return replace(model, shifts=shifts)


# They need no torch, and their labels are no guesses of a teacher.
_VOTERS = (ZeroShot, TranslateTrain, TranslateTest, TranslateTrainAll, CodeSwitching)


@dataclass(frozen=True)
class Ensemble(Strategy):
    """Let several strategies vote by the mean of their probabilities.

    Parameters
    ----------
    members : tuple of str
        At least one strategy; by default those that learn from true labels.
    """

    name = "ensemble"

    members: tuple[str, ...] = tuple(strategy.name for strategy in _VOTERS)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        _require_strategies(self, "members", *self.members)

    def _built_on(self) -> tuple[Strategy, ...]:
        return tuple(STRATEGIES[name]() for name in self.members)

    def _learn(self, task: Task) -> VotingModel:
        models = [strategy.learn(task) for strategy in self._built_on()]
        return VotingModel(
            tuple(member for model in models for member in model.members),
            facts={"members": list(self.members)},
        )


STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (*_VOTERS, SelfTraining, SeedWords, Adversarial, PriorMatching, Ensemble)
}


def as_strategy(strategy: str | Strategy) -> Strategy:
    """Convert a name to the strategy with its defaults; ValueError if there is none."""
    if isinstance(strategy, Strategy):
        return strategy
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, got {strategy!r}")
    return STRATEGIES[strategy]()


def _require_strategies(strategy: Strategy, name: str, *values: str) -> None:
    if not values:
        raise ValueError(f"{name} must hold at least 1 strategy, got none")
    for value in values:
        if value not in STRATEGIES or value == strategy.name:
            others = ", ".join(each for each in STRATEGIES if each != strategy.name)
            raise ValueError(f"{name} must be one of {others}, got {value!r}")
