"""The command line: argv becomes a request, an error becomes an exit code."""
