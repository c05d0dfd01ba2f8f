"""Python's tarfile: python python.py PLAIN AWKWARD OUT."""

from __future__ import annotations

import platform
import sys
import tarfile
from pathlib import Path

LAYOUTS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def main() -> None:
    """Make an archive of each format; what does not fit into ustar is left out."""
    plain, awkward, out = (Path(one) for one in sys.argv[1:4])
    for name, layout in LAYOUTS.items():
        archive = out / f"python-{name}.tar"
        tree = plain if name == "ustar" else awkward
        with tarfile.open(archive, "w", format=layout, errors="surrogateescape") as tar:
            for path in sorted(tree.rglob("*")):
                try:
                    tar.add(path, path.relative_to(tree), recursive=False)
                except ValueError as error:
                    print(f"{path.name}: {error}", file=sys.stderr)
        how = f"Python's tarfile\n{platform.python_version()}\npython.py ({name})\n0\n"
        Path(f"{archive}.how").write_text(how)


main()
