"""Child process in which fastText trains: ``python -m alignx.training.worker SETTINGS``.

An interrupt ends it at once, whatever fastText is doing; and if memory runs out or its C++ crashes,
the parent process lives on to report it.
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
    """Train by the settings in the first argument, a JSON object.

    ``"parameters"`` are the arguments of fastText, ``"output"`` is the path of the model. Messages
    of fastText go to standard error, and the peak of the memory at last. The process ends when
    standard input does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it too, and ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = json.loads(sys.argv[1])
    package = importlib.import_module("fasttext.FastText")
    # As in `train_unsupervised` of the package, which takes no seed.
    arguments = package._build_args({**package.unsupervised_default, **settings["parameters"]}, [])
    model = package._FastText(args=arguments)
    package.fasttext.train(model.f, arguments)
    model.f.saveModel(settings["output"])
    sys.stderr.write(f"\n{PEAK} {peak_resident()}\n")


def _end_with_parent() -> None:
    """End this process when standard input ends, as the parent has."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
