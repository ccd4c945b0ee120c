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

__all__ = ["ONTOLEX", "iri", "lexicon_lines", "prefix_lines"]

_PREFIXES = {
    "lexinfo": "http://www.lexinfo.net/ontology/3.0/lexinfo#",
    "lime": "http://www.w3.org/ns/lemon/lime#",
    "ontolex": "http://www.w3.org/ns/lemon/ontolex#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vartrans": "http://www.w3.org/ns/lemon/vartrans#",
}


def _write(path: StrPath, content: Content) -> None:
    """Write a lexicon for each language, and a translation for each pair.

    A translation relates senses, one for each pair and side; its confidence is the probability.
    IRIs are relative to the address of the file.
    """
    codes = content.languages or ("", "")
    with replacing(path) as file:
        file.writelines(prefix_lines("lexinfo", "lime", "ontolex", "vartrans"))
        for side, code in enumerate(codes):
            words = dict.fromkeys(pair[side] for pair in content.pairs)
            file.writelines(lexicon_lines(code, words))
        file.writelines(_translations(content, codes))


def prefix_lines(*names: str) -> Iterator[str]:
    """Yield the declarations of prefixes."""
    return (f"@prefix {name}: <{_PREFIXES[name]}> .\n" for name in names)


def lexicon_lines(code: str, words: Iterable[str]) -> Iterator[str]:
    """Yield the lexicon of a language, with an entry for each word."""
    yield f'\n<#{code}> a lime:Lexicon ; lime:language "{code}" .\n'
    for word in words:
        kind = "MultiWordExpression" if " " in word else "Word"
        # JSON's strings are strings of Turtle.
        written = f"{json.dumps(word, ensure_ascii=False)}@{code}"
        yield (
            f"<#{code}> lime:entry {iri(code, word)} .\n{iri(code, word)} a ontolex:{kind} ; "
            f"ontolex:canonicalForm [ a ontolex:Form ; ontolex:writtenRep {written} ] .\n"
        )


def _translations(content: Content, codes: tuple[str, str]) -> Iterator[str]:
    of = "-".join(codes)
    yield f"\n<#{of}> a vartrans:TranslationSet .\n"
    for source, target, numbers in content.rows():
        senses = iri(codes[0], source, target), iri(codes[1], target, source)
        translation = iri(of, source, target)
        confidence = (
            f" ; lexinfo:translationConfidence {numbers['probability']:.4f}"
            if "probability" in numbers
            else ""
        )
        yield (
            f"{iri(codes[0], source)} ontolex:sense {senses[0]} .\n"
            f"{iri(codes[1], target)} ontolex:sense {senses[1]} .\n"
            f"<#{of}> vartrans:trans {translation} .\n{translation} a vartrans:Translation ; "
            f"vartrans:source {senses[0]} ; vartrans:target {senses[1]}{confidence} .\n"
        )


def iri(*parts: str) -> str:
    """Return an IRI relative to the address of the file."""
    return f"<#{'/'.join(quote(part, safe='') for part in parts)}>"


ONTOLEX = Format(_write, lambda *_: "", needs_languages=True)
