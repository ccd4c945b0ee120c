"""Plausibility checks of guessed text and label columns."""

from __future__ import annotations

import re
from collections import Counter
from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["require_likely_columns", "require_likely_texts"]

# Words of headers, besides the known names of columns.
_HEADER_WORDS = """
    text texts sentence sentences utterance query question content body message comment title
    headline description premise input tweet review document doc post snippet example instance data
    label labels gold target class classes category topic intent tag output answer polarity
    sentiment rating stars score type name value id true truth standard x y lang language
    texto frase etiqueta clase categoría texte phrase étiquette classe satz klasse kategorie etikett
    thema kommentar titel oración tema categoria categorie catégorie rótulo comentario testo
    etichetta classificazione tekst zin metin cümle etiket zdanie kategoria etykieta
    текст предложение метка класс категория 文本 内容 句子 标签 类别 分类 文章 文 ラベル テキスト
    カテゴリ 텍스트 문장 레이블 라벨 카테고리 نص النص جملة تصنيف التصنيف पाठ वाक्य लेबल श्रेणी
    văn bản nhãn câu
"""
_HEADER = frozenset(_HEADER_WORDS.split())
_NEARLY_ALL = 0.9
_MANY = 20
_FEW = 4
_LONGEST_NAME = 40


def require_likely_columns(texts: Sequence[str], labels: Sequence[str]) -> None:
    """Refuse columns that do not look like texts and labels.

    Raises
    ------
    ValueError
        If labels are longer and more diverse than texts, nearly all labels are unique texts, or
        the first line differs from all others as a header does.

    Examples
    --------
    >>> require_likely_columns(["pets", "pets"], ["the cat sleeps", "a dog barks"])
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: labels must be classes, got 2 different ones, such as 'the cat sleeps', in 2 ...
    """
    if _are_exchanged(texts, labels):
        raise ValueError(
            f"labels must be classes, got {len(set(labels))} different ones, such as "
            f"{_shown(labels[0])}, in {len(labels)} lines, and texts such as {_shown(texts[0])}; "
            "if columns are the other way round, load with text_column=2 and label_column=1, else "
            "with text_column=1 and label_column=2"
        )
    if _is_header(texts, labels):
        raise ValueError(
            f"the first line, {_shown(texts[0])} and {_shown(labels[0])}, looks like a header of "
            f'unknown names; load with text_column="{texts[0].strip()}" and '
            f'label_column="{labels[0]}" if it is one, else with text_column=1 and label_column=2'
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
    if len(columns) > 1 and all(_names_a_column(column[0]) for column in columns[:2]):
        raise ValueError(
            f"the first line, {_shown(columns[0][0])} and {_shown(columns[1][0])}, looks like a "
            f'header of unknown names; load with text_column="{columns[0][0].strip()}" if it is '
            "one, else with text_column=1"
        )
    for number, column in enumerate(columns[1:], start=2):
        if _are_exchanged(columns[0], column):
            raise ValueError(
                f"texts are read from the first column, {_shown(columns[0][0])}, but "
                f"{'the next' if number == 2 else f'number {number}'} may be meant, "
                f"{_shown(column[0])}; load with text_column={number} or text_column=1"
            )


def _are_exchanged(texts: Sequence[str], labels: Sequence[str]) -> bool:
    """Compare lengths and diversity of texts and labels."""
    n_texts, n_labels = len(set(texts)), len(set(labels))
    is_longer = fmean(map(len, labels)) > fmean(map(len, texts))
    if is_longer and n_labels > n_texts:
        return True
    if len(labels) >= _FEW and n_labels > _NEARLY_ALL * len(labels) and 2 * n_texts <= n_labels:
        return True
    if is_longer and n_labels == n_texts:
        return _mean_words(labels) >= 2 * max(1, _mean_words(texts))
    singles = sum(count == 1 for count in Counter(labels).values())
    are_unique = len(labels) >= _MANY and singles > _NEARLY_ALL * len(labels)
    return are_unique and _mean_words(labels) >= 3


def _mean_words(values: Sequence[str]) -> float:
    return fmean(len(value.split()) for value in values)


def _is_header(texts: Sequence[str], labels: Sequence[str]) -> bool:
    """Compare the first line with all others."""
    counts = Counter(labels[1:])
    if not counts or labels[0] in counts:
        return False
    if _names_a_column(texts[0]) and _names_a_column(labels[0]):
        return True
    if len(labels) > 2 and all(map(_is_number, counts)) and not _is_number(labels[0]):
        return True
    repeated = sum(count for count in counts.values() if count > 1)
    return (
        not re.search(r"\S\s+\S", texts[0])
        and repeated >= max(_NEARLY_ALL * (len(labels) - 1), 2)
        and median(len(text.split()) for text in texts[1:]) >= 2
    )


def _names_a_column(cell: str) -> bool:
    """Recognize names such as "gold_label", "airline_sentiment", "sentence1" and "Text"."""
    if len(cell) > _LONGEST_NAME:
        return False
    parts = re.findall(r"[^\s\d_.\-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell))
    known = [part.lower() in _HEADER for part in parts]
    return any(known) and len(parts) <= 3 and (all(known) or re.search(r"\w_\w", cell) is not None)


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:40]}...")
