"""Dictionaries of vocabularies that outgrow memory or patience: files, shards, approximate search.

Data flows from `workspace` (the folder that keeps what is finished) over `languages` (mapped rows
in files) and `search` (neighbors, shard by shard) to `recall` (what approximation misses) and
`dictionary` (all of it together).
"""
