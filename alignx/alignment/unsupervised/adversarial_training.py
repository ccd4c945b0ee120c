"""Adversarial training of a map against a discriminator."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from alignx.alignment.unsupervised.adversarial_settings import (
    AdversarialEpoch,
    AdversarialResult,
    AdversarialSettings,
)
from alignx.alignment.unsupervised.checkpoint import (
    Facts,
    Tensors,
    read_checkpoint,
    write_checkpoint,
)
from alignx.alignment.unsupervised.discriminator import Discriminator
from alignx.mapping.spectral import principal_axes
from alignx.retrieval.csls import csls_neighbors
from alignx.support.arrays import Double, Matrix, as_rows, require_same_dimension, unit_rows
from alignx.support.config import get_config
from alignx.support.files import require_writable
from alignx.support.torch_device import as_device

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor

    from alignx.support.progress import Log, Progress

__all__ = ["csls_criterion", "toward_orthogonal", "train_adversarial"]

CRITERION_VOCABULARY = 10_000  # of the publication

# Criterion of maps that are not finite: the least mean cosine.
_DIVERGED = -1.0
# Attributes of `_Training` in a checkpoint, besides tensors and history.
_STATE = ("discriminator_rate", "map_rate", "criterion", "drops")


def train_adversarial(
    source: ArrayLike,
    target: ArrayLike,
    *,
    settings: AdversarialSettings | None = None,
    random_state: int = 0,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> AdversarialResult:
    """Learn a map without known pairs by adversarial training.

    Alternates between two steps: the discriminator minimizes its cross-entropy on mapped source
    rows and target rows, and the map minimizes the same with exchanged labels. Training may fail:
    the criterion is then low, and another seed may succeed.

    Parameters
    ----------
    source, target : (n, d) float32, (m, d) float32
        Unit rows, centered, most frequent first.
    settings : AdversarialSettings, optional
        Schedule of training. Default: the preset ``"fast"``.
    random_state : int
        Seed of initial weights, samples and dropout, at least 0.
    checkpoint : path, optional
        A ``.safetensors`` file, replaced after each epoch. If it exists, training continues from
        it and ends with the same map as without interruption.
    progress, log : callable, optional
        Called with the fraction done, and after each epoch with its figures.

    References
    ----------
    Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, sections 2.1 and
    3.1 to 3.3.
    """
    settings = AdversarialSettings() if settings is None else settings
    X, Y = as_rows(source, "source"), as_rows(target, "target")
    require_same_dimension(X, Y, "source and target")
    if min(len(X), len(Y)) < 2:
        raise ValueError(f"source and target must have at least 2 rows, got {len(X)} and {len(Y)}")
    if random_state < 0:
        raise ValueError(f"random_state must be at least 0, got {random_state}")
    training = _Training(X, Y, settings, random_state, as_device(get_config().device or "cpu"))
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
    """State of a training; `save` and `resume` cover all of it."""

    def __init__(
        self,
        source: Matrix,
        target: Matrix,
        settings: AdversarialSettings,
        random_state: int,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.source, self.target = source, target
        self.device = device
        self.precision = _as_precision(settings.precision, device)
        self.identity: Facts = {
            "settings": asdict(settings),
            "random_state": random_state,
            "source": _fingerprint(source),
            "target": _fingerprint(target),
            "device": device.type,
            "precision": str(self.precision),
        }
        self.random = torch.Generator(device).manual_seed(random_state)
        self.rows = [self._upload(rows) for rows in (source, target)]
        self.map = torch.tensor(_initial_map(source, target, settings), device=device)
        self.best = self.map.clone()
        self.discriminator = Discriminator(
            source.shape[1], settings.hidden, self.precision, self.random
        )
        self.discriminator_rate = settings.discriminator_rate
        self.map_rate = settings.map_rate
        self.criterion = _DIVERGED
        self.drops = 0
        self.history: list[AdversarialEpoch] = []

    @property
    def is_done(self) -> bool:
        """Whether the last epoch, the patience or divergence was reached."""
        criteria = [epoch.criterion for epoch in self.history]
        if _DIVERGED in criteria:
            return True
        waited = len(criteria) - 1 - int(np.argmax(criteria)) if criteria else 0
        return len(criteria) == self.settings.epochs or waited >= self.settings.patience

    def _upload(self, rows: Matrix) -> Tensor:
        frequent = unit_rows(rows[: self.settings.vocabulary]) * np.float32(self.settings.scale)
        return torch.tensor(frequent, device=self.device).to(self.precision)

    def _sample(self, rows: Tensor) -> Tensor:
        size = (self.settings.batch,)
        return rows[torch.randint(len(rows), size, generator=self.random, device=self.device)]

    def epoch(self, progress: Progress | None) -> AdversarialEpoch:
        """Train for one epoch and keep its map if it is the best."""
        settings, begin = self.settings, time.perf_counter()
        steps = max(1, settings.samples // (2 * settings.batch))
        loss = torch.zeros((), device=self.device)
        right = torch.zeros((), device=self.device)
        total = torch.zeros_like(self.map, dtype=torch.float64)
        for step in range(steps):
            if progress is not None:
                progress((len(self.history) + step / steps) / settings.epochs)
            for _ in range(settings.discriminator_steps):
                source = self._sample(self.rows[0]) @ self.map.to(self.precision)
                step_loss, accuracy = self.discriminator.step(
                    source, self._sample(self.rows[1]), self.discriminator_rate
                )
                loss += step_loss
                right += accuracy
            self._map_step()
            if settings.averaging:
                total += self.map
        count = steps * settings.discriminator_steps
        seconds = time.perf_counter() - begin
        criterion = self._keep_if_best(total if settings.averaging else self.map)
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

    def _map_step(self) -> None:
        """Step against the cross-entropy with exchanged labels, then orthogonalize."""
        W = self.map.requires_grad_()
        loss = self.discriminator.map_loss(self._sample(self.rows[0]) @ W.to(self.precision))
        (gradient,) = torch.autograd.grad(loss, W)
        with torch.no_grad():
            self.map = toward_orthogonal(W - self.map_rate * gradient, self.settings.orthogonality)

    def _keep_if_best(self, candidate: Tensor) -> float:
        """Return the criterion of a map, which is kept if it is the best."""
        if not torch.isfinite(candidate).all():
            return _DIVERGED
        W = candidate.detach().cpu().numpy()
        if self.settings.averaging:
            W = _nearest_orthogonal(W)
        value = csls_criterion(self.source[:CRITERION_VOCABULARY] @ W, self.target)
        if value > self.criterion:
            self.criterion, self.best = value, torch.tensor(W, device=self.device)
        return value

    def _slow_down(self, criterion: float) -> None:
        """Lower the learning rates; from the second drop on halve that of the map."""
        self.discriminator_rate *= self.settings.decay
        self.map_rate *= self.settings.decay
        if self.history and criterion < self.history[-1].criterion:
            self.drops += 1
            if self.drops >= 2:
                self.map_rate /= 2

    def save(self, path: str | Path) -> None:
        """Write a checkpoint."""
        tensors = {"map": self.map, "best": self.best, "random": self.random.get_state()}
        tensors |= {f"layer.{i}": layer for i, layer in enumerate(self.discriminator.layers)}
        facts = {name: getattr(self, name) for name in _STATE}
        facts["history"] = [asdict(epoch) for epoch in self.history]
        plain = {
            name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()
        }
        write_checkpoint(path, self.identity, facts, plain)

    def resume(self, path: str | Path) -> None:
        """Continue from a checkpoint."""
        read_checkpoint(path, self.identity, self._restore)

    def _restore(self, facts: Facts, tensors: Tensors) -> None:
        self.map, self.best = (
            torch.tensor(tensors[name], device=self.device) for name in ("map", "best")
        )
        self.random.set_state(torch.tensor(tensors["random"]))
        with torch.no_grad():
            for i, layer in enumerate(self.discriminator.layers):
                layer.copy_(torch.tensor(tensors[f"layer.{i}"]))
        for name in _STATE:
            setattr(self, name, facts[name])
        self.history = [AdversarialEpoch(**epoch) for epoch in facts["history"]]


def csls_criterion(mapped: Matrix, target: Matrix, vocabulary: int = CRITERION_VOCABULARY) -> float:
    """Return the mean cosine of frequent source words to their best targets by CSLS."""
    X, Y = unit_rows(mapped[:vocabulary]), unit_rows(target[:vocabulary])
    found = csls_neighbors(X, Y, 1, n_neighbors=min(10, len(X), len(Y))).of_source
    return float(np.einsum("ij,ij->i", X, Y[found.indices[:, 0]], dtype=np.float64).mean())


def toward_orthogonal(W: Tensor, strength: float) -> Tensor:
    """Return ``(1 + b) W - b W W' W``, with singular values nearer to 1.

    See Cisse et al., "Parseval Networks", ICML 2017; Conneau et al., ICLR 2018, section 3.3.
    """
    return (1 + strength) * W - strength * W @ (W.T @ W)


def _as_precision(name: str | None, device: torch.device) -> torch.dtype:
    """Return bfloat16 if named, or if not and the device has instructions for it."""
    if name is not None:
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float32
    has_bfloat16 = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _initial_map(source: Matrix, target: Matrix, settings: AdversarialSettings) -> Matrix:
    if settings.initial_map == "identity":
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
