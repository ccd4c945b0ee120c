"""Recognition of a header with the names of columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.lexicon.entries import is_number
from alignx.lexicon.parts_of_speech import is_part_of_speech

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alignx.lexicon.entries import Kind

__all__ = ["are_column_names", "is_header", "named_words"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COLUMNS = _words(
    "source src target tgt trg translation word term lemma from to language lang l front back "
    "headword gloss meaning definition equivalent key value question answer native foreign"
)
_WORDS_OF_NAMES = _words("word words term language lang side text entry column")
# Column names by language; two of one language are no translations of each other.
_NAMES = [
    _COLUMNS
    | _words(
        "english spanish german french italian portuguese dutch russian chinese japanese korean "
        "arabic turkish polish czech swedish danish norwegian finnish hungarian romanian greek "
        "hebrew hindi ukrainian bulgarian croatian serbian slovak slovenian catalan vietnamese "
        "indonesian persian thai latin"
    ),
    _words(
        "origen destino palabra traducción español inglés alemán francés italiano portugués "
        "catalán ruso chino"
    ),
    _words(
        "quelle ziel wort übersetzung deutsch englisch spanisch französisch italienisch "
        "portugiesisch russisch chinesisch"
    ),
    _words(  # languages by their own names
        "english español deutsch français italiano português nederlands русский українська "
        "中文 日本語 한국어 العربية فارسی עברית हिन्दी türkçe polski čeština slovenčina svenska "
        "dansk norsk suomi magyar română ελληνικά български català euskara galego"
    ),
    _words("cible mot traduction français anglais espagnol allemand italien portugais"),
    _words("parola traduzione italiano inglese spagnolo tedesco francese portoghese"),
    _words("palavra tradução português inglês espanhol alemão francês italiano"),
    _words("woord vertaling nederlands engels spaans duits frans italiaans"),
    _words("слово перевод русский английский испанский немецкий французский китайский"),
    _words("слово переклад українська англійська німецька російська польська"),
    _words("słowo tłumaczenie polski angielski hiszpański niemiecki francuski rosyjski"),
    _words("kelime çeviri anlam türkçe ingilizce almanca fransızca ispanyolca arapça"),  # noqa: RUF001
    _words("词 词语 单词 单字 翻译 释义 中文 汉语 英文 英语 西班牙语 法语 德语 日语 俄语"),
    _words("詞 詞語 單詞 單字 翻譯 釋義 中文 漢語 英文 英語 西班牙語 法語 德語 日語 俄語"),
    _words("単語 翻訳 訳 意味 日本語 英語 中国語 韓国語 スペイン語 フランス語 ドイツ語"),
    _words("단어 번역 뜻 한국어 영어 중국어 일본어 스페인어 프랑스어 독일어"),
    _words("كلمة الكلمة ترجمة الترجمة المعنى العربية الإنجليزية الفرنسية الإسبانية الألمانية"),
    _words("واژه ترجمه معنی فارسی انگلیسی"),
    _words("מילה תרגום עברית אנגלית"),
    _words("शब्द अनुवाद अर्थ हिन्दी हिंदी अंग्रेज़ी अंग्रेजी"),
]
# Codes that are everyday words of English, such as "is" and "no", are left out.
_CODES = _words(
    "en es de fr it pt nl sv da fi pl cs ru uk bg ro hu el tr ar fa hi zh ja ko vi ca eu gl sk hr "
    "sr lv lt eng spa deu ger fra fre ita por nld rus zho jpn kor ara tur pol ces"
)
# German "es" is "it", and Spanish "el" is "he".
_TRANSLATIONS = {"es", "it"}, {"el", "he"}
_REGIONAL = re.compile(r"[a-z]{2,3}[-_]([a-z]{2}|[a-z]{4}|\d{3})")  # pt-BR, zh_Hans, eng-000
_AROUND = re.compile(r"^[#%\s]+|\s*[(\[][^()\[\]]*[)\]]\s*$|\s+$")  # "# English (US)"
_EXPECTED: dict[Kind, Callable[[str], bool]] = {
    "numbers": lambda cell: any(map(str.isdigit, cell)) or is_number(cell),  # "1 234"
    "parts of speech": is_part_of_speech,
}


def is_header(first: Sequence[str], words: Sequence[int], kinds: Sequence[Kind]) -> bool:
    """Return True if the first row names columns.

    `words` are the places of the words, and `kinds` what the other rows hold in each column.

    Examples
    --------
    >>> is_header(["mot", "wort", "score"], [0, 1], ["words", "words", "numbers"])
    True
    """
    if max(words[:2]) >= len(first):
        return False
    others = [(first[place], kind) for place, kind in enumerate(kinds[: len(first)])]
    others = [(cell, kind) for cell, kind in others if cell and kind in _EXPECTED]
    if any(kind == "numbers" and is_number(cell) for cell, kind in others):
        return False
    # A name over numbers or parts of speech tells as well.
    return are_column_names(first[words[0]], first[words[1]]) or any(
        not _EXPECTED[kind](cell) for cell, kind in others
    )


def named_words(names: Sequence[str]) -> list[int]:
    """Return the places of the only two names of words, or none.

    Examples
    --------
    >>> named_words(["id", "English", "Spanish", "example"])
    [1, 2]
    """
    cells = [_cleaned(name) for name in names]
    for known in (*_NAMES, _CODES):
        found = [place for place, cell in enumerate(cells) if _is_name(cell, known)]
        if len(found) == 2 and cells[found[0]] != cells[found[1]]:
            return found
    return []


def are_column_names(source: str, target: str) -> bool:
    """Return True for two names of columns, False for translations."""
    first, second = _cleaned(source), _cleaned(target)
    if first == second:
        return False
    if {first, second} <= _CODES:
        return {first, second} not in _TRANSLATIONS
    return any(_is_name(first, names) and _is_name(second, names) for names in _NAMES)


def _cleaned(name: str) -> str:
    """Lower-case a name; drop remarks, and the region or the number of a language code."""
    name = _AROUND.sub("", name).lower()
    return name[:3].rstrip("-_") if _REGIONAL.fullmatch(name) else name


def _is_name(cell: str, names: frozenset[str]) -> bool:
    """Recognize names such as "source", "source_word", "word 1" and "en_word"."""
    parts = [part for part in re.split(r"[\s_\-.]+|(?<=\D)(?=\d+$)", cell) if part]
    if len(parts) == 1:
        return parts[0] in names
    known = names | _WORDS_OF_NAMES | _CODES | {"1", "2"}
    return len(parts) == 2 and not names.isdisjoint(parts) and known.issuperset(parts)
