"""One conversation with one kubectl child, from its start to its end.

Duty: an exec and what is said in it (a question, a payload, their answers), how its end is told
from a lost link, and the short calls of kubectl beside it. May import: pipe, cluster, archive, and
the ground. Start reading at session.py, then exec.py.
"""
