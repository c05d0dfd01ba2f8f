"""Everything that the pod has otherwise than the backup; nothing is written."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind, normal_path
from kubectl_restore.archive.members.members import CODES, Members
from kubectl_restore.container.survey import Standing
from kubectl_restore.container.traits import SYSTEMS
from kubectl_restore.plan.attributes import SET_IDS, Attributes, modes_of
from kubectl_restore.plan.compare import text_differs
from kubectl_restore.plan.contents import STANDING, Contents, size_of
from kubectl_restore.plan.difference import time_difference
from kubectl_restore.plan.lines import are_right, beginnings
from kubectl_restore.plan.policy import Extras, Verification
from kubectl_restore.plan.together import TOGETHER
from kubectl_restore.progress import A_DIRECTORY, EXTRA, MISSING, Finding, Level, Phase
from kubectl_restore.restore.checks.extras import Listing
from kubectl_restore.restore.checks.misplaced import misplaced
from kubectl_restore.restore.checks.named import below
from kubectl_restore.restore.checks.volumes import KnownVolumes, attributes_of
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.trust.content_checksums import Fingerprints
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.stat_lines import StatLines
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Hint, Progress

_HARDLINK: Final = CODES[Kind.HARDLINK]
_DIGITS: Final = 12
"""Of a checksum, in a message."""


@dataclass(slots=True)
class _Known:
    """What is known of the pod so far.

    Attributes:
        members: the backup's.
        contents: finds the member that carries a hard link's content.
        directories: what stands at the backup's directories.
        targets: the paths that hard links lead to.
        inodes: of what stands there.
        texts: where symlinks lead, of the members at hand.
        leads: links that may stand for directories, and where they lead.
        digests: checksums of files, of the members at hand.
    """

    members: Members
    contents: Contents
    directories: dict[bytes, Entry] = field(default_factory=dict)
    targets: set[bytes] = field(default_factory=set)
    inodes: dict[bytes, int] = field(default_factory=dict)
    texts: Mapping[bytes, bytes] = field(default_factory=dict)
    leads: dict[bytes, bytes] = field(default_factory=dict)
    digests: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Auditor:
    """Compares a batch with what stands in the pod.

    Attributes:
        questions: asked through the open exec.
        request: what the user wants.
        capabilities: what the container can do.
        progress: told how far it is.
        tell: told each finding.
        members: how many were compared.
        found: how many findings there are of each kind.
        hidden: how many contents differ although size and time do not.
        dated: directories whose time something has set that is in them and not in the backup.
        hints: that the backup has a directory too many.
        volumes: what the volumes there keep.
        lacking: how many members are without what nobody could give them there, by kind.
    """

    questions: Questions
    request: RestoreRequest
    capabilities: Capabilities
    progress: Progress
    tell: Callable[[Finding], None]
    volumes: KnownVolumes = field(default_factory=KnownVolumes)
    members: int = 0
    found: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    dated: int = 0
    hints: tuple[Hint, ...] = ()
    _dated: dict[bytes, str] = field(default_factory=dict)
    _known: Attributes | None = None
    _members: Members = field(default_factory=Members)

    def audit(self, batch: Batch) -> None:
        """Compare kind, content, size, mode, owner and time; name what is there beside it.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came; or a directory
                cannot be listed.
        """
        self._members = members = batch.index.members
        known = _Known(members, Contents(members, lambda _path: None))
        fingerprints = self._fingerprints(batch, known.contents)
        hard_links = members.of_kind(Kind.HARDLINK)
        known.targets = {normal_path(members[number].link) for number in hard_links}
        # Hard links last: what they lead to is known by then.
        wanted = self._wanted(members)
        kinds = members.columns.kinds
        others = array("I", (number for number in wanted if kinds[number] != _HARDLINK))
        links = array("I", (number for number in wanted if kinds[number] == _HARDLINK))
        done, total = 0, len(wanted)
        for numbers in (*_chunks(others), *_chunks(links)):
            paths = members.paths_of(numbers)
            seen = self.questions.look(Phase.VERIFY, paths, done=done, total=total)
            if not done and not self.request.paths and not any(seen):
                # Before the names of all that is missing.
                hint = misplaced(members, self.request, self.questions, Phase.VERIFY)
                if hint is not None:
                    self.hints = (hint,)
                    self.progress.message(Level.WARNING, str(hint))
            done += len(numbers)
            links_there = seen.symlinks()
            known.texts = self.questions.texts(links_there)
            if self.request.keep_directory_symlinks:
                known.leads.update(self.questions.leads(links_there))
            known.digests = self._digests(paths, seen, fingerprints)
            left = numbers if fingerprints is not None else self._left(numbers, seen, known)
            for number in left:
                self._compare(number, seen.get(members.path(number)), known, fingerprints)
        if self.request.selection.is_partial or batch.index.is_salvaged:
            # What was left out, or is lost, would be taken for what the backup does not have.
            self._tell_times(frozenset())
            return
        kept = {path: there for path, there in known.leads.items() if path in known.directories}
        listing = Listing(self.questions)
        extras = listing.extras(members, known.directories, links=kept, whole=False)
        self._tell_times({path.rpartition(b"/")[0] for path, _ in extras})
        if self.request.extras is Extras.IGNORE:
            return
        for path, is_directory in sorted(extras):
            self._tell(path, EXTRA, A_DIRECTORY if is_directory else "")

    def _tell_times(self, holding: AbstractSet[bytes]) -> None:
        """Name the directories with another time.

        Args:
            holding: those with something in them that is not in the backup: that has set their
                time, and where it may be there the time may be so too.
        """
        for path, what in self._dated.items():
            if path in holding and self.request.extras is not Extras.FAIL:
                self.dated += 1
            else:
                self._tell(path, "mtime", what)

    def _left(self, numbers: Sequence[int], seen: StatLines, known: _Known) -> list[int]:
        """Count the files whose lines are right; return the members that need a look."""
        wanted = beginnings(known.members, numbers, owners=self.request.same_owner)
        left = [
            number
            for number, path, is_right in zip(
                numbers, seen.paths, are_right(seen.lines, wanted), strict=True
            )
            if not is_right or path in known.targets
        ]
        self.members += len(numbers) - len(left)
        return left

    def _compare(
        self,
        number: int,
        entry: Entry | None,
        known: _Known,
        fingerprints: Fingerprints | None,
    ) -> None:
        member = known.members[number]
        path = member.path
        if entry is not None and member.kind is Kind.DIRECTORY:
            known.directories[path] = entry
        # The target itself is left as it is by a restore.
        self.members += bool(path)
        if path and entry is None:
            is_directory = member.kind is Kind.DIRECTORY
            self._tell(path, MISSING, A_DIRECTORY if is_directory else "")
        if path in SYSTEMS and member.kind is Kind.DIRECTORY and entry is not None:
            return
        stands_for_it = member.kind is Kind.DIRECTORY and path in known.leads
        if path and entry is not None and not stands_for_it:
            self._compare_with(number, entry, known, fingerprints)

    def _compare_with(
        self, number: int, entry: Entry, known: _Known, fingerprints: Fingerprints | None
    ) -> None:
        member = known.members[number]
        path = member.path
        if path in known.targets:
            known.inodes[path] = entry.number
        content = known.contents.of(member)
        for kind, what in self._differences(member, content, entry, known.texts):
            if kind == "mtime" and member.kind is Kind.DIRECTORY:
                self._dated[path] = what
            else:
                self._tell(path, kind, what)
        if fingerprints is not None and entry.size == content.size:
            carrier = known.contents.carrier(number)
            ours = None if carrier is None else fingerprints.digest(carrier)
            if ours is not None:
                self._compare_digests(path, content, entry, ours, known.digests)
        if member.kind is Kind.HARDLINK:
            other = known.inodes.get(normal_path(member.link))
            is_apart = other is not None and other != entry.number
            if is_apart and self._attributes().volumes.at(path).hard_links:
                self._tell(path, "link", f"no hard link to {shown(member.link)}")

    def _wanted(self, members: Members) -> Sequence[int]:
        """Return the members that are looked at.

        Raises:
            UsageError: something that is named is not in the backup.
        """
        if not self.request.paths:
            return range(len(members))
        return below(members, self.request.paths, self.request.target_path)

    def _fingerprints(self, batch: Batch, contents: Contents) -> Fingerprints | None:
        algorithm = self.capabilities.algorithm
        if self.request.verify is not Verification.CHECKSUM or algorithm is None:
            return None
        members = batch.index.members
        files = members.of_kind(Kind.FILE)
        if self.request.paths:
            carriers = {contents.carrier(number) for number in self._wanted(members)}
            files = [number for number in files if number in carriers]
        return batch.fingerprints(algorithm, files, self.progress)

    def _digests(
        self,
        paths: Sequence[bytes],
        seen: Mapping[bytes, Entry],
        fingerprints: Fingerprints | None,
    ) -> Mapping[bytes, bytes]:
        if fingerprints is None:
            return {}
        files = [path for path in paths if path in seen and seen[path].kind is Standing.FILE]
        return self.questions.digests(files, fingerprints.algorithm)

    def _compare_digests(
        self,
        path: bytes,
        content: Member,
        entry: Entry,
        ours: bytes,
        digests: Mapping[bytes, bytes],
    ) -> None:
        if entry.kind is not Standing.FILE:
            return
        theirs = digests.get(path)
        if theirs is None:
            self._tell(path, "content", "it cannot be read there")
        elif theirs != ours:
            is_hidden = entry.has_time(content.mtime) or self._attributes().has_time(content, entry)
            self.hidden += is_hidden
            what = f"{theirs.hex()[:_DIGITS]}... instead of {ours.hex()[:_DIGITS]}..."
            self._tell(path, "content", what)

    def _differences(
        self, member: Member, content: Member, entry: Entry, texts: Mapping[bytes, bytes]
    ) -> Iterator[tuple[str, str]]:
        wanted = STANDING.get(content.kind)
        if entry.kind is not wanted:
            yield "kind", f"a {entry.kind} instead of a {wanted}"
            return
        size = size_of(content)
        if content.kind is Kind.SYMLINK and (
            what := text_differs(texts.get(member.path), content.link)
        ):
            yield "content", what
        elif size is not None and entry.size != size:
            yield "size", f"{entry.size} bytes instead of {size}"
        yield from self._attribute_differences(content, entry)

    def _attribute_differences(self, content: Member, entry: Entry) -> Iterator[tuple[str, str]]:
        """Return what differs of mode, owner and time; count what cannot be had there."""
        owner = (content.uid, content.gid)
        is_link = content.kind is Kind.SYMLINK
        has_mode = is_link or entry.mode in modes_of(content)
        has_owner = not self.request.same_owner or (entry.uid, entry.gid) == owner
        # The text of a symbolic link is its content: its time says nothing to anybody.
        has_time = is_link or entry.has_time(content.mtime)
        is_program = bool(entry.mode & SET_IDS) and not is_link
        if Extra.ACL in content.extras and self._attributes().lacks_list(content, entry):
            self.lacking["access control list"] += 1
        if has_mode and has_owner and has_time and not is_program:
            return
        attributes = self._attributes()
        if not attributes.has_mode(content, entry):
            yield "mode", f"{entry.mode:04o} instead of {attributes.mode_for(content, entry):04o}"
        elif not has_mode:
            self.lacking["mode"] += 1
        if not attributes.has_owner(content, entry):
            yield "owner", f"{entry.uid}:{entry.gid} instead of {owner[0]}:{owner[1]}"
        elif not has_owner:
            self.lacking["owner"] += 1
        if not attributes.has_time(content, entry) and not is_link:
            yield "mtime", time_difference(entry.mtime, content.mtime)
        elif not has_time and not is_link:
            self.lacking["modification time"] += 1

    def _attributes(self) -> Attributes:
        """Return what can be had there: tried only where something differs."""
        if self._known is None:
            volumes = self.volumes.for_members(
                self._members, self.questions, self.capabilities, self.progress
            )
            self._known = attributes_of(self.request, self.capabilities, volumes)
        return self._known

    def _tell(self, path: bytes, kind: str, what: str = "") -> None:
        self.found[kind] += 1
        self.tell(Finding(kind, path, what))


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), TOGETHER):
        yield numbers[start : start + TOGETHER]
