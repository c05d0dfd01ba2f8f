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
from kubectl_restore.about import HOMEPAGE, KREW_NAME, NAME, VERSION

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
_LINK: Final = Template("""
    krew calls it `kubectl $name`. The documents and its messages call it `$usual`; for that, link
    to it from a directory on PATH:
      ln -s "$${KREW_ROOT:-$$HOME/.krew}/bin/$program" /usr/local/bin/$usual_program
""")
"""krew makes the command of the plugin's name, whatever the program in the archive is called."""


def manifest(archives: Iterable[Path], *, address: str | None = None, name: str = KREW_NAME) -> str:
    """Return the manifest of the version of some archives: one a platform, all of one version.

    Args:
        archives: as `make dist` names them.
        address: where they can be fetched, without the name; by default the project's releases.
        name: the plugin's, which krew makes the command of.

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
        name=name,
        version=version,
        homepage=HOMEPAGE,
        link=_link(name),
        platforms="".join(platforms),
    )


def _link(name: str) -> str:
    """Return how to have the usual command too, where krew gives another."""
    usual = _program(NAME.removeprefix("kubectl "))
    if _program(name) == usual:
        return ""
    return _LINK.substitute(name=name, usual=NAME, program=_program(name), usual_program=usual)


def _program(plugin: str) -> str:
    """Return what krew calls its link to a plugin (pluginNameToBin in its installation package)."""
    return f"kubectl-{plugin.replace('-', '_')}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Render the manifest of this version's archives beside them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument("--all-platforms", action="store_true", help="fail if one has no archive")
    given = parser.parse_args()
    archives = list(given.archives.glob(f"kubectl-restore_v{VERSION}_*.tar.gz"))
    names = {f"kubectl-restore_v{VERSION}_{'_'.join(one)}.tar.gz" for one in PLATFORMS}
    missing = names - {one.name for one in archives}
    if given.all_platforms and missing:
        sys.exit(f"Error: there is no {', '.join(sorted(missing))}")
    # krew's index wants the file to be called as the plugin is.
    (given.archives / f"{KREW_NAME}.yaml").write_text(manifest(archives), "utf-8")


if __name__ == "__main__":
    main()
