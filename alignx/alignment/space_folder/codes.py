"""Language codes, which name the folders of a space."""

from __future__ import annotations

import re

__all__ = ["CODE", "LONGEST_CODE", "PAIRS", "require_code"]

CODE = r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*"
"""Regular expression of a code."""

LONGEST_CODE = 64
PAIRS = "pairs"  # folder of the files of two languages


def require_code(code: object) -> None:
    """Refuse a code that cannot name a folder, by a ValueError."""
    is_name = isinstance(code, str) and re.fullmatch(CODE, code) and len(code) <= LONGEST_CODE
    if not is_name or str(code).lower() == PAIRS:
        raise ValueError(
            f"a language code must be at most {LONGEST_CODE} letters and digits, with - or _ "
            f"between them, and not {PAIRS!r}, got {code!r}"
        )
