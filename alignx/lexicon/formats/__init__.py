"""Formats of dictionary files for writing, one module each."""
