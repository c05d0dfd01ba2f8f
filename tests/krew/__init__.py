"""krew itself, built from its own source."""
