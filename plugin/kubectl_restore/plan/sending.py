"""What follows for the members that are sent: no program under another owner; totals."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.columns import COMMON
from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.archive.stream.normalise import handed_over, lost
from kubectl_restore.plan.attributes import SET_IDS
from kubectl_restore.plan.operation import Action

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.normalise import Dialect
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.sameness import Policy

ATTRIBUTES: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES
"""What only a tar can set, and no survey shows."""
_IS_FILE: Final = bytes(code == CODES[Kind.FILE] for code in range(256))
_IS_BARE: Final = bytes(not flags & ~COMMON for flags in range(256))
_TOGETHER: Final = 8192
"""Members that are counted in one go."""
_DEVICES: Final = frozenset({Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE})


def programs(plan: Plan, carried: Iterable[int], policy: Policy) -> Iterator[int]:
    """Return those of what is sent that may run as their owner, or with capabilities."""
    columns = plan.members.columns
    if all(policy.attributes.can_own_everywhere(one.uid, one.gid) for one in columns.known_owners):
        return
    for number in carried:
        has_capabilities = columns.flags[number] & Extra.CAPABILITIES.value
        if has_capabilities or columns.modes[number] & SET_IDS:
            yield number


def disarm(plan: Plan, number: int, policy: Policy) -> None:
    """Send a program whose owner cannot be had without what lets it run as somebody else."""
    member = plan.member(number)
    wanted = (member.uid, member.gid)
    unowned = wanted != policy.us and not policy.attributes.can_own(member.path, *wanted)
    sent = policy.attributes.sent(member, unowned=unowned)
    if sent is not member:
        plan.send(number, sent)
    if sent.extras != member.extras:
        plan.figures.lost[Extra.CAPABILITIES] += 1


def count_all(plan: Plan, carried: array[int], dialect: Dialect, beat: Beat) -> None:
    """Count the members that are sent, and the room that they need, in their order."""
    columns, room, figures = plan.members.columns, plan.room, plan.figures
    ordinary = _ordinary(plan)
    for start in range(0, len(carried), _TOGETHER):
        beat()
        some = carried[start : start + _TOGETHER]
        files = list(compress(some, map(ordinary.__getitem__, some)))
        sizes = [columns.sizes[number] for number in files]
        figures.regular_files += len(files)
        figures.bytes += sum(sizes)
        for number in set(map(columns.owners.__getitem__, files)):
            owner = columns.known_owners[number]
            plan.touched.owners.add((owner.uid, owner.gid))
        if not room.has_freed:
            room.take_files(sizes, plan.count_of(files, Action.CREATE))
        for number in some:
            if not ordinary[number]:
                room.take(*plan.needed_for(number))
                count_sent(plan, plan.member(number), dialect)
            elif room.has_freed:
                is_created = plan.action(number) is Action.CREATE
                size = room.size_of(columns.sizes[number]) - room.freed(number)
                room.take(size, int(is_created))


def _ordinary(plan: Plan) -> bytearray:
    """Return for each member one where it is a file with nothing besides, as the index has it."""
    columns, count = plan.members.columns, len(plan.members)
    files = int.from_bytes(columns.kinds.translate(_IS_FILE), "little")
    bare = int.from_bytes(columns.flags.translate(_IS_BARE), "little")
    found = bytearray((files & bare).to_bytes(count, "little"))
    for number in (*columns.extents, *plan.changed):
        found[number] = 0
    return found


def count_sent(plan: Plan, member: Member, dialect: Dialect) -> None:
    """Count a member that is sent, and what of it the pod's tar cannot keep."""
    plan.touched.owners.add((member.uid, member.gid))
    if member.kind is Kind.FILE:
        plan.figures.regular_files += 1
        plan.figures.bytes += member.size
    elif member.kind in _DEVICES:
        plan.touched.devices.append(member.path)
    plan.figures.lost.update(lost(member, dialect))
    if member.extents is not None and not dialect.holes:
        plan.figures.filled += 1
    if member.extras & ATTRIBUTES and handed_over(member, dialect) & ATTRIBUTES:
        plan.figures.attributed += 1


def count_besides(plan: Plan) -> None:
    """Count what comes beside the stream: rests of files that go on, and copies for hard links."""
    for number, resumed in plan.resumed.items():
        member = plan.members[number]
        plan.room.take(plan.room.size(member) - resumed.start)
        plan.figures.regular_files += 1
        plan.figures.bytes += member.size
    for number in plan.copied:
        plan.room.take(plan.room.size(plan.contents.of(plan.member(number))), 1)
    plan.figures.closing = len(plan.touched.closing)
