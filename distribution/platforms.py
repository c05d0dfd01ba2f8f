"""What kubectl and krew call this machine's system and processor."""

from __future__ import annotations

import platform
from typing import Final

PLATFORMS: Final = (
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
)
"""What a release has an archive for."""
_SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin"}
_PROCESSORS: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> tuple[str, str]:
    """Return system and processor: linux or darwin, amd64 or arm64.

    Raises:
        LookupError: releases are not made for this machine.
    """
    system, processor = platform.system(), platform.machine().lower()
    if system not in _SYSTEMS or processor not in _PROCESSORS:
        raise LookupError(f"releases are not made for {system} on {processor}")
    return _SYSTEMS[system], _PROCESSORS[processor]
