"""Where a backup's bytes come from: a file, the parts of one, standard input.

Duty: opening, reading at an offset, noticing that a file changes, and saying what a file is that
is no backup (magic.py). May import: tar and all below. Start reading at file.py.
"""
