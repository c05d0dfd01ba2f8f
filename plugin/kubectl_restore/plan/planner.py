"""Index, answers of the pod and policy become a plan. Pure: values in, values out.

directories       what to ask about first: below what is missing everything is
take_directories  what stands there
questions         members to ask about, some thousand at a time; hard links come last
take              what stands there
finish            the plan
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import no_beat
from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.stream.layout import Layout
from kubectl_restore.container.stat_lines import StatLines
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan import decisions as decide
from kubectl_restore.plan.contents import Contents
from kubectl_restore.plan.difference import difference
from kubectl_restore.plan.directories import closes, directories_of
from kubectl_restore.plan.further import Further
from kubectl_restore.plan.links import relink
from kubectl_restore.plan.operation import Action, Left, Operation, Resumed
from kubectl_restore.plan.parents import owners_of_parents
from kubectl_restore.plan.plan import Plan
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy, Seen, has_content
from kubectl_restore.plan.sending import count_all, count_besides, disarm, programs
from kubectl_restore.plan.together import TOGETHER, Together

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.trust.content_checksums import Fingerprints
    from kubectl_restore.container.survey import Entry

_SENT: Final = frozenset({Action.CREATE, Action.REPLACE})
_DIFFERING: Final = frozenset({Action.REFUSE, Action.REPLACE, Action.ADJUST})
_MOST_TOLD: Final = 1000
"""Differences that are kept in words."""
_TWICE: Final = "a symlink stands there, and the backup also has what it leads to"


class Planner:
    """Decides about each path of an index, as the answers come.

    Attributes:
        contents: finds the member that carries a hard link's content.
        further: finds what has to be asked besides.
    """

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
        self._numbers = directories_of(self._members, beat)
        self._found: dict[bytes, Entry] = {}
        self._links = self._members.of_kind(Kind.HARDLINK)
        self._link_numbers = frozenset(self._links)
        self._carried_by: dict[int, bytes] = {}
        self._open: dict[int, Seen] = {}
        self._targets: dict[bytes, Entry | None] = {
            normal_path(self._members[number].link): None for number in self._links
        }
        self.contents = Contents(self._members, before)
        self._plan = Plan(index, self.contents)
        self._plan.room.fills_holes = not policy.dialect.holes
        self.further = Further(self._members, self.contents, policy.attributes)
        self._together = Together(self._plan, policy, by_time=self.further.times_are_kept)

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
                operation = decide.of_directory(
                    path, member, self._found.get(path), self._policy, is_link=path in links
                )
            self._note(number, operation, found.get(path))
        for number in self._members.at(b""):
            if b"" in found:
                self._plan.root = (self._members[number], found[b""])

    def questions(self) -> Iterator[dict[int, bytes]]:
        """Return the members to ask about, with their paths; not the hard links."""
        return self._together.questions(self._found)

    def link_questions(self) -> Iterator[dict[int, bytes]]:
        """Return the hard links to ask about, with their paths, when all else is decided."""
        yield from self._asked(self._links)

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
            found: what stands at their paths, and at those `elsewhere`; of lines the first ones are
                those of these members.
            texts: where symlinks lead.
            digests: checksums of what stands there.
            in_doubt: what an earlier run may have left unfinished: `settle` decides about it.
            made: for each member, whether it has made it, but for what is set in the end; empty
                for none.
            ours: checksums of the backup's, of those whose time says nothing there.
        """
        known = self._fingerprints or ours
        if self._targets:
            known_there = found.keys() & self._targets.keys()
            self._targets.update((path, found[path]) for path in known_there)
        if isinstance(found, StatLines):
            by_time = digests is None
            numbers = self._together.take(list(numbers), found, in_doubt, by_time=by_time)
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
                    operation = decide.of_whole(
                        member, self.contents.of(member), entry, self._policy
                    )
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
                operation = decide.of_whole(member, self.contents.of(member), entry, self._policy)
                self._plan.settled.add(number)
            elif found is Left.UNFINISHED and decide.may_be_ours(self.contents.of(member), seen):
                operation = Operation(member.path, Action.CREATE, member)
            else:
                operation = self._of_member(member, seen)
            self._note(number, operation, entry)
        self._open.clear()

    def take_extras(self, extras: list[tuple[bytes, bool]]) -> None:
        """Decide to delete what is not in the backup; see `Plan.extras`."""
        self._plan.extras = extras
        for path, _ in extras:
            self._plan.touched.written_to.add(path.rpartition(b"/")[0])

    def finish(self) -> Plan:
        """Return the plan, with its stream if nothing is refused."""
        plan = self._plan
        for path in plan.touched.written_to:
            number = self._numbers.get(path, -1)
            if (
                number >= 0
                and plan.action(number) is Action.KEEP
                and decide.is_right(self._members[number], self._found[path], self._policy)
            ):
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
        plan.touched.closing = sorted(
            path for path, number in directories.items() if closes(plan.member(number).mode)
        )
        carried = plan.carried()
        plan.parent_owners = owners_of_parents(plan, policy.attributes)
        for number in programs(plan, carried, policy):
            disarm(plan, number, policy)
        plan.layout = Layout(
            plan.sent,
            carried,
            directories,
            made,
            dialect=policy.dialect,
            owner=policy.owner,
            owners=plan.parent_owners,
            passed_on=plan.passed_on,
            beat=self._beat,
        )
        count_all(plan, carried, policy.dialect, self._beat)
        count_besides(plan)
        return plan

    def _leads_to_ours(self, there: bytes) -> bool:
        return there in self._numbers or bool(self._members.at(there))

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
                decide.STAYS.get(overwrite, "")
                if action is Action.SKIP
                else "a directory stands there"
            )
        elif path in policy.ours:
            action = Action.CREATE
        elif self._is_same(member, content, seen) and (
            overwrite is not Overwrite.ALWAYS or path in policy.brought
        ):
            action, reason = decide.of_same(member, content, entry, policy)
        else:
            action, reason = decide.of_different(content, entry, policy)
        return Operation(
            path,
            action,
            member,
            reason,
            needs_force=action is Action.REFUSE and entry.kind is not Standing.DIRECTORY,
            stands=entry.kind if action is Action.KEEP else None,
        )

    def _send_link(self, number: int) -> None:
        """Have a hard link made, or the file copied where the volume has no links."""
        relink(self._plan, self._carried_by, number)
        member = self._plan.member(number)
        if member.kind is Kind.HARDLINK and not self._has_links(member.path):
            self._plan.copied.add(number)

    def _is_same(self, member: Member, content: Member, seen: Seen) -> bool:
        """Tell whether what stands there is what the backup has: hard links linked as there."""
        if member.kind is Kind.HARDLINK and not self._is_linked(member, seen.entry):
            return False
        return has_content(content, seen, self._policy)

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

    def _tell(self, operation: Operation, entry: Entry | None) -> None:
        """Note how something differs that is in the way, or is changed."""
        if entry is None or operation.action not in _DIFFERING:
            return
        if operation.member is not None and len(self._plan.differences) < _MOST_TOLD:
            content = self.contents.of(operation.member)
            said = difference(content, entry, with_owner=self._policy.uid is None)
            self._plan.differences[operation.path] = said

    def _has_links(self, path: bytes) -> bool:
        return self._policy.attributes.volumes.at(path).hard_links

    def _note(self, number: int, operation: Operation, entry: Entry | None) -> None:
        plan, path, action = self._plan, operation.path, operation.action
        self._tell(operation, entry)
        if number < 0:
            plan.parents[path] = operation
        else:
            plan.decide(number, operation)
            # What has further names stays on the disk.
            if action in _SENT and entry is not None and entry.blocks and entry.links == 1:
                plan.room.free(number, entry.blocks)
            if number in self._link_numbers and action in _SENT:
                self._send_link(number)
        if operation.stands is Standing.SYMLINK and path in self._numbers:
            plan.touched.through_links = True
        if action is Action.KEEP and path not in self._numbers:
            plan.figures.same += 1
        is_link = entry is not None and entry.kind is Standing.SYMLINK
        if action in _SENT and is_link and self._policy.removes_links:
            plan.touched.removed_first.append(path)
        is_new = entry is None or entry.kind is not Standing.DIRECTORY
        if action is Action.CREATE or (action is Action.REPLACE and is_new):
            parent = path.rpartition(b"/")[0]
            if parent in self._found or not parent:
                plan.touched.written_to.add(parent)
        parent_there = self._found.get(path.rpartition(b"/")[0])
        if (
            action is Action.REPLACE
            and entry is not None
            and decide.is_out_of_reach(entry, parent_there, self._policy.uid)
        ):
            plan.touched.out_of_reach.append(path)
