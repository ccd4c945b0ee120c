"""Prefixes that tell the language of a word in files of several languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alignx.vectors.language_codes import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["describe_absence", "describe_prefixes", "language_of_prefix", "prefix_of"]

_PREFIX = re.compile(r"/[a-z]{1,9}/[\w-]{2,12}/|[a-z]{2,3}:")
_SHOWN = 5


def prefix_of(word: str) -> str:
    """Find the prefix of a word, as in ConceptNet Numberbatch; empty if it has none.

    Examples
    --------
    >>> prefix_of("/c/en/new_york"), prefix_of("en:cat"), prefix_of("cat")
    ('/c/en/', 'en:', '')
    """
    found = _PREFIX.match(word)
    return found[0] if found else ""


def language_of_prefix(prefix: str) -> str | None:
    """Return the language code in a prefix, if there is one."""
    code = re.split("[/:]", prefix.rstrip("/:"))[-1]
    return code if code in CODES else None


def describe_absence(prefix: str, others: Mapping[str, int]) -> str:
    """Say that no word has a prefix, and name the prefixes found."""
    found = sorted(filter(None, others), key=lambda other: -others[other])
    listed = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
    return f"no word begins with {prefix!r}; " + (
        f"words begin with {listed}" if found else "the words have no prefix"
    )


def describe_prefixes(words: Sequence[str]) -> str:
    """Advise on the prefixes of words that all have one; empty otherwise."""
    prefixes = dict.fromkeys(map(prefix_of, words))
    if "" in prefixes or not any(prefix.startswith("/") for prefix in prefixes):
        return ""
    first = next(iter(prefixes))
    return (
        f"all words begin with a prefix such as {first!r}; prefix={first!r} "
        "(`alignx convert --prefix`) picks its words and takes it off"
    )
