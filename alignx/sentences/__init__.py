"""Sentences of two languages: translations among them, and alignment of documents."""
