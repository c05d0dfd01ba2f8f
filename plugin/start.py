"""Start kubectl restore from a checkout or a frozen program."""

import signal

# First of all, before any slow import: until the program has handlers of its own,
# Ctrl-C ends it by the signal itself and prints no traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))

from kubectl_restore.__main__ import run  # noqa: E402

if __name__ == "__main__":
    run()
