"""The open execs of a restore.

Duty: a lane is one exec with its session and what it has acknowledged; opening as many as are
wanted, serving them by one loop, showing their progress as one. May import: what restore may; of
restore itself its run, resolve and checks. Start reading at lanes.py.
"""
