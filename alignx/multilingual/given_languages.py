"""Vectors and dictionaries of a fit of many languages, as they were given."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignx.multilingual.evidence import entries_of, same_vectors
from alignx.multilingual.language_part import LanguagePart, is_path, prepare
from alignx.multilingual.work import Tasks
from alignx.vectors.objects import as_embeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alignx.lexicon.lexicon import Lexicon
    from alignx.multilingual.evidence import Pair
    from alignx.multilingual.work import Result, Work
    from alignx.support.progress import Progress
    from alignx.vectors.normalizer import Step

__all__ = ["described", "given_vectors", "prepared_parts"]


def given_vectors(data: Any) -> Any:  # noqa: ANN401  # what as_embeddings takes
    """Return an absolute path, as workers need it, or embeddings."""
    if not is_path(data):
        return as_embeddings(data)
    name = os.fspath(data)
    return name if "://" in name else str(Path(name).absolute())


def described(
    languages: Mapping[str, Any], lexicons: Mapping[Pair, Lexicon], work: Work | None
) -> dict[str, Any]:
    """Describe the inputs of a fit, as JSON; refuse the same vectors twice."""
    keeps = work is not None and work.folder is not None
    states: dict[str, str] = {}
    for code, data in languages.items():
        if is_path(data):
            state = Path(data).stat() if Path(data).exists() else None
            states[code] = f"{data} {state and (state.st_size, state.st_mtime_ns)}"
        else:
            states[code] = data.checksum if keeps else str(id(data))
    _require_different(states)
    digests = {
        f"{s}.{t}": hashlib.sha256(repr(list(lexicon)).encode()).hexdigest()
        for (s, t), lexicon in lexicons.items()
    }
    return {"version": version("alignx"), "languages": states, "lexicons": digests}


def prepared_parts(
    languages: Mapping[str, Any],
    lexicons: Mapping[Pair, Lexicon],
    steps: tuple[Step, ...],
    tasks: Tasks,
    progress: Progress | None,
) -> dict[str, LanguagePart]:
    """Write the part of each language that takes part; refuse the same vectors twice."""
    entries = {code: entries_of(code, lexicons) for code in languages}
    paths = {code: str(tasks.store.path(f"{code}.safetensors")) for code in languages}
    calls = {
        f"prepared-{code}": (data, code, entries[code], steps, paths[code])
        for code, data in languages.items()
    }
    here = Tasks(tasks.store)  # vectors in memory do not travel
    results: dict[str, Result] = {}
    for runner, is_own in ((here, False), (tasks, True)):
        some = {n: call for n, call in calls.items() if is_path(call[0]) == is_own}
        results |= runner.run(prepare, some, progress)
    parts = {
        code: LanguagePart.of(data, paths[code], entries[code], results[f"prepared-{code}"])
        for code, data in languages.items()
    }
    _require_different({code: part.unmapped.checksum for code, part in parts.items()})
    return parts


def _require_different(states: Mapping[str, str]) -> None:
    first: dict[str, str] = {}
    for code, state in states.items():
        other = first.setdefault(state, code)
        if other != code:
            raise same_vectors(other, code)
