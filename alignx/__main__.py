"""The command line as `python -m alignx`."""

from __future__ import annotations

from alignx.cli.main import main

__all__ = ()

if __name__ == "__main__":
    main()
