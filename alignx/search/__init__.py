"""Search of documents by queries in other languages."""
