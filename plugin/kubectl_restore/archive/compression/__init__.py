"""Compressed backups: which compression it is, and the bytes inside.

Duty: a new compression is a name with its magic number in source/magic.py and a row in
decompressors.py. May import:
source and all below. Start reading at decompressors.py.
"""
