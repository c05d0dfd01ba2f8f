"""GNU tar of this machine, to hold our reading of an archive against."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# The locale in which GNU tar compares bytes.
_ENVIRONMENT: Final = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _found() -> str:
    """Return why GNU tar is not here; empty when it is."""
    for name in ("tar", "gtar"):
        if shutil.which(name) is not None:
            said = subprocess.run([name, "--version"], capture_output=True, check=False).stdout
            if b"GNU tar" in said:
                return name
    return ""


TAR: Final = _found()
gnu_only: Final = pytest.mark.skipif(not TAR, reason="no GNU tar on this machine")


def listed(archive: Path, *words: bytes | str) -> list[bytes]:
    """Return a line for each member that GNU tar lists (escaped), told so many words besides.

    It fails where a name is not found; the list is whole all the same.
    """
    command = [TAR, "--quoting-style=escape", "-tf", os.fspath(archive), *words]
    done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0 or b"Not found in archive" in done.stderr, done.stderr
    return done.stdout.splitlines()


def extracted(archive: Path, where: Path, *words: bytes | str) -> bytes:
    """Let GNU tar extract the archive there, told so many words besides; return what it says."""
    command = [TAR, "-xf", os.fspath(archive), "-C", os.fspath(where), *words]
    return subprocess.run(command, env=_ENVIRONMENT, capture_output=True, check=False).stderr
