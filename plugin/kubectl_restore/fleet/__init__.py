"""Many targets, each with a backup of its own.

Duty: which backup belongs to which pod, by name and never by place; all of them found and checked
before the first byte; so many at a time, so many on a node; one summary. May import: what is below
it in docs/architecture.md; each target is carried out by restore/. Start reading at engine.py.
"""
