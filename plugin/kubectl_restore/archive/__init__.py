"""The backup's side: the file, its compression, its members, and what is unsafe in it.

Its rooms, each of which imports those behind it only (import-linter holds it): select, trust,
index, stream, compression, source, tar, members. In its root stand checksums.py, heartbeat.py and
refusals.py, which all may import. May import besides: the ground. Start reading at index/read.py.
"""
