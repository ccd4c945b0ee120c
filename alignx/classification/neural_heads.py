"""Training of neural heads in torch, plain or language-adversarial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.classification.heads import Examples, NeuralHead, best_temperature
from alignx.errors import MissingDependencyError

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "neural heads need the package torch: pip install 'alignx[torch]'"
    ) from error

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from alignx.support.arrays import Indices, Matrix


__all__ = ["NeuralTraining", "train_adversarial_head", "train_neural_head"]

HELD_OUT = 0.2


@dataclass(frozen=True, kw_only=True)
class NeuralTraining:
    """Settings of training: hidden units, dropout, passes, batch size, and those of Adam."""

    hidden: int = 256
    dropout: float = 0.5
    epochs: int = 12
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-3


def train_neural_head(
    examples: Examples,
    settings: NeuralTraining | None = None,
    random_state: int = 0,
    *,
    is_taught: bool = False,
) -> NeuralHead:
    """Train a network with dropout, and calibrate it on a fifth of the texts.

    The temperature comes from another network, trained without that fifth. It is 1 if `is_taught`,
    where most targets are probabilities of a teacher.
    """
    settings = settings or NeuralTraining()
    with _one_thread():
        train, test = _split(examples.groups, random_state)
        temperature = 1.0
        if len(train) and len(test) and not is_taught:
            tried = _numpy(_train(examples.take(train), settings, random_state))
            held_out = examples.take(test)
            scores = tried.log_probabilities(held_out.rows)
            _, temperature = best_temperature(scores, held_out.targets, held_out.weights)
        head = _numpy(_train(examples, settings, random_state))
    return replace(head, weights=head.weights / temperature, bias=head.bias / temperature)


def train_adversarial_head(
    examples: Examples,
    rows: Matrix,
    languages: Indices,
    settings: NeuralTraining | None = None,
    random_state: int = 0,
) -> tuple[NeuralHead, float]:
    """Train a network whose hidden layer hides the language of a document.

    The gradient of a discriminator of languages is reversed before it reaches the hidden layer.

    Parameters
    ----------
    examples : Examples
        Labeled documents of any language.
    rows : (m, d) float32
        Unlabeled documents of all languages.
    languages : (m,) int64
        Number of the language of each.
    settings : NeuralTraining, optional
        Settings of training; the defaults unless given.
    random_state : int
        Seed of all random numbers.

    Returns
    -------
    head : NeuralHead
    accuracy : float
        Balanced accuracy of a fresh discriminator on held-out documents of `rows`; 1 / languages
        where the language is fully hidden.

    References
    ----------
    Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015; Chen et
    al., "Adversarial Deep Averaging Networks for Cross-Lingual Sentiment Classification", TACL
    2018.
    """
    settings = settings or NeuralTraining()
    with _one_thread():
        network = _train(examples, settings, random_state, rows, languages)
        head = _numpy(network)
        units = np.maximum(rows @ head.hidden + head.hidden_bias, 0)
        accuracy = _recognized(units, languages, random_state)
    return head, accuracy


def _one_thread() -> threadpool_limits:
    """Limit BLAS and torch to one thread: the matrices are small, and results must not vary."""
    return threadpool_limits(limits=1)


def _split(groups: Indices, random_state: int) -> tuple[Indices, Indices]:
    """Divide examples into training and validation, copies of a text together."""
    texts = np.unique(groups)
    held = np.random.default_rng(random_state).permutation(texts)[: round(HELD_OUT * len(texts))]
    is_held = np.isin(groups, held)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


class _Network(torch.nn.Module):
    def __init__(
        self, dimension: int, classes: int, languages: int, settings: NeuralTraining
    ) -> None:
        super().__init__()
        self.hidden = torch.nn.Linear(dimension, settings.hidden)
        self.output = torch.nn.Linear(settings.hidden, classes)
        self.dropout = settings.dropout
        self.discriminator = (
            torch.nn.Sequential(
                torch.nn.Linear(settings.hidden, settings.hidden),
                torch.nn.ReLU(),
                torch.nn.Linear(settings.hidden, languages),
            )
            if languages
            else None
        )

    def features(self, rows: Tensor) -> Tensor:
        units = functional.relu(self.hidden(rows))
        return functional.dropout(units, self.dropout, self.training)


class _Reversed(torch.autograd.Function):
    """Identity whose gradient is multiplied by a negative number."""

    @staticmethod
    def forward(context, rows, strength):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205
        context.strength = strength
        return rows.view_as(rows)

    @staticmethod
    def backward(context, gradient):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205
        return -context.strength * gradient, None


def _train(
    examples: Examples,
    settings: NeuralTraining,
    random_state: int,
    unlabeled: Matrix | None = None,
    languages: Indices | None = None,
) -> _Network:
    generator = torch.Generator().manual_seed(random_state)
    rows = torch.tensor(examples.rows)
    targets = torch.tensor(examples.targets, dtype=torch.float32)
    weights = torch.tensor(examples.weights / examples.weights.mean(), dtype=torch.float32)
    n_languages = 0 if languages is None else int(languages.max()) + 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_state)
        network = _Network(rows.shape[1], targets.shape[1], n_languages, settings)
        optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.rate, weight_decay=settings.decay
        )
        steps = settings.epochs * -(-len(rows) // settings.batch)
        step = 0
        for _ in range(settings.epochs):
            order = torch.randperm(len(rows), generator=generator)
            for chosen in torch.split(order, settings.batch):
                optimizer.zero_grad()
                scores = network.output(network.features(rows[chosen]))
                loss = functional.cross_entropy(scores, targets[chosen], reduction="none")
                total = (loss * weights[chosen]).mean()
                if network.discriminator is not None:
                    assert unlabeled is not None
                    assert languages is not None
                    picked = torch.randint(len(unlabeled), (settings.batch,), generator=generator)
                    features = network.features(torch.tensor(unlabeled[picked.numpy()]))
                    strength = 2 / (1 + np.exp(-10 * step / steps)) - 1
                    hidden = _Reversed.apply(features, strength)  # type: ignore[no-untyped-call]
                    told = network.discriminator(hidden)
                    total = total + functional.cross_entropy(
                        told, torch.tensor(languages[picked.numpy()])
                    )
                total.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                step += 1
    return network.eval()


def _numpy(network: _Network) -> NeuralHead:
    values = (
        network.hidden.weight.T,
        network.hidden.bias,
        network.output.weight.T,
        network.output.bias,
    )
    return NeuralHead(*(np.ascontiguousarray(value.detach().numpy()) for value in values))


def _recognized(units: Matrix, languages: Indices, random_state: int) -> float:
    """Measure the balanced accuracy of a fresh linear discriminator on a held-out fifth."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    train, test = _split(np.arange(len(units)), random_state)
    fresh = LogisticRegression(max_iter=1_000).fit(units[train], languages[train])
    return float(balanced_accuracy_score(languages[test], fresh.predict(units[test])))
