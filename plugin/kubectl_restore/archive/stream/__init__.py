"""What is sent: byte ranges of the archive, and headers of our own between them.

Duty: the order of the stream, members written anew where tars differ, and the bytes themselves,
from a file or from standard input. May import: compression and all below. Start reading at
layout.py, then segments.py.
"""
