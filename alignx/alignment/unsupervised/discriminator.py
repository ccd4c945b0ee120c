"""Discriminator of mapped source rows and target rows."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Discriminator"]

# Values of the publication and of both presets.
_HIDDEN_LAYERS = 2
_LEAK = 0.2  # slope of the leaky ReLU below zero
_KEPT = 0.9  # share of the inputs after dropout
_SMOOTHING = 0.1  # distance of the labels from 0 and 1


class Discriminator:
    """Network with two hidden layers, trained by gradient descent.

    Attributes
    ----------
    layers : list of Tensor
        Weights and biases in turn, float32.
    """

    def __init__(
        self, dimension: int, hidden: int, precision: torch.dtype, random: torch.Generator
    ) -> None:
        self.precision, self.random = precision, random
        self.layers: list[Tensor] = []
        for inputs, outputs in pairwise([dimension, *[hidden] * _HIDDEN_LAYERS, 1]):
            for shape in (outputs, inputs), (outputs,):
                drawn = torch.rand(shape, generator=random, device=random.device)
                # Uniform within 1 / sqrt(inputs) of 0.
                self.layers.append(((2 * drawn - 1) / math.sqrt(inputs)).requires_grad_())

    def step(self, source: Tensor, target: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """Step against the cross-entropy; return it with the accuracy.

        Parameters
        ----------
        source, target : (batch, d) tensor
            Mapped source rows and target rows.
        rate : float
            Learning rate.
        """
        logits = self._logits(torch.cat([source, target]), self._cast())
        is_source = torch.arange(len(logits), device=logits.device) < len(source)
        labels = torch.where(is_source, 1 - _SMOOTHING, _SMOOTHING)
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        gradients = torch.autograd.grad(loss, self.layers)
        with torch.no_grad():
            for layer, gradient in zip(self.layers, gradients, strict=True):
                layer.sub_(gradient, alpha=rate)
            return loss.detach(), ((logits > 0) == is_source).float().mean()

    def map_loss(self, source: Tensor) -> Tensor:
        """Return the cross-entropy of mapped source rows with the labels of target rows."""
        with torch.no_grad():
            layers = self._cast()
        logits = self._logits(source, layers)
        labels = torch.full_like(logits, _SMOOTHING)
        # Half of the mean are target rows, which do not depend on the map.
        return functional.binary_cross_entropy_with_logits(logits, labels) / 2

    def _logits(self, rows: Tensor, layers: list[Tensor]) -> Tensor:
        draw = torch.rand(rows.shape, generator=self.random, device=rows.device)
        values = rows * ((draw < _KEPT) / _KEPT).to(rows.dtype)
        for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            values = functional.leaky_relu(functional.linear(values, weight, bias), _LEAK)
        return functional.linear(values, layers[-2], layers[-1])[:, 0].float()

    def _cast(self) -> list[Tensor]:
        return [layer.to(self.precision) for layer in self.layers]
