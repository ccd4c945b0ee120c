"""The command line in tests: in this process, or in another for signals and pipes."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from unittest.mock import patch

import scipy.linalg  # noqa: F401  # its BLAS is to be limited too
from threadpoolctl import threadpool_limits

from alignx.alignment.alignment import Alignment
from alignx.cli.main import main
from alignx.support.config import config_context
from alignx.vectors.io import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.alignment.shared_space import SharedSpace

SCRIPT = Path(sys.executable).with_name("alignx")
WORDS, DIMENSION = 300, 12
VECTORS = ("wiki.en.vec", "wiki.es.vec")
MAPPED = ("map.safetensors", *VECTORS)
STEMS = [f"{a}{b}" for a in ("kar", "vol", "mis", "tre", "zun") for b in ("ane", "oli", "upo")]


@dataclass(frozen=True)
class Done:
    """Results of a command."""

    code: object
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)

    @property
    def prose(self) -> str:
        """Stderr without the frames that typer draws."""
        return " ".join(self.err.replace("│", " ").split())


def run(*arguments: object, text: str | bytes = "") -> Done:
    """Run a command in this process, in the current folder."""
    given = text.encode() if isinstance(text, str) else text
    replaced: dict[str, Any] = {
        "argv": ["alignx", *map(str, arguments)],
        "stdin": io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"),
        "stdout": io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
        "stderr": io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
    }
    surroundings = {"COLUMNS": "80", "NO_COLOR": "1"}
    logger, code = logging.getLogger("alignx"), None
    before = logger.level, logger.handlers
    with (
        patch.multiple(sys, **replaced),
        patch.dict(os.environ, surroundings),
        # Threads that wait for each other slow small matrices down on a busy machine.
        threadpool_limits(1, "blas"),
        config_context(n_threads=1),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            logger.setLevel(before[0])
            logger.handlers = before[1]
    for name in ("stdout", "stderr"):
        replaced[name].flush()
    out, err = (replaced[name].buffer.getvalue().decode() for name in ("stdout", "stderr"))
    return Done(code, out, err)


def succeed(*arguments: object, text: str | bytes = "") -> Done:
    done = run(*arguments, text=text)
    assert done.code == 0, done.err
    return done


def misuse(*arguments: object) -> str:
    """Run wrong usage and return the message."""
    done = run(*arguments)
    assert (done.code, done.out) == (2, ""), done
    assert "Traceback" not in done.err
    return done.prose


def fail(*arguments: object, text: str | bytes = "") -> str:
    """Run a command that fails: one line on stderr, nothing on stdout, no file changed."""
    before = contents()
    done = run(*arguments, text=text)
    assert (done.code, done.out) == (1, ""), done
    notes, _, message = done.err.rpartition("alignx: error: ")
    assert message.count("\n") == 1, done.err
    assert "-q" not in arguments or not notes
    assert contents() == before
    return message.rstrip("\n")


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}


@contextmanager
def started(
    *arguments: object,
    limit: int | None = None,
    stdin: IO[str] | int | None = None,
    stdout: IO[str] | int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in another process, and end it with the test.

    `limit` is the size of the largest file that it may write, in bytes.
    """

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs inherit "ignore"
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        env=environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def environment() -> dict[str, str]:
    unset = ("PYTHONUNBUFFERED", "FORCE_COLOR", "TTY_COMPATIBLE")
    known = {k: v for k, v in os.environ.items() if k not in unset}
    return known | {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "80", "NO_COLOR": "1"}


def interrupt(process: subprocess.Popen[str]) -> None:
    """Send Ctrl-C to all processes of a job, as terminals do, and see it end quietly."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    for _ in range(200):  # one that has only just begun may take a moment
        if not living(process.pid):
            break
        time.sleep(0.05)
    assert not living(process.pid)
    assert not list(Path().glob(".alignx-*"))


def living(job: int) -> list[int]:
    """Return the processes of a job that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            if int(group) == job and state != "Z":
                found.append(int(path.parent.name))
    return found


def piped(command: str) -> str:
    """Run alignx in a shell pipe, and return what comes out at its end."""
    done = subprocess.run(
        ["bash", "-c", command], env=environment(), capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode()


def mapped_space() -> SharedSpace:
    """Return the two languages of the current folder in the space of its map."""
    return Alignment.load(MAPPED[0]).apply(load(MAPPED[1]), load(MAPPED[2]))
