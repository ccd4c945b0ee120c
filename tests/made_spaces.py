"""Small spaces on disk: rotated copies of the same rows stand for languages."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import numpy as np

from alignx.alignment.language_map import LanguageMap
from alignx.alignment.space_folder.writer import changing
from alignx.vectors.embeddings import Embeddings
from alignx.vectors.normalizer import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WORDS, DIMENSION = 60, 8


def made_language(code: str, seed: int, count: int = WORDS) -> tuple[Embeddings, LanguageMap]:
    """Rotate the same rows by a seed; the map rotates them back."""
    rows = np.random.default_rng(0).standard_normal((count, DIMENSION))
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((DIMENSION, DIMENSION)))
    words = [f"{code}{number}" for number in range(count)]
    embeddings = Embeddings(words, rows @ rotation, code, f"wiki.{code}.vec")
    normalizer = Normalizer(steps=("unit",)).fit(embeddings.vectors)
    matrix = np.ascontiguousarray(rotation.T, dtype=np.float32)
    return embeddings, LanguageMap.of(
        code, embeddings, normalizer, matrix, np.zeros(DIMENSION, np.float32)
    )


def make_space(folder: Path, codes: Sequence[str] = ("en", "es", "de")) -> Path:
    """Write a space of several languages."""
    with changing(folder, create=True) as writer:
        for seed, code in enumerate(codes):
            writer.put_language(code, *made_language(code, seed))
    return folder


def states(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Read the content and the time of the last change of each file, but for lock and manifest."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "space.json")
    }


def in_child(work: Callable[[], object], kill_at: int | None = None) -> int:
    """Run a function in a forked process; with `kill_at`, kill it as it touches its n-th file.

    Returns the signal that ended it, or else its exit status.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover  # another process
        try:
            if kill_at is not None:
                _kill_at(kill_at)
            work()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _kill_at(number: int) -> None:
    """Kill this process before the n-th call that opens, renames, removes or makes a file."""
    touching = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "fcntl.flock")
    count = 0

    def watch(event: str, _: object) -> None:
        nonlocal count
        if event in touching:
            count += 1
            if count > number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
