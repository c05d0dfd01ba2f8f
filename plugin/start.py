"""Start kubectl restore from a checkout or a frozen program."""

import signal

# First of all, before any slow import: until the program has handlers of its own,
# Ctrl-C ends it by the signal itself and prints no traceback.
# Where it was ignored (behind `&` in a script) it stays ignored.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from kubectl_restore.__main__ import run

if __name__ == "__main__":
    run()
