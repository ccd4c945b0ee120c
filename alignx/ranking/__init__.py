"""Learned ranking of candidate translations."""
