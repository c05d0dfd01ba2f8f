"""What has to be done, as values.

Duty: index, answers and policy become operations; what is right already is decided here
(sameness.py, attributes.py), and what is found there is held against what was promised
(compare.py). Asks nobody anything; a batch (batch.py) knows how its bytes are read. May import:
container, cluster, archive, and the ground. Start reading at plan.py, then planner.py.
"""
