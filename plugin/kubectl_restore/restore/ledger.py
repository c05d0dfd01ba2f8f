"""What a restore has done so far; summary, receipt and the next attempt are made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.steps import operations_of
from kubectl_restore.report.outcome import Tally
from kubectl_restore.restore.checks.one_name import OneName
from kubectl_restore.restore.checks.unmade import Unmade
from kubectl_restore.restore.checks.volumes import KnownVolumes
from kubectl_restore.restore.parents import Parents
from kubectl_restore.resume.attempts import Attempts
from kubectl_restore.resume.in_flight import Doubt
from kubectl_restore.undo.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.operation import Operation
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.checks.restored import Restored
    from kubectl_restore.resume.in_flight import Stream
    from kubectl_restore.resume.places import Notes


@dataclass(slots=True)
class Postponed:
    """Directories of earlier batches: members of later ones still change their times.

    Attributes:
        members: those that are made or replaced, by path.
        operations: what is promised of each, by path.
    """

    members: dict[bytes, Member] = field(default_factory=dict)
    operations: dict[bytes, Operation] = field(default_factory=dict)

    def add(self, plan: Plan) -> None:
        """Take the directories of a plan."""
        for one in plan.directories():
            self.operations[one.path] = one
            if one.member is not None and one.action in {Action.CREATE, Action.REPLACE}:
                self.members[one.path] = one.member


@dataclass(slots=True)
class Options:
    """What the streams until now ask of the container's tar.

    Attributes:
        has_attributes: some members have attributes or ACLs that it is given.
        through_links: some members go through symbolic links that stay.
    """

    has_attributes: bool = False
    through_links: bool = False

    def take(self, plan: Plan) -> None:
        """Take a plan that is about to be sent."""
        self.has_attributes = self.has_attributes or bool(plan.figures.attributed)
        self.through_links = self.through_links or plan.touched.through_links


@dataclass(slots=True)
class Ledger:
    """What was planned, sent, acknowledged, proved, lost and noted.

    Attributes:
        restored: what earlier batches have made; None where there is but one.
        tally: what was done, of all batches that are proved.
        attempts: at the batch at hand.
        doubt: what an earlier run, or attempt, has left unfinished of it.
        plan: of the batch at hand, from the survey to the proof.
        streams: of this plan, each with what is acknowledged and in flight.
        volumes: what is known of those at the target and below it.
        attributes: what mode, owner and time can be there, for the batch at hand.
        options: what the streams until now ask of the container's tar.
        postponed: directories that get their modes and times in the end.
        saved: what was saved before it was replaced.
        parents: directories that the backup lacks.
        undeleted: what could not be deleted, and why.
        one_name: finds names that are one there.
        unmade: what could not be made.
        notes: what earlier runs have noted of a pipe's members; None before it was asked for.
        has_begun: the pod may have been changed.
        has_appended: this attempt has brought more of a file that went on.
        is_noted: the pod has a record of what is in flight.
        warned_of_time: it was said that the time limit will not do.
    """

    restored: Restored | None = None
    tally: Tally = field(default_factory=Tally)
    attempts: Attempts = field(default_factory=Attempts)
    doubt: Doubt = field(default_factory=Doubt)
    plan: Plan | None = None
    streams: list[Stream] = field(default_factory=list)
    volumes: KnownVolumes = field(default_factory=KnownVolumes)
    attributes: Attributes = field(default_factory=Attributes)
    options: Options = field(default_factory=Options)
    postponed: Postponed = field(default_factory=Postponed)
    saved: Saved = field(default_factory=Saved)
    parents: Parents = field(default_factory=Parents)
    undeleted: dict[bytes, str] = field(default_factory=dict)
    one_name: OneName = field(default_factory=OneName)
    unmade: Unmade = field(default_factory=Unmade)
    notes: Notes | None = None
    has_begun: bool = False
    has_appended: bool = False
    is_noted: bool = False
    warned_of_time: bool = False

    def open(self, batch: Batch) -> None:
        """Take a batch that is planned next, for the first time or once more."""
        if self.attempts.batch != batch.identity:
            self.attempts = Attempts(batch.identity)
        self.streams = []

    def broke(self) -> tuple[str, bool]:
        """Take it that the link was lost.

        Returns:
            How far the batch at hand was, for people, and whether something came that stays.
        """
        brought = self.has_appended
        if self.streams and self.plan is not None:
            for one in self.streams:
                one.settle()
            self.attempts.broke(self.plan, self.streams)
            brought = brought or any(one.first > 0 for one in self.streams)
        self.streams = []
        self.has_appended = False
        self.plan = None
        return self.attempts.how_far(), brought

    def close(self, plan: Plan) -> None:
        """Take it that a batch is proved, or, in a dry run, planned."""
        first = self.attempts.first or plan
        self.tally.take_plan(first)
        self.tally.operations.update(operations_of(first))
        self.plan = None
        self.streams = []
        self.attempts = Attempts()

    @property
    def operations(self) -> dict[str, int]:
        """How many paths something was planned for, by action."""
        found = Counter(self.tally.operations)
        plan = self.attempts.first or self.plan
        if plan is not None:
            found.update(operations_of(plan))
        return {action: count for action, count in sorted(found.items()) if count}

    def arrived(self) -> Iterator[Member]:
        """Return the members of the batch at hand whose last byte was acknowledged."""
        return chain(
            self.attempts.arrived(),
            *(one.layout.members_until(one.acknowledged) for one in self.streams),
        )

    @property
    def state_of_the_pod(self) -> str:
        """What became of the pod until now, for an error."""
        if not self.has_begun:
            return "nothing was changed"
        return "what came before it in the backup is restored"
