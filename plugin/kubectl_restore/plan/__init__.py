"""What has to be done, as values.

Duty: index, answers and policy become operations; what is right already is decided here
(sameness.py), and what is found there is held against what was promised (compare.py). Does no
I/O. May import: container, cluster, archive, and the ground. Start reading at plan.py, then
planner.py.
"""
