"""What an archive holds, found by walking its headers once, and remembered.

Duty: the walk over headers, the end of an archive, the cache of indexes. May import: stream and
all below. Start reading at read.py, then walker.py.
"""
