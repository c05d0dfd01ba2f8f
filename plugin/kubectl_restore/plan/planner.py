"""Index, answers of the pod and policy become a plan. Pure: values in, values out.

directories       what to ask about first: below what is missing everything is
take_directories  what stands there
questions         members to ask about, some thousand at a time; hard links come last
take              what stands there
finish            the plan
"""

from __future__ import annotations

import stat
from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.members.member import Extra, Kind, normal_path
from kubectl_restore.archive.stream.layout import Layout, parents
from kubectl_restore.archive.stream.normalise import lost, records_of
from kubectl_restore.container.survey import Standing
from kubectl_restore.container.traits import SYSTEMS
from kubectl_restore.plan.attributes import SET_IDS
from kubectl_restore.plan.contents import STANDING, Contents
from kubectl_restore.plan.operation import Action, Left, Operation, Resumed
from kubectl_restore.plan.plan import Plan
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy, Seen, has_content, has_rights

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.trust.content_checksums import Fingerprints
    from kubectl_restore.container.survey import Entry

TOGETHER: Final = 16384
"""Members in one question."""
ATTRIBUTES: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES
"""What only a tar can set, and no survey shows."""
_DEVICES: Final = frozenset({Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE})
_SENT: Final = frozenset({Action.CREATE, Action.REPLACE})
_TWICE: Final = "a symlink stands there, and the backup also has what it leads to"
_FOREIGN: Final = "belonging to somebody else kept mode, owner and time"
_MODE_KEPT: Final = "stood there already and kept mode and owner (--force sets the backup's)"
_SYSTEM: Final = "left alone: lost+found is the volume's own"
_FOR_GOOD: Final = frozenset({Overwrite.IF_CHANGED, Overwrite.ALWAYS})
_STAYS: Final = {
    Overwrite.NEVER: "something else stands there (--overwrite never)",
    Overwrite.IF_NEWER: "what stands there is not older (--overwrite if-newer)",
}


class Planner:
    """Decides about each path of an index, as the answers come."""

    def __init__(
        self,
        index: Index,
        policy: Policy,
        before: Callable[[bytes], Member | None] = lambda _path: None,
        fingerprints: Fingerprints | None = None,
        *,
        beat: Beat = no_beat,
    ) -> None:
        """Nothing is known yet.

        Args:
            index: whose paths are each there once.
            policy: what is allowed.
            before: what an earlier batch has restored at a path.
            fingerprints: of all files, where contents decide.
            beat: called now and then; what it raises ends the work.
        """
        self._members = index.members
        self._beat = beat
        self._fingerprints = fingerprints
        self._policy = policy
        self._numbers = _directories(with_beat(self._members, beat))
        self._found: dict[bytes, Entry] = {}
        self._links = self._members.of_kind(Kind.HARDLINK)
        self._link_numbers = frozenset(self._links)
        self._heirs: dict[int, bytes] = {}
        self._open: dict[int, Seen] = {}
        self._targets: dict[bytes, Entry | None] = {
            normal_path(self._members[number].link): None for number in self._links
        }
        self.contents = Contents(self._members, before)
        self._plan = Plan(index, self.contents)
        self._plan.fills_holes = not policy.dialect.holes

    @property
    def directories(self) -> list[bytes]:
        """Each directory that the archive has or needs, sorted; without the target itself."""
        return sorted(self._numbers)

    def take_directories(
        self, found: Mapping[bytes, Entry], kept_links: Mapping[bytes, bytes] | None = None
    ) -> None:
        """Decide about directories.

        Args:
            found: what stands at them, and at the target (the empty path).
            kept_links: symbolic links that stay: where each leads to inside the target.
        """
        self._found.update(found)
        links = kept_links or {}
        for path, number in sorted(self._numbers.items()):
            member = self._members[number] if number >= 0 else None
            if path in links and self._leads_to_ours(links[path]):
                operation = Operation(path, Action.REFUSE, member, _TWICE)
            else:
                operation = self._of_directory(path, member, is_link=path in links)
            self._note(number, operation, found.get(path))
        for number in self._members.at(b""):
            if b"" in found:
                self._plan.root = (self._members[number], found[b""])

    def questions(self) -> Iterator[dict[int, bytes]]:
        """Return the members to ask about, with their paths; not the hard links."""
        apart = {Kind.DIRECTORY, Kind.HARDLINK}
        kinds = enumerate(self._members.kinds())
        yield from self._asked(number for number, kind in kinds if kind not in apart)

    def link_questions(self) -> Iterator[dict[int, bytes]]:
        """Return the hard links to ask about, with their paths, when all else is decided."""
        yield from self._asked(self._links)

    def unsure(self, numbers: Iterable[int], found: Mapping[bytes, Entry]) -> list[int]:
        """Return the symlinks among them of which only the text can tell whether they are right."""
        return [
            number
            for number in numbers
            if self._members.kind(number) is Kind.SYMLINK
            and self._may_say_the_same(self._members[number], found)
        ]

    def _may_say_the_same(self, link: Member, found: Mapping[bytes, Entry]) -> bool:
        entry = found.get(link.path)
        return (
            entry is not None
            and entry.kind is Standing.SYMLINK
            # Another place of the same length is no rare thing: releases/v1, releases/v2.
            and entry.size == len(link.link)
        )

    def elsewhere(self, numbers: Iterable[int]) -> list[bytes]:
        """Return what hard links among them lead to that came before this index, or never comes."""
        links = (self._members[number] for number in numbers if number in self._link_numbers)
        targets = {normal_path(link.link) for link in links}
        return sorted(path for path in targets if self.contents.number_at(path) is None)

    def alike(self, numbers: Iterable[int], found: Mapping[bytes, Entry]) -> list[int]:
        """Return those of which only the checksum can tell whether they have our content."""
        return [
            number
            for number in numbers
            if (entry := found.get(self._members.path(number))) is not None
            and entry.kind is Standing.FILE
            and (content := self.contents.of(self._members[number])).kind is Kind.FILE
            and content.size == entry.size
        ]

    def timeless(self, numbers: Iterable[int]) -> list[int]:
        """Return those whose time says nothing about their content, as `alike` returned them."""
        attributes, members = self._policy.attributes, self._members
        return [
            number
            for number in numbers
            if not attributes.time_decides(self.contents.of(members[number]))
        ]

    def take(
        self,
        numbers: Iterable[int],
        found: Mapping[bytes, Entry],
        texts: Mapping[bytes, bytes] | None = None,
        digests: Mapping[bytes, bytes] | None = None,
        *,
        in_doubt: Container[int] = frozenset(),
        made: Sequence[int] = b"",
        ours: Fingerprints | None = None,
    ) -> None:
        """Decide about members.

        Args:
            numbers: as `questions` returned them.
            found: what stands at their paths, and at those `elsewhere`.
            texts: where symlinks lead.
            digests: checksums of what stands there.
            in_doubt: what an earlier run may have left unfinished: `settle` decides about it.
            made: for each member, whether it has made it, but for what is set in the end; empty
                for none.
            ours: checksums of the backup's, of those whose time says nothing there.
        """
        known = self._fingerprints or ours
        self._targets.update((path, found[path]) for path in found.keys() & self._targets.keys())
        for number in numbers:
            member = self._members[number]
            entry = found.get(member.path)
            text = None if texts is None else texts.get(member.path)
            if entry is None:
                operation = Operation(member.path, Action.CREATE, member)
            else:
                is_made = bool(made and made[number])
                seen = Seen(entry, text, self._has_our_digest(number, digests, known), is_made)
                if number in in_doubt:
                    self._open[number] = seen
                    continue
                operation = self._of_member(member, seen)
                if is_made and self._is_same(member, self.contents.of(member), seen):
                    operation = self._of_whole(member, entry)
            self._note(number, operation, entry)

    @property
    def open(self) -> dict[int, Entry]:
        """What stands at members in doubt about which nothing is decided yet, by number."""
        return {number: seen.entry for number, seen in self._open.items()}

    def settle(self, left: Mapping[int, Left | Resumed]) -> None:
        """Decide about members in doubt.

        Args:
            left: what an earlier run has left of each; one that goes on is a large file.
        """
        for number, seen in self._open.items():
            found = left[number]
            member, entry = self._members[number], seen.entry
            if isinstance(found, Resumed):
                # Mode, owner and time are set in the end, as those of what is only adjusted.
                operation = Operation(member.path, Action.ADJUST, member)
                self._plan.resumed[number] = found
            elif found is Left.WHOLE and (
                member.kind is Kind.FILE or self._is_same(member, self.contents.of(member), seen)
            ):
                operation = self._of_whole(member, entry)
                self._plan.settled.add(number)
            elif found is Left.UNFINISHED and _may_be_ours(self.contents.of(member), seen):
                operation = Operation(member.path, Action.CREATE, member)
            else:
                operation = self._of_member(member, seen)
            self._note(number, operation, entry)
        self._open.clear()

    def _of_whole(self, member: Member, entry: Entry) -> Operation:
        content = self.contents.of(member)
        if self._has_time(content, entry) and has_rights(content, entry, self._policy):
            return Operation(member.path, Action.KEEP, member, stands=entry.kind)
        return Operation(member.path, Action.ADJUST, member)

    def take_extras(self, extras: list[tuple[bytes, bool]]) -> None:
        """Decide to delete what is not in the backup; see `Plan.extras`."""
        self._plan.extras = extras
        for path, _ in extras:
            self._plan.written_to.add(path.rpartition(b"/")[0])

    def finish(self) -> Plan:
        """Return the plan, with its stream if nothing is refused."""
        plan = self._plan
        for path in plan.written_to:
            number = self._numbers.get(path, -1)
            if number >= 0 and plan.action(number) is Action.KEEP and self._is_right(path, number):
                # What is made in it changes its time.
                plan.decide(number, Operation(path, Action.REPLACE, None))
        if plan.is_refused:
            return plan
        made = {path for path, one in plan.parents.items() if one.action is Action.CREATE}
        policy = self._policy
        directories = {
            path: number
            for path, number in self._numbers.items()
            if number >= 0 and plan.action(number) in {Action.CREATE, Action.REPLACE}
        }
        carried = plan.carried()
        for number in self._programs(carried):
            self._disarm(number, plan.member(number))
        plan.layout = Layout(
            plan.sent,
            carried,
            directories,
            made,
            dialect=policy.dialect,
            owner=policy.owner,
            beat=self._beat,
        )
        for number in with_beat(carried, self._beat):
            member = plan.member(number)
            plan.take_room(number, member)
            self._count(member)
        for number in plan.resumed:
            plan.take_rest(number)
        for number in plan.copied:
            plan.take_copy(number)
        return plan

    # Directories

    def _leads_to_ours(self, there: bytes) -> bool:
        return there in self._numbers or bool(self._members.at(there))

    def _of_directory(self, path: bytes, member: Member | None, *, is_link: bool) -> Operation:
        policy, entry = self._policy, self._found.get(path)
        if entry is None:
            return Operation(path, Action.CREATE, member)
        action, reason = Action.KEEP, ""
        if is_link:
            reason = "left as a symbolic link that stands there"
        elif entry.kind is not Standing.DIRECTORY:
            action, reason = Action.REFUSE, f"a {entry.kind} stands where a directory has to be"
        elif path in SYSTEMS:
            reason = _SYSTEM if member is not None else ""
        elif path in policy.ours:
            action = Action.KEEP if member is None else Action.CREATE
        elif policy.uid not in {None, entry.uid}:
            reason = _FOREIGN
        elif member is not None and policy.overwrite in _FOR_GOOD:
            is_right = self._has_time(member, entry) and has_rights(member, entry, policy)
            if not is_right or policy.overwrite is Overwrite.ALWAYS:
                action = Action.REPLACE
        elif member is not None and not has_rights(member, entry, policy):
            reason = _MODE_KEPT
        stands = entry.kind if action is Action.KEEP else None
        return Operation(path, action, member, reason, stands=stands)

    def _is_right(self, path: bytes, number: int) -> bool:
        """Tell whether a directory was as the backup has it."""
        member, entry, policy = self._members[number], self._found[path], self._policy
        return (
            entry.kind is Standing.DIRECTORY
            and self._has_time(member, entry)
            and has_rights(member, entry, policy)
            and policy.uid in {None, entry.uid}
        )

    # Members

    def _asked(self, numbers: Iterable[int]) -> Iterator[dict[int, bytes]]:
        chunk: dict[int, bytes] = {}
        for number in numbers:
            path = self._members.path(number)
            if not path:
                continue
            parent = path.rpartition(b"/")[0]
            if parent and parent not in self._found:
                self._note(number, Operation(path, Action.CREATE, None), None)
                continue
            chunk[number] = path
            if len(chunk) == TOGETHER:
                yield chunk
                chunk = {}
        if chunk:
            yield chunk

    def _has_our_digest(
        self, number: int, digests: Mapping[bytes, bytes] | None, known: Fingerprints | None
    ) -> bool | None:
        """Tell whether a file's checksum is the backup's; None where nobody asks."""
        if known is None or digests is None:
            return None
        carrier = self.contents.carrier(number)
        ours = None if carrier is None else known.digest(carrier)
        if ours is None and known is not self._fingerprints:
            # Not asked about: its time decides.
            return None
        return ours is not None and digests.get(self._members.path(number)) == ours

    def _of_member(self, member: Member, seen: Seen) -> Operation:
        path, policy, entry = member.path, self._policy, seen.entry
        overwrite, content = policy.overwrite, self.contents.of(member)
        reason = ""
        if entry.kind is Standing.DIRECTORY:
            action = Action.SKIP if overwrite is Overwrite.NEVER else Action.REFUSE
            reason = (
                _STAYS.get(overwrite, "") if action is Action.SKIP else "a directory stands there"
            )
        elif path in policy.ours:
            action = Action.CREATE
        elif self._is_same(member, content, seen) and (
            overwrite is not Overwrite.ALWAYS or path in policy.brought
        ):
            action, reason = self._of_same(member, content, entry)
        else:
            action, reason = self._of_different(content, entry)
        return Operation(
            path,
            action,
            member,
            reason,
            needs_force=action is Action.REFUSE and entry.kind is not Standing.DIRECTORY,
            stands=entry.kind if action is Action.KEEP else None,
        )

    def _of_same(self, member: Member, content: Member, entry: Entry) -> tuple[Action, str]:
        """Decide about what has the backup's content."""
        is_due = self._policy.overwrite is Overwrite.IF_CHANGED and content.kind is Kind.FILE
        if has_rights(content, entry, self._policy) and not (
            is_due and not self._has_time(content, entry)
        ):
            return Action.KEEP, ""
        # It may have names that the backup knows nothing of: under them nothing is changed.
        is_shared = member.kind is Kind.FILE and entry.links > 1
        is_ours = self._policy.uid in {None, entry.uid}
        if self._policy.overwrite is Overwrite.IF_CHANGED and is_ours and not is_shared:
            return Action.ADJUST, ""
        action, reason = self._of_different(content, entry)
        if action is Action.REFUSE:
            reason = f"{reason}, with another mode or owner"
        return action, reason

    def _of_different(self, content: Member, entry: Entry) -> tuple[Action, str]:
        overwrite = self._policy.overwrite
        is_newer = content.mtime > entry.mtime
        if overwrite in _FOR_GOOD or (overwrite is Overwrite.IF_NEWER and is_newer):
            return Action.REPLACE, ""
        if overwrite in _STAYS:
            return Action.SKIP, _STAYS[overwrite]
        return Action.REFUSE, f"a {entry.kind} stands there"

    def _send_link(self, number: int) -> None:
        """Have a hard link made, or the file copied where the volume has no links."""
        self._relink(number, self._members[number])
        member = self._plan.member(number)
        if member.kind is Kind.HARDLINK and not self._has_links(member.path):
            self._plan.copied.add(number)

    def _relink(self, number: int, member: Member) -> None:
        """Change a link that is made, where what it leads to stays and is not the backup's.

        The first one becomes the file, the others lead to that.
        """
        plan, carrier = self._plan, self.contents.number_of(member)
        own = self.contents.of(member)
        alike = member._replace(mode=own.mode, mtime=own.mtime, uid=own.uid, gid=own.gid)
        if alike != member:
            # toybox gives the file what the link's header says.
            member = alike._replace(is_common=False)
            plan.change(number, member)
        if carrier is None:
            return
        if plan.action(carrier) is Action.SKIP:
            heir = self._heirs.setdefault(carrier, member.path)
            content = self._members[carrier]
            if heir == member.path:
                own = content._replace(name=heir, path=heir, is_common=False)
                plan.change(number, own)
            else:
                plan.change(number, member._replace(link=heir))
            return
        direct = self.contents.number_at(normal_path(member.link))
        if direct != carrier and direct is not None and plan.action(direct) is Action.SKIP:
            plan.change(number, member._replace(link=self._members[carrier].path))

    def _is_same(self, member: Member, content: Member, seen: Seen) -> bool:
        """Tell whether what stands there is what the backup has: hard links linked as there."""
        if member.kind is Kind.HARDLINK and not self._is_linked(member, seen.entry):
            return False
        return has_content(content, seen, self._policy)

    def _has_time(self, content: Member, entry: Entry) -> bool:
        return self._policy.attributes.has_time(content, entry)

    def _is_linked(self, member: Member, entry: Entry) -> bool:
        """Tell whether a hard link and what it leads to are one file, which is not sent again."""
        target = normal_path(member.link)
        if not self._has_links(member.path):
            return True
        there = self._targets.get(target)
        if there is None or there.number != entry.number:
            return False
        number = self.contents.number_at(target)
        return number is None or self._plan.action(number) not in {Action.CREATE, Action.REPLACE}

    def _has_links(self, path: bytes) -> bool:
        return self._policy.attributes.volumes.at(path).hard_links

    # What follows from a decision

    def _note(self, number: int, operation: Operation, entry: Entry | None) -> None:
        plan, path, action = self._plan, operation.path, operation.action
        if number < 0:
            plan.parents[path] = operation
        else:
            plan.decide(number, operation)
            # What has further names stays on the disk.
            if action in _SENT and entry is not None and entry.blocks and entry.links == 1:
                plan.free(number, entry.blocks)
            if number in self._link_numbers and action in _SENT:
                self._send_link(number)
        if operation.stands is Standing.SYMLINK and path in self._numbers:
            plan.through_links = True
        if action is Action.KEEP and path not in self._numbers:
            plan.same += 1
        is_link = entry is not None and entry.kind is Standing.SYMLINK
        if action in _SENT and is_link and self._policy.removes_links:
            plan.removed_first.append(path)
        is_new = entry is None or entry.kind is not Standing.DIRECTORY
        if action is Action.CREATE or (action is Action.REPLACE and is_new):
            parent = path.rpartition(b"/")[0]
            if parent in self._found or not parent:
                plan.written_to.add(parent)
        if action is Action.REPLACE and entry is not None and self._is_out_of_reach(path, entry):
            plan.out_of_reach.append(path)

    def _is_out_of_reach(self, path: bytes, entry: Entry) -> bool:
        uid = self._policy.uid
        parent = self._found.get(path.rpartition(b"/")[0])
        return (
            uid is not None
            and entry.uid != uid
            and parent is not None
            and bool(parent.mode & stat.S_ISVTX)
            and parent.uid != uid
        )

    def _programs(self, carried: Iterable[int]) -> Iterator[int]:
        """Return those of what is sent that may run as their owner, or with capabilities."""
        columns = self._members.columns
        if all(
            self._policy.attributes.can_own_everywhere(one.uid, one.gid)
            for one in columns.known_owners
        ):
            return
        for number in carried:
            has_capabilities = columns.flags[number] & Extra.CAPABILITIES.value
            if has_capabilities or columns.modes[number] & SET_IDS:
                yield number

    def _disarm(self, number: int, member: Member) -> None:
        """Send a program whose owner cannot be had without what lets it run as somebody else."""
        wanted, policy = (member.uid, member.gid), self._policy
        unowned = wanted != policy.us and not policy.attributes.can_own(member.path, *wanted)
        sent = policy.attributes.sent(member, unowned=unowned)
        if sent is not member:
            self._plan.send(number, sent)
        if sent.extras != member.extras:
            self._plan.lost[Extra.CAPABILITIES] += 1

    def _count(self, member: Member) -> None:
        plan, dialect = self._plan, self._policy.dialect
        plan.owners.add((member.uid, member.gid))
        if member.kind is Kind.FILE:
            plan.regular_files += 1
            plan.bytes += member.size
        elif member.kind in _DEVICES:
            plan.devices.append(member.path)
        plan.lost.update(lost(member, dialect))
        if member.extents is not None and not dialect.holes:
            plan.filled += 1
        if member.extras & ATTRIBUTES and records_of(member, dialect):
            plan.attributed += 1


def make_plan(
    index: Index,
    survey: Mapping[bytes, Entry],
    policy: Policy,
    kept_links: Mapping[bytes, bytes] | None = None,
) -> Plan:
    """Decide about each path of the archive, when everything that stands there is known.

    Args:
        index: whose paths are each there once.
        survey: what stands at each path; the empty one is the target.
        policy: what is allowed.
        kept_links: see `Planner.take_directories`.
    """
    planner = Planner(index, policy)
    directories = (b"", *planner.directories)
    planner.take_directories({p: survey[p] for p in directories if p in survey}, kept_links)
    for numbers in chain(planner.questions(), planner.link_questions()):
        planner.take(numbers, survey)
    return planner.finish()


def _may_be_ours(content: Member, seen: Seen) -> bool:
    """Tell whether what stands there is of a kind that a restore leaves behind."""
    entry = seen.entry
    if entry.kind is Standing.FILE and not entry.size:
        # GNU tar has an empty file in the place of a link that it makes at its end.
        return content.kind in {Kind.FILE, Kind.SYMLINK}
    if content.kind is Kind.SYMLINK and entry.kind is Standing.SYMLINK:
        return entry.size == len(content.link) and seen.text in {None, content.link}
    is_longer = content.kind is Kind.FILE and entry.size > content.size
    return entry.kind is STANDING[content.kind] and not is_longer


def _directories(members: Iterable[Member]) -> dict[bytes, int]:
    """Return each directory that members have or need, with its member's number, or -1."""
    found: dict[bytes, int] = {}
    last = b""
    for number, member in enumerate(members):
        path = member.path
        parent = path.rpartition(b"/")[0]
        if parent != last:
            last = parent
            for one in parents(path):
                found.setdefault(one, -1)
        if path and member.kind is Kind.DIRECTORY:
            found[path] = number
    return found
