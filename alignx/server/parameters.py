"""Parameters of requests, checked before any search."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

from alignx.support.arguments import shown
from alignx.vectors.spelling import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from alignx.server.direction import LiveDirection

__all__ = [
    "MOST_ANSWERS",
    "MOST_BYTES",
    "MOST_CHARACTERS",
    "MOST_WORDS",
    "Parameters",
    "refuse",
    "words_of_body",
]

MOST_WORDS = 100
MOST_CHARACTERS = 500  # of a word or phrase
MOST_ANSWERS = 100
MOST_BYTES = 1 << 20  # of a body; all words fit, escaped


def refuse(rule: str) -> NoReturn:
    """End the request with status 400."""
    raise HTTPException(400, rule)


class Parameters:
    """Parameters in the query of a request.

    Parameters
    ----------
    request : Request
        A request; its query may hold each name once, but "word".
    names : sequence of str
        Names that it may hold.
    """

    def __init__(self, request: Request, *names: str) -> None:
        query = request.scope["query_string"].decode("latin-1")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            refuse("the query must be UTF-8, got other bytes")
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in names:
                rule = f"the parameters are {', '.join(names)}" if names else "no parameters here"
                refuse(f"{rule}, got {_shown(name)}")
            self._values.setdefault(name, []).append(value)
        for name, values in self._values.items():
            if name != "word" and len(values) > 1:
                refuse(f"{name} must be given once, got {len(values)} values")

    def text(self, name: str) -> str:
        """Return a text that must be given."""
        values = self._values.get(name)
        if not values:
            refuse(f"{name} must be given, such as ?{name}=cat")
        return _checked(values[0], name, may_be_blank=name == "prefix")

    def words(self) -> list[str]:
        """Return the words that must be given."""
        return _all_checked(self._values.get("word", []), "word must be given, such as ?word=cat")

    def k(self, most: int) -> int:
        """Return the number of answers: 5, or as many as there are."""
        most = min(most, MOST_ANSWERS)
        given = self._values.get("k", [str(min(5, most))])[0]
        if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= most):
            refuse(f"k must lie in [1, {most}], got {_shown(given)}")
        return int(given)

    def direction(self, directions: Mapping[str, LiveDirection]) -> LiveDirection:
        """Return the direction from the language ``from``, by default the first."""
        code = self._values.get("from", [next(iter(directions))])[0]
        if code not in directions:
            refuse(f"from must be one of {', '.join(directions)}, got {_shown(code)}")
        return directions[code]


async def words_of_body(request: Request) -> list[str]:
    """Read a JSON list of words from the body of a request."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"the body may hold {MOST_BYTES:,} bytes")
    rule = 'the body must be a JSON list of words, such as ["cat", "dog"]'
    try:
        words: Any = json.loads(body)
    except (ValueError, RecursionError):  # what is no UTF-8 is a ValueError too
        refuse(f"{rule}, got no JSON in UTF-8")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        refuse(f"{rule}, got {_kind(words)}")
    return _all_checked(words, f"{rule}, got an empty one")


def _all_checked(words: Sequence[str], none: str) -> list[str]:
    if not words:
        refuse(none)
    if len(words) > MOST_WORDS:
        refuse(f"a request may hold {MOST_WORDS} words, got {len(words):,}")
    return [_checked(word, "word") for word in words]


def _checked(word: str, name: str, *, may_be_blank: bool = False) -> str:
    if len(word) > MOST_CHARACTERS:
        refuse(f"{name} may have {MOST_CHARACTERS} characters, got {len(word):,}")
    if not (may_be_blank or words_of(word)):
        refuse(f"{name} must not be blank")
    try:
        word.encode()
    except UnicodeEncodeError:
        refuse(f"{name} must be Unicode text, got {_shown(word)}")
    return word


def _kind(value: object) -> str:
    if isinstance(value, list):
        return f"the item {shown(next(each for each in value if not isinstance(each, str)))}"
    return shown(value)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:37] + "...")
