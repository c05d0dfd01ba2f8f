"""Backups to restore, and the trees that must come of them. Made here, never stored."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MTIME: Final = 1_600_000_000
_KINDS: Final = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.LNKTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands at a path, as far as two trees are compared."""

    kind: str
    mode: int | None
    mtime: int | None
    content: str
    """sha256 of a file, target of a symlink."""
    owner: tuple[int, int] | None
    linked: frozenset[bytes]
    """The other paths of the same file."""


def name_of(text: str) -> bytes:
    """Return a member's name as the bytes that stand in the archive."""
    return text.encode("utf-8", "surrogateescape").removeprefix(b"./").rstrip(b"/")


class Archive:
    """A tar in the making."""

    def __init__(
        self, *, owner: tuple[int, int] = (0, 0), layout: int = tarfile.GNU_FORMAT
    ) -> None:
        """Start an archive whose members belong to `owner`."""
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(  # noqa: SIM115 - closed by `finish`
            fileobj=self._buffer,
            mode="w",
            format=layout,
            encoding="utf-8",
            errors="surrogateescape",
        )
        self.owner = owner

    def add(
        self,
        name: bytes | str,
        content: bytes = b"",
        *,
        kind: bytes = tarfile.REGTYPE,
        link: bytes | str = b"",
        mode: int = 0o644,
        mtime: int = MTIME,
    ) -> None:
        """Add a member."""
        text = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
        info = tarfile.TarInfo(text)
        info.type = kind
        info.size = len(content)
        info.mode = mode
        info.mtime = mtime
        info.uid, info.gid = self.owner
        # A name that exists in no pod: the numbers are what counts.
        info.uname = info.gname = "nobody-here"
        info.linkname = link if isinstance(link, str) else link.decode("utf-8", "surrogateescape")
        self._tar.addfile(info, io.BytesIO(content))

    def device(self, name: str, kind: bytes, major: int, minor: int) -> None:
        """Add a device node."""
        info = tarfile.TarInfo(name)
        info.type, info.devmajor, info.devminor = kind, major, minor
        info.mode, info.mtime = 0o640, MTIME
        info.uid, info.gid = self.owner
        self._tar.addfile(info)

    def directory(self, name: bytes | str, *, mode: int = 0o755, mtime: int = MTIME) -> None:
        """Add a directory."""
        self.add(name, kind=tarfile.DIRTYPE, mode=mode, mtime=mtime)

    def symlink(self, name: bytes | str, target: bytes | str) -> None:
        """Add a symbolic link."""
        self.add(name, kind=tarfile.SYMTYPE, link=target, mode=0o777)

    def hardlink(self, name: bytes | str, target: bytes | str) -> None:
        """Add another name of an earlier file."""
        self.add(name, kind=tarfile.LNKTYPE, link=target)

    def finish(self) -> bytes:
        """Return the archive's bytes."""
        self._tar.close()
        return self._buffer.getvalue()


def small(content: bytes = b"hello\n") -> bytes:
    """Return an archive with a directory, a file and a link."""
    archive = Archive()
    archive.directory("app")
    archive.add("app/config.yaml", content)
    archive.symlink("app/current", "config.yaml")
    return archive.finish()


def noise(seed: int, length: int) -> bytes:
    """Return content that no packing makes smaller: as many bytes go over a link."""
    return random.Random(seed).randbytes(length)  # noqa: S311 - content, no secret


def of_size(length: int, *, files: int = 1, seed: int = 1) -> bytes:
    """Return an archive of `length` random bytes in so many files."""
    randomness = random.Random(seed)  # noqa: S311 - content, no secret
    archive = Archive()
    for number in range(files):
        archive.add(f"blob{number}", randomness.randbytes(length // files))
    return archive.finish()


def two_thousand(*, owner: tuple[int, int] = (0, 0), seed: int = 2) -> bytes:
    """Return an archive of 2,000 entries of every kind that tars stumble over.

    Binary and empty files, symlinks, hard links, empty directories; names with blanks, quotes,
    newlines, a leading dash, bytes that are not UTF-8, and 300 characters.
    """
    randomness = random.Random(seed)  # noqa: S311 - content, no secret
    archive = Archive(owner=owner)
    archive.directory("./", mode=0o755)
    odd = [
        b"with blank",
        b" leading",
        b"trailing ",
        b"quote'single",
        b'quote"double',
        b"back\\slash",
        b"new\nline",
        b"-rf",
        b"--help",
        b"latin-\xe9\xff\xfe",
        b"tab\there",
        "snowman-\u2603".encode(),
        b"$(reboot)",
        b";semicolon",
        b"*",
        b"~",
        b"esc\x1b[31m",
    ]
    count = 1
    directories = [b""]
    for number in range(120):
        parent = directories[randomness.randrange(len(directories))]
        name = parent + (odd[number] if number < len(odd) else b"dir%d" % number) + b"/"
        if name.count(b"/") > 6:
            name = b"flat%d/" % number
        directories.append(name)
        archive.directory(
            name, mode=randomness.choice([0o755, 0o700, 0o750]), mtime=MTIME - 100 - number
        )
        count += 1
    long = b"/".join([b"l" * 100] * 3)
    archive.directory(b"l" * 100, mtime=MTIME - 7)
    archive.directory(b"/".join([b"l" * 100] * 2), mtime=MTIME - 8)
    archive.add(long, b"three hundred characters", mode=0o640)
    count += 3
    files: list[bytes] = []
    while count < 2000:
        parent = directories[randomness.randrange(len(directories) - 20)]
        name = parent + b"f%d" % count + (odd[count % len(odd)] if count % 7 == 0 else b"")
        draw = randomness.random()
        if draw < 0.1 and files:
            archive.hardlink(name, files[randomness.randrange(len(files))])
        elif draw < 0.2:
            archive.symlink(name, randomness.choice([b"/etc/passwd", b"../x", b"nowhere\n", b"f1"]))
        else:
            size = randomness.choice([0, 1, 511, 512, 513, 3000, 20_000])
            mode = randomness.choice([0o644, 0o600, 0o755, 0o444, 0o640])
            archive.add(
                name,
                randomness.randbytes(size),
                mode=mode,
                mtime=MTIME + randomness.randrange(1000),
            )
            files.append(name)
        count += 1
    return archive.finish()


def tree_of(archive: bytes) -> dict[bytes, Seen]:
    """Return the tree that the archive describes (as read by tarfile)."""
    with tarfile.open(
        fileobj=io.BytesIO(archive), encoding="utf-8", errors="surrogateescape"
    ) as tar:
        members = {name_of(one.name): one for one in tar if name_of(one.name) not in {b"", b"."}}
        groups: dict[bytes, set[bytes]] = {}
        for name, one in members.items():
            first = name_of(one.linkname) if one.islnk() else name
            groups.setdefault(first, set()).add(name)
        by_name = {name: group for group in groups.values() for name in group}
        seen: dict[bytes, Seen] = {}
        for name, one in members.items():
            real = members[name_of(one.linkname)] if one.islnk() else one
            content = ""
            if real.isfile():
                file = tar.extractfile(real)
                assert file is not None
                content = hashlib.sha256(file.read()).hexdigest()
            elif real.issym():
                content = real.linkname
            plain = not real.issym()
            seen[name] = Seen(
                kind=_KINDS.get(real.type, str(real.type)),
                mode=real.mode & 0o7777 if plain else None,
                mtime=int(real.mtime) if plain else None,
                content=content,
                owner=(real.uid, real.gid),
                linked=frozenset(by_name[name] - {name}),
            )
        return seen


def differences(
    expected: Mapping[bytes, Seen], found: Mapping[bytes, Seen], *, owners: bool
) -> list[str]:
    """Return how the trees differ, a line each; empty when they do not."""
    lines = [f"missing: {name!r}" for name in sorted(expected.keys() - found.keys())]
    lines += [f"extra: {name!r}" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        want, got = expected[name], found[name]
        for field in _compared(owners=owners):
            if getattr(want, field) != getattr(got, field):
                lines.append(
                    f"{name!r}: {field} {getattr(got, field)!r} instead of {getattr(want, field)!r}"
                )
    return lines


def _compared(*, owners: bool) -> Iterable[str]:
    return ("kind", "mode", "mtime", "content", "linked", *(("owner",) if owners else ()))
