"""Concepts: dictionaries of several languages in one table, consistent around cycles."""
