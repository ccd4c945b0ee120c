"""Vectors in the binary formats of word2vec and NumPy."""
