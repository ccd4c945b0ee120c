"""Texts from a stream: lines as they arrive, JSON lines, or a whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from alignx.classification.data.columns import Columns
from alignx.classification.data.header_names import table_header
from alignx.classification.data.line_formats import (
    is_fasttext,
    json_object,
    looks_like_json,
    require_no_page,
)
from alignx.classification.data.text_table import TextTable
from alignx.errors import FormatError
from alignx.support.text_files import stream_lines

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from alignx.classification.data.columns import Column

__all__ = ["TextBlock", "read_table", "read_texts"]


class TextBlock(NamedTuple):
    """Texts that arrived together, with their languages as far as the lines name them.

    `records` are the JSON objects of the lines, `replaced` counts lines with invalid UTF-8.
    """

    texts: list[str]
    languages: list[str | None]
    records: list[dict[str, Any]]
    replaced: int


def read_table(
    stream: io.BufferedIOBase,
    name: str,
    *,
    text_column: Column | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> tuple[TextBlock, list[str]]:
    """Read all texts of a stream in any format of `alignx.LabeledTexts.load`, without labels.

    Returns
    -------
    texts : TextBlock
        Texts, with languages if a column of the table names them.
    notes : list of str
        Format and columns.

    Raises
    ------
    FormatError
        If the stream holds no text, or a line is malformed.
    """
    columns = Columns(text=text_column, labeled=False, header=header)
    blocks = stream_lines(stream, name, "a file of texts", lenient=True)
    read = TextTable(name, (line for block in blocks for line in block), columns, delimiter)
    texts, languages = [row.text for row in read.rows], [row.language for row in read.rows]
    return TextBlock(texts, languages, [], read.replaced), read.notes


def read_texts(
    stream: io.BufferedIOBase,
    *,
    json_lines: bool = False,
    text_column: Column | None = None,
    languages: Sequence[str] | None = None,
    need_language: bool = False,
    name: str = "standard input",
) -> Iterator[TextBlock]:
    r"""Read texts from a stream in blocks of the lines that have arrived, without waiting for more.

    Parameters
    ----------
    stream : buffered binary file
        Stream, such as a pipe, with lines of any length.
    json_lines : bool
        Whether each line is a JSON object, with a text and perhaps a language under the names of
        `LabeledTexts.load`; otherwise it is a text. Blank lines of JSON are left out.
    text_column : str, optional
        Name of the text in a JSON object.
    languages : sequence of str, optional
        Allowed codes; any unless given.
    need_language : bool
        Whether each JSON line must have a language.
    name : str
        Name of the stream in messages.

    Yields
    ------
    TextBlock
        At least one text.

    Raises
    ------
    FormatError
        At a malformed line, after the texts before it, or if the first line of texts is a JSON
        object or the header of a table; names the line.

    Examples
    --------
    >>> import io
    >>> [block.texts for block in read_texts(io.BytesIO(b"one\r\n\ntwo"))]
    [['one', ''], ['two']]
    """
    columns = Columns(text=text_column, labeled=False)
    for lines in stream_lines(stream, name, "texts", lenient=True):
        block = TextBlock([], [], [], 0)
        problem = None
        for number, line, is_replaced in lines:
            try:
                if json_lines:
                    _enter(block, line, columns, languages, need_language)
                else:
                    if number == 1:
                        _refuse_other_formats(line)
                    block.texts.append(line)
                    block.languages.append(None)
            except ValueError as error:
                problem = FormatError(name, str(error), number)
                break
            block = block._replace(replaced=block.replaced + is_replaced)
        if block.texts:
            yield block
        if problem is not None:
            raise problem


def _refuse_other_formats(first: str) -> None:
    """Refuse JSON and tables, which would be classified with their names and marks."""
    if looks_like_json(first):
        raise ValueError("a line must be a text, got a JSON object; --json reads JSON lines")
    require_no_page(first)
    if is_fasttext(first):
        raise ValueError("a line must be a text, got a label of fastText too; name the file by -i")
    if first.startswith('"') and '","' in first:
        raise ValueError(
            f"a line must be a text, got a table, {first[:60]!r}; --text-column 1 reads its first "
            "column"
        )
    if table_header(first):
        raise ValueError(
            f"a line must be a text, got names of columns, {first[:60]!r}; --header reads a table, "
            "and --text-column chooses among its columns"
        )


def _enter(
    block: TextBlock,
    line: str,
    columns: Columns,
    languages: Sequence[str] | None,
    need_language: bool,
) -> None:
    """Add a JSON object to a block."""
    if not line.strip(" "):
        return
    record = json_object(line)
    row = columns.row(record)
    if row.language and languages is not None and row.language not in languages:
        raise ValueError(f"a language must be one of {', '.join(languages)}, got {row.language!r}")
    if need_language and not row.language:
        raise ValueError(
            'a line must say its language, such as "language": "es", got none; --language names '
            "it for all lines"
        )
    block.texts.append(row.text)
    block.languages.append(row.language)
    block.records.append(record)
