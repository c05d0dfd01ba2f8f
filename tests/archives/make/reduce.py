"""Copies a tar without its larger files, block by block: python reduce.py FROM TO [LARGEST]."""

from __future__ import annotations

import sys
from pathlib import Path

BLOCK = 512


def main() -> None:
    """Leave out each file above a size; all other blocks stay as they are."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    largest = int(sys.argv[3]) if len(sys.argv) > 3 else 600
    with source.open("rb") as tar, target.open("wb") as out:
        while block := tar.read(BLOCK):
            size = int(block[124:136].rstrip(b"\0 ") or b"0", 8) if any(block) else 0
            content = tar.read(size + -size % BLOCK)
            if size <= largest:
                out.write(block + content)


main()
