"""kubectl restore: put a backup archive back into a running pod, and show that it arrived.

The rooms, in the order the data walks (docs/architecture.md):

    cli -> ui -> engine -> (verify | plan | pipe) -> pod -> archive
"""
