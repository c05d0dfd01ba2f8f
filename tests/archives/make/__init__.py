"""Makes the corpus of archives (tests/archives/corpus) by the real programs; run by hand."""
