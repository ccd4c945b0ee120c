"""Bilingual dictionaries out of a shared space."""
