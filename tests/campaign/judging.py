"""One archive, read by us and, where we take it, listed by GNU tar."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.detect import open_stream, recognise
from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Silence
from tests.unit.archive.gnu_tar import TAR
from tests.unit.archive.making import summed

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from kubectl_restore.archive.members.member import Member

LIMIT: Final = 10
"""Seconds for one archive of a few KiB: it takes milliseconds."""
_ENVIRONMENT: Final = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
_LINE: Final = re.compile(rb"\S+ \S+ +(\S+) +\S+ +\S+ (.*)", re.DOTALL)
_MOST: Final = 1 << 24
"""Bytes, unpacked."""
_WITHOUT_DATA: Final = frozenset({Kind.SYMLINK, Kind.DIRECTORY, Kind.FIFO, Kind.CHARACTER_DEVICE,
                                  Kind.BLOCK_DEVICE})  # fmt: skip
_LETTERS: Final = {
    Kind.FILE: "-C", Kind.DIRECTORY: "d", Kind.SYMLINK: "l", Kind.HARDLINK: "h",
    Kind.CHARACTER_DEVICE: "c", Kind.BLOCK_DEVICE: "b", Kind.FIFO: "p",
}  # fmt: skip


class Verdict(StrEnum):
    """What came of one archive."""

    REFUSED = "refused"
    AGREED = "agreed"
    DIFFERS = "differs"
    CRASHED = "crashed"
    HUNG = "hung"


class _HungError(Exception):
    """The reader took too long."""


def judge(path: Path) -> tuple[Verdict, str]:
    """Read a file as a restore does; tell what came of it, and evidence where it is a finding."""
    previous = signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(LIMIT)
    try:
        members, goes_on = _read(path)
    except BackupError:
        return Verdict.REFUSED, ""
    except _HungError:
        return Verdict.HUNG, f"not read after {LIMIT} s"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return Verdict.CRASHED, f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    if any(one.kind in _WITHOUT_DATA for one in members):
        _take_sizes_away(path, members)
    problem = _compare(path, members, goes_on=goes_on)
    return (Verdict.DIFFERS, problem) if problem else (Verdict.AGREED, "")


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise _HungError


def _read(path: Path) -> tuple[list[Member], bool]:
    """Return all members, those that later ones replace too, of an archive that is taken.

    And whether zeros stand between them: GNU tar stops there unless it is told not to.
    """
    with BackupFile.open(path) as backup:
        read_index(backup, allow_missing_end=False, progress=Silence(), watch=Watch(None))
        walker = Walker(backup, recognise(backup), Silence(), Watch(None))
        walker.read_members(allow_missing_end=False)
        return list(walker.members), bool(walker.seams.archives > 1 or walker.seams.single)


def _take_sizes_away(path: Path, members: list[Member]) -> None:
    """Unpack the archive, and give links and nodes the size zero.

    Old archivers record one, and no data follows it. When GNU tar extracts it knows that; when it
    lists it passes over as many bytes, and so over other members.
    """
    with BackupFile.open(path) as backup:
        stream = open_stream(backup, recognise(backup), lambda: None)
        data = bytearray(stream.read(_MOST))
    for one in members:
        if one.kind in _WITHOUT_DATA:
            at = one.offset + one.prefix - BLOCK
            data[at + 124 : at + 136] = b"00000000000\0"
            data[at : at + BLOCK] = summed(bytes(data[at : at + BLOCK]))
    path.write_bytes(data)


_FIELDS: Final = re.compile(
    rb"value expected$| value .* is out of |out of .*range|Malformed extended header: invalid"
    rb"|implausibly old time stamp|in the future$|Exiting with failure status"
    rb"|Substituting `\.' for empty member name"
    rb"|A lone zero block|obsolescent base-64 headers|Ignoring unknown extended header keyword"
)
"""What GNU tar says of a field that it cannot read; it goes on then, and ends with 2."""


def _compare(path: Path, members: list[Member], *, goes_on: bool) -> str:
    further = ["--ignore-zeros"] if goes_on else []
    flags = ["--numeric-owner", "--full-time", "--quoting-style=escape", "-P", *further]
    done = subprocess.run(
        [TAR, *flags, "-tvf", path],
        env=_ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    said = done.stderr.splitlines()
    if goes_on:
        # What stands behind the last archive and is none.
        said = [line for line in said if not line.endswith(b"Skipping to next header")]
    if done.returncode and not all(map(_FIELDS.search, said)):
        return f"GNU tar ended with {done.returncode}: {done.stderr[:300]!r}"
    # A label is no member.
    lines = [line for line in done.stdout.split(b"\n")[:-1] if line[:1] != b"V"]
    if len(lines) != len(members):
        return f"{len(members)} members, GNU tar lists {len(lines)}"
    for line, member in zip(lines, members, strict=True):
        problem = _differs(line, member)
        if problem:
            return problem
    return ""


def _differs(line: bytes, member: Member) -> str:
    # Five fields, one blank, and the name: it may begin with blanks, or be empty.
    fields = _LINE.match(line)
    if fields is None:
        return f"GNU tar says {line!r}"
    letter, size, name = chr(line[0]), fields[1], fields[2]
    if member.kind is Kind.OTHER:
        # Refused later, whatever a tar makes of it.
        return ""
    expected = _escaped(member.name)
    if member.kind is Kind.SYMLINK:
        expected += b" -> " + _escaped(member.link)
    elif member.kind is Kind.HARDLINK:
        expected += b" link to " + (_escaped(member.link) or b".")
        # `..` is taken out of ours where it stays inside.
        name = re.sub(rb"[^/]+/\.\./", b"", name) if b"/../" in name else name
    if letter not in _LETTERS[member.kind]:
        return f"{member.name!r} is a {member.kind}, GNU tar says {letter}"
    # After a time with a long year GNU tar pads all others.
    if name.lstrip(b" ") != expected.lstrip(b" "):
        return f"{expected!r}, GNU tar says {name!r}"
    if member.kind is Kind.FILE and int(size) != member.size:
        return f"{member.name!r} has {member.size} bytes, GNU tar says {size!r}"
    return ""


def _escaped(name: bytes) -> bytes:
    """Return a name as GNU tar's quoting style `escape` shows it; see `test_other_tools`."""
    return b"".join(
        _ESCAPES.get(byte, bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte)
        for byte in name
    )


_ESCAPES: Final = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r",
                   92: b"\\\\"}  # fmt: skip
