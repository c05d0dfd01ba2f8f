"""One backup, restored into every kind of pod in every format, and what came of it."""
