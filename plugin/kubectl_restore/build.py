"""Which commit this is: written down by a build, asked from git in a checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"
_PACKAGE: Final = Path(__file__).resolve().parent
_LIMIT: Final = 5.0
"""Seconds that git has to answer."""


def commit() -> str:
    """Return the commit's hash, with `-dirty` where the tree had changes, or `unknown`."""
    try:
        # Written by `make dist` into the frozen program and the wheel, never into a checkout.
        return (_PACKAGE / "commit.txt").read_text("ascii").strip()
    except (OSError, ValueError):
        return _asked_from_git()


def _asked_from_git() -> str:
    checkout = _PACKAGE.parents[1]
    # An installed package may stand inside somebody else's repository, at another depth.
    if not (checkout / ".git").exists() or not (checkout / "plugin" / "start.py").exists():
        return UNKNOWN
    command = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty",
               "--exclude=*"]  # fmt: skip
    # A hook of another repository sets GIT_DIR, which would decide.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT,
            check=True,
        )
        return done.stdout.decode("ascii").strip() or UNKNOWN
    except (OSError, ValueError, subprocess.SubprocessError):
        return UNKNOWN
