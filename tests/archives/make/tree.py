"""Two trees with what archivers stumble over; made as root, on a file system with attributes."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NANO: Final = 10**9
USUAL: Final = 1_600_000_000 * NANO
_TIMES: Final = {
    "1960": -300_000_000 * NANO,
    "1969-fraction": -NANO // 2,
    "1970": 0,
    "1970-and-one": NANO,
    "2100": 4_102_444_800 * NANO,
    "half": USUAL + NANO // 2,
    "nano": USUAL + 1,
}
_OWNERS: Final = {
    "octal-7": (2_097_151, 2_097_151),
    "octal-8": (2_097_152, 2_097_152),
    "large": (3_000_000_000, 3_000_000_000),
    "last": (4_294_967_294, 4_294_967_294),
}
_ODD: Final = (
    b"blank and \\ and 'quote'",
    b"-dash",
    "ü".encode(),
    b"latin-\xe9",
    b"new\nline",
    b"n" * 100,
    b"m" * 130,
)


def make_plain(root: Path) -> None:
    """Make what every archiver should take: usual names, no holes, no attributes."""
    (root / "d/e").mkdir(parents=True)
    (root / "d/file").write_bytes(b"content\n")
    (root / "d/e/more").write_bytes(b"m" * 1000)
    (root / "empty").touch()
    (root / "link").symlink_to("d/file")
    os.link(root / "d/file", root / "hard")
    (root / "mode-0").write_bytes(b"0")
    (root / "program").write_bytes(b"#!/bin/sh\n")
    deep = root / "/".join(["component-" + "x" * 30] * 4)
    deep.mkdir(parents=True)
    (deep / ("f" * 60)).write_bytes(b"deep")
    _set_times(root, USUAL)
    for name, when in _TIMES.items():
        (root / f"t-{name}").write_bytes(name.encode())
        os.utime(root / f"t-{name}", ns=(when, when))
    for name, (uid, gid) in _OWNERS.items():
        (root / f"o-{name}").write_bytes(name.encode())
        os.utime(root / f"o-{name}", ns=(USUAL, USUAL))
        os.chown(root / f"o-{name}", uid, gid)
    (root / "mode-0").chmod(0)
    (root / "program").chmod(0o4755)
    (root / "d/e").chmod(0o2750)
    os.utime(root, ns=(USUAL, USUAL))


def make_awkward(root: Path) -> None:
    """Make all that, and odd names, holes, a FIFO, attributes and a list of access."""
    make_plain(root)
    for name in _ODD:
        odd = os.path.join(os.fsencode(root), name)
        with open(odd, "wb") as file:  # noqa: PTH123 - bytes
            file.write(name)
    (root / "long-link").symlink_to("t" * 150)
    with (root / "sparse").open("wb") as file:
        for at in (0, 1 << 18, 3 << 18):
            file.seek(at)
            file.write(b"data" * 1024)
        file.truncate(1 << 20)
    os.mkfifo(root / "fifo")
    (root / "listed").write_bytes(b"acl")
    (root / "attributed").write_bytes(b"xattr")
    os.setxattr(root / "attributed", "user.kept", b"value\n=\0")
    for path in root.iterdir():
        if os.lstat(path).st_mtime_ns > USUAL + NANO and not path.name.startswith("t-"):
            os.utime(path, ns=(USUAL, USUAL), follow_symlinks=False)
    (root / "sticky").mkdir()
    os.utime(root / "sticky", ns=(USUAL, USUAL))
    (root / "sticky").chmod(0o1777)
    if shutil.which("setfacl"):
        subprocess.run(["setfacl", "-m", "u:12345:rwx,g::r", root / "listed"], check=True)
    os.utime(root, ns=(USUAL, USUAL))


def _set_times(root: Path, when: int) -> None:
    for path in [*root.rglob("*"), root]:
        os.utime(path, ns=(when, when), follow_symlinks=False)
