"""What stands in the pod, asked for and made a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.container.capabilities import Tar
from kubectl_restore.container.survey import symlinks
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.operation import Left
from kubectl_restore.plan.planner import Planner
from kubectl_restore.plan.policy import Comparison
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Level, Phase
from kubectl_restore.restore.checks.extras import Listing
from kubectl_restore.restore.dialect import dialect_of
from kubectl_restore.resume.in_flight import Doubt
from kubectl_restore.resume.settle import Settling
from kubectl_restore.text import counted

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.trust.content_checksums import Fingerprints
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.policy import Overwrite
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.checks.restored import Restored

_MANY: Final = 1000
"""Directories from which on it is worth a further round trip to ask the top ones first."""
_TOP: Final = 240


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Asks what the plan of a batch has to know.

    Attributes:
        questions: asked through the open exec.
        request: what the user wants.
        capabilities: what the container can do.
        restored: what earlier batches have made; None where there is but one.
        doubt: what an earlier run has left unfinished.
        brought: see `Policy`.
        attributes: what mode, owner and time can be there.
        progress: told how far it is.
    """

    questions: Questions
    request: RestoreRequest
    capabilities: Capabilities
    restored: Restored | None
    progress: Progress
    doubt: Doubt = field(default_factory=Doubt)
    brought: Container[bytes] = frozenset()
    attributes: Attributes = field(default_factory=Attributes)

    def plan(self, batch: Batch, overwrite: Overwrite) -> Plan:
        """Return what is to be done about a batch's members.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came; or what is to be
                deleted cannot be told.
        """
        questions, members = self.questions, batch.index.members
        fingerprints = self._fingerprints(batch)
        policy = self._policy(overwrite, self.doubt.unset(members))
        planner = Planner(batch.index, policy, self._before, fingerprints, beat=questions.pulse)
        directories = planner.directories
        before = self._directories(directories, len(members))
        links: dict[bytes, bytes] = {}
        if self.request.keep_directory_symlinks:
            links = questions.leads(symlinks(before))
        planner.take_directories(before, links)
        asked = self._ask(planner, planner.questions(), batch, len(directories))
        self._settle(planner, batch)
        self._ask(planner, planner.link_questions(), batch, asked)
        self._settle(planner, batch)
        if self.request.delete:
            listing = Listing(questions)
            extras = listing.extras(members, before, links=links)
            listing.require_no_mounts(extras)
            planner.take_extras(extras)
        return planner.finish()

    def _directories(self, directories: list[bytes], total: int) -> dict[bytes, Entry]:
        """Ask what stands at directories, and at the target; below what is missing nothing does.

        Of many the top ones are asked first: in an empty target they answer for all.
        """
        rest, top = directories, list[bytes]()
        if len(directories) > _MANY:
            top = sorted(directories, key=lambda path: path.count(b"/"))[:_TOP]
        found = self.questions.survey(Phase.SURVEY, [b"", *(top or rest)], total=total)
        if top:
            known, missing = set(top), set(top).difference(found)
            rest = [
                path
                for path in directories
                if path not in known and missing.isdisjoint(parents(path))
            ]
            more = self.questions.survey(Phase.SURVEY, rest, done=len(top), total=total)
            found.update(more)
        return found

    def _ask(
        self, planner: Planner, wanted: Iterable[dict[int, bytes]], batch: Batch, asked: int
    ) -> int:
        """Ask what stands at some members, and have it decided; return how many are known now."""
        questions, members, doubt = self.questions, batch.index.members, self.doubt
        total = len(members)
        further = planner.further
        for numbers in wanted:
            paths = [*numbers.values(), *further.elsewhere(numbers)]
            found = questions.look(Phase.SURVEY, paths, done=asked, total=max(total, asked))
            asked += len(numbers)
            unsure = [members.path(number) for number in further.unsure(numbers, found)]
            texts = questions.texts(unsure) if unsure else None
            ours = None
            if self.request.compare is Comparison.CHECKSUM:
                alike = further.alike(numbers, found)
            else:
                alike = further.timeless(numbers, found)
                ours = self._ours(planner, batch, alike)
            digests = None
            if alike and (ours or self.request.compare is Comparison.CHECKSUM):
                digests = questions.digests(map(members.path, alike), self.algorithm)
            planner.take(
                numbers,
                found,
                texts,
                digests,
                in_doubt=doubt.numbers,
                made=doubt.made,
                ours=ours,
            )
            questions.pulse()
        return asked

    def _ours(self, planner: Planner, batch: Batch, timeless: Sequence[int]) -> Fingerprints | None:
        """Return the backup's checksums of files whose time says nothing there, if it has them."""
        algorithm = self.capabilities.algorithm
        if not timeless or algorithm is None or not batch.can_be_read_again:
            return None
        carriers = {planner.contents.carrier(number) for number in timeless}
        members = batch.index.members
        wanted = sorted(
            (one for one in carriers if one is not None), key=lambda one: members[one].offset
        )
        self.progress.message(
            Level.INFO,
            f"the volume does not keep the modification times of {counted(len(timeless), 'file')}: "
            f"contents are compared ({sum(members[one].size for one in wanted):,} bytes)",
        )
        return batch.fingerprints(algorithm, wanted, self.progress, self.questions.pulse)

    def _settle(self, planner: Planner, batch: Batch) -> None:
        """Find out what an earlier run has left of members in doubt."""
        if not planner.open:
            return
        algorithm = self.capabilities.algorithm
        if algorithm is None or not batch.is_kept:
            planner.settle(dict.fromkeys(planner.open, Left.UNFINISHED))
            return
        settling = Settling(
            batch,
            planner.contents,
            algorithm,
            self.questions,
            self.progress,
            distrusts_size=self.capabilities.tar is Tar.BSD,
        )
        planner.settle(settling.left(planner.open))

    def _fingerprints(self, batch: Batch) -> Fingerprints | None:
        if self.request.compare is not Comparison.CHECKSUM:
            return None
        files = batch.index.members.of_kind(Kind.FILE)
        return batch.fingerprints(self.algorithm, files, self.progress, self.questions.pulse)

    @property
    def algorithm(self) -> Algorithm:
        """The checksum that is compared."""
        found = self.capabilities.algorithm
        if found is None:
            raise RuntimeError("the container has no tool for checksums")
        return found

    def _policy(self, overwrite: Overwrite, unfinished: frozenset[bytes]) -> Policy:
        capabilities = self.capabilities
        return Policy(
            overwrite=overwrite,
            dialect=dialect_of(capabilities),
            owner=self.request.owner or (0, 0),
            uid=None if capabilities.uid == 0 else capabilities.uid,
            ours=unfinished if self.restored is None else _Either(self.restored, unfinished),
            brought=self.brought,
            attributes=self.attributes,
            us=(capabilities.uid, capabilities.gid),
            distrusts_size=capabilities.tar is Tar.BSD,
            removes_links=capabilities.tar is Tar.TOYBOX,
        )

    def _before(self, path: bytes) -> Member | None:
        """Return what an earlier batch has restored at a path."""
        return None if self.restored is None else self.restored.member(path)


@dataclass(frozen=True, slots=True)
class _Either:
    """What is in one of two."""

    one: Container[bytes]
    other: Container[bytes]

    def __contains__(self, path: object) -> bool:
        return path in self.one or path in self.other
