"""Words in cells: without quotes, annotations and marks, and split where cells list several."""

from __future__ import annotations

import html
import itertools
import json
import re
from typing import TYPE_CHECKING

from alignx.lexicon.comments import is_like_comment
from alignx.lexicon.entries import Entries, is_quoted, quoted, unquoted
from alignx.lexicon.listed import may_be_list, split_lists
from alignx.lexicon.parts_of_speech import is_gender
from alignx.lexicon.table import is_like_item

if TYPE_CHECKING:
    from alignx.lexicon.entries import Notes

__all__ = ["cleaned", "quoted_if_ambiguous"]

_MARKED = re.compile(r'["\[{(</&,\\\N{FULLWIDTH LEFT PARENTHESIS}]')
_LINE_BREAK = re.compile(r"\s*<br ?/?>\s*", re.IGNORECASE)
_FORMULA = re.compile(r'"?="{1,2}([^"]*)"{1,3}')  # of Excel, for texts that look like numbers
_ANNOTATION = re.compile(
    r"\s*(?:\{[^{}]+\}|\[[^\[\]]+\]|<[^<>]+>)\s*"
    r"|(?<=\s)/[^/\s]+/(?=\s|$)"  # a pronunciation
)
_REMARK = re.compile(
    r"\s*(?<!\w)\(([^()]+)\)(?!\w)\s*|(?<=\w\w)\(\w{1,3}\)(?!\w)"
    r"|(?<=[\u3040-\u30ff\u4e00-\u9fff])\([^()]+\)"  # a reading
)
_WIDE_REMARK = re.compile(
    r"\s*\N{FULLWIDTH LEFT PARENTHESIS}[^\N{FULLWIDTH RIGHT PARENTHESIS}]+"
    r"\N{FULLWIDTH RIGHT PARENTHESIS}\s*"
)
_ABBREVIATION = re.compile(r"\w[\w\s,;/-]*\.")
_ARTICLE = re.compile(
    r"(?<=\w), (?:der|die|das|el|la|los|las|le|les|il|lo|het|the|to|-\w{1,4}(?: [mfn]\.?)?"
    r"|(?:n|v|vt|vi|adj|adv|prep|conj|pron)\.)(?:; ?-[^;]*)?$"
    r"|(?<=\w\w)/-?(?:as?|in(?:nen)?)$"  # niño/a
)
_LIST = re.compile(r"\[([^\[\]]*,[^\[\]]*|'[^\[\]]*'|\"[^\[\]]*\")\]")  # of Python and YAML
_WITH_GENDER = re.compile(r"(\w\S*) (?:[mfn]|mf|fm)(?:\.| ?pl\.?)?")
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,8});|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}")
_MARKS = (
    ",;:\N{FULLWIDTH SEMICOLON}\N{IDEOGRAPHIC COMMA}\N{ARABIC SEMICOLON}\N{FULLWIDTH COMMA}"
    "\N{ARABIC COMMA}"
)
_TRAILING = re.compile(rf'(?<=[^\W\d]|")[{_MARKS}]$')
_WRAPPED = re.compile(
    r"'.+'|\u2018.+\u2019|\u201a.+[\u2018\u2019]|“.+”|”.+”|„.+[“”]|«.+»|».+«|\u2039.+\u203a"
    r"|「.+」|『.+』|【.+】|`.+`|\(.+\)"
)
_MOST_MARKED = 0.01  # as in MUSE's dictionaries


def cleaned(entries: Entries, notes: Notes) -> Entries:
    """Reduce cells to words; count all changes.

    A cell in double quotes is a word as it is.
    """
    words = [""] * (2 * len(entries))
    words[::2], words[1::2] = entries.sources, entries.targets
    odd = [i for i, word in enumerate(words) if not word.isalnum()]
    if any(" | " in words[i] and not is_quoted(words[i]) for i in odd if i % 2 == 0):
        split = _without_parallel_lists(entries, notes)
        if len(split) > len(entries):
            return cleaned(split, notes)
    for i in odd:
        if _MARKED.search(words[i]) and not is_quoted(words[i]):
            words[i] = _without_annotations(_decoded(words[i], notes), words[i ^ 1], notes)
    _drop_genders(words, odd, notes)
    _drop_quotes(words, odd, notes)
    _drop_trailing_marks(words, odd, notes)
    parts = split_lists(words, odd, notes)
    for i in odd:
        words[i] = unquoted(words[i])
    if not parts:
        return Entries(entries.lines, words[::2], words[1::2], entries.numbers)
    found = Entries()
    for at, line in enumerate(entries.lines):
        both = (parts.get(i, [words[i]]) for i in (2 * at, 2 * at + 1))
        for source, target in itertools.product(*both):
            found.lines.append(line)
            found.sources.append(unquoted(source))
            found.targets.append(unquoted(target))
            found.numbers.append(entries.numbers[at])
    return found


def _without_parallel_lists(entries: Entries, notes: Notes) -> Entries:
    """Split "Katze | Katzen" and "cat | cats" to a pair for each form, as in files of Ding."""
    found = Entries()
    columns = zip(entries.lines, entries.sources, entries.targets, entries.numbers, strict=True)
    for line, *cells, numbers in columns:
        sources, targets = (cell.split(" | ") for cell in cells)
        if len(sources) != len(targets) or any(map(is_quoted, cells)):
            sources, targets = [cells[0]], [cells[1]]
        notes.count("list of forms", "split", len(sources) > 1)
        found.lines += [line] * len(sources)
        found.sources += map(str.strip, sources)
        found.targets += map(str.strip, targets)
        found.numbers += [numbers] * len(sources)
    return found


def _decoded(word: str, notes: Notes) -> str:
    r"""Decode entities of HTML, and letters as in "caf\u00e9"."""
    if "&" not in word and "\\u" not in word:
        return word
    decoded, n = _ENTITY.subn(lambda found: _character(found[0]), word)
    if decoded != word:
        notes.count("code of a letter", "decoded", n)
    return decoded.strip()


def _character(code: str) -> str:
    return json.loads(f'"{code}"') if code[0] == "\\" else html.unescape(code)


def _without_annotations(word: str, other: str, notes: Notes) -> str:
    """Remove annotations, unless nothing else is there.

    Parentheses are part of the entry if its translation has some too.
    """
    if found := _LIST.fullmatch(word):
        return "; ".join(part.strip(" '\"") for part in found[1].split(","))
    if found := _FORMULA.fullmatch(word):
        return found[1]
    if _LINE_BREAK.search(word) and word[0] != "<":
        word = _LINE_BREAK.sub("; ", word)
    rest, n = _ANNOTATION.subn(" ", word)
    rest, n_wide = (rest, 0) if _WIDE_REMARK.search(other) else _WIDE_REMARK.subn(" ", rest)
    rest, n_articles = _ARTICLE.subn("", rest)
    n += n_articles + n_wide
    if "(" in rest:
        n_before = n
        for found in reversed(list(_REMARK.finditer(rest))):
            inner = found[1] or ""
            if "(" not in other or is_gender(inner) or _ABBREVIATION.fullmatch(inner):
                rest = f"{rest[: found.start()]} {rest[found.end() :]}"
                n += 1
        if n > n_before:
            rest = rest.strip()
    if not n or not any(map(str.isalnum, rest)):
        return word
    notes.count("annotation", "removed", n)
    return " ".join(rest.split(" ")).strip()


def _drop_genders(words: list[str], odd: list[int], notes: Notes) -> None:
    """Remove genders behind nouns, such as "casa f", where a language has several."""
    for side in (0, 1):
        found = {
            i: match[1]
            for i in odd
            if i % 2 == side and " " in words[i] and (match := _WITH_GENDER.fullmatch(words[i]))
        }
        if len(found) > 1 and 20 * len(found) > len(words):
            notes.count("annotation", "removed", len(found))
            for i, word in found.items():
                words[i] = word


def _drop_quotes(words: list[str], odd: list[int], notes: Notes) -> None:
    """Remove quotes of any script, or parentheses, around words, unless they are few."""
    wrapped = {i for i in odd if not words[i][0].isalpha() and _WRAPPED.fullmatch(words[i])}
    n = len(words) // 2
    both = sum(i ^ 1 in wrapped for i in wrapped) // 2
    n_sources = sum(i % 2 == 0 for i in wrapped)
    one = max(n_sources, len(wrapped) - n_sources)
    if 2 * both > n or (one > 1 and 2 * one > n):
        for i in wrapped:
            kind = "parentheses" if words[i][0] == "(" else "quotes"
            notes.count(f"pair of {kind}", "removed")
            words[i] = words[i][1:-1].strip()


def _drop_trailing_marks(words: list[str], odd: list[int], notes: Notes) -> None:
    """Remove the comma of "perro,", unless its translation has one, or few have."""
    ending = [i for i in odd if words[i][-1] in _MARKS and _ends(words[i])]
    ending = [i for i in ending if not _ends(words[i ^ 1])]
    if 2 * len(ending) > _MOST_MARKED * len(words):
        notes.count("mark at the end of a word", "removed", len(ending))
        for i in ending:
            words[i] = words[i][:-1]


def _ends(word: str) -> bool:
    return _TRAILING.search(word) is not None


def quoted_if_ambiguous(word: str) -> str:
    """Quote a word that reading would split or change.

    Examples
    --------
    >>> quoted_if_ambiguous("cat"), quoted_if_ambiguous("well, then")
    ('cat', '"well, then"')
    """
    if word.isalnum():
        return word
    is_changed = (
        is_quoted(word)
        or _ends(word)
        or may_be_list(word)
        or is_like_comment(word)
        or is_like_item(word)
        or any(p.search(word) for p in (_ANNOTATION, _REMARK, _WIDE_REMARK, _ARTICLE, _ENTITY))
        or any(p.fullmatch(word) for p in (_WRAPPED, _WITH_GENDER, _FORMULA))
    )
    return quoted(word) if is_changed else word
