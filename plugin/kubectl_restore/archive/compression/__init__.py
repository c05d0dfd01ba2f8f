"""Compressed backups: which compression it is, and the bytes inside.

Duty: a new compression is a row in decompressors.py and a magic number in detect.py. May import:
source and all below. Start reading at decompressors.py.
"""
