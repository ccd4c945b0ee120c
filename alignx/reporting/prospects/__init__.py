"""Prospects of two languages before any work: facts, and the accuracy to expect."""
