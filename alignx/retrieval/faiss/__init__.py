"""Approximate nearest neighbors through FAISS."""
