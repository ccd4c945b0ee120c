"""Formats of dictionaries, written one file a format."""
