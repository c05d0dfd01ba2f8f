"""What came of a restore.

Duty: the outcome, of which summary, error and receipt are made. May import: plan and all below
it. Start reading at outcome.py.
"""
