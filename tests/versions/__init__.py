"""The program with kubectls old and new, over WebSocket and over SPDY, on the real node."""

import sys
from pathlib import Path

# `python -m tests.versions` has no pytest that would do this; OLDEST is the program's own.
_PLUGIN = str(Path(__file__).resolve().parents[2] / "plugin")
if _PLUGIN not in sys.path:
    sys.path.insert(0, _PLUGIN)
