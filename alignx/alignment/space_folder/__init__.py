"""A shared space on disk: a folder with a manifest, and a folder of files for each language."""
