"""Nearest neighbors by cosine and CSLS, exact and approximate."""
