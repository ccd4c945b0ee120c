"""Fit, check, keep and apply the maps of two languages."""
