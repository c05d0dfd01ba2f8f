"""The tar format, read and written.

Duty: headers, PAX records, maps of holes, access control lists, and archives of our own, which
writer.py puts into files. Reads no backup. May import: members, and the archive's ground. Start
reading at header.py.
"""
