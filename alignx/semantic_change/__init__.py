"""Change of the meaning of words between time slices of one language."""
