"""Plausibility checks of guessed text and label columns."""

from __future__ import annotations

import re
from collections import Counter
from statistics import fmean, median
from typing import TYPE_CHECKING

from alignx.classification.data.header_names import names_a_column

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "are_exchanged",
    "likely_columns",
    "require_likely_columns",
    "require_likely_texts",
    "require_no_header",
    "require_prose",
]

_VECTOR = re.compile(r"\S+(\s-?\d*\.?\d+(e-?\d+)?){3,}\s*")
_NEARLY_ALL = 0.9
_MANY = 20
_FEW = 4
_FEWEST_SURE = 8


def likely_columns(columns: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the numbers of the wordiest column and of the least diverse other one, from 1.

    Examples
    --------
    >>> likely_columns([["1", "2", "3"], ["the cat", "a dog", "the sun"], ["a", "a", "b"]])
    (2, 3)
    """
    numbers = range(len(columns))
    text = max(
        numbers, key=lambda number: (_mean_words(columns[number]), sum(map(len, columns[number])))
    )
    others = [number for number in numbers if number != text]

    def diversity(number: int) -> tuple[bool, int, int]:
        size = len(set(columns[number]))
        return size == 1, size, -number  # a constant is no class

    return text + 1, min(others, key=diversity) + 1


def require_likely_columns(texts: Sequence[str], labels: Sequence[str]) -> None:
    """Refuse columns that do not look like texts and labels.

    Raises
    ------
    ValueError
        If labels are longer and more diverse than texts, or nearly all labels are unique texts.

    Examples
    --------
    >>> require_likely_columns(["pets", "pets"], ["the cat sleeps", "a dog barks"])
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: labels must be classes, got 2 different ones, such as 'the cat sleeps', in 2 ...
    """
    if len(set(labels)) == len(labels) >= _FEW and all(map(_is_decimal, labels)):
        raise ValueError(
            f"labels must be classes, got {len(labels)} different numbers, such as {labels[0]}, in "
            "as many lines; round them, or name another column by label_column="
        )
    if are_exchanged(texts, labels):
        raise ValueError(
            f"labels must be classes, got {len(set(labels))} different ones, such as "
            f"{_shown(labels[0])}, in {len(labels)} lines, and texts such as {_shown(texts[0])}; "
            "if columns are the other way round, load with text_column=2 and label_column=1, else "
            "with text_column=1 and label_column=2"
        )
    are_single = max(_mean_words(texts), _mean_words(labels)) < 2
    if are_single and len(set(labels)) == len(labels) >= _MANY:
        raise ValueError(
            f"labels must be classes, got {len(labels)} different ones in as many lines, such as "
            f"{_shown(labels[0])} for {_shown(texts[0])}, as in a dictionary; if each "
            "is a class, load with text_column=1 and label_column=2"
        )


def require_no_header(texts: Sequence[str], others: Sequence[str], labeled: bool) -> None:
    """Refuse a first line that differs from all others as a header does.

    The `others` are labels, or unless `labeled` another column.

    Raises
    ------
    ValueError
        Names the columns.

    Examples
    --------
    >>> require_no_header(["clave", "el sol", "el mar", "la luz"], ["y", "1", "1", "0"], True)
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: the first line, 'clave' and 'y', looks like a header of unknown names; load with ...
    """
    if _is_header(texts, others):
        and_labels = f' and label_column="{others[0].strip()}"' if labeled else ""
        raise ValueError(
            f"the first line, {_shown(texts[0])} and {_shown(others[0])}, looks like a header of "
            f'unknown names; load with text_column="{texts[0].strip()}"{and_labels} if it is one, '
            "else with header=False"
        )


def require_likely_texts(columns: Sequence[Sequence[str]]) -> None:
    """Refuse the first column as texts where another holds longer and more diverse ones.

    Raises
    ------
    ValueError
        Names the column that may be meant.

    Examples
    --------
    >>> require_likely_texts([["1", "2"], ["the cat sleeps", "a dog barks"]])
    Traceback (most recent call last):
        ...
    ValueError: texts are read from the first column, '1', but the next may be meant, \
'the cat sleeps'; load with text_column=2 or text_column=1
    """
    for number, column in enumerate(columns[1:], start=2):
        if are_exchanged(columns[0], column):
            raise ValueError(
                f"texts are read from the first column, {_shown(columns[0][0])}, but "
                f"{'the next' if number == 2 else f'number {number}'} may be meant, "
                f"{_shown(column[0])}; load with text_column={number} or text_column=1"
            )


def require_prose(lines: Sequence[str]) -> None:
    """Refuse lines that are vectors or JSON rather than texts.

    Raises
    ------
    ValueError
        Tells what they are.

    Examples
    --------
    >>> require_prose(["cat 0.1 0.2 0.3", "dog 0.3 0.1 0.4"])
    Traceback (most recent call last):
        ...
    ValueError: a line must be a text, got a word and numbers, 'dog 0.3 0.1 0.4', as in a file of \
vectors; header=False reads them as texts
    """
    if lines[0].strip() in ("{", "["):
        raise ValueError("a line must be a text, got JSON; save an object a line")
    head = [line for line in lines[1:_MANY] if line.strip()]
    if (
        head
        and all(map(_VECTOR.fullmatch, head))
        and len({len(line.split()) for line in head}) == 1
    ):
        raise ValueError(
            f"a line must be a text, got a word and numbers, {_shown(head[0])}, as in a file of "
            "vectors; header=False reads them as texts"
        )


def are_exchanged(texts: Sequence[str], labels: Sequence[str], *, surely: bool = False) -> bool:
    """Compare lengths and diversity of texts and labels; `surely`, if no doubt is left.

    Examples
    --------
    >>> are_exchanged(["spam", "ham"] * 8, [f"text number {n} of all" for n in range(16)])
    True
    """
    if surely and not _are_classes_and_texts(texts, labels):
        return False
    n_texts, n_labels = len(set(texts)), len(set(labels))
    is_longer = fmean(map(len, labels)) > fmean(map(len, texts))
    if is_longer and n_labels > n_texts:
        return True
    if n_texts < n_labels == len(labels) >= _FEW:
        return True  # classes repeat, and texts rarely do
    if len(labels) >= _FEW and n_labels > _NEARLY_ALL * len(labels) and 2 * n_texts <= n_labels:
        return True
    if is_longer and n_labels == n_texts:
        return _mean_words(labels) >= 2 * max(1, _mean_words(texts))
    singles = sum(count == 1 for count in Counter(labels).values())
    are_unique = len(labels) >= _MANY and singles > _NEARLY_ALL * len(labels)
    return are_unique and _mean_words(labels) >= 3


def _are_classes_and_texts(classes: Sequence[str], texts: Sequence[str]) -> bool:
    """Recognize few short values, all of them repeated, beside long ones that rarely are."""
    counts = Counter(map(str.strip, classes))
    return (
        len(classes) >= _FEWEST_SURE
        and 1 < len(counts) <= len(classes) / 4
        and min(counts.values()) > 1
        and "" not in counts
        and max(len(name.split()) for name in counts) <= 4
        and len(set(texts)) > _NEARLY_ALL * len(texts)
        and (
            _mean_words(texts) >= 3 * _mean_words(list(counts))
            or fmean(map(len, texts)) >= 5 * fmean(map(len, counts))  # no blanks in Chinese
        )
    )


def _mean_words(values: Sequence[str]) -> float:
    return fmean(len(value.split()) for value in values)


def _is_header(texts: Sequence[str], labels: Sequence[str]) -> bool:
    """Compare the first line with all others."""
    counts = Counter(labels[1:])
    if not counts or labels[0] in counts:
        return False
    if names_a_column(texts[0]) and names_a_column(labels[0]):
        return True
    if len(labels) > 2 and all(map(_is_number, counts)) and not _is_number(labels[0]):
        return True
    repeated = sum(count for count in counts.values() if count > 1)
    if repeated == len(labels) - 1 >= _FEWEST_SURE and _is_title(texts[0], texts[1:]):
        return True
    return (
        not re.search(r"\S\s+\S", texts[0])
        and repeated >= max(_NEARLY_ALL * (len(labels) - 1), 2)
        and median(len(text.split()) for text in texts[1:]) >= 2
    )


def _is_title(first: str, texts: Sequence[str]) -> bool:
    """Recognize a few words without punctuation, fewer than texts have."""
    is_plain = re.fullmatch(r"[\w ]+", first)
    return bool(is_plain) and len(first.split()) < min(5, median(len(t.split()) for t in texts))


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _is_decimal(label: str) -> bool:
    return bool(re.fullmatch(r"\s*-?\d+[.,]\d+\s*", label))


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:40]}...")
