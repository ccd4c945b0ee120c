"""Vectors as text: a word and its numbers a line.

One block of the file is parsed by all threads while a helper thread reads the next. Rows go
straight into the final matrix.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING

from alignx import _core
from alignx.errors import FormatError
from alignx.vectors.text.blocks import whole_lines
from alignx.vectors.text.layout import TextLayout
from alignx.vectors.text.rows import TextRows
from alignx.vectors.word_blocks import word_blocks

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from alignx.support.arrays import LazyRows
    from alignx.vectors.embeddings import Embeddings
    from alignx.vectors.load_options import LoadOptions
    from alignx.vectors.vector_stream import VectorStream

__all__ = ["read_text", "write_text"]

BLOCK_SIZE = 4 << 20


def read_text(
    stream: VectorStream, path: str, options: LoadOptions, *, block_size: int = BLOCK_SIZE
) -> Embeddings:
    r"""Read vectors from a stream of text, called `path` in messages.

    `block_size` bytes are parsed at once; peak memory is the matrix, the words, two blocks and the
    rows of one.

    Raises
    ------
    FormatError
        At the first malformed line, or if the file holds something else.

    Examples
    --------
    >>> import io
    >>> from alignx.vectors.load_options import LoadOptions
    >>> from alignx.vectors.vector_stream import VectorStream
    >>> file = io.BufferedReader(io.BytesIO(b"2 3\ncat 1 0 0\ndog 0 1 0\n"))
    >>> read_text(VectorStream(file, "en.vec"), "en.vec", LoadOptions()).words
    ('cat', 'dog')
    """
    progress = options.progress or (lambda _: None)
    with contextlib.closing(_read_ahead(whole_lines(stream, path, block_size))) as blocks:
        block = next(blocks, memoryview(b""))
        layout = TextLayout.of(bytes(block), path)
        reader = TextRows(path, options, layout, stream.size)
        block = block[layout.start :]
        while block:
            reader.add(block)
            if reader.is_full:
                break
            if fraction := stream.fraction:
                progress(fraction)
            block = next(blocks, memoryview(b""))
    found = reader.embeddings()
    progress(1.0)
    return found


def write_text(
    file: IO[bytes],
    path: str,
    embeddings: Embeddings,
    decimals: int | None,
    rows: LazyRows | None = None,
) -> None:
    """Write word2vec text with a header.

    The parameters are those of `alignx.save`.

    Raises
    ------
    FormatError
        If a word contains a space or a tab, which separate fields.
    """
    split = next((word for word in embeddings.words if " " in word or "\t" in word), None)
    if split is not None:
        raise FormatError(
            path,
            f"other programs would split a word with a space or tab, got {split!r}; "
            "write .npz, .npy or .safetensors",
        )
    dimension, blocks = word_blocks(embeddings, rows)
    file.write(f"{len(embeddings)} {dimension}\n".encode())
    for words, block in blocks:
        file.write(_core.format_vectors(words, block, decimals))


def _read_ahead(blocks: Iterator[memoryview]) -> Generator[memoryview]:
    """Yield blocks while a thread reads the next."""
    with ThreadPoolExecutor(max_workers=1) as helper:
        pending = helper.submit(next, blocks, None)
        while block := pending.result():
            pending = helper.submit(next, blocks, None)
            yield block
