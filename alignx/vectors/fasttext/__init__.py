"""fastText models: their words, vectors of any words by their characters, and mapped copies."""

from __future__ import annotations

from alignx.vectors.fasttext.layout import FASTTEXT_MAGIC
from alignx.vectors.fasttext.subword import SubwordVectors, read_fasttext

__all__ = ["FASTTEXT_MAGIC", "SubwordVectors", "read_fasttext"]
