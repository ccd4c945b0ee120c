"""Normalized words of a language, without those that have no vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.errors import AlignxError
from alignx.support.arguments import require_ordered
from alignx.support.arrays import freeze
from alignx.vectors.normalizer import LINEAR, STANDARD, Normalizer, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from alignx.support.arrays import Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["normalized", "steps_of"]


def steps_of(normalize: Sequence[Step] | Literal["linear"] | None) -> tuple[Sequence[Step], bool]:
    """Return the steps of normalization, and whether the map must be linear."""
    if normalize is None:
        return STANDARD, False
    if isinstance(normalize, str):
        if normalize != "linear":
            raise ValueError(
                f"normalize must be a sequence of steps or 'linear', got {normalize!r}"
            )
        return LINEAR, True
    require_ordered(normalize, "normalize")
    return tuple(normalize), False


def normalized(
    embeddings: Embeddings, steps: Sequence[Step], name: str
) -> tuple[Normalizer, Embeddings]:
    """Normalize a language, and leave out words without a vector.

    Raises
    ------
    AlignxError
        If no word has a vector, before or after; says `name` where the vectors have no source.
    """
    normalizer = Normalizer(steps=tuple(steps))
    rows = normalizer.fit_transform(embeddings.vectors)
    words = embeddings.with_vectors(freeze(rows)).without_zero_rows()
    if not len(words):
        n = len(embeddings)
        found = "its only vector is" if n == 1 else f"all {n:,} vectors are"
        raise AlignxError(
            f"a language must have words with a vector, got {embeddings.source or name}: "
            f"{found} {_why_zero(embeddings.vectors, steps)}"
        )
    return normalizer, words


def _why_zero(vectors: Matrix, steps: Sequence[Step]) -> str:
    """Return the reason for vectors of which normalization leaves nothing."""
    if not vectors.any():
        return "zero"
    done = f"zero after normalization ({', '.join(steps) or 'none'})"
    return f"equal, and {done}" if len(vectors) > 1 and (vectors == vectors[0]).all() else done
