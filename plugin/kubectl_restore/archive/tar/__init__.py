"""The tar format, read and written.

Duty: headers, PAX records, maps of holes, and archives of our own. Knows no files. May import:
members, and the archive's ground. Start reading at header.py.
"""
