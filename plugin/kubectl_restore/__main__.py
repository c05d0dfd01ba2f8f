"""`python -m kubectl_restore`, and what the launchers call."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line and exit with its code."""
    # Until the watch has handlers of its own, Ctrl-C ends us by the signal and prints nothing
    # (Cleo would make it exit code 1). Ignored, as behind `&` in a script, it stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _open_closed_streams()
    from kubectl_restore.cli.application import run_words  # noqa: PLC0415 - after the streams

    code = run_words(sys.argv[1:])
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        # Nobody reads any more. Python would say so once again, at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # No clean-up is left to do, and none may change the code: os._exit after the flushes.
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Give a closed stdin, stdout or stderr a place, before a pipe of ours gets its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    # Python writes UTF-8 with LC_ALL=C, too (PEP 540). A terminal that does not show that would
    # have more columns in the line than we count.
    is_ascii = os.environ.get("LC_ALL") in {"C", "POSIX"}
    # A name in a message must not end the program because the locale cannot show it.
    for stream in (sys.stdout, sys.stderr):
        encoding = "ascii" if is_ascii and stream.isatty() else stream.encoding
        stream.reconfigure(encoding=encoding, errors="backslashreplace")  # type: ignore[union-attr]


if __name__ == "__main__":
    run()
