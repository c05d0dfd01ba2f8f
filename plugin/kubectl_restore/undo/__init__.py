"""What a restore replaces, saved first.

Duty: --save-replaced: which contents are fetched before they are replaced, and the tar they are
kept in. May import: report, plan, container and all below. Start reading at save.py.
"""
