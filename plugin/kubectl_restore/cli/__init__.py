"""The command line: argv becomes a request, an error becomes an exit code.

Duty: the grammar, a frozen request for each command, help, the log file. With ui the only room
that knows Cleo. May import: everything. Start reading at application.py, then commands.py.
"""
