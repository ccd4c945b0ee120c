"""Accuracy of word translation and correlation of word similarity."""
