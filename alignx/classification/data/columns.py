"""Columns of texts, labels and languages in a table, by name or number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from alignx.classification.data.header_names import (
    LABEL_NAMES,
    LABEL_WORDS,
    LANGUAGE_NAMES,
    TEXT_NAMES,
    TEXT_WORDS,
    names_a_column,
    names_one_of,
)
from alignx.classification.data.rows import Row, checked_label
from alignx.support.arguments import require_optional, require_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Column", "Columns", "Layout"]

Column: TypeAlias = str | int
"""The name of a column, or its number from 1."""


class Layout(NamedTuple):
    """Positions of the columns from 0, and whether the first line is a header."""

    text: int
    label: int | None
    language: int | None
    is_header: bool

    def __str__(self) -> str:
        parts = ["header skipped" if self.is_header else "no header"]
        found = {"text": self.text, "label": self.label, "language": self.language}
        parts += [f"{name} in column {at + 1}" for name, at in found.items() if at is not None]
        return ", ".join(parts)


@dataclass(frozen=True)
class Columns:
    """Columns of text, label and language, by name or number; None if not given."""

    text: Column | None = None
    label: Column | None = None
    language: Column | None = None
    labeled: bool = True
    header: bool | None = None

    def __post_init__(self) -> None:
        for column in self._given:
            if not isinstance(column, str):
                require_whole(column, "a column that is no name")
        require_optional(self.header, bool, "header")
        if len({type(column) for column in self._given}) > 1:
            raise ValueError(f"columns must be all names or all numbers, got {self._given}")
        if any(isinstance(column, int) and column < 1 for column in self._given):
            raise ValueError(f"columns must be numbered from 1, got {self._given}")
        if len(set(self._given)) < len(self._given):
            raise ValueError(f"columns must differ, got {self._given}")
        if self.have_names and self.header is False:
            raise ValueError(f"columns must have numbers without a header, got {self._given}")

    @property
    def _given(self) -> list[Column]:
        found = (self.text, self.label, self.language)
        return [column for column in found if column is not None]

    @property
    def are_given(self) -> bool:
        """Whether any was given."""
        return bool(self._given)

    @property
    def have_numbers(self) -> bool:
        """Whether they are numbers."""
        return any(isinstance(column, int) for column in self._given)

    @property
    def have_names(self) -> bool:
        """Whether they are names, for a file with header."""
        return any(isinstance(column, str) for column in self._given)

    def keys(self, record: dict[str, Any]) -> tuple[str, str | None]:
        """Find the keys of text and label in a JSON object; raises ValueError."""
        if self.have_numbers:
            raise ValueError("columns of JSON lines have names, got numbers")
        text = _choose(self.text, TEXT_NAMES, TEXT_WORDS, record, "texts")
        if not self.labeled:
            return text, None
        return text, _choose(self.label, LABEL_NAMES, LABEL_WORDS, record, "labels")

    def row(self, record: dict[str, Any] | str) -> Row:
        """Read a JSON object, or a text without label; raises ValueError."""
        if isinstance(record, str):
            if self.labeled:
                raise ValueError(f"an object must hold a text and a label, got {record[:40]!r}")
            return Row(record)
        text_key, label_key = self.keys(record)
        text = record[text_key]
        if text is None:
            raise ValueError("a text is missing, got null; leave the object out")
        if isinstance(text, dict | list):
            raise ValueError(
                "an object must hold one text, got a column of them; save an object for each, such "
                'as by pandas: to_json(orient="records", lines=True)'
            )
        if not isinstance(text, str):
            raise ValueError(f"a text must be a string, got {type(text).__name__}")
        label = None if label_key is None else checked_label(record[label_key])
        if self.language is None and not set(LANGUAGE_NAMES) & record.keys():
            return Row(text, label)
        code = record[_choose(self.language, LANGUAGE_NAMES, (), record, "languages")]
        if not isinstance(code, str | None):
            raise ValueError(f"a language must be a string, got {type(code).__name__}")
        return Row(text, label, code)

    def layout(
        self, first: Sequence[str], second: Sequence[str] = (), likely: tuple[int, int] = (1, 2)
    ) -> Layout:
        """Find the columns by the first line of a table, whose next is `second`.

        Messages suggest the `likely` numbers of texts and labels.

        Raises ValueError.
        """
        fields = [field.strip().strip('"') for field in first]
        fields[0] = fields[0].lstrip("# ") or fields[0]  # a header as a comment
        if self.have_names:
            return self._by_names(fields)
        if self.have_numbers:
            found = self._by_numbers(fields)
            is_header = self.header
            if is_header is None:
                is_header = self._is_known(fields, found) or self._is_header(fields, second)
            return found._replace(is_header=is_header)
        if self.header or (self.header is None and self._is_header(fields, second)):
            return self._by_names(fields)
        return self._by_numbers(fields, likely)

    def _is_header(self, fields: Sequence[str], second: Sequence[str]) -> bool:
        """Recognize a header by a usual name, or by names such as sentence1 and gold_label."""
        usual = {field.lower() for field in fields}
        if usual & {*TEXT_NAMES} and usual & {*LABEL_NAMES}:
            return True
        if {*second} & {*filter(None, fields)}:
            return False  # a class of the next line too
        if usual & {*TEXT_NAMES, *LABEL_NAMES}:
            return True
        named = [field for field in fields if field and names_a_column(field)]
        if 2 * len(named) < len([*filter(None, fields)]) or any(len(f.split()) > 3 for f in fields):
            return False
        wanted = [TEXT_WORDS, LABEL_WORDS] if self.labeled else [TEXT_WORDS]
        return all(any(names_one_of(words, field) for field in fields) for words in wanted)

    def _is_known(self, fields: Sequence[str], found: Layout) -> bool:
        """Recognize a header by the names above the columns with given numbers."""
        chosen = [(found.text, TEXT_WORDS), (found.label, LABEL_WORDS)]
        return all(
            names_a_column(fields[at]) and names_one_of(words, fields[at])
            for at, words in chosen
            if at is not None
        )

    def _by_names(self, fields: Sequence[str]) -> Layout:
        """Find the columns in a header."""
        text = fields.index(_choose(self.text, TEXT_NAMES, TEXT_WORDS, fields, "texts"))
        label = language = None
        if self.labeled:
            label = fields.index(_choose(self.label, LABEL_NAMES, LABEL_WORDS, fields, "labels"))
        if label == text:
            raise ValueError(
                f"texts and labels must be two columns, got one named {fields[text]!r}; delimiter= "
                "names the character between them"
            )
        if self.language is not None or {*LANGUAGE_NAMES} & {field.lower() for field in fields}:
            name = _choose(self.language, LANGUAGE_NAMES, (), fields, "languages")
            language = fields.index(name)
        return Layout(text, label, language, True)

    def _by_numbers(self, fields: Sequence[str], likely: tuple[int, int] = (1, 2)) -> Layout:
        """Find the columns by number; by default text, label, language."""
        width = len(fields)
        if not self.have_numbers and self.labeled and width not in (2, 3):
            raise ValueError(
                "without a header that names texts and labels there must be 2 or 3 columns: "
                f"text, label, language; got {width}"
                + (
                    f"; say which, such as text_column={likely[0]} and label_column={likely[1]}"
                    if width > 3
                    else "; delimiter= names the character between them"
                )
            )
        text, label = self.text, self.label if self.labeled else None
        text = text or (2 if label == 1 else 1)
        if self.labeled:
            label = label or (1 if text == 2 else 2)
        language = self.language or (3 if width == 3 and not self.have_numbers else None)
        numbers = [int(column) for column in (text, label, language) if column is not None]
        if max(numbers) > width:
            raise ValueError(f"a line must have at least {max(numbers)} columns, got {width}")
        others = [None if column is None else int(column) - 1 for column in (label, language)]
        return Layout(int(text) - 1, others[0], others[1], False)


def _choose(
    given: Column | None,
    usual: Sequence[str],
    words: Iterable[str],
    there: Iterable[str],
    what: str,
) -> str:
    """Choose the name of a column: the given one, a usual one, or the only one of such words.

    Case matters only if names differ in case alone.
    """
    names = list(there)
    wanted = usual if given is None else [str(given)]
    of_lower = {name.lower(): name for name in names}
    option = f"{what[:-1]}_column="
    for name in wanted:
        name = name if name in names else of_lower.get(name.lower(), "")
        if names.count(name) > 1:
            raise ValueError(f"names must differ, got {name!r} twice; number it by {option}")
        if name:
            return name
    alike = [name for name in names if given is None and names_one_of(words, name)]
    last = [name for name in alike if names_one_of(words, name, last=True)]
    for found_names in (alike, last):
        if len(found_names) == 1:
            return found_names[0]
    found = ", ".join(map(repr, names[:10]))
    if alike:
        raise ValueError(
            f"there must be one column of {what}, got {' and '.join(map(repr, alike))} among "
            f"{found}; name it by {option}"
        )
    shown = " or ".join(map(repr, wanted[:6]))
    raise ValueError(
        f"there must be a column of {what}, called {shown}, got {found}"
        + (f"; name it by {option}" if given is None else "")
    )
