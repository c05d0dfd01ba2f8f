"""The backup, made here and never stored, and what must come of it (told by no code of ours)."""

from __future__ import annotations

import io
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.compatibility.entry import ACL, Entry, acl, digest
from tests.compatibility.sparse import HUGE, SMALL
from tests.contract.trees import MTIME, name_of, tree_of, two_thousand

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK: Final = 512
_ACL_TEXT: Final = "user::rw-,user:1234:r--,group::r--,mask::r--,other::r--"
_NOBODY: Final = 0xFFFF_FFFF
_ACL: Final = acl(
    (1, 6, _NOBODY), (2, 4, 1234), (4, 4, _NOBODY), (16, 4, _NOBODY), (32, 4, _NOBODY)
)
_FRACTION: Final = "1600000123.456789"


@dataclass(frozen=True, slots=True)
class Tree:
    """A backup as a plain tar, and the paths that must come of it; the target itself is empty."""

    archive: bytes
    expected: dict[bytes, Entry]


class _Maker:
    """An archive in the making, block by block, because one format is not enough for it."""

    def __init__(self, owner: tuple[int, int]) -> None:
        self.blocks: list[bytes] = []
        self.expected: dict[bytes, Entry] = {}
        self.owner = owner

    def add(
        self,
        name: str,
        content: bytes = b"",
        *,
        kind: bytes = tarfile.REGTYPE,
        mode: int = 0o644,
        pax: Mapping[str, str] | None = None,
        xattrs: Mapping[str, bytes] | None = None,
        wide_size: bool = False,
    ) -> None:
        """Add a file or a directory; a time among the records of `pax` is the one that counts."""
        info = self._info(name, kind, mode)
        info.size = len(content)
        info.pax_headers = dict(pax or {})
        header = bytearray(info.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT))
        if wide_size:
            header[-_BLOCK:] = _with_wide_size(bytes(header[-_BLOCK:]), len(content))
        self.blocks += [bytes(header), content, bytes(-len(content) % _BLOCK)]
        seconds, _, fraction = (pax or {}).get("mtime", str(MTIME)).partition(".")
        is_file = kind == tarfile.REGTYPE
        self.expected[self._path(name)] = Entry(
            kind="file" if is_file else "directory",
            mode=mode,
            mtime=int(seconds) * 10**9 + int(fraction.ljust(9, "0")),
            owner=self.owner,
            size=len(content),
            content=digest(len(content), [(0, content)]) if is_file else "",
            xattrs=xattrs or {},
        )

    def directory(self, name: str, mode: int = 0o755, pax: Mapping[str, str] | None = None) -> None:
        """Add a directory."""
        self.add(name, kind=tarfile.DIRTYPE, mode=mode, pax=pax)

    def symlink(self, name: str, target: str, pax: Mapping[str, str] | None = None) -> None:
        """Add a symbolic link, which has no mode of its own."""
        info = self._info(name, tarfile.SYMTYPE, 0o777)
        info.linkname = target
        info.pax_headers = dict(pax or {})
        self.blocks.append(info.tobuf(tarfile.PAX_FORMAT))
        self.expected[self._path(name)] = Entry(
            "symlink", None, MTIME * 10**9, self.owner, content=target
        )

    def hardlink(self, name: str, target: str) -> None:
        """Add another name of an earlier file."""
        info = self._info(name, tarfile.LNKTYPE, 0o644)
        info.linkname = target
        self.blocks.append(info.tobuf(tarfile.GNU_FORMAT))
        new, first = self._path(name), self._path(target)
        group = {new, first, *self.expected[first].linked}
        for path in group:
            self.expected[path] = replace(self.expected[first], linked=frozenset(group - {path}))

    def _info(self, name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = kind, mode, MTIME
        info.uid, info.gid = self.owner
        # A name that exists in no pod: the numbers are what counts.
        info.uname = info.gname = "nobody-here"
        return info

    @staticmethod
    def _path(name: str) -> bytes:
        return name_of(name).strip(b"/")


def make(owner: tuple[int, int], *, huge: bool) -> Tree:
    """Return the tree whose files belong to `owner`, with the two files of 9 GiB or without."""
    maker = _Maker(owner)
    _add_base(maker)
    maker.blocks.append(tarfile.TarInfo.create_pax_global_header({"comment": "of the whole tar"}))
    _add_records(maker)
    _add_names(maker)
    _add_modes(maker)
    _add_sparse(maker, huge=huge)
    return Tree(b"".join(maker.blocks) + bytes(2 * _BLOCK), maker.expected)


def _add_base(maker: _Maker) -> None:
    """Add the 2,000 entries of the contract suite, and the `./` that they begin with."""
    archive = two_thousand(owner=maker.owner)
    kept = len(archive.rstrip(b"\0"))
    maker.blocks.append(archive[: kept + -kept % _BLOCK])
    maker.expected[b""] = Entry("directory", 0o755, MTIME * 10**9, maker.owner)
    contents = _contents(archive)
    for path, seen in tree_of(archive).items():
        content = contents.get(path, b"")
        is_file = seen.kind == "file"
        maker.expected[path] = Entry(
            kind=seen.kind,
            mode=seen.mode,
            mtime=(MTIME if seen.mtime is None else seen.mtime) * 10**9,
            owner=maker.owner,
            size=len(content),
            content=digest(len(content), [(0, content)]) if is_file else seen.content,
            linked=seen.linked,
        )


def _contents(archive: bytes) -> dict[bytes, bytes]:
    contents: dict[bytes, bytes] = {}
    with tarfile.open(
        fileobj=io.BytesIO(archive), encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                contents[name_of(member.name)] = file.read()
            elif member.islnk():
                contents[name_of(member.name)] = contents[name_of(member.linkname)]
    return contents


def _add_records(maker: _Maker) -> None:
    """Add what PAX headers say beyond the old ones."""
    maker.directory("pax/", pax={"mtime": _FRACTION})
    maker.add("pax/fraction", b"fraction", pax={"mtime": _FRACTION})
    maker.add("pax/nanoseconds", b"nanoseconds", pax={"mtime": "1600000124.123456789"})
    unknown = {"comment": "a file's", "LIBARCHIVE.creationtime": "1500000000", "SCHILY.dev": "64"}
    maker.add("pax/unknown", b"unknown", pax=unknown)
    maker.add(
        "pax/xattr",
        b"xattr",
        pax={"SCHILY.xattr.user.note": "a note"},
        xattrs={"user.note": b"a note"},
    )
    maker.add("pax/acl", b"acl", pax={"SCHILY.acl.access": _ACL_TEXT}, xattrs={ACL: _ACL})
    long = "pax/" + "ü" * 90
    maker.directory(long + "/", pax=unknown)
    maker.add(f"{long}/{'☃' * 60}", b"long and not ASCII", pax=unknown)
    maker.symlink("pax/link", "ü" * 90, pax=unknown)


def _add_names(maker: _Maker) -> None:
    """Add names that tars write in more than one way, and a size that they do."""
    maker.directory("/abs/")
    maker.add("/abs/file", b"absolute")
    maker.hardlink("/abs/link", "/abs/file")
    maker.directory("./dot/")
    maker.add("./dot/prefixed", b"prefixed")
    maker.hardlink("dot/link", "./dot/prefixed")
    maker.add("wide-size", b"a size in base 256", wide_size=True)


def _add_modes(maker: _Maker) -> None:
    """Add modes that a tar has to set late, or last."""
    maker.directory("modes/")
    maker.add("modes/setuid", b"setuid", mode=0o4755)
    maker.add("modes/setgid", b"setgid", mode=0o2750)
    maker.add("modes/none", b"none", mode=0o000)
    maker.directory("modes/sticky/", mode=0o1777)
    maker.directory("modes/setgid-directory/", mode=0o2775)
    maker.add("modes/setgid-directory/child", b"child")
    maker.directory("modes/read-only/", mode=0o555)
    maker.add("modes/read-only/child", b"child", mode=0o444)
    maker.directory("modes/private/", mode=0o500)
    maker.directory("modes/private/inner/", mode=0o555)
    maker.add("modes/private/inner/child", b"child")


def _add_sparse(maker: _Maker, *, huge: bool) -> None:
    maker.directory("sparse/")
    with tempfile.TemporaryDirectory(prefix="compatibility-") as directory:
        for file in (*SMALL, *(HUGE if huge else ())):
            maker.blocks.append(file.member(Path(directory), maker.owner))
            maker.expected[file.name.encode()] = file.entry(maker.owner)
    maker.hardlink("sparse/link", SMALL[0].name)


def _with_wide_size(header: bytes, size: int) -> bytes:
    """Return a header whose size is written in base 256, with its new checksum."""
    wide = bytes([0x80]) + size.to_bytes(11, "big")
    changed = header[:124] + wide + header[136:148] + b" " * 8 + header[156:]
    return changed[:148] + b"%06o\0 " % sum(changed) + changed[156:]
