"""The bytes of kubectl's children: what goes in, and the parsers of what comes out.

Duty: starting a child, the selector loop over any number of them, the pump with its window and the
wire compression, records on stdout and signs on stderr. Knows bytes and records, not what an exec
is for. May import: cluster, archive, and the ground. Start reading at loop.py, then pump.py.
"""
