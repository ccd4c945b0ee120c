"""Choice of the pairs of languages that are compared."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.nearness import nearness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alignx.alignment.shared_space import SharedSpace

__all__ = ["compared_pairs"]


def compared_pairs(
    space: SharedSpace, codes: Sequence[str], n_nearest: int
) -> list[tuple[int, int]]:
    """Choose the pairs of languages to compare, so that their number grows with the languages.

    Each language is compared with its `n_nearest` nearest ones, and with the one that is nearest to
    all, the hub; see `nearness`. With up to ``n_nearest + 1`` languages all pairs are chosen.

    Returns
    -------
    list of (int, int)
        Positions in `codes`, the lower first, sorted.
    """
    pairs = list(combinations(range(len(codes)), 2))
    if len(codes) <= n_nearest + 1:
        return pairs
    near = np.zeros((len(codes), len(codes)))
    for first, second in pairs:
        found = nearness(space[codes[first]], space[codes[second]])
        near[first, second] = near[second, first] = found
    hub = int(near.sum(axis=1).argmax())
    chosen = {(min(hub, at), max(hub, at)) for at in range(len(codes)) if at != hub}
    for at, row in enumerate(near):
        nearest = [other for other in np.argsort(-row, kind="stable").tolist() if other != at]
        chosen |= {(min(at, other), max(at, other)) for other in nearest[:n_nearest]}
    return sorted(chosen)
