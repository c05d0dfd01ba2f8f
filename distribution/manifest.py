"""krew's manifest, rendered from its template with the archives that are there."""

from __future__ import annotations

import argparse
import re
import sys
from hashlib import file_digest
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from distribution.platforms import PLATFORMS
from distribution.source import ROOT
from kubectl_restore.about import HOMEPAGE, KREW_NAME, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPLATE: Final = ROOT / "krew/restore.yaml.in"
_ARCHIVE: Final = re.compile(
    r"kubectl-restore_v(?P<version>.+)_(?P<os>[a-z]+)_(?P<arch>[a-z0-9]+)\.tar\.gz"
)
_PLATFORM: Final = Template("""\
    - selector:
        matchLabels:
          os: $os
          arch: $arch
      uri: $uri
      sha256: $sha256
      files:
        - from: kubectl-restore/*
          to: .
      bin: kubectl-restore
""")


def manifest(archives: Iterable[Path], *, address: str | None = None) -> str:
    """Return the manifest of the version of some archives: one a platform, all of one version.

    Args:
        archives: as `make dist` names them.
        address: where they can be fetched, without the name; by default the project's releases.

    Raises:
        ValueError: there are none, or not all of them are of one version.
    """
    found = {path: _ARCHIVE.fullmatch(path.name) for path in sorted(archives)}
    versions = {match["version"] for match in found.values() if match}
    if len(versions) != 1 or not all(found.values()):
        raise ValueError(f"no archives of one version: {', '.join(path.name for path in found)}")
    (version,) = versions
    place = address or f"{HOMEPAGE}/releases/download/v{version}"
    platforms = [
        _PLATFORM.substitute(
            os=match["os"],
            arch=match["arch"],
            uri=f"{place}/{path.name}",
            sha256=_sha256(path),
        )
        for path, match in found.items()
        if match
    ]
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        name=KREW_NAME, version=version, homepage=HOMEPAGE, platforms="".join(platforms)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Render the manifest of this version's archives in a directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / f"{KREW_NAME}.yaml")
    parser.add_argument("--all-platforms", action="store_true", help="fail if one has no archive")
    given = parser.parse_args()
    archives = list(given.archives.glob(f"kubectl-restore_v{VERSION}_*.tar.gz"))
    names = {f"kubectl-restore_v{VERSION}_{'_'.join(one)}.tar.gz" for one in PLATFORMS}
    missing = names - {one.name for one in archives}
    if given.all_platforms and missing:
        sys.exit(f"Error: there is no {', '.join(sorted(missing))}")
    given.into.write_text(manifest(archives), "utf-8")


if __name__ == "__main__":
    main()
