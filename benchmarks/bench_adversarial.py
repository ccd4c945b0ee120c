"""Adversarial training against a plain torch loop with the settings of the publication.

A sample is a row in a discriminator step. The loop has a batch of 32 and float32. The preset "muse"
has the same settings; "fast" needs fewer samples, in bfloat16 where the processor has instructions.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

import alignx as ax
from alignx.alignment.unsupervised.adversarial_settings import AdversarialSettings
from alignx.alignment.unsupervised.adversarial_training import train_adversarial
from alignx.vectors.normalizer import Normalizer
from benchmarks.common import data_directory, parser, write

if TYPE_CHECKING:
    from alignx.support.arrays import Matrix

PEER = "torch loop"
VOCABULARY = 75_000
REPEATS = 3


def main() -> None:
    options = parser(__doc__, "adversarial.json")
    options.add_argument("--steps", type=int, default=200, help="map steps of one measurement")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    X, Y = (load(language) for language in ("en", "es"))
    shape = {"n": len(X), "m": len(Y), "d": X.shape[1], "threads": given.threads}
    ours = {
        "muse": AdversarialSettings.preset("muse"),
        "fast": AdversarialSettings.preset("fast"),
        "fast, float32": replace(AdversarialSettings.preset("fast"), precision="float32"),
    }
    rates: dict[str, list[float]] = {name: [] for name in (PEER, *ours)}
    for _ in range(REPEATS):  # in turns, so that a drifting clock affects all alike
        rates[PEER].append(plain_loop(X, Y, given.steps))
        for name, settings in ours.items():
            rates[name].append(alignx_rate(X, Y, settings, given.steps))
    median = {name: statistics.median(values) for name, values in rates.items()}
    rows: list[dict[str, Any]] = [
        {
            "job": "adversarial training" if name == PEER else f"adversarial training, {name}",
            "engine": PEER if name == PEER else "alignx",
            **shape,
            "samples_per_second": value,
            "seconds": 1_000_000 / value,  # of a million samples
            "ratio": value / median[PEER],
        }
        for name, value in median.items()
    ]
    write(given.json, rows, torch=torch.__version__)


def load(language: str) -> Matrix:
    embeddings = ax.load(data_directory() / "vectors" / f"{language}.vec.gz", limit=VOCABULARY)
    return Normalizer().fit_transform(embeddings.vectors)


def alignx_rate(X: Matrix, Y: Matrix, settings: AdversarialSettings, steps: int) -> float:
    """Samples per second of one epoch, without its criterion."""
    short = replace(settings, samples=2 * settings.batch * steps, epochs=1)
    return train_adversarial(X, Y, settings=short).epochs[0].samples_per_second


def plain_loop(X: Matrix, Y: Matrix, steps: int) -> float:
    """Samples per second of a plain loop after the publication."""
    batch, rate, discriminator_steps, beta, smoothing = 32, 0.1, 5, 0.001, 0.1
    source, target = torch.from_numpy(X), torch.from_numpy(Y)
    d = source.shape[1]
    mapping = nn.Linear(d, d, bias=False)
    nn.init.eye_(mapping.weight)
    discriminator = nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(d, 2048),
        nn.LeakyReLU(0.2),
        nn.Linear(2048, 2048),
        nn.LeakyReLU(0.2),
        nn.Linear(2048, 1),
    )
    loss = nn.BCEWithLogitsLoss()
    map_optimizer = torch.optim.SGD(mapping.parameters(), lr=rate)
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=rate)
    labels = torch.cat([torch.full((batch,), 1 - smoothing), torch.full((batch,), smoothing)])

    def draw(rows: torch.Tensor) -> torch.Tensor:
        return rows[torch.randint(len(rows), (batch,))]

    begin = time.perf_counter()
    for _ in range(steps):
        for _ in range(discriminator_steps):
            with torch.no_grad():
                rows = torch.cat([mapping(draw(source)), draw(target)])
            optimizer.zero_grad()
            loss(discriminator(rows)[:, 0], labels).backward()
            optimizer.step()
        map_optimizer.zero_grad()
        # Only the loss of the mapped rows depends on the map, so only they are needed.
        (loss(discriminator(mapping(draw(source)))[:, 0], 1 - labels[:batch]) / 2).backward()
        map_optimizer.step()
        with torch.no_grad():
            W = mapping.weight
            W.copy_((1 + beta) * W - beta * W @ W.T @ W)
    seconds = time.perf_counter() - begin
    assert np.isfinite(mapping.weight.detach().numpy()).all()
    return 2 * batch * discriminator_steps * steps / seconds


if __name__ == "__main__":
    main()
