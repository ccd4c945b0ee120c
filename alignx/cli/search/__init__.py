"""Commands `alignx search`: documents found by queries in other languages."""
