"""kubectl restore: put a backup archive back into a running pod, and show that it arrived.

The rooms, each of which imports those behind it only (docs/architecture.md):

    cli -> ui -> restore -> resume -> undo -> report -> plan
        -> container -> pipe -> cluster -> archive

In the root stands the ground alone: progress, deadline, errors, text, about, build.
"""
