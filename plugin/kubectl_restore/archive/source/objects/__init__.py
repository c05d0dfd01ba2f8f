"""A backup that is an object in a store, or behind a URL, read by ranges.

Duty: asking for ranges, several at a time and in order; holding every answer against the first one;
saying what a store's refusal means. May import: what archive/source may. obstore is loaded by
store.py only, and only when an object is opened. Start reading at backup.py.
"""
