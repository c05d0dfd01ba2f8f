"""A damaged backup, read as far as it can be: what is whole, what is cut, what is gone.

Duty: every compression's next unit behind damage, the next header behind that, and the members that
are wholly there. May import: index and all below. Start reading at salvage.py, then stream.py.
"""
