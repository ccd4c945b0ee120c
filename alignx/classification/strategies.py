"""Strategies of transfer: what a classifier of one language learns from to read another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from alignx.classification.ensemble import ANY, Member, Model, matched_to
from alignx.classification.heads import Examples, log_softmax
from alignx.classification.seed_words import seed_teacher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.classification.documents import Documents
    from alignx.classification.encoder import DocumentEncoder
    from alignx.classification.heads import Head
    from alignx.classification.word_translator import WordTranslator
    from alignx.support.arrays import Double, Indices
    from alignx.vectors.embeddings import Embeddings

__all__ = [
    "STRATEGIES",
    "Labeled",
    "Task",
    "adversarial",
    "code_switching",
    "ensemble",
    "learn",
    "prior_matching",
    "seed_words",
    "self_training",
    "translate_test",
    "translate_train",
    "translate_train_all",
    "zero_shot",
]


@dataclass(frozen=True, eq=False)
class Labeled:
    """Texts of one language with their classes.

    Attributes
    ----------
    documents : Documents
        The n texts.
    classes : (n,) int64
        The number of the class of each.
    weights : (n,) float64
        How much each counts.
    groups : (n,) int64
        A number for each text, different in all languages.
    """

    documents: Documents
    classes: Indices
    weights: Double
    groups: Indices


@dataclass(frozen=True, eq=False)
class Task:
    """What a strategy has to work with.

    Attributes
    ----------
    space : mapping of str to Embeddings
        All languages to serve.
    encoder : DocumentEncoder
        Fitted.
    translator : WordTranslator
        Of the space.
    labeled : tuple of Labeled
        One for each language with labels, most texts first.
    unlabeled : dict of str to Documents
        Further texts, by language.
    classes : int
        How many there are.
    fit_head : callable
        Makes a head of examples.
    seed : int
        Of all random numbers.
    """

    space: Mapping[str, Embeddings]
    encoder: DocumentEncoder
    translator: WordTranslator
    labeled: tuple[Labeled, ...]
    unlabeled: dict[str, Documents]
    classes: int
    fit_head: Callable[..., Head]
    seed: int

    @property
    def prior(self) -> Double:
        """(classes,) weighted share of each class among the labels."""
        classes = np.concatenate([part.classes for part in self.labeled])
        weights = np.concatenate([part.weights for part in self.labeled])
        shares = np.bincount(classes, weights, self.classes)
        return np.asarray(shares / shares.sum())

    @property
    def targets(self) -> list[str]:
        """Languages without labels."""
        known = {part.documents.language for part in self.labeled}
        return [code for code in self.space if code not in known]

    def examples(self, labeled: Labeled, *documents: Documents) -> Examples:
        """Encode labeled texts, or what other documents have been made of them."""
        return Examples(
            self.encoder.transform(*(documents or (labeled.documents,))),
            np.eye(self.classes)[labeled.classes],
            labeled.weights,
            labeled.groups,
        )

    def originals(self) -> list[Examples]:
        """Encode all labeled texts as they are."""
        return [self.examples(part) for part in self.labeled]

    def translated(self, labeled: Labeled, language: str) -> Examples:
        """Encode labeled texts in translation, those words alone that translate back.

        A wrong word teaches something wrong; one that is missing, nothing.
        """
        documents = labeled.documents
        kept = documents.keep(self.translator.reliable(documents, language))
        return self.examples(labeled, self.translator.translate(kept, language))

    def require_unlabeled(self, strategy: str) -> dict[str, Documents]:
        """Give the unlabeled texts of the target languages.

        Raises
        ------
        ValueError
            If one has none.
        """
        missing = [code for code in self.targets if code not in self.unlabeled]
        if missing:
            raise ValueError(
                f"strategy {strategy!r} needs unlabeled texts of {', '.join(missing)}; pass "
                "unlabeled={language: texts}"
            )
        return {code: self.unlabeled[code] for code in self.targets}


def learn(task: Task, strategy: str, options: Mapping[str, Any]) -> Model:
    """Carry out a strategy.

    Parameters
    ----------
    task : Task
        What there is.
    strategy : str
        Its name.
    options : mapping
        Its parameters.

    Raises
    ------
    ValueError
        If it has no such parameter, one is out of range, or there are no unlabeled texts and it
        needs some.
    """
    known = list(inspect.signature(STRATEGIES[strategy]).parameters)[1:]
    strange = [name for name in options if name not in known]
    if strange:
        taken = f"options {', '.join(known)}" if known else "no options"
        raise ValueError(
            f"strategy {strategy!r} takes {taken}, got {', '.join(map(repr, strange))}"
        )
    return STRATEGIES[strategy](task, **options)


def zero_shot(task: Task) -> Model:
    """Learn from the labeled texts, read any language of the space."""
    return Model((Member({ANY: task.fit_head(Examples.joined(task.originals()))}),))


def translate_train(task: Task) -> Model:
    """Translate the labeled texts word by word into each other language, and learn from that.

    Words that do not translate back are left out.
    """
    heads = {
        code: task.fit_head(Examples.joined([task.translated(part, code) for part in task.labeled]))
        for code in task.targets
    }
    own = zero_shot(task).members[0].heads[ANY]
    return Model((Member({ANY: own, **heads}),))


def translate_test(task: Task) -> Model:
    """Translate what is to be read word by word into the language with most labeled texts."""
    source = task.labeled[0]
    head = task.fit_head(task.examples(source))
    language = source.documents.language
    routes = {code: language for code in task.space if code != language}
    return Model((Member({ANY: head}, routes),))


def translate_train_all(task: Task) -> Model:
    """Learn one head from the labeled texts and their translations into all languages.

    Words that do not translate back are left out of translations.
    """
    examples = task.originals()
    for code in task.space:
        for part in task.labeled:
            if part.documents.language != code:
                examples.append(task.translated(part, code))
    return Model((Member({ANY: task.fit_head(Examples.joined(examples))}),))


def code_switching(task: Task, rate: float = 0.5, copies: int = 3) -> Model:
    """Learn from the labeled texts and copies in which random words are translated.

    Parameters
    ----------
    task : Task
        What there is.
    rate : float
        Share of the words that are translated, in [0, 1], among those that translate back.
    copies : int
        Of each text, for each other language; at least 1.

    References
    ----------
    Qin et al., "CoSDA-ML: Multi-Lingual Code-Switching Data Augmentation", IJCAI 2020.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], got {rate}")
    _require_at_least_one("copies", copies)
    rng = np.random.default_rng(task.seed)
    examples = task.originals()
    for part in task.labeled:
        documents = part.documents
        for code in task.space:
            if code == documents.language:
                continue
            is_reliable = task.translator.reliable(documents, code)
            for _ in range(copies):
                is_moved = is_reliable & (rng.random(len(documents.words)) < rate)
                moved = task.translator.translate(documents.keep(is_moved), code)
                examples.append(task.examples(part, documents.keep(~is_moved), moved))
    return Model((Member({ANY: task.fit_head(Examples.joined(examples))}),))


def self_training(task: Task, rounds: int = 3, teacher: str = "zero_shot") -> Model:
    """Let a teacher label the unlabeled texts of each target language, and learn from these too.

    Parameters
    ----------
    task : Task
        With unlabeled texts.
    rounds : int
        How often the student becomes the teacher, at least 1.
    teacher : str
        The strategy to begin with.

    Notes
    -----
    Labels are probabilities, shifted so that their mean is the share of each class in the labeled
    texts: a teacher that prefers a class would otherwise make its students prefer it more. Labeled
    texts and unlabeled ones count the same in all.
    """
    _require_at_least_one("rounds", rounds)
    _require_strategies("self_training", "teacher", teacher)
    unlabeled = task.require_unlabeled("self_training")
    first = STRATEGIES[teacher](task)
    heads = {}
    for code, documents in unlabeled.items():
        rows = task.encoder.transform(documents)
        scores = first.log_probabilities(documents, task.encoder, task.translator)
        for _ in range(rounds):
            heads[code] = _student(task, rows, scores)
            scores = heads[code].log_probabilities(rows)
    return Model((Member({ANY: _own(task), **heads}),))


def seed_words(task: Task, budget: int = 500, rounds: int = 2) -> Model:
    """Let translated words that tell classes label the unlabeled texts, and learn from these.

    Parameters
    ----------
    task : Task
        With unlabeled texts.
    budget : int
        How many words are translated, at least 1.
    rounds : int
        How often a student learns, the first from the words, others from the one before.

    References
    ----------
    Karamanolakis, Hsu and Gravano, "Cross-Lingual Text Classification with Minimal Resources by
    Transferring a Sparse Teacher" (CLTS), Findings of EMNLP 2020, section 3.
    """
    _require_at_least_one("budget", budget)
    _require_at_least_one("rounds", rounds)
    unlabeled = task.require_unlabeled("seed_words")
    heads = {}
    for code, documents in unlabeled.items():
        known, scores = seed_teacher(
            [part.documents for part in task.labeled],
            [part.classes for part in task.labeled],
            documents,
            task.translator,
            classes=task.classes,
            budget=budget,
            seed=task.seed,
        )
        if len(known) == 0:
            raise ValueError(
                f"unlabeled texts of {code!r} must hold a translated word that tells classes, got "
                f"none in {len(documents):,} texts"
            )
        rows = task.encoder.transform(documents)
        heads[code] = _student(task, rows[known], scores[known], with_labeled=False)
        for _ in range(1, rounds):
            scores = heads[code].log_probabilities(rows)
            heads[code] = _student(task, rows, scores, with_labeled=False)
    return Model((Member({ANY: _own(task), **heads}),))


def adversarial(task: Task) -> Model:
    """Learn features that do not tell languages apart, by gradient reversal; needs torch."""
    from alignx.classification.neural_heads import train_adversarial_head

    unlabeled = task.require_unlabeled("adversarial")
    parts = [part.documents for part in task.labeled] + list(unlabeled.values())
    rows = [task.encoder.transform(part) for part in parts]
    codes = list(task.space)
    languages = np.repeat([codes.index(part.language) for part in parts], [len(r) for r in rows])
    head, accuracy = train_adversarial_head(
        Examples.joined(task.originals()),
        np.concatenate(rows),
        languages.astype(np.int64),
        seed=task.seed,
    )
    facts = {"discriminator_accuracy": accuracy, "chance": 1 / len(set(languages.tolist()))}
    return Model((Member({ANY: head}),), facts=facts)


def prior_matching(task: Task, teacher: str = "zero_shot") -> Model:
    """Shift the probabilities of a language so that classes are as frequent as in the labels.

    Parameters
    ----------
    task : Task
        With unlabeled texts, whose classes must really be about as frequent.
    teacher : str
        The strategy whose probabilities these are.
    """
    _require_strategies("prior_matching", "teacher", teacher)
    unlabeled = task.require_unlabeled("prior_matching")
    model = STRATEGIES[teacher](task)
    shifts = {
        code: matched_to(
            task.prior, model.log_probabilities(documents, task.encoder, task.translator)
        )
        for code, documents in unlabeled.items()
    }
    return replace(model, shifts=shifts)


# Those whose labels are not guesses of a teacher, and that need no torch.
MEMBERS = (
    "zero_shot",
    "translate_train",
    "translate_test",
    "translate_train_all",
    "code_switching",
)


def ensemble(task: Task, members: tuple[str, ...] = MEMBERS) -> Model:
    """Let several strategies vote by the mean of their probabilities.

    Parameters
    ----------
    task : Task
        What there is.
    members : tuple of str
        Strategies, at least one; those that learn from true labels unless given.
    """
    _require_strategies("ensemble", "members", *members)
    models = [STRATEGIES[name](task) for name in members]
    return Model(
        tuple(member for model in models for member in model.members),
        facts={"members": list(members)},
    )


Strategy: TypeAlias = Callable[..., Model]

STRATEGIES: dict[str, Strategy] = {
    "zero_shot": zero_shot,
    "translate_train": translate_train,
    "translate_test": translate_test,
    "translate_train_all": translate_train_all,
    "code_switching": code_switching,
    "self_training": self_training,
    "seed_words": seed_words,
    "adversarial": adversarial,
    "prior_matching": prior_matching,
    "ensemble": ensemble,
}


def _require_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def _require_strategies(own: str, name: str, *values: str) -> None:
    if not values:
        raise ValueError(f"{name} must hold at least 1 strategy, got none")
    for value in values:
        if value not in STRATEGIES or value == own:
            others = ", ".join(each for each in STRATEGIES if each != own)
            raise ValueError(f"{name} must be one of {others}, got {value!r}")


def _own(task: Task) -> Head:
    """Fit the head of languages with labels."""
    return task.fit_head(Examples.joined(task.originals()))


def _student(task: Task, rows: Any, scores: Double, *, with_labeled: bool = True) -> Head:  # noqa: ANN401
    """Fit a head to the probabilities of a teacher, made as frequent as the labels are."""
    soft = np.exp(log_softmax(scores + matched_to(task.prior, scores)))
    weights = np.ones(len(rows))
    labeled = Examples.joined(task.originals())
    groups = np.arange(len(rows)) + labeled.groups.max(initial=0) + 1
    taught = Examples(rows, soft, weights, groups)
    if not with_labeled:
        return task.fit_head(taught, is_taught=True)
    share = labeled.weights.sum() / max(len(rows), 1)
    both = Examples.joined([labeled, replace(taught, weights=weights * share)])
    return task.fit_head(both, is_taught=True)
