"""Dictionaries as tables of Apache Arrow, in memory and in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignx.lexicon.formats.content import Content, Format
from alignx.support.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

    from alignx.support.files import StrPath

__all__ = ["ARROW", "table_of"]


def table_of(content: Content) -> pa.Table:
    """Return the columns source and target, and score and probability if known."""
    import pyarrow as pa

    source, target = ([pair[side] for pair in content.pairs] for side in (0, 1))
    columns = {"source": pa.array(source, pa.string()), "target": pa.array(target, pa.string())}
    numbers = {name: pa.array(n, pa.float64()) for name, n in content.numbers.items()}
    return pa.table(columns | numbers)


def _write(path: StrPath, content: Content) -> None:
    from pyarrow import feather, parquet

    write = (
        parquet.write_table if Path(path).suffix.lower() == ".parquet" else feather.write_feather
    )
    with replacing(path, "wb") as file:
        write(table_of(content), file)


ARROW = Format(_write, lambda *_: "", package="pyarrow")
