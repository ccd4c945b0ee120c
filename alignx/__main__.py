"""The command line as `python -m alignx`."""

from __future__ import annotations

from alignx.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
