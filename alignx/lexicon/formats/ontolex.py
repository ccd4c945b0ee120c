"""Dictionaries as linked data: OntoLex-Lemon in Turtle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from alignx.lexicon.formats.content import Content, Format
from alignx.support.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alignx.support.files import StrPath

__all__ = ["ONTOLEX"]

_PREFIXES = {
    "lexinfo": "http://www.lexinfo.net/ontology/3.0/lexinfo#",
    "lime": "http://www.w3.org/ns/lemon/lime#",
    "ontolex": "http://www.w3.org/ns/lemon/ontolex#",
    "vartrans": "http://www.w3.org/ns/lemon/vartrans#",
}


def _write(path: StrPath, content: Content) -> None:
    """Write a lexicon for each language, and a translation for each pair.

    A translation relates senses, one for each pair and side; its confidence is the probability.
    IRIs are relative to the address of the file.
    """
    codes = content.languages or ("", "")
    with replacing(path) as file:
        file.writelines(f"@prefix {name}: <{iri}> .\n" for name, iri in _PREFIXES.items())
        for side, code in enumerate(codes):
            words = dict.fromkeys(pair[side] for pair in content.pairs)
            file.writelines(_lexicon(code, words))
        file.writelines(_translations(content, codes))


def _lexicon(code: str, words: Iterable[str]) -> Iterator[str]:
    yield f'\n<#{code}> a lime:Lexicon ; lime:language "{code}" .\n'
    for word in words:
        kind = "MultiWordExpression" if " " in word else "Word"
        # JSON's strings are strings of Turtle.
        written = f"{json.dumps(word, ensure_ascii=False)}@{code}"
        yield (
            f"<#{code}> lime:entry {_iri(code, word)} .\n{_iri(code, word)} a ontolex:{kind} ; "
            f"ontolex:canonicalForm [ a ontolex:Form ; ontolex:writtenRep {written} ] .\n"
        )


def _translations(content: Content, codes: tuple[str, str]) -> Iterator[str]:
    of = "-".join(codes)
    yield f"\n<#{of}> a vartrans:TranslationSet .\n"
    for source, target, numbers in content.rows():
        senses = _iri(codes[0], source, target), _iri(codes[1], target, source)
        translation = _iri(of, source, target)
        confidence = (
            f" ; lexinfo:translationConfidence {numbers['probability']:.4f}"
            if "probability" in numbers
            else ""
        )
        yield (
            f"{_iri(codes[0], source)} ontolex:sense {senses[0]} .\n"
            f"{_iri(codes[1], target)} ontolex:sense {senses[1]} .\n"
            f"<#{of}> vartrans:trans {translation} .\n{translation} a vartrans:Translation ; "
            f"vartrans:source {senses[0]} ; vartrans:target {senses[1]}{confidence} .\n"
        )


def _iri(*parts: str) -> str:
    return f"<#{'/'.join(quote(part, safe='') for part in parts)}>"


ONTOLEX = Format(_write, lambda *_: "", needs_languages=True)
