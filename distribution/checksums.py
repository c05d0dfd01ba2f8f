"""Check sums as `sha256sum` writes and checks them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def checksum_lines(files: Iterable[Path]) -> str:
    """Return a line for each file, sorted by name."""
    lines = []
    for path in sorted(files, key=lambda one: one.name):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)
