"""The process in which fastText trains: ``python -m alignx.training.worker SETTINGS``.

So an interrupt ends it at once, whatever fastText is doing, and whatever ends it, a full memory or
an error in its C++, leaves the process that asked for it alive to say what happened.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading

from alignx.support.memory import peak_resident

__all__ = ["PEAK", "main"]

PEAK = "alignx-peak:"


def main() -> None:
    """Train by the settings in the first argument, an object in JSON.

    Its ``"parameters"`` are those of fastText, its ``"output"`` is where the model goes, such as a
    pipe: ``"/proc/self/fd/5"``. What fastText tells goes to standard error, and last of all the
    peak of the memory. When standard input ends, so does the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, too, and ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = json.loads(sys.argv[1])
    package = importlib.import_module("fasttext.FastText")
    # What `train_unsupervised` of the package does, which takes no seed.
    arguments = package._build_args({**package.unsupervised_default, **settings["parameters"]}, [])
    model = package._FastText(args=arguments)
    package.fasttext.train(model.f, arguments)
    model.f.saveModel(settings["output"])
    sys.stderr.write(f"\n{PEAK} {peak_resident()}\n")


def _end_with_parent() -> None:
    """Wait for the end of standard input, which no process is left to write to."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
