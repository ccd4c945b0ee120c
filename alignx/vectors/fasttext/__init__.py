"""fastText models: reading, vectors of any words from subwords, and mapped copies."""

from __future__ import annotations

from alignx.vectors.fasttext.reader import read_fasttext
from alignx.vectors.fasttext.subword import SubwordVectors

__all__ = ["SubwordVectors", "read_fasttext"]
