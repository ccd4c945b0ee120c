"""Word pairs from sentence pairs."""
