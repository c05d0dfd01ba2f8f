"""A pod's volume, seen from the node: no tool of the pod takes part."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.cluster.places import Places
from tests.cluster.record import Record
from tests.compatibility.entry import ACL, BLOCK, Entry, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 1 << 20
_KINDS: Final = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}


class VolumeError(Exception):
    """The volume cannot be seen."""


def volume_root(uid: str, volume: str) -> bytes:
    """Return where the emptyDir of a pod stands, as the kubelet sees it (it mounts the tmpfs ones).

    Raises:
        VolumeError: the node is not of this machine.
    """
    places = Places.here()
    record = Record.read(places.record)
    kubelet = record.find("kubelet") if record else None
    if kubelet is None:
        raise VolumeError(f"no node runs in {places.state}")
    directory = f"{places.state}/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/{volume}"
    root = f"/proc/{kubelet.pid}/root{directory}"
    if not os.path.isdir(root):  # noqa: PTH112 - names below it are bytes
        raise VolumeError(f"{directory} is not there: not this machine's node, or we are not root")
    return os.fsencode(root)


@dataclass(frozen=True, slots=True)
class Volume:
    """A directory, with the mode and the owner that it has when it is empty."""

    root: bytes
    mode: int
    owner: tuple[int, int]

    @classmethod
    def at(cls, root: bytes) -> Volume:
        """Return the directory as it stands now."""
        status = os.lstat(root)
        return cls(root, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))

    def clear(self) -> None:
        """Remove all that stands in it, and give it its mode and its owner again."""
        for entry in list(os.scandir(self.root)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)  # noqa: PTH108 - the name is bytes
        os.chown(self.root, *self.owner)
        os.chmod(self.root, self.mode)  # noqa: PTH101 - the name is bytes

    def count(self) -> int:
        """Return how many paths stand in it."""
        return sum(1 for _ in _below(self.root)) - 1

    def tree(self) -> dict[bytes, Entry]:
        """Return what stands in it; the directory itself is the empty path."""
        found: dict[bytes, Entry] = {}
        same: dict[tuple[int, int], set[bytes]] = {}
        for full in _below(self.root):
            path = full[len(self.root) + 1 :]
            status = os.lstat(full)
            found[path] = _entry(full, status)
            if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                same.setdefault((status.st_dev, status.st_ino), set()).add(path)
        for group in same.values():
            for path in group:
                found[path] = replace(found[path], linked=frozenset(group - {path}))
        return found


def _below(directory: bytes) -> Iterator[bytes]:
    yield directory
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        else:
            yield entry.path


def _entry(path: bytes, status: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
    size, content, blocks = 0, "", None
    if kind == "file":
        size = status.st_size
        content, blocks = _look_into(path, size)
    elif kind == "symlink":
        content = os.readlink(path).decode("utf-8", "surrogateescape")  # noqa: PTH115 - bytes
    return Entry(
        kind=kind,
        mode=None if kind == "symlink" else stat.S_IMODE(status.st_mode),
        mtime=status.st_mtime_ns,
        owner=(status.st_uid, status.st_gid),
        size=size,
        content=content,
        xattrs=_xattrs(path),
        blocks=blocks,
    )


def _xattrs(path: bytes) -> dict[str, bytes]:
    names = os.listxattr(path, follow_symlinks=False)
    # The others are the system's own business.
    kept = [name for name in names if name.startswith("user.") or name == ACL]
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in kept}


def _look_into(path: bytes, size: int) -> tuple[str, int]:
    """Return a file's digest, and how many blocks of it are no hole."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - the name is bytes
        number = file.fileno()
        extents = list(_extents(number, size))
        pieces = (
            (offset, os.pread(number, min(_PIECE, end - offset), offset))
            for start, end in extents
            for offset in range(start, end, _PIECE)
        )
        return digest(size, pieces), sum(-(-(end - start) // BLOCK) for start, end in extents)


def _extents(file: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield where data begins and ends; the kernel says that the rest reads as zeros."""
    end = 0
    while end < size:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(file, start, os.SEEK_HOLE)
        yield start, end
