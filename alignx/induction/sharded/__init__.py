"""Out-of-core, resumable lexicon induction."""
