"""What is not in the backup: listed below its own directories, whatever is in it before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.container.mounts import Mount, read_mounts
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.errors import InTheWayError, PodCannotError
from kubectl_restore.restore.checks.extras import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.container.questions import Questions

DIRECTORY = Entry(Standing.DIRECTORY, 0, 0o755, 0, 0, 0, 1)


class Pod:
    """Answers from a tree: directories end with a slash."""

    def __init__(self, *paths: bytes, closed: bytes | None = None, mount: bytes = b"") -> None:
        self.paths = paths
        self.closed = closed
        self.mount = mount
        self.listed: list[bytes] = []

    def children(
        self, directories: Iterable[bytes]
    ) -> tuple[list[tuple[bytes, bool]], list[bytes]]:
        """Return what stands in directories."""
        found = []
        for directory in directories:
            self.listed.append(directory)
            top = directory + b"/" if directory else b""
            for path in self.paths:
                rest = path.removeprefix(top)
                if path.startswith(top) and rest and b"/" not in rest[:-1]:
                    found.append((path.rstrip(b"/"), path.endswith(b"/")))
        return found, [one for one in self.listed if one == self.closed]

    def mounts(self) -> list[Mount]:
        """Return the volumes."""
        return [Mount(b"", "ext4"), Mount(self.mount, "ext4")]


def backup(*paths: bytes) -> Members:
    """Return members; directories end with a slash, `./` is the target itself."""
    members = Members()
    for path in paths:
        kind = Kind.DIRECTORY if path.endswith(b"/") else Kind.FILE
        name = path.rstrip(b"/") if path != b"./" else b""
        members.append(Member(path, name, kind, 0, 512, 512, 0, 0o644, 0, 0, 0, b""))
    return members


def extras(pod: Pod, members: Members, *stands: bytes) -> list[tuple[bytes, bool]]:
    before = dict.fromkeys(stands, DIRECTORY)
    return Listing(cast("Questions", pod)).extras(members, before)


def test_only_the_backups_own_directories_are_looked_into() -> None:
    pod = Pod(b"a/", b"a/in", b"a/out", b"b/", b"b/out", b"c/", b"c/x", b"top")
    members = backup(b"a/", b"a/in", b"b/x")
    assert extras(pod, members, b"", b"a", b"b") == [(b"a/out", False)]
    assert pod.listed == [b"a"]


def test_what_is_in_a_directory_comes_before_it() -> None:
    pod = Pod(b"a/", b"a/d/", b"a/d/e/", b"a/d/e/f", b"a/d-", b"a/d/g")
    found = [path for path, _ in extras(pod, backup(b"a/"), b"", b"a")]
    assert set(found) == {b"a/d", b"a/d/e", b"a/d/e/f", b"a/d-", b"a/d/g"}
    for path in found:
        below = [found.index(one) for one in found if one.startswith(path + b"/")]
        assert all(place < found.index(path) for place in below)


def test_the_target_is_looked_into_when_the_backup_has_an_entry_for_it() -> None:
    pod = Pod(b"a", b"z", b"lost+found/", b"lost+found/x", b"needed/", b"needed/m")
    members = backup(b"./", b"a", b"needed/m")
    # Nobody knows what else the backup would have had in `needed`.
    assert extras(pod, members, b"", b"needed") == [(b"z", False)]


def test_a_path_like_a_members_inside_of_what_goes_goes_too() -> None:
    pod = Pod(b"a/", b"a/d/", b"a/d/x")
    assert extras(pod, backup(b"a/"), b"", b"a") == [(b"a/d/x", False), (b"a/d", True)]


def test_what_cannot_be_listed_is_not_taken_for_empty() -> None:
    pod = Pod(b"a/", b"a/d/", closed=b"a/d")
    with pytest.raises(PodCannotError, match="cannot be told"):
        extras(pod, backup(b"a/"), b"", b"a")


def test_a_mount_point_is_not_deleted() -> None:
    pod = Pod(b"a/", b"a/d/", b"a/d/volume/", mount=b"a/d/volume")
    found = extras(pod, backup(b"a/"), b"", b"a")
    with pytest.raises(InTheWayError) as caught:
        Listing(cast("Questions", pod)).require_no_mounts(found)
    assert "a/d/volume" in caught.value.reason


def test_mountinfo_is_read() -> None:
    lines = [
        b"22 1 0:20 / / rw - overlay overlay rw,lowerdir=/x",
        b"23 22 8:1 / /data rw,relatime shared:1 - ext4 /dev/sda1 rw",
        b"24 23 8:2 / /data/with\\040blank rw - xfs /dev/sdb rw",
        b"25 22 0:4 / /database rw - tmpfs tmpfs rw",
        b"26 22 0:5 / /proc rw - proc proc rw",
        b"nonsense",
    ]
    records = [(b"here", b"/data"), *((b"mount", line) for line in lines)]
    assert read_mounts(records) == [Mount(b"", "ext4"), Mount(b"with blank", "xfs")]
    top = [(b"here", b"/"), *((b"mount", line) for line in lines)]
    assert [one.path for one in read_mounts(top)] == [
        b"", b"data", b"data/with blank", b"database", b"proc",
    ]  # fmt: skip
    assert read_mounts([(b"mount", lines[0])]) == []
