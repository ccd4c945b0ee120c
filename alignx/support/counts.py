"""Numbers with their nouns, in messages."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """Join a number and a noun in the singular, as in "1,200 words".

    Examples
    --------
    >>> counted(1, "word"), counted(1_200, "zero row"), counted(0, "class")
    ('1 word', '1,200 zero rows', '0 classes')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('ss') else 's'}"
