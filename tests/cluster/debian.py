"""Debian's own files: a release's tree, and single packages of other releases.

Everything comes from one mirror, the one that this machine's apt uses. debootstrap and apt check
the release's signature with the unpacked keyring, the list of packages with the release, and each
package with the list; so plain HTTP is enough, and nothing is checked a second time here.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import cache, command
from tests.cluster.errors import BrokenError

if TYPE_CHECKING:
    from tests.cluster.packages import Programs

RELEASE: Final = "bookworm"

_BESIDES: Final = ("libarchive-tools", "toybox")
"""What the tree has beyond Debian's minimum; images take single programs of these."""

_WITHOUT: Final = (
    "dev",
    "proc",
    "sys",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory that holds an installed Debian.

    Attributes:
        root: the directory.
    """

    root: Path

    def file(self, path: str) -> Path:
        """Return what stands at an absolute path of the tree, links followed inside it."""
        place = self.root
        left = [part for part in path.split("/") if part]
        while left:
            place /= left.pop(0)
            if place.is_symlink():
                target = str(place.readlink())
                place = self.root if target.startswith("/") else place.parent
                left = [part for part in target.split("/") if part] + left
        return place

    def libraries(self, program: str) -> list[str]:
        """Return the absolute paths of the shared libraries of a program, its loader included."""
        listed = command.ask([command.find("chroot"), str(self.root), "/usr/bin/ldd", program])
        return [word for word in listed.split() if word.startswith("/")]


def tree(place: Path, programs: Programs, log: Path) -> Tree:
    """Return the tree, installed on the first call."""
    determined = cache.key(Path(__file__).resolve(), programs.root.name)
    name = f"debian-{determined}"
    return Tree(cache.entry(place, name, lambda target: _install(target, programs, log)) / "root")


def package(place: Path, release: str, name: str, programs: Programs, log: Path) -> Path:
    """Return the directory of a release's package, fetched and unpacked on the first call.

    Raises:
        BrokenError: it cannot be had.
    """
    determined = cache.key(Path(__file__).resolve(), release, name, programs.root.name)

    def fetch(target: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="kubectl-restore-apt-") as folder:
            _download(Path(folder), release, name, programs, log)
            for file in Path(folder).glob("*.deb"):
                command.run(
                    [command.find("dpkg-deb"), "--extract", str(file), str(target)], log=log
                )

    return cache.entry(place, f"{name}-{release}-{determined}", fetch)


def _install(target: Path, programs: Programs, log: Path) -> None:
    # A new root directory belongs to everybody, as `/` does.
    root = target / "root"
    root.mkdir()
    command.run(
        [
            # debootstrap mounts /proc; here it cannot stay behind, whatever happens.
            command.find("unshare"),
            "--mount",
            programs.find("debootstrap"),
            "--variant=minbase",
            f"--include={','.join(_BESIDES)}",
            f"--keyring={_keyring(programs)}",
            RELEASE,
            str(root),
            _mirror(),
        ],
        log=log,
        environment={
            "DEBOOTSTRAP_DIR": str(programs.root / "usr/share/debootstrap"),
            "PATH": programs.path,
        },
    )
    for path in _WITHOUT:
        shutil.rmtree(root / path, ignore_errors=True)
        (root / path).mkdir(parents=True, exist_ok=True)


def _download(folder: Path, release: str, name: str, programs: Programs, log: Path) -> None:
    """Fetch one package into a folder, with an apt that knows nothing of this machine's."""
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={_keyring(programs)}] {_mirror()} {release} main\n")
    for empty in ("state/lists/partial", "cache/archives/partial"):
        (folder / empty).mkdir(parents=True)
    (folder / "status").touch()
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::State::Status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
        "APT::Update::Error-Mode": "any",
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    for words in (["update"], ["download", name]):
        command.run([command.find("apt-get"), "-q", *options, *words], log=log, directory=folder)


def _mirror() -> str:
    """Return where this machine's apt has Debian's main archive from.

    Raises:
        BrokenError: its sources name none.
    """
    format_ = "$(SITE) $(RELEASE) $(COMPONENT)"
    known = command.ask([command.find("apt-get"), "indextargets", "--format", format_])
    for line in known.splitlines():
        match line.split():
            case [site, release, "main"] if "-" not in release and "/debian" in site:
                return site
    raise BrokenError("apt's sources on this machine name no mirror of Debian's main archive")


def _keyring(programs: Programs) -> Path:
    return programs.root / "usr/share/keyrings/debian-archive-keyring.gpg"
