"""Whether a backup may be believed.

Duty: what would escape the target (safety.py), what is claimed about the file (claims.py,
sidecars.py) and held against it (integrity.py), seals, checksums of members' contents, and
standard input, which is checked part by part. May import: index and all below. Start reading
at integrity.py.
"""
