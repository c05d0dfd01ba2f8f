"""Checksums as `sha256sum` writes and checks them."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from distribution.source import ROOT
from kubectl_restore.about import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable


def checksum_lines(files: Iterable[Path]) -> str:
    """Return a line for each file, sorted by name."""
    lines = []
    for path in sorted(files, key=lambda one: one.name):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


def write_checksums(directory: Path) -> Path:
    """Write the checksums of this version's archives and wheel beside them; return the file."""
    made = [
        *directory.glob(f"kubectl-restore_v{VERSION}_*.tar.gz"),
        *directory.glob(f"kubectl_restore-{VERSION}-*.whl"),
    ]
    path = directory / f"kubectl-restore_v{VERSION}_checksums.txt"
    path.write_text(checksum_lines(made), "utf-8")
    return path


def main() -> None:
    """Write the checksums of what stands in a directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", type=Path, default=ROOT / "dist", help="default: dist")
    write_checksums(parser.parse_args().archives)


if __name__ == "__main__":
    main()
