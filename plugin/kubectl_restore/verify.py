"""What the pod says afterwards, held against what the plan promised. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Kind, normal_path
from kubectl_restore.operation import Action
from kubectl_restore.pod.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kubectl_restore.archive.index import Member
    from kubectl_restore.operation import Operation
    from kubectl_restore.pod.survey import Entry

_STANDING: Final = {
    Kind.FILE: Standing.FILE,
    Kind.HARDLINK: Standing.FILE,
    Kind.DIRECTORY: Standing.DIRECTORY,
    Kind.SYMLINK: Standing.SYMLINK,
    Kind.CHARACTER_DEVICE: Standing.CHARACTER_DEVICE,
    Kind.BLOCK_DEVICE: Standing.BLOCK_DEVICE,
    Kind.FIFO: Standing.FIFO,
}


_MOST_TIMES: Final = 5000
"""Processes in the pod, a millisecond each."""
_MOST_LINKS: Final = 1000
"""Hard links to hard links of earlier batches that are followed."""
_IN_AN_INODE: Final = 4096
"""Bytes."""
_MOST_AMENDMENTS: Final = 200
"""Commands; each is one more question to the pod. Backups have a handful of owners and modes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that is not as it was sent."""

    path: bytes
    what: str
    """A short clause: `missing`, `10 bytes instead of 20`."""


@dataclass(slots=True)
class Verdict:
    """The comparison of everything that was sent.

    Attributes:
        differences: what is not there, or not of its kind and size: the restore has failed.
        modes: the paths that do not have their mode, with the mode.
        owners: the paths that do not have their numeric owner, with the owner.
        times: the paths that do not have their modification time (whole seconds), with the time.
    """

    differences: list[Difference] = field(default_factory=list)
    modes: dict[bytes, int] = field(default_factory=dict)
    owners: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    times: dict[bytes, int] = field(default_factory=dict)


def compare(
    operations: Sequence[Operation],
    after: Mapping[bytes, Entry],
    *,
    owners: bool = True,
    suspicious: bool = False,
    before: Callable[[bytes], Member | None] = lambda _path: None,
) -> Verdict:
    """Compare what the operations promised with what stands there now.

    Args:
        operations: those that were carried out or kept.
        after: the survey made after the stream was extracted.
        owners: compare these too.
        suspicious: the pod's tar has failed: bsdtar then leaves a file that it could not write at
            its full size and with its time, but what the disk holds of it is less.
        before: what an earlier batch has restored at a path.
    """
    verdict = Verdict()
    members = {one.path: one.member for one in operations if one.member is not None}
    for operation in operations:
        entry = after.get(operation.path)
        if entry is None:
            verdict.differences.append(Difference(operation.path, "missing"))
            continue
        member = operation.member
        content = None if member is None else _content_of(member, members, before)
        kind = operation.stands
        if kind is None:
            kind = Standing.DIRECTORY if content is None else _STANDING.get(content.kind)
        if entry.kind is not kind:
            what = f"a {entry.kind} instead of a {kind}"
            verdict.differences.append(Difference(operation.path, what))
            continue
        if content is None or operation.action is Action.KEEP:
            continue
        what = _content_differs(content, entry, suspicious=suspicious)
        if what:
            verdict.differences.append(Difference(operation.path, what))
        else:
            _compare_rest(verdict, operation.path, content, entry, owners=owners)
    return verdict


def _content_differs(content: Member, entry: Entry, *, suspicious: bool) -> str:
    size = _size(content)
    if size is None:
        return ""
    if entry.size != size:
        return f"{entry.size} bytes instead of {size}"
    held = entry.blocks * 512
    if suspicious and content.extents is None and content.kind is Kind.FILE and held < size:
        # Small files may stand in the inode itself.
        return f"only {held} of {size} bytes are on the disk" if size > _IN_AN_INODE else ""
    return ""


def _compare_rest(
    verdict: Verdict, path: bytes, content: Member, entry: Entry, *, owners: bool
) -> None:
    if content.kind is Kind.HARDLINK:
        return
    if content.kind is not Kind.SYMLINK and entry.mode != content.mode:
        verdict.modes[path] = content.mode
    if entry.mtime != content.mtime:
        verdict.times[path] = content.mtime
    if owners and (entry.uid, entry.gid) != (content.uid, content.gid):
        verdict.owners[path] = (content.uid, content.gid)


@dataclass(frozen=True, slots=True)
class Amendment:
    """A tool that puts something right, and what it is told: paths, or pairs of time and path.

    Attributes:
        command: the tool and its options.
        paths: what is put right.
        words: what stands before each path (`@SECONDS`); empty for nothing.
    """

    command: bytes
    paths: list[bytes]
    words: list[bytes] = field(default_factory=list)


def amendments(verdict: Verdict, may_own: Callable[[int, int], bool]) -> list[Amendment]:
    """Return what puts right what the pod's tar did not do.

    busybox gives links that it makes last no owner and no time, and as non-root no path a mode
    beyond what a new file gets (in a volume with an fsGroup directories inherit the setgid bit).
    Owners come first: changing one takes setuid away. Five digits make GNU chmod clear a
    directory's setgid.

    Args:
        verdict: what is not right.
        may_own: whether a user and group may be given something.
    """
    groups: dict[bytes, list[bytes]] = {}
    for path, (uid, gid) in verdict.owners.items():
        if may_own(uid, gid):
            groups.setdefault(b"chown -h %d:%d" % (uid, gid), []).append(path)
    for path, mode in verdict.modes.items():
        groups.setdefault(b"chmod 0%04o" % mode, []).append(path)
    found = [Amendment(command, paths) for command, paths in groups.items()][:_MOST_AMENDMENTS]
    times = list(verdict.times.items())[:_MOST_TIMES]
    if times:
        # One process for each path: no tool takes a time for each.
        words = [b"@%d" % time for _, time in times]
        found.append(Amendment(b"-n 2 touch -h -d", [path for path, _ in times], words))
    return found


def _content_of(
    member: Member, members: Mapping[bytes, Member], before: Callable[[bytes], Member | None]
) -> Member:
    """Follow a hard link to the member that carries its content.

    A chain has an end in any archive that was accepted; a count bounds it all the same.
    """
    for _ in range(len(members) + _MOST_LINKS):
        if member.kind is not Kind.HARDLINK:
            break
        path = normal_path(member.link)
        target = members.get(path) or before(path)
        if target is None or target is member:
            break
        member = target
    return member


def _size(member: Member) -> int | None:
    if member.kind is Kind.FILE:
        return member.size
    if member.kind is Kind.SYMLINK:
        return len(member.link)
    return None
