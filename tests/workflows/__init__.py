"""actionlint, built from its own source."""
