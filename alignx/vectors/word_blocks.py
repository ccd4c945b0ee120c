"""Blocks of words and rows, as the writers of all formats take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.support.arrays import row_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alignx.support.arrays import LazyRows, Matrix
    from alignx.vectors.embeddings import Embeddings

__all__ = ["word_blocks"]


def word_blocks(
    embeddings: Embeddings, rows: LazyRows | None
) -> tuple[int, Iterator[tuple[Sequence[str], Matrix]]]:
    """Return the dimension of the rows to write, and blocks of words with theirs.

    The parameters are those of `alignx.save`: `rows` are written in place of the vectors.
    """

    def blocks() -> Iterator[tuple[Sequence[str], Matrix]]:
        start = 0
        for block in row_blocks(embeddings.vectors) if rows is None else rows.blocks():
            yield embeddings.words[start : start + len(block)], block
            start += len(block)

    return embeddings.dimension if rows is None else rows.dimension, blocks()
