"""One kubectl child from start to end: the byte copy, and the parsers of what comes back."""
