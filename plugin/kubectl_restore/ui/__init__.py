"""What a person or a script sees.

Duty: the live line, plain lines, JSON lines, the older spelling's lines, messages, listings.
Hears of a restore by progress.py alone. May import: archive (for inspect), and the ground.
Start reading at choice.py, then tracker.py.
"""
