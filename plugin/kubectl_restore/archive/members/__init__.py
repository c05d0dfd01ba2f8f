"""Members as values: one of them, and a million of them in columns.

Duty: kinds, paths, hard links, parents. May import: the archive's ground. Start reading at
member.py, then members.py.
"""
