"""What stands in a directory, as lines of text: the right answer of an archive of the corpus."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from kubectl_restore.text import shown_whole

_KINDS: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
DIGITS: Final = 16
"""Of a content's checksum."""
NOW: Final = "now"
FIRST: Final = -(2**31) * 10**9
LAST: Final = 15_032_385_535 * 10**9
"""Nanoseconds that ext4 keeps, on which the answers are made."""
EXTRACT: Final = (
    *("tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"),
    *("--warning=no-timestamp", "-xpf"),
)
"""How GNU tar extracts as root, with all that it can."""


def extracted(archive: Path) -> tuple[str, str]:
    """Return what GNU tar makes of an archive, and what it says.

    Returns:
        Lines, one a path; and the exit code with its messages, empty where there is nothing.
    """
    began = time.time_ns()
    with tempfile.TemporaryDirectory(dir=archive.parent) as place:
        done = subprocess.run(
            [*EXTRACT, archive, "-C", place],
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            check=False,
        )
        said = done.stderr.decode("utf-8", "backslashreplace")
        code = f"exit {done.returncode}\n" if done.returncode else ""
        return answer_of(Path(place), began), code + said


def answer_of(root: Path, began: int) -> str:
    """Return a line for each path below a directory, the first names of hard links before others.

    A directory that GNU tar has written into after it had set its time has the time of the
    extraction (`NOW`): its members do not stand together in the archive.

    A line has kind, mode, owner, size of a file, time in nanoseconds, checksum of a content, name,
    where a link leads, names of attributes; each behind a tab.
    """
    top = os.fsencode(root)
    seen: dict[tuple[int, int], bytes] = {}
    lines = []
    for path in sorted(_below(top)):
        name = path[len(top) + 1 :]
        lines.append(_line(path, name, seen, began))
    return "".join(f"{line}\n" for line in lines)


def _below(top: bytes) -> list[bytes]:
    found = []
    for place, directories, files in os.walk(top):
        found += [os.path.join(place, one) for one in (*directories, *files)]
    return found


def _line(path: bytes, name: bytes, seen: dict[tuple[int, int], bytes], began: int) -> str:
    at = os.lstat(path)
    kind = _KINDS.get(stat.S_IFMT(at.st_mode), "?")
    mode = "" if kind == "symlink" else f"{stat.S_IMODE(at.st_mode):04o}"
    size, content, link = "", "", ""
    if kind == "file":
        size = str(at.st_size)
        with open(path, "rb") as file:  # noqa: PTH123 - bytes
            content = hashlib.sha256(file.read()).hexdigest()[:DIGITS]
    elif kind == "symlink":
        link = shown_whole(os.readlink(path))  # noqa: PTH115 - bytes
    elif kind == "device":
        content = f"{os.major(at.st_rdev)},{os.minor(at.st_rdev)}"
    if kind != "directory" and at.st_nlink > 1:
        first = seen.setdefault((at.st_dev, at.st_ino), name)
        link = f"= {shown_whole(first)}" if first != name else link
    attributes = "" if kind == "symlink" else ",".join(sorted(os.listxattr(path)))
    owner = f"{at.st_uid}:{at.st_gid}"
    mtime = NOW if kind == "directory" and at.st_mtime_ns >= began else str(at.st_mtime_ns)
    words = (kind, mode, owner, size, mtime, content, shown_whole(name), link)
    return "\t".join((*words, attributes))
