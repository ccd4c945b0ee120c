"""Comparing methods on many pairs of languages."""
