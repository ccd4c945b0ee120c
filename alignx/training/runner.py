"""Run fastText in a process of its own, and take the model from its hands."""

from __future__ import annotations

import contextlib
import fcntl
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
from alignx.training.scratch import path_of
from alignx.training.worker import PEAK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alignx.support.progress import Progress

__all__ = ["Run", "Training", "training"]

_BLOCK = 1 << 20
_SECONDS_BETWEEN_LOOKS = 0.2
_PROGRESS = re.compile(rb"Progress: +([\d.]+)%")
_READ = b"Number of labels"
_SMALLER = "lower bucket or dim, raise minCount, or give the memory that there is"
_MEMORY = ("MemoryError", "bad_alloc")


@dataclass(frozen=True)
class Run:
    """What a training took.

    Parameters
    ----------
    seconds : float
        Of the clock.
    peak_memory : int
        Of the process that trained, in bytes.
    """

    seconds: float
    peak_memory: int


@dataclass
class _Told:
    """What fastText has told on standard error."""

    done: float = 0.0
    has_read: bool = False
    peak: int = 0
    last: str = ""
    _rest: bytes = field(default=b"", repr=False)

    def add(self, data: bytes) -> None:
        """Read on; lines are rewritten on a terminal, so carriage returns end them, too."""
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
        for line in lines:
            progress = _PROGRESS.match(line)
            if progress is not None:
                self.done = float(progress[1]) / 100
            elif line.startswith(_READ):
                self.has_read = True
            elif line.startswith(PEAK.encode()):
                self.peak = int(line.split()[1])
            elif line.strip():
                self.last = line.decode(errors="replace").strip()


class _Watch:
    """How far a training by one thread is, of which fastText tells nothing: by what it has read.

    Parameters
    ----------
    expected : float
        How many bytes it will read.
    """

    def __init__(self, expected: float) -> None:
        self._expected = expected
        self._start: int | None = None

    def look(self, process: int) -> float:
        """Give the fraction that is done, since the first look."""
        try:
            text = Path(f"/proc/{process}/io").read_text(encoding="ascii")
        except OSError:  # not every system tells
            return 0.0
        read = int(text.split()[1])  # "rchar: 123"
        if self._start is None:
            self._start = read
        return min((read - self._start) / self._expected, 1.0)


class Training:
    """A training that is under way.

    Parameters
    ----------
    process : Popen
        That trains.
    model : int
        The end of a pipe from which the model comes.
    watch : _Watch or None
        Tells how far one thread is; several tell it themselves.
    """

    def __init__(self, process: subprocess.Popen[bytes], model: int, watch: _Watch | None) -> None:
        self._process = process
        self._model = model
        self._watch = watch
        self._errors = cast("IO[bytes]", process.stderr).fileno()
        self._told = _Told()
        self._start = time.perf_counter()

    def wait(self, progress: Progress | None = None) -> None:
        """Wait until the model begins to come, or the training has failed.

        Parameters
        ----------
        progress : callable, optional
            Is called with the fraction done.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._model, selectors.EVENT_READ)
            selector.register(self._errors, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(_SECONDS_BETWEEN_LOOKS)}
                if self._model in ready:
                    return
                if self._errors in ready:
                    self._told.add(os.read(self._errors, _BLOCK))
                if progress is None or not self._told.has_read:
                    continue
                watch = self._watch
                progress(self._told.done if watch is None else watch.look(self._process.pid))

    def receive(self, output: IO[bytes]) -> Run:
        """Write the model.

        Parameters
        ----------
        output : binary file
            Is written to; if anything goes wrong, only in part.

        Returns
        -------
        Run

        Raises
        ------
        TrainingError
            If fastText has failed, crashed, or was ended by the system.
        """
        while data := os.read(self._model, _BLOCK):
            output.write(data)
        # What is told after the training is little, and the pipe has had room for it.
        while data := os.read(self._errors, _BLOCK):
            self._told.add(data)
        code = self._process.wait()
        if code:
            raise TrainingError(_explanation(code, self._told.last))
        return Run(time.perf_counter() - self._start, self._told.peak)


@contextlib.contextmanager
def training(
    parameters: dict[str, Any], *, text: int, pretrained: int | None, passes: float
) -> Iterator[Training]:
    """Start to train; at the end of the block, or if anything goes wrong, the process has ended.

    Parameters
    ----------
    parameters : dict
        Those of fastText.
    text, pretrained : int
        Descriptors of files: lines of words, and vectors to begin with if there are any.
    passes : float
        How often fastText will go through the text.

    Yields
    ------
    Training
    """
    # No word can begin with a space, as labels do, which fastText would leave out.
    told = {**parameters, "input": path_of(text), "label": " ", "verbose": 2}
    inherited = [text]
    if pretrained is not None:
        told["pretrainedVectors"] = path_of(pretrained)
        inherited.append(pretrained)
    model, theirs = os.pipe()
    try:
        with contextlib.suppress(OSError):  # a matter of speed only
            fcntl.fcntl(model, fcntl.F_SETPIPE_SZ, _BLOCK)
        settings = {"parameters": told, "output": path_of(theirs)}
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "alignx.training.worker", json.dumps(settings)],
                stdin=subprocess.PIPE,  # the process ends when this is closed
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[*inherited, theirs],
                env=_environment(),
            )
        finally:
            os.close(theirs)
        size = os.fstat(text).st_size
        watch = _Watch(size * passes) if parameters["thread"] == 1 else None
        with process:
            try:
                yield Training(process, model, watch)
            finally:
                process.kill()  # which does nothing to a process that has ended
    finally:
        os.close(model)


def _environment() -> dict[str, str]:
    """Environment of the process: the same packages, and memory that begins with zeros."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # With less than ten threads fastText 0.9.3 leaves most of its input matrix as the memory
        # was before, which makes results random, or no numbers. The complement of this is zero.
        "MALLOC_PERTURB_": "255",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _explanation(code: int, last: str) -> str:
    """Say why a training has ended early."""
    if code == -signal.SIGKILL:
        return f"the system has ended the training, most likely as memory ran out; {_SMALLER}"
    if any(name in last for name in _MEMORY):
        return f"memory has run out; {_SMALLER}"
    if "NaN" in last:
        return "the training has diverged; lower lr"
    if code < 0:
        return f"fastText has crashed: {signal.strsignal(-code)}"
    return f"fastText has failed: {last}"
