"""Transfer strategies that learn from true labels: of texts, and of their translations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.nearness import nearness
from alignx.classification.ensemble import ANY, Member, VotingModel
from alignx.classification.task import Strategy

if TYPE_CHECKING:
    from alignx.classification.heads import Head
    from alignx.classification.task import LabeledDocuments, Task
    from alignx.support.arrays import Double

__all__ = [
    "CodeSwitching",
    "TranslateTest",
    "TranslateTrain",
    "TranslateTrainAll",
    "ZeroShot",
    "one_head",
    "require_positive",
]

NEARNESS_POWER = 4  # by validation on training texts


@dataclass(frozen=True)
class ZeroShot(Strategy):
    """Learn from the labeled texts alone.

    Parameters
    ----------
    both : bool
        Whether the vector of a text in a language without labels is the mean of its own and that of
        its word-by-word translation, as the errors of both differ. Then the model file holds the
        translation of each word, four bytes, and prediction needs the vectors of both languages.

    Notes
    -----
    With labels of several languages, one head learns from all and serves these languages. In the
    others a head of each language votes: what is peculiar to the texts of one does not blur what is
    learned from another. The weight of a vote is that of the language by `alpha`, times the fourth
    power of the nearness of both languages, so that near languages decide; see `nearness`.

    References
    ----------
    Votes of sources: Mansour, Mohri and Rostamizadeh, "Domain Adaptation with Multiple Sources",
    NeurIPS 2008.
    """

    name = "zero_shot"

    both: bool = True

    def _learn(self, task: Task) -> VotingModel:
        joined = task.fit_joined(task.originals())
        # A head that has not seen all classes cannot vote for them.
        if len(task.labeled) == 1 or any(
            len(np.unique(part.classes)) < task.n_classes for part in task.labeled
        ):
            return VotingModel((self._member(task, task.labeled[0], joined),))
        own = {part.documents.language: joined for part in task.labeled}
        weights = {code: _vote_weights(task, code) for code in task.targets}
        members = []
        for at, part in enumerate(task.labeled):
            member = self._member(task, part, task.fit_joined([task.examples(part)]))
            votes = {code: float(shares[at]) for code, shares in weights.items()}
            members.append(replace(member, heads={**member.heads, **own}, weights=votes))
        return VotingModel(tuple(members))

    def _member(self, task: Task, part: LabeledDocuments, head: Head) -> Member:
        """Return a head that reads unlabeled languages with translations into that of a part."""
        routes = dict.fromkeys(task.targets if self.both else (), part.documents.language)
        return Member({ANY: head}, routes, keeps_own=self.both)


def _vote_weights(task: Task, target: str) -> Double:
    """Return the weight of each labeled language in the vote for texts of another."""
    near = [
        nearness(task.space[part.documents.language], task.space[target]) for part in task.labeled
    ]
    shares = np.maximum(near, 1e-3) ** NEARNESS_POWER * [p.weights.sum() for p in task.labeled]
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True)
class TranslateTrain(Strategy):
    """Learn one head for each language, from word-by-word translations of the labeled texts.

    Words that do not translate back are left out.
    """

    name = "translate_train"

    def _learn(self, task: Task) -> VotingModel:
        heads = {
            code: task.fit_joined([task.translated(part, code) for part in task.labeled])
            for code in task.targets
        }
        return one_head(task.fit_joined(task.originals()), heads)


@dataclass(frozen=True)
class TranslateTest(Strategy):
    """Learn from one language, and translate texts to predict into it, word by word."""

    name = "translate_test"

    def _learn(self, task: Task) -> VotingModel:
        source = task.labeled[0]
        language = source.documents.language
        routes = {code: language for code in task.space if code != language}
        head = task.fit_head(task.examples(source))
        return VotingModel((Member({ANY: head}, routes),))


@dataclass(frozen=True)
class TranslateTrainAll(Strategy):
    """Learn one head from the labeled texts and such translations into all languages."""

    name = "translate_train_all"

    def _learn(self, task: Task) -> VotingModel:
        translations = [
            task.translated(part, code)
            for code in task.space
            for part in task.labeled
            if part.documents.language != code
        ]
        return one_head(task.fit_joined([*task.originals(), *translations]))


@dataclass(frozen=True)
class CodeSwitching(Strategy):
    """Learn from the labeled texts and copies with random words translated.

    Parameters
    ----------
    rate : float
        Share of the words to translate, in [0, 1], among those that translate back.
    copies : int
        Copies of each text for each other language, at least 1.

    References
    ----------
    Qin et al., "CoSDA-ML: Multi-Lingual Code-Switching Data Augmentation", IJCAI 2020.
    """

    name = "code_switching"

    rate: float = 0.5
    copies: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate must lie in [0, 1], got {self.rate}")
        require_positive(copies=self.copies)

    def _learn(self, task: Task) -> VotingModel:
        rng = np.random.default_rng(task.random_state)
        examples = task.originals()
        for part in task.labeled:
            documents = part.documents
            for code in task.space:
                if code == documents.language:
                    continue
                is_reliable = task.translator.is_reliable(documents, code)
                for _ in range(self.copies):
                    is_moved = is_reliable & (rng.random(len(documents.words)) < self.rate)
                    moved = task.translator.translate(documents.keep(is_moved), code)
                    examples.append(task.examples(part, documents.keep(~is_moved), moved))
        return one_head(task.fit_joined(examples))


def one_head(head: Head, by_language: dict[str, Head] | None = None) -> VotingModel:
    """Return the model of a head, or of one for some languages and one for the others."""
    return VotingModel((Member({ANY: head, **(by_language or {})}),))


def require_positive(**counts: int) -> None:
    """Refuse counts below 1."""
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
