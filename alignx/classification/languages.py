"""Resolution of language codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignx.texts.documents import as_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alignx.vectors.embeddings import Embeddings

__all__ = ["language_of", "languages_of", "require_language"]


def require_language(code: str, space: Mapping[str, Embeddings], name: str = "language") -> None:
    """Refuse a language without vectors."""
    if code not in space:
        raise ValueError(
            f"{name} must be one of {', '.join(space)}, which have vectors, got {code!r}"
        )


def language_of(language: str | None, default: str | None, space: Mapping[str, Embeddings]) -> str:
    """Return the code that a call names, the default, or the only language of the space.

    Raises
    ------
    TypeError
        If it is no string.
    ValueError
        If no language is named where the space has several, or it has no vectors.
    """
    code = default if language is None else language
    if code is None and len(space) == 1:
        code = next(iter(space))
    if code is None:
        raise ValueError(
            f"language must be named where there are several ({', '.join(space)}): pass "
            "language=... with the texts, or to the classifier for all calls"
        )
    if not isinstance(code, str):
        raise TypeError(f"language must be a string, got {type(code).__name__}")
    require_language(code, space)
    return code


def languages_of(
    language: str | Sequence[str] | None,
    default: str | None,
    space: Mapping[str, Embeddings],
    count: int,
) -> list[str]:
    """Return the code of each of so many texts; raises as `language_of`."""
    if language is None or isinstance(language, str):
        return [language_of(language, default, space)] * count
    codes = as_texts(language, "language")
    if len(codes) != count:
        raise ValueError(f"language must name {count} languages, one a text, got {len(codes)}")
    for code in dict.fromkeys(codes):
        require_language(code, space)
    return codes
