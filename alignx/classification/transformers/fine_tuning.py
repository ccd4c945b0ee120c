"""Fine-tuning of a pretrained encoder together with a linear head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from alignx.classification.heads import LinearHead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.classification.transformers.encoders import Encoder
    from alignx.support.arrays import Indices

__all__ = ["fine_tune"]

WARM_UP = 0.1  # share of the steps
DECAY = 0.01  # of the weights
MAX_GRADIENT = 1.0


def fine_tune(
    encoder: Encoder,
    texts: Sequence[str],
    numbers: Indices,
    head: LinearHead,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    random_state: int,
) -> LinearHead:
    """Train an encoder, in place, together with a head over its unit rows.

    AdamW raises the learning rate during a tenth of the steps, then lowers it to 0. `head` is the
    start, such as that of the frozen encoder; `numbers` are the classes as its columns.
    """
    device = encoder.device
    weights, bias = (
        torch.tensor(values, device=device, requires_grad=True)
        for values in (head.weights, head.bias)
    )
    targets = torch.from_numpy(numbers).to(device)
    parameters = [*encoder.module.parameters(), weights, bias]
    steps = epochs * -(-len(texts) // batch_size)
    rising = max(1, round(WARM_UP * steps))
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rising, (steps - step) / max(1, steps - rising))
    )
    generator = torch.Generator().manual_seed(random_state)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(random_state)
        encoder.module.train()
        for _ in range(epochs):
            order = torch.randperm(len(texts), generator=generator)
            for chosen in torch.split(order, batch_size):
                optimizer.zero_grad()
                rows = functional.normalize(encoder.embed([texts[row] for row in chosen.tolist()]))
                loss = functional.cross_entropy(rows @ weights + bias, targets[chosen.to(device)])
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT)
                optimizer.step()
                schedule.step()
    return LinearHead(*(values.detach().cpu().numpy() for values in (weights, bias)))
