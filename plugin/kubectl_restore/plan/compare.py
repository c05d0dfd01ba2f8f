"""What the pod says afterwards, held against what the plan promised. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.attributes import SET_IDS, Attributes, modes_of
from kubectl_restore.plan.contents import STANDING, size_of
from kubectl_restore.plan.operation import Action
from kubectl_restore.text import LISTED, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.operation import Operation

_MOST_TIMES: Final = 5000
"""Processes in the pod, a millisecond each."""
_MOST_DIFFERENCES: Final = 1000
"""That are kept by name; the rest is counted."""
_ALL: Final = Attributes()
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
        written: regular files that were sent and have a later time: all tars set it, so something
            in the pod has written to them since, or the volume keeps no times. And those that were
            kept and have not their time or mode any more.
        clamped: the paths whose time is none that their volume keeps: they have its first or last.
        aged: files that were kept for their content, whose time is another.
        lacking: what cannot be had there, whatever is tried, by kind: `mode`, `owner`, `time`,
            `set_ids` (of programs without their owner), `list` (of access), `hard_links` (files
            of their own instead).
    """

    differences: list[Difference] = field(default_factory=list)
    modes: dict[bytes, int] = field(default_factory=dict)
    owners: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    times: dict[bytes, int] = field(default_factory=dict)
    written: list[bytes] = field(default_factory=list)
    clamped: list[bytes] = field(default_factory=list)
    aged: list[bytes] = field(default_factory=list)
    lacking: dict[str, list[bytes]] = field(default_factory=dict)

    def lack(self, what: str, path: bytes) -> None:
        """Note that something cannot be had at a path."""
        self.lacking.setdefault(what, []).append(path)


@dataclass(slots=True)
class Proof:
    """What all comparisons of a restore have found.

    Attributes:
        differences: the first ones of what is not as it was promised.
        further: how many more there are.
        modes: paths without their mode.
        owners: paths without their owner.
        times: paths without their modification time.
        written: files with a later time than they were given.
        clamped: paths with a time that their volume does not keep.
        aged: files with another time, kept for their content.
        lacking: paths without what cannot be had there, by kind.
        missed: the first ones of these, by name: `mode`, `owner`, `time`, `written`, `clamped`,
            `aged`, and `lacking KIND`.
    """

    differences: list[Difference] = field(default_factory=list)
    further: int = 0
    modes: int = 0
    owners: int = 0
    times: int = 0
    written: int = 0
    clamped: int = 0
    aged: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    missed: dict[str, list[bytes]] = field(default_factory=dict)

    def take(self, verdict: Verdict) -> None:
        """Take what one comparison has found."""
        room = max(0, _MOST_DIFFERENCES - len(self.differences))
        self.differences += verdict.differences[:room]
        self.further += max(0, len(verdict.differences) - room)
        self.modes += len(verdict.modes)
        self.owners += len(verdict.owners)
        self.times += len(verdict.times)
        self.written += len(verdict.written)
        self.clamped += len(verdict.clamped)
        self.aged += len(verdict.aged)
        self.lacking.update({what: len(paths) for what, paths in verdict.lacking.items()})
        found: tuple[tuple[str, Iterable[bytes]], ...] = (
            ("mode", verdict.modes),
            ("owner", verdict.owners),
            ("time", verdict.times),
            ("written", verdict.written),
            ("clamped", verdict.clamped),
            ("aged", verdict.aged),
            *((f"lacking {what}", paths) for what, paths in verdict.lacking.items()),
        )
        for what, paths in found:
            known = self.missed.setdefault(what, [])
            known += islice(paths, max(0, LISTED - len(known)))

    def add(self, other: Proof) -> None:
        """Take what a further proof has found to be otherwise than in the backup."""
        self.modes += other.modes
        self.owners += other.owners
        self.times += other.times
        self.written += other.written
        self.clamped += other.clamped
        self.aged += other.aged
        self.lacking.update(other.lacking)
        for what, paths in other.missed.items():
            known = self.missed.setdefault(what, [])
            known += paths[: max(0, LISTED - len(known))]


def compare(
    operations: Iterable[Operation],
    after: Mapping[bytes, Entry],
    content_of: Callable[[Member], Member],
    *,
    owners: bool = True,
    suspicious: bool = False,
    by_content: bool = False,
    attributes: Attributes = _ALL,
) -> Verdict:
    """Compare what the operations promised with what stands there now.

    Args:
        operations: those that were carried out or kept.
        after: the survey made after the stream was extracted.
        content_of: returns the member that carries a hard link's content; any other as it is.
        owners: compare these too.
        suspicious: the pod's tar has failed: bsdtar then leaves a file that it could not write at
            its full size and with its time, but what the disk holds of it is less.
        by_content: times did not decide what is kept.
        attributes: what mode, owner and time can be there.
    """
    verdict = Verdict()
    attributes = replace(attributes, same_owner=owners)
    for operation in operations:
        if operation.action is Action.SKIP:
            continue
        entry = after.get(operation.path)
        if entry is None:
            verdict.differences.append(Difference(operation.path, "missing"))
            continue
        member = operation.member
        content = None if member is None else content_of(member)
        kind = operation.stands
        if kind is None:
            kind = Standing.DIRECTORY if content is None else STANDING.get(content.kind)
        if entry.kind is not kind:
            verdict.differences.append(Difference(operation.path, _kind_differs(entry, kind)))
            continue
        is_kept = operation.action is Action.KEEP
        if content is None or (is_kept and content.kind is Kind.DIRECTORY):
            continue
        what = _content_differs(content, entry, suspicious=suspicious)
        what = what or _compare_link(verdict, operation, entry, after, attributes)
        if what:
            verdict.differences.append(Difference(operation.path, what))
        elif not is_kept:
            was_sent = content.kind is Kind.FILE and operation.action is not Action.ADJUST
            _compare_rest(verdict, operation.path, content, entry, attributes, was_sent=was_sent)
        else:
            _compare_kept(
                verdict, operation.path, content, entry, attributes, by_content=by_content
            )
    return verdict


def _kind_differs(entry: Entry, kind: Standing | None) -> str:
    what = f"a {entry.kind} instead of a {kind}"
    if entry.kind is Standing.SYMLINK and kind is Standing.DIRECTORY:
        what += "; what stands below it in the backup may be where it leads by now"
    return what


def text_differs(text: bytes | None, wanted: bytes) -> str:
    """Return where a symbolic link leads instead; empty where it is right.

    Args:
        text: what it says; None where that cannot be read.
        wanted: what the backup says.
    """
    if text == wanted:
        return ""
    leads = "somewhere that cannot be read" if text is None else shown(text)
    return f"leads to {leads} instead of {shown(wanted)}"


def targets_of(operations: Iterable[Operation]) -> set[bytes]:
    """Return the paths that hard links among them have to be one file with."""
    members = (one.member for one in operations)
    return {normal_path(one.link) for one in members if one and one.kind is Kind.HARDLINK}


def _link_differs(operation: Operation, entry: Entry, after: Mapping[bytes, Entry]) -> str:
    member = operation.member
    if member is None or member.kind is not Kind.HARDLINK:
        return ""
    target = after.get(normal_path(member.link))
    is_one = target is None or target.number == entry.number
    return "" if is_one else f"no hard link to {shown(member.link)}"


def _compare_link(
    verdict: Verdict,
    operation: Operation,
    entry: Entry,
    after: Mapping[bytes, Entry],
    attributes: Attributes,
) -> str:
    """Return how a hard link is none, where the volume has any."""
    apart = _link_differs(operation, entry, after)
    if apart and not attributes.volumes.at(operation.path).hard_links:
        verdict.lack("hard_links", operation.path)
        return ""
    return apart


def _content_differs(content: Member, entry: Entry, *, suspicious: bool) -> str:
    size = size_of(content)
    if size is None:
        return ""
    if entry.size != size:
        is_written = not suspicious and entry.mtime > content.mtime
        since = "; something in the pod has written to it since" if is_written else ""
        return f"{entry.size} bytes instead of {size}{since}"
    held = entry.blocks * 512
    if suspicious and content.extents is None and content.kind is Kind.FILE and held < size:
        # Small files may stand in the inode itself.
        return f"only {held} of {size} bytes are on the disk" if size > _IN_AN_INODE else ""
    return ""


def _compare_kept(
    verdict: Verdict,
    path: bytes,
    content: Member,
    entry: Entry,
    attributes: Attributes,
    *,
    by_content: bool,
) -> None:
    """Compare time and mode of what was right already."""
    if content.kind is not Kind.FILE:
        return
    has_time = attributes.has_time(content, entry)
    if by_content and not has_time:
        verdict.aged.append(path)
    elif not by_content and (not has_time or not attributes.has_mode(content, entry)):
        verdict.written.append(path)
    if has_time and not entry.has_time(content.mtime):
        verdict.lack("time", path)
    has_owner = not attributes.same_owner or attributes.is_owned(content, entry)
    if not has_owner and not attributes.keeps_owner(path, content.kind):
        verdict.lack("owner", path)
    if entry.mode not in modes_of(content) and attributes.has_mode(content, entry):
        verdict.lack(_lost_of_mode(content, entry, attributes), path)
    if attributes.lacks_list(content, entry):
        verdict.lack("list", path)


def _is_put_off(content: Member, entry: Entry, attributes: Attributes) -> bool:
    """Tell whether a time before 1970 was not sent, for a tar that does not read it."""
    is_old = content.mtime < 0 and entry.mtime == 0
    return is_old and attributes.volumes.at(content.path).keeps_time(content.mtime)


def _compare_rest(
    verdict: Verdict,
    path: bytes,
    content: Member,
    entry: Entry,
    attributes: Attributes,
    *,
    was_sent: bool,
) -> None:
    """Compare mode, owner and time of what was sent or adjusted."""
    if content.kind is Kind.HARDLINK:
        return
    if attributes.same_owner and not attributes.is_owned(content, entry):
        if attributes.keeps_owner(path, content.kind):
            verdict.owners[path] = (content.uid, content.gid)
        else:
            verdict.lack("owner", path)
    if not attributes.has_mode(content, entry):
        verdict.modes[path] = attributes.mode_for(content, entry)
    elif content.kind is not Kind.SYMLINK and entry.mode not in modes_of(content):
        verdict.lack(_lost_of_mode(content, entry, attributes), path)
    if attributes.lacks_list(content, entry):
        verdict.lack("list", path)
    _compare_time(verdict, path, content, entry, attributes, was_sent=was_sent)


def _compare_time(
    verdict: Verdict,
    path: bytes,
    content: Member,
    entry: Entry,
    attributes: Attributes,
    *,
    was_sent: bool,
) -> None:
    is_late = attributes.volumes.at(path).times_late and entry.mtime != content.mtime
    if is_late or _is_put_off(content, entry, attributes):
        verdict.times[path] = content.mtime
    elif entry.has_nearest(content.mtime):
        verdict.clamped.append(path)
    elif attributes.has_time(content, entry):
        if entry.mtime != content.mtime:
            verdict.lack("time", path)
    elif was_sent and entry.mtime > content.mtime:
        verdict.written.append(path)
    else:
        verdict.times[path] = content.mtime


def _lost_of_mode(content: Member, entry: Entry, attributes: Attributes) -> str:
    is_program = content.kind is not Kind.DIRECTORY and not attributes.is_owned(content, entry)
    only_set_ids = not (entry.mode ^ content.mode) & ~SET_IDS
    return "set_ids" if is_program and only_set_ids else "mode"


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
    Owners come first: changing one takes setuid away, and only who has its owner gets it. Five
    digits make GNU chmod clear a directory's setgid.

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
        found.append(Amendment(b"touch -h -d", [path for path, _ in times], words))
    return found
