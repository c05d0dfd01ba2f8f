"""The restore itself, one module a step in the order it happens.

Duty: resolve, read, survey, plan, confirm, save, send, prove, finish, report. Prints nothing:
progress.py is its only way to say something. May import: all but cli and ui. Start reading at
engine.py, which is the list of steps.
"""
