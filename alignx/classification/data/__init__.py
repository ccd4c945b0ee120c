"""Labeled texts from files."""
