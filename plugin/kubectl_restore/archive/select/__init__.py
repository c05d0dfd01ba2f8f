"""What of a backup is restored, and under which paths.

Duty: globs, other paths, and the report about what is chosen. May import: every other room of
the archive. Start reading at choose.py.
"""
