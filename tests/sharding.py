"""Sharded induction with plain arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignx.induction.lazy_space import LazySpace
from alignx.induction.pair_selection import PairSelection
from alignx.induction.sharded.induce import induce_sharded
from alignx.induction.sharded.plan import Sharding

if TYPE_CHECKING:
    from pathlib import Path

    from alignx.alignment.alignment import Alignment
    from alignx.induction.sharded.induce import ShardedInduction
    from alignx.vectors.embeddings import Embeddings

CALL = ("n_neighbors", "progress", "log")
SELECTION = ("k", "mutual", "exclude")


def induce_in_folder(
    alignment: Alignment | None,
    source: Embeddings,
    target: Embeddings,
    folder: Path,
    *,
    reverse: bool = False,
    **options: Any,  # noqa: ANN401  # of three functions
) -> ShardedInduction:
    """Induce a lexicon with a checkpoint folder."""
    call = {name: options.pop(name) for name in CALL if name in options}
    selection = PairSelection(**{name: options.pop(name) for name in SELECTION if name in options})
    space = LazySpace(source, target, alignment)
    space = space.reversed() if reverse else space
    return induce_sharded(space, selection, Sharding(checkpoint=folder, **options), **call)
