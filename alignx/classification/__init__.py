"""The cross-lingual classifier: learn in one language, predict in another."""
