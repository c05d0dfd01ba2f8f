"""Mutated archives by the hundred thousand: our reader refuses each, or agrees with GNU tar."""
