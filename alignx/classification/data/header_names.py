"""Names of columns in headers of labeled texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LABEL_NAMES",
    "LABEL_WORDS",
    "LANGUAGE_NAMES",
    "TEXT_NAMES",
    "TEXT_WORDS",
    "names_a_column",
    "names_one_of",
    "table_header",
]

# The usual names, the first of several in a header before the others.
TEXT_NAMES = ("text", "sentence", "tweet", "review", "document")
LABEL_NAMES = ("label", "category", "class", "sentiment", "topic", "intent")
LANGUAGE_NAMES = ("language", "lang")

_TEXTS = """
text texts sentence sentences utterance utt query question content body message comment title
headline description narrative transcript premise hypothesis input tweet review document doc post
snippet texto frase título contenido descripción mensaje comentario texte phrase titre contenu
satz beschreibung inhalt nachricht kommentar titel bewertung oración testo tekst setning mening
textul zin věta lause mondat metin cümle zdanie κείμενο текст предложение 文本 内容 句子 文章 文
テキスト 텍스트 문장 نص النص جملة טקסט पाठ वाक्य văn bản câu
"""
_LABELS = """
label labels gold target class classes category topic intent tag output answer polarity
sentiment emotion rating stars score etiqueta clase categoría étiquette classe klasse kategorie
etikett thema tema categoria catégorie rótulo etichetta eticheta classificazione etiket kategoria
etykieta třída luokka címke ετικέτα κατηγορία метка класс категория 标签 类别 分类 ラベル カテゴリ
레이블 라벨 카테고리 تصنيف التصنيف תווית लेबल श्रेणी nhãn
"""
_OTHERS = "example instance data type name value id true truth standard x y index idx"
# A name such as "tweet_id" or "label_count" tells about a text or label, and is of none.
_MEASURES = frozenset(["confidence", "count", "date", "lang", "language", "length", "probability"])
_NUMBERS = frozenset(["id", "ids", "index", "number"])  # classes may be numbered
TEXT_WORDS = frozenset(_TEXTS.split())
LABEL_WORDS = frozenset(_LABELS.split())
_KNOWN = TEXT_WORDS | LABEL_WORDS | {*_OTHERS.split(), *LANGUAGE_NAMES}
_LONGEST_NAME = 40
_COMPOUND = re.compile(r"\w[_.]\w|^\S*[a-z][A-Z]\S*$")


def names_a_column(cell: str) -> bool:
    """Recognize names such as "gold_label", "airline_sentiment", "sentence1" and "Text"."""
    if len(cell) > _LONGEST_NAME:
        return False
    parts = _parts(cell)
    known = [part in _KNOWN or part.removesuffix("s") in _KNOWN for part in parts]
    return any(known) and len(parts) <= 3 and (all(known) or bool(_COMPOUND.search(cell)))


def names_one_of(words: Iterable[str], cell: str, *, last: bool = False) -> bool:
    """Find one of the words in a name, or as its last part, which tells the kind.

    Examples
    --------
    >>> names_one_of(LABEL_WORDS, "gold_label"), names_one_of(LABEL_WORDS, "sentence1")
    (True, False)
    """
    parts = _parts(cell)
    if len(parts) > 1 and parts[-1] in (
        _MEASURES if words is LABEL_WORDS else _MEASURES | _NUMBERS
    ):
        return False
    parts = parts[-1:] if last else parts
    return any(part in words or part.removesuffix("s") in words for part in parts)


def table_header(line: str) -> str | None:
    r"""Return the delimiter of a line that names columns, one of them of texts.

    Examples
    --------
    >>> table_header("id\ttext\tlabel"), table_header("the text\tis here"), table_header("id,text")
    ('\t', None, ',')
    """
    for mark in ("\t", ",", ";", "|"):
        cells = [cell.strip("\r").strip('"') for cell in line.split(mark)]
        if len(cells) < 2 or any(re.search(r"\s", cell) for cell in cells):
            continue
        named = [names_a_column(cell) for cell in filter(None, cells)]
        texts = any(names_one_of(TEXT_WORDS, cell) for cell in cells if names_a_column(cell))
        if texts and (all(named) or (mark == "\t" and {*map(str.lower, cells)} & {*TEXT_NAMES})):
            return mark
    return None


def _parts(cell: str) -> list[str]:
    """Split a name at blanks, digits, underscores and capital letters."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell)
    return [part.lower() for part in re.findall(r"[^\s\d_.\-]+", spaced)]
