"""The command line, as `alignx` and as `python -m alignx`."""

from __future__ import annotations

import sys

__all__ = ("run",)


def run() -> None:
    """Run the command line; Ctrl-C ends it quietly, even while it is loading."""
    try:
        from alignx.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
