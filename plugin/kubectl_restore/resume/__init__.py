"""What makes a restore one that can always be finished.

Duty: one writer to a target at a time (lease.py), what is in flight and how that is settled,
retries. May import: undo, report, plan, container and all below. Start reading at retry.py,
then in_flight.py.
"""
