"""Word vectors: their files, normalization, and words out of vocabulary."""
