"""Grids of experiments: language pairs, methods, sizes and seeds."""
