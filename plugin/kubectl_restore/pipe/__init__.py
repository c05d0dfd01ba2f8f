"""One kubectl child from start to end: the byte copy, and the parsers of what comes back.

Duty: starting kubectl, the selector loop, the pump with its window, records on stdout and signs
on stderr. Knows bytes and records, not questions. May import: cluster, archive, and the ground.
Start reading at session.py.
"""
