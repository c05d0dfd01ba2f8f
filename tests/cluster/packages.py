"""Debian packages: unpacked into the cache, not installed.

Installing containerd or etcd would start services, and replace what another container engine on
the machine has installed. Unpacked programs disturb nothing and need no configuration files.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import cache, command
from tests.cluster.errors import BrokenError

UNPACKED: Final = (
    "busybox-static",
    "containerd",
    "containernetworking-plugins",
    "debian-archive-keyring",
    "debootstrap",
    "etcd-server",
    "runc",
)
INSTALLED: Final = {"openssl": "openssl", "wget": "wget"}
"""Programs that are taken from the system, each with the package that has it."""

_LIST_ATTEMPTS: Final = 10
_APT: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Programs:
    """The unpacked programs.

    Attributes:
        root: the directory that stands for `/` in the packages.
        instead: a directory of others, which are found before these.
    """

    root: Path
    instead: Path | None = None

    @property
    def path(self) -> str:
        """A PATH that finds the unpacked programs first."""
        own = [] if self.instead is None else [str(self.instead)]
        own += [str(self.root / place) for place in ("usr/sbin", "usr/bin", "sbin", "bin")]
        return ":".join(
            [*own, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/bin"]
        )

    @property
    def busybox(self) -> Path:
        """The busybox that stands alone."""
        return Path(self.find("busybox"))

    @property
    def network_plugins(self) -> Path:
        """The directory of the CNI plugins."""
        return self.root / "usr" / "lib" / "cni"

    def find(self, name: str) -> str:
        """Return the path of an unpacked program.

        Raises:
            BrokenError: the packages do not hold it.
        """
        found = shutil.which(name, path=self.path)
        if found is None:
            raise BrokenError(f"no program {name} in {self.root}")
        return found


def install_missing(log: Path) -> None:
    """Install the system's programs that are not there: small ones, none with a service."""
    missing = [package for program, package in INSTALLED.items() if shutil.which(program) is None]
    if missing:
        with _APT:
            _with_lists(["install", "-y", "--no-install-recommends", *missing], log, Path("/"))


def unpack(places: Path, log: Path) -> Programs:
    """Return the unpacked programs, fetched on the first call."""
    release = platform.freedesktop_os_release()
    determined = cache.key(release.get("ID", ""), release.get("VERSION_ID", ""), *UNPACKED)
    return Programs(
        cache.entry(places, f"packages-{determined}", lambda place: _fetch(place, log)),
    )


def _fetch(place: Path, log: Path) -> None:
    dpkg = command.find("dpkg-deb")
    with tempfile.TemporaryDirectory(prefix="kubectl-restore-packages-") as folder:
        with _APT:
            _with_lists(["download", *UNPACKED], log, Path(folder))
        for package in sorted(Path(folder).glob("*.deb")):
            command.run([dpkg, "--extract", str(package), str(place)], log=log)


def _with_lists(arguments: list[str], log: Path, directory: Path) -> None:
    """Run apt-get; when it fails, fetch the lists of packages and run it again."""
    apt = [
        command.find("apt-get"),
        "-q",
        "-o",
        "DPkg::Lock::Timeout=120",
        "-o",
        "APT::Sandbox::User=root",
    ]
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        command.run([*apt, *arguments], log=log, environment=environment, directory=directory)
    except BrokenError:
        for attempt in range(_LIST_ATTEMPTS):
            try:
                command.run([*apt, "update"], log=log, environment=environment)
            except BrokenError:
                # Another apt-get may hold the lists; this lock has no time-out of its own.
                if attempt == _LIST_ATTEMPTS - 1:
                    raise
                time.sleep(3)
            else:
                break
        command.run([*apt, *arguments], log=log, environment=environment, directory=directory)
