"""Run fastText in a child process, whose interrupts and crashes harm nothing else."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from alignx.errors import TrainingError
from alignx.training.worker import PEAK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.progress import Progress

__all__ = ["TrainingRun", "run_fasttext"]

_BLOCK = 1 << 16
_POLL_SECONDS = 0.2
_PROGRESS = re.compile(rb"Progress: +([\d.]+)%")
_READ = b"Number of labels"
_SMALLER = "lower bucket or dim, raise minCount, or allow more memory"


@dataclass(frozen=True)
class TrainingRun:
    """Cost of a training.

    Attributes
    ----------
    seconds : float
        Wall-clock time.
    peak_memory : int
        Peak memory of the training process, in bytes.
    """

    seconds: float
    peak_memory: int


def run_fasttext(
    arguments: dict[str, Any],
    *,
    text: IO[bytes],
    pretrained: IO[bytes] | None,
    output: IO[bytes],
    passes: float,
    progress: Progress | None = None,
) -> TrainingRun:
    """Train a model and write it.

    Parameters
    ----------
    arguments : dict
        Arguments of fastText.
    text : binary file
        Lines of words.
    pretrained : binary file, optional
        Vectors at the start, as text.
    output : binary file
        Receives the model, or a part of it if anything goes wrong.
    passes : float
        Number of times that fastText reads the text.
    progress : callable, optional
        Called with the fraction done.

    Raises
    ------
    TrainingError
        If fastText has failed, crashed, or was ended by the system.
    """
    start = time.perf_counter()
    # No word can begin with a space, as labels then do, which fastText would leave out.
    arguments = {**arguments, "input": _path_of(text), "label": " ", "verbose": 2}
    inherited = [text, output]
    if pretrained is not None:
        arguments["pretrainedVectors"] = _path_of(pretrained)
        inherited.append(pretrained)
    settings = json.dumps({"parameters": arguments, "output": _path_of(output)})
    read_bytes = os.fstat(text.fileno()).st_size * passes
    log = _Log()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "alignx.training.worker", settings],
        stdin=subprocess.PIPE,  # the process ends when this is closed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[file.fileno() for file in inherited],
        env=_environment(),
    ) as process:
        counter = _Counter(process.pid, read_bytes) if arguments["thread"] == 1 else None
        try:
            for data in _blocks(cast("IO[bytes]", process.stderr)):
                log.add(data)
                if progress is not None and log.has_read:
                    progress(log.done if counter is None else counter.fraction())
            code = process.wait()
        finally:
            process.kill()  # no effect on a process that has ended
    if code:
        raise TrainingError(_explanation(code, log.last))
    return TrainingRun(time.perf_counter() - start, log.peak)


@dataclass
class _Log:
    """State of a training by its messages on standard error."""

    done: float = 0.0
    has_read: bool = False
    peak: int = 0
    last: str = ""
    _rest: bytes = field(default=b"", repr=False)

    def add(self, data: bytes) -> None:
        """Read more messages; carriage returns end lines too, as on a terminal."""
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
        for line in lines:
            if found := _PROGRESS.match(line):
                self.done = float(found[1]) / 100
            elif line.startswith(_READ):
                self.has_read = True
            elif line.startswith(PEAK.encode()):
                self.peak = int(line.split()[1])
            elif line.strip():
                self.last = line.decode(errors="replace").strip()


class _Counter:
    """Progress of a single thread, which fastText does not report, by the bytes that it reads."""

    def __init__(self, process: int, expected: float) -> None:
        self._path = Path(f"/proc/{process}/io")
        self._expected = expected
        self._first: int | None = None

    def fraction(self) -> float:
        """Return the fraction read since the first call; 0 where the system does not tell."""
        try:
            count = int(self._path.read_text(encoding="ascii").split()[1])  # "rchar: 123"
        except OSError:
            return 0.0
        self._first = count if self._first is None else self._first
        return min((count - self._first) / self._expected, 1.0)


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what arrives on a stream, and nothing several times a second, until it ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(_POLL_SECONDS):
                yield b""
            elif data := os.read(stream.fileno(), _BLOCK):
                yield data
            else:
                return


def _path_of(file: IO[bytes]) -> str:
    """Return the path by which a child process opens a file that it inherits."""
    return f"/proc/self/fd/{file.fileno()}"


def _environment() -> dict[str, str]:
    """Return an environment with the same packages, and memory that begins with zeros."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # With less than ten threads fastText 0.9.3 leaves most of its input matrix uninitialized,
        # which makes results random, or no numbers. The complement of this byte is zero.
        "MALLOC_PERTURB_": "255",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _explanation(code: int, last: str) -> str:
    """Explain why a training ended early."""
    if code == -signal.SIGKILL:
        return f"the system has ended the training, most likely as memory ran out; {_SMALLER}"
    if "MemoryError" in last or "bad_alloc" in last:
        return f"memory has run out; {_SMALLER}"
    if "NaN" in last:
        return "the training has diverged; lower lr"
    if code < 0:
        return f"fastText has crashed: {signal.strsignal(-code)}"
    return f"fastText has failed: {last}"
