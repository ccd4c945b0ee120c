"""Comparison of transfer strategies and of source languages."""
