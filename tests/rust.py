"""uutils' newest coreutils and findutils, built from crates once for all checkouts.

`python -m tests.rust` builds them where Rust is; Ubuntu's containers have them since 25.10.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import cache
from tests.cluster.places import build_cache


@dataclass(frozen=True, slots=True)
class Crate:
    """A published package of Rust's.

    Attributes:
        name: its name.
        version: its version.
        checksum: SHA-256 of what is published; its own lock file has those of all that it needs.
        features: what of it is built; all that it builds by itself when empty.
    """

    name: str
    version: str
    checksum: str
    features: tuple[str, ...] = ()


# fmt: off
COREUTILS: Final = (
    "cat", "chmod", "chown", "cksum", "cp", "dd", "df", "head", "id", "ln",
    "ls", "md5sum", "mkdir", "mkfifo", "mknod", "mv", "readlink", "rm", "rmdir",
    "sha1sum", "sha256sum", "sleep", "stat", "sync", "touch", "tr", "truncate",
)
# fmt: on
"""All of coreutils that the agent calls."""
FINDUTILS: Final = ("find", "xargs")
_CRATES: Final = (
    Crate(
        "coreutils",
        "0.12.0",
        "a179dc3f3af0389cbd0a8d238ea047abbd72b47225bb49cbadb9a3824a44938e",
        COREUTILS,
    ),
    Crate(
        "findutils",
        "0.11.0",
        "999509a3ca9a9cdc156820463ce2e10cf406dd8e9c39d4bd5c9ae420c8ad7699",
    ),
)


class NoRustError(Exception):
    """There is no Rust on this machine."""


def programs() -> Path:
    """Return the directory where `coreutils`, `find` and `xargs` are once they are built."""
    return build_cache() / f"rust-{cache.key(*map(str, _CRATES))}" / "bin"


def build() -> Path:
    """Return that directory, built on the first call.

    Raises:
        NoRustError: cargo is not on PATH.
        subprocess.CalledProcessError: it does not build; what cargo said is on stderr.
        ValueError: a crate is another than the one that is locked here.
    """
    place = programs()
    if not place.is_dir():
        cargo = shutil.which("cargo")
        if cargo is None:
            raise NoRustError("Rust is not installed, so uutils' programs cannot be built")
        cache.entry(place.parent.parent, place.parent.name, lambda into: _build(cargo, into))
    return place


def _build(cargo: str, into: Path) -> None:
    work = into / "work"
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    for crate in _CRATES:
        command = [cargo, "install", "--locked", "--debug", "--quiet", f"--root={into}"]
        command += [f"--target-dir={work}", f"{crate.name}@{crate.version}"]
        if crate.features:
            command += ["--no-default-features", f"--features={' '.join(crate.features)}"]
        # Built in half the time; what they do is the same.
        subprocess.run(command, env={**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}, check=True)
        published = home.glob(f"registry/cache/*/{crate.name}-{crate.version}.crate")
        found = {hashlib.sha256(one.read_bytes()).hexdigest() for one in published}
        if found != {crate.checksum}:
            raise ValueError(f"{crate.name} {crate.version} is {found}, not {crate.checksum}")
    shutil.rmtree(work)


def main() -> int:
    """Build them; where there is no Rust, say so."""
    try:
        print(build(), file=sys.stderr)
    except NoRustError as error:
        print(f"{error}: their pods are skipped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
