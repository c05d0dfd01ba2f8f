"""What follows for the members that are sent: no program under another owner; totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.stream.normalise import handed_over, lost
from kubectl_restore.plan.attributes import SET_IDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.normalise import Dialect
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.sameness import Policy

ATTRIBUTES: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES
"""What only a tar can set, and no survey shows."""
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
