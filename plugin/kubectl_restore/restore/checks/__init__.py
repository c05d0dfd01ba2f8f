"""What a restore looks at besides its members: before the first byte, and behind the last.

Duty: obstacles in the container and on its volumes, names that are one there, what an earlier batch
has made, what could not be made, what is not in the backup. May import: what restore may; nothing
of restore itself. Start reading at obstacles.py.
"""
