"""Texts of one language as rows of its vocabulary, and as vectors of the space."""
