"""What the container is asked, and how its answers are read.

Duty: the agent (scripts/ is its other half) and its command line; every question to it
and the parser of its answers: capabilities, survey, checksums, mounts, space, leases.
May import: session, pipe, cluster, archive, and the ground. Start reading at agent.py, then
questions.py.
"""
