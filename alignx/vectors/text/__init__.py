"""Vectors as text, in the variants that people and programs write."""
