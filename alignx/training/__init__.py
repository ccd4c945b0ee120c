"""Train fastText vectors from plain text."""
