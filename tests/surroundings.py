"""What a test process inherits, made the same however it was started."""

from __future__ import annotations

import os
import resource
import signal
from typing import Final

_FILES: Final = 4096
"""Descriptors: the embedded cluster has some for each exec, and a shell's limit may be 256."""


def settle() -> None:
    """Take signals, umask and the number of files as a terminal's shell has them.

    A shell starts jobs in the background with SIGINT ignored, `nohup` with SIGHUP; what is ignored
    stays so in every program that is started, where the tests send these.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.umask(0o022)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
