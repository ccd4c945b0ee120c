"""Unsupervised start: a map that hides from a discriminator which language a row came from.

A network learns to tell mapped source rows from target rows, and the map learns to deceive it.
Where it succeeds, the two clouds of rows lie on each other, and translations near each other. No
word pair is needed. Whether it succeeded is read off the mean cosine of the most frequent words to
their CSLS neighbors.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised.adversarial_settings import AdversarialTraining
from alignx.alignment.unsupervised.checkpoint import (
    Facts,
    Tensors,
    read_checkpoint,
    write_checkpoint,
)
from alignx.errors import MissingDependencyError
from alignx.mapping.spectral import principal_axes
from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import Double, Matrix, as_rows, require_same_dimension, unit_rows
from alignx.support.files import require_writable

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "adversarial training needs the package torch: pip install 'alignx[torch]'"
    ) from error

from torch.nn import functional

from alignx.support.config import get_config
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor

    from alignx.support.progress import Log, Progress

__all__ = [
    "AdversarialEpoch",
    "AdversarialResult",
    "csls_criterion",
    "toward_orthogonal",
    "train_adversarial",
]

# Of the publication, and of both presets.
_CRITERION_VOCABULARY = 10_000
_HIDDEN_LAYERS = 2
_LEAK = 0.2  # slope of their leaky ReLU below zero
_KEPT = 0.9  # share of the inputs of the discriminator that dropout leaves
_SMOOTHING = 0.1  # how far labels are from 0 and 1
# The least that a mean cosine can be, for maps that are not finite.
_DIVERGED = -1.0
# What a checkpoint keeps beside tensors and history.
_STATE = ("discriminator_rate", "map_rate", "criterion", "drops")


@dataclass(frozen=True)
class AdversarialEpoch:
    """What one epoch did.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    criterion : float
        `csls_criterion` after it; -1 if the map is no longer finite, which ends training.
    discriminator_loss : float
        Mean cross-entropy of the steps of the discriminator, in nats.
    discriminator_accuracy : float
        Share of their rows that it assigned to the right language: 0.5 if it is fully deceived.
    map_rate : float
        Learning rate of the map.
    samples_per_second : float
        Rows of both languages that the discriminator was trained on.
    seconds : float
        How long it took, the criterion included.
    """

    epoch: int
    criterion: float
    discriminator_loss: float
    discriminator_accuracy: float
    map_rate: float
    samples_per_second: float = field(default=math.nan, compare=False)
    seconds: float = field(default=math.nan, compare=False)


@dataclass(frozen=True, eq=False)
class AdversarialResult:
    """What training found.

    Attributes
    ----------
    map : (d, d) float32
        Multiplies source rows from the right; nearly orthogonal.
    criterion : float
        `csls_criterion` of this map, the best of all epochs.
    epochs : tuple of AdversarialEpoch
        In order, those before an interruption included.
    """

    map: Matrix
    criterion: float
    epochs: tuple[AdversarialEpoch, ...]


def csls_criterion(
    mapped: ArrayLike,
    target: ArrayLike,
    *,
    vocabulary: int = _CRITERION_VOCABULARY,
    n_neighbors: int = 10,
) -> float:
    """Mean cosine of the most frequent source words to their best target words by CSLS.

    It is known without a dictionary and high where translations are near each other.

    Parameters
    ----------
    mapped : (n, d) float32
        Source rows in the space of the target, most frequent first.
    target : (m, d) float32
        Target rows.
    vocabulary : int
        That many rows of each side take part, at least 1.
    n_neighbors : int
        Of CSLS, at least 1; where there are fewer rows, all of them.

    Returns
    -------
    float
        In [-1, 1].

    Notes
    -----
    Takes O(vocabulary^2 d) time.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 3.5.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> csls_criterion(rows, rows[::-1])
    1.0
    """
    X = unit_rows(as_rows(mapped, "mapped")[:vocabulary])
    Y = unit_rows(as_rows(target, "target")[:vocabulary])
    found = csls_neighbors(X, Y, 1, n_neighbors=min(n_neighbors, len(X), len(Y))).of_source
    return float(np.einsum("ij,ij->i", X, Y[found.indices[:, 0]], dtype=np.float64).mean())


def train_adversarial(
    source: ArrayLike,
    target: ArrayLike,
    *,
    settings: AdversarialTraining | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> AdversarialResult:
    """Learn a map without any known pair, by adversarial training.

    Minimizes, in turns, the cross-entropy of a discriminator that tells mapped source rows from
    target rows, over its weights, and that of the same with the labels exchanged, over the map.
    It may fail: the criterion of the result is then low, and another seed may succeed.

    Parameters
    ----------
    source : (n, d) float32
        Unit rows, centered, most frequent first.
    target : (m, d) float32
        The same of the other language.
    settings : AdversarialTraining, optional
        The preset ``"fast"`` unless given.
    seed : int
        Of the first weights, the samples and the dropout, at least 0.
    checkpoint : path, optional
        A ``.safetensors`` file that is written after each epoch. If it exists, training continues
        there, and ends with the same map as without interruption.
    progress : callable, optional
        Called now and then with the fraction done, at most.
    log : callable, optional
        Called after each epoch with the fields of `AdversarialEpoch` in a dictionary.

    Returns
    -------
    AdversarialResult

    Raises
    ------
    ValueError
        If a side has fewer than 2 rows, or `seed` or `device` cannot be used.
    DimensionError
        If the widths differ.
    FormatError
        If the checkpoint is damaged or belongs to other rows, settings or another seed.
    OutputError
        If it cannot be written.

    Notes
    -----
    A step takes O(batch (d + hidden layers) hidden) time; nothing depends on n and m but the
    principal axes of the start, O(vocabulary d^2).

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, sections 2.1 and
    3.1 to 3.3.
    """
    settings = AdversarialTraining() if settings is None else settings
    X, Y = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(X, Y, "source and target")
    if min(len(X), len(Y)) < 2:
        raise ValueError(f"source and target must have at least 2 rows, got {len(X)} and {len(Y)}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    training = _Training(X, Y, settings, seed, as_device(get_config().device or "cpu"))
    if checkpoint is not None:
        require_writable(checkpoint)
        if Path(checkpoint).exists():
            training.resume(checkpoint)
    while not training.is_done:
        done = training.epoch(progress)
        if checkpoint is not None:
            training.save(checkpoint)
        if log is not None:
            log(asdict(done))
    if progress is not None:
        progress(1.0)
    best = training.best.cpu().numpy()
    return AdversarialResult(best, training.criterion, tuple(training.history))


class _Training:
    """What changes from step to step; `resume` and `save` name all of it."""

    def __init__(
        self,
        source: Matrix,
        target: Matrix,
        settings: AdversarialTraining,
        seed: int,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.source, self.target = source, target
        self.device = device
        self.precision = _as_precision(settings.precision, device)
        self.identity: Facts = {
            "settings": asdict(settings),
            "seed": seed,
            "source": _fingerprint(source),
            "target": _fingerprint(target),
            "device": device.type,
            "precision": str(self.precision),
        }
        self.random = torch.Generator(device).manual_seed(seed)
        self.rows = [self._upload(rows) for rows in (source, target)]
        self.map = torch.tensor(_start(source, target, settings), device=device)
        self.best = self.map.clone()
        self.layers = self._first_layers(source.shape[1])
        self.discriminator_rate = settings.discriminator_rate
        self.map_rate = settings.map_rate
        self.criterion = _DIVERGED
        self.drops = 0
        self.history: list[AdversarialEpoch] = []

    @property
    def is_done(self) -> bool:
        criteria = [epoch.criterion for epoch in self.history]
        if _DIVERGED in criteria:
            return True
        waited = len(criteria) - 1 - int(np.argmax(criteria)) if criteria else 0
        return len(criteria) == self.settings.epochs or waited >= self.settings.patience

    def _upload(self, rows: Matrix) -> Tensor:
        frequent = unit_rows(rows[: self.settings.vocabulary]) * np.float32(self.settings.scale)
        return torch.tensor(frequent, device=self.device).to(self.precision)

    def _first_layers(self, dimension: int) -> list[Tensor]:
        """Draw weights and biases uniformly in 1 / sqrt(inputs) around 0, layer after layer."""
        widths = [dimension, *[self.settings.hidden] * _HIDDEN_LAYERS, 1]
        layers = []
        for inputs, outputs in pairwise(widths):
            for shape in (outputs, inputs), (outputs,):
                drawn = torch.rand(shape, generator=self.random, device=self.device)
                layers.append(((2 * drawn - 1) / math.sqrt(inputs)).requires_grad_())
        return layers

    def _sample(self, rows: Tensor) -> Tensor:
        size = (self.settings.batch,)
        return rows[torch.randint(len(rows), size, generator=self.random, device=self.device)]

    def _discriminate(self, rows: Tensor, layers: list[Tensor]) -> Tensor:
        """Give the logits that rows are mapped source rows."""
        draw = torch.rand(rows.shape, generator=self.random, device=self.device)
        values = rows * ((draw < _KEPT) / _KEPT).to(rows.dtype)
        for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            values = functional.leaky_relu(functional.linear(values, weight, bias), _LEAK)
        return functional.linear(values, layers[-2], layers[-1])[:, 0].float()

    def _cast(self) -> list[Tensor]:
        return [layer.to(self.precision) for layer in self.layers]

    def epoch(self, progress: Progress | None) -> AdversarialEpoch:
        """Train for one epoch, and keep the map if it is the best so far."""
        settings, begin = self.settings, time.perf_counter()
        steps = max(1, settings.samples // (2 * settings.batch))
        loss = torch.zeros((), device=self.device)
        right = torch.zeros((), device=self.device)
        total = torch.zeros_like(self.map, dtype=torch.float64)
        for step in range(steps):
            if progress is not None:
                progress((len(self.history) + step / steps) / settings.epochs)
            for _ in range(settings.discriminator_steps):
                step_loss, step_right = self._discriminator_step()
                loss += step_loss
                right += step_right
            self._map_step()
            if settings.averaging:
                total += self.map
        count = steps * settings.discriminator_steps
        seconds = time.perf_counter() - begin
        criterion = self._judge(total if settings.averaging else self.map)
        done = AdversarialEpoch(
            epoch=len(self.history) + 1,
            criterion=criterion,
            discriminator_loss=float(loss) / count,
            discriminator_accuracy=float(right) / count,
            map_rate=self.map_rate,
            samples_per_second=2 * settings.batch * count / seconds,
            seconds=time.perf_counter() - begin,
        )
        self._slow_down(criterion)
        self.history.append(done)
        return done

    def _discriminator_step(self) -> tuple[Tensor, Tensor]:
        """Step against the cross-entropy; give it and the share of rows it is right about."""
        source = self._sample(self.rows[0]) @ self.map.to(self.precision)
        logits = self._discriminate(torch.cat([source, self._sample(self.rows[1])]), self._cast())
        is_source = torch.arange(len(logits), device=self.device) < self.settings.batch
        labels = torch.where(is_source, 1 - _SMOOTHING, _SMOOTHING)
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        gradients = torch.autograd.grad(loss, self.layers)
        with torch.no_grad():
            for layer, gradient in zip(self.layers, gradients, strict=True):
                layer.sub_(gradient, alpha=self.discriminator_rate)
            return loss.detach(), ((logits > 0) == is_source).float().mean()

    def _map_step(self) -> None:
        """Step against the cross-entropy with exchanged labels, then towards orthogonal maps."""
        W = self.map.requires_grad_()
        with torch.no_grad():
            layers = self._cast()
        logits = self._discriminate(self._sample(self.rows[0]) @ W.to(self.precision), layers)
        labels = torch.full_like(logits, _SMOOTHING)
        # As many target rows have a share in the mean, but do not depend on the map.
        loss = functional.binary_cross_entropy_with_logits(logits, labels) / 2
        (gradient,) = torch.autograd.grad(loss, W)
        with torch.no_grad():
            self.map = toward_orthogonal(W - self.map_rate * gradient, self.settings.orthogonality)

    def _judge(self, candidate: Tensor) -> float:
        """Give the criterion of a map, and keep it if it is the best so far."""
        if not torch.isfinite(candidate).all():
            return _DIVERGED
        W = candidate.detach().cpu().numpy()
        if self.settings.averaging:
            W = _nearest_orthogonal(W)
        value = csls_criterion(self.source[:_CRITERION_VOCABULARY] @ W, self.target)
        if value > self.criterion:
            self.criterion, self.best = value, torch.tensor(W, device=self.device)
        return value

    def _slow_down(self, criterion: float) -> None:
        """Lower the learning rates, that of the map further from the second drop on."""
        self.discriminator_rate *= self.settings.decay
        self.map_rate *= self.settings.decay
        if self.history and criterion < self.history[-1].criterion:
            self.drops += 1
            if self.drops >= 2:
                self.map_rate /= 2

    def save(self, path: str | Path) -> None:
        """Write all that the next epoch depends on."""
        tensors = {"map": self.map, "best": self.best, "random": self.random.get_state()}
        tensors |= {f"layer.{i}": layer for i, layer in enumerate(self.layers)}
        facts = {name: getattr(self, name) for name in _STATE}
        facts["history"] = [asdict(epoch) for epoch in self.history]
        plain = {
            name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()
        }
        write_checkpoint(path, self.identity, facts, plain)

    def resume(self, path: str | Path) -> None:
        """Continue where `save` was called."""
        read_checkpoint(path, self.identity, self._restore)

    def _restore(self, facts: Facts, tensors: Tensors) -> None:
        self.map, self.best = (
            torch.tensor(tensors[name], device=self.device) for name in ("map", "best")
        )
        self.random.set_state(torch.tensor(tensors["random"]))
        with torch.no_grad():
            for i, layer in enumerate(self.layers):
                layer.copy_(torch.tensor(tensors[f"layer.{i}"]))
        for name in _STATE:
            setattr(self, name, facts[name])
        self.history = [AdversarialEpoch(**epoch) for epoch in facts["history"]]


def toward_orthogonal(W: Tensor, strength: float) -> Tensor:
    """Give ``(1 + b) W - b W W' W``, which moves the singular values of W towards 1.

    Parameters
    ----------
    W : (d, d) tensor
        A map whose singular values are less than ``sqrt((1 + b) / b)``.
    strength : float
        b, in [0, 1).

    References
    ----------
    Cisse et al., "Parseval Networks", ICML 2017; Conneau et al., ICLR 2018, section 3.3.
    """
    return (1 + strength) * W - strength * W @ (W.T @ W)


def _as_precision(name: str | None, device: torch.device) -> torch.dtype:
    """Give bfloat16 where it is wanted, or where the device has instructions for it."""
    if name is not None:
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float32
    has_bfloat16 = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _start(source: Matrix, target: Matrix, settings: AdversarialTraining) -> Matrix:
    if settings.start == "identity":
        return np.eye(source.shape[1], dtype=np.float32)
    axes = [principal_axes(rows[: settings.vocabulary]) for rows in (source, target)]
    return (axes[0] @ axes[1].T).astype(np.float32)


def _nearest_orthogonal(W: Double) -> Matrix:
    with threadpool_limits(limits=1, user_api="blas"):
        U, _, Vt = np.linalg.svd(W)
    nearest: Matrix = (U @ Vt).astype(np.float32)
    return nearest


def _fingerprint(rows: Matrix) -> list[int | str]:
    return [*rows.shape, hashlib.sha256(rows.data).hexdigest()]
