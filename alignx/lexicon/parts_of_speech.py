"""Parts of speech and genders, as dictionaries write them."""

from __future__ import annotations

__all__ = ["are_tags", "is_gender", "is_part_of_speech"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    "ADJ ADP ADV AUX CCONJ CONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
)
_NAMES = {tag.lower() for tag in _TAGS if len(tag) > 1} | _words(
    "adjective adverb pronoun determiner prep preposition conjunction numeral interjection "
    "particle nn vb jj rb n v vt vi adj adv prep pron conj phrase prefix suffix past-p pres-p "
    "sustantivo verbo adjetivo adverbio nom verbe adjectif adverbe substantiv subst verb adjektiv "
    "substantivo adjetivo"
)
_GENDERS = _words("m f mf fm c nt pl sg masc fem neut")


def is_part_of_speech(cell: str) -> bool:
    """Return True for one or more parts of speech or genders.

    Examples
    --------
    >>> is_part_of_speech("noun"), is_part_of_speech("n. f."), is_part_of_speech("cat")
    (True, True, False)
    """
    parts = cell.lower().replace(".", " ").replace(",", " ").replace("/", " ").split()
    return bool(parts) and all(part in _NAMES or part in _GENDERS for part in parts)


def is_gender(text: str) -> bool:
    """Return True for a gender or number, such as "m" and "f. pl."."""
    parts = text.lower().replace(".", " ").replace(",", " ").replace("/", " ").split()
    return bool(parts) and all(part in _GENDERS or part == "n" for part in parts)


def are_tags(cells: set[str]) -> bool:
    """Return True if all are tags of Universal Dependencies."""
    return cells <= _TAGS
