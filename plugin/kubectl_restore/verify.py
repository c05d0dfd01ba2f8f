"""What the pod says afterwards, held against what the plan promised. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Kind, normal_path
from kubectl_restore.operation import Action
from kubectl_restore.pod.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.archive.index import Member
    from kubectl_restore.operation import Operation
    from kubectl_restore.pod.survey import Entry

_STANDING: Final = {
    Kind.FILE: Standing.FILE,
    Kind.HARDLINK: Standing.FILE,
    Kind.DIRECTORY: Standing.DIRECTORY,
    Kind.SYMLINK: Standing.SYMLINK,
}


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
        times: how many paths do not have their modification time (whole seconds).
    """

    differences: list[Difference] = field(default_factory=list)
    modes: dict[bytes, int] = field(default_factory=dict)
    owners: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    times: int = 0


def compare(operations: Sequence[Operation], after: Mapping[bytes, Entry]) -> Verdict:
    """Compare what the operations promised with what stands there now.

    Args:
        operations: those that were carried out or kept.
        after: the survey made after the stream was extracted.
    """
    verdict = Verdict()
    members = {one.path: one.member for one in operations if one.member is not None}
    for operation in operations:
        entry = after.get(operation.path)
        if entry is None:
            verdict.differences.append(Difference(operation.path, "missing"))
            continue
        member = operation.member
        kind = Standing.DIRECTORY if member is None else _STANDING.get(member.kind)
        if entry.kind is not kind:
            what = f"a {entry.kind} instead of a {kind}"
            verdict.differences.append(Difference(operation.path, what))
            continue
        if member is None or operation.action is Action.KEEP:
            continue
        content = _content_of(member, members)
        size = _size(content)
        if size is not None and entry.size != size:
            what = f"{entry.size} bytes instead of {size}"
            verdict.differences.append(Difference(operation.path, what))
            continue
        if content.kind is Kind.HARDLINK:
            continue
        if content.kind is not Kind.SYMLINK:
            if entry.mode != content.mode:
                verdict.modes[operation.path] = content.mode
            verdict.times += entry.mtime != content.mtime
        if (entry.uid, entry.gid) != (content.uid, content.gid):
            verdict.owners[operation.path] = (content.uid, content.gid)
    return verdict


def amendments(verdict: Verdict, *, owners: bool) -> list[tuple[bytes, list[bytes]]]:
    """Return the commands that put right what the pod's tar did not do, each with its paths.

    busybox gives links that it makes last no owner, and as non-root no path a mode beyond what a
    new file gets (in a volume with an fsGroup directories inherit the setgid bit). Owners come
    first: changing one takes setuid away. Five digits make GNU chmod clear a directory's setgid.

    Args:
        verdict: what is not right.
        owners: true where we may change owners.
    """
    groups: dict[bytes, list[bytes]] = {}
    if owners:
        for path, (uid, gid) in verdict.owners.items():
            groups.setdefault(b"chown -h %d:%d" % (uid, gid), []).append(path)
    for path, mode in verdict.modes.items():
        groups.setdefault(b"chmod 0%04o" % mode, []).append(path)
    return list(groups.items())[:_MOST_AMENDMENTS]


def _content_of(member: Member, members: Mapping[bytes, Member]) -> Member:
    """Follow a hard link to the member that carries its content.

    A chain has an end in any archive that was accepted; a count bounds it all the same.
    """
    for _ in range(len(members)):
        if member.kind is not Kind.HARDLINK:
            break
        target = members.get(normal_path(member.link))
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
