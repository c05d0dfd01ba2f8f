"""The shells that the agent is tried under: those of Debian that can be a container's sh."""

from __future__ import annotations

import shutil
import subprocess

import pytest

SHELLS = {
    "dash": ["dash"],
    "bash": ["bash"],
    "bash-posix": ["bash", "--posix"],
    "ash": ["busybox", "sh"],
    "ksh93": ["ksh93"],
    "mksh": ["mksh"],
    "posh": ["posh"],
    "zsh": ["zsh"],
}
"""Words that start each; one of a single word is called by the name `sh`."""


def words_of(name: str) -> list[str]:
    """Return the words that start a shell; skip where the machine lacks it (`make tars`)."""
    words = SHELLS[name]
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not on this machine")
    return words


def builds_in(words: list[str], tool: str) -> bool:
    """Tell whether a shell has a tool without any program."""
    command = [words[0], *words[1:], "-c", f"PATH=/nowhere; command -v {tool}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
