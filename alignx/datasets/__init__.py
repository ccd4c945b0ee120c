"""Bundled sample, and public vectors and dictionaries by language code."""
