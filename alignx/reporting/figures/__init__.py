"""Figures of reports: drawn on matplotlib axes, and written as SVG for a page."""
