"""Members that the volume refuses: the restore goes on behind them, and says at its end which.

busybox's and toybox's tar stop at the first member that they cannot make, so what comes after it is
sent again without it; GNU tar and bsdtar go on by themselves. What is said about a member is the
tar's own line. A tar that has failed is not believed about the rest: contents are compared.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import Layout
from kubectl_restore.container.capabilities import Tar
from kubectl_restore.errors import PodCannotError, VerificationError
from kubectl_restore.plan.compare import compare
from kubectl_restore.plan.operation import Action, Operation
from kubectl_restore.plan.together import TOGETHER
from kubectl_restore.progress import Level, Phase
from kubectl_restore.report.failure import is_out_of_room
from kubectl_restore.session.answer import Answer
from kubectl_restore.text import LISTED, counted, listed, shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kubectl_restore.archive.stream.normalise import Dialect
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.attributes import Attributes
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress

NOT_MADE: Final = "could not be made there"
_MOST_ROUNDS: Final = 100
_LAST_WORDS: Final = 20
"""Lines of a tar that stopped, among which its reason is."""
_ENDED: Final = frozenset({1, 2})
"""Exit codes of tars that have met something; others mean that they were ended."""
_SENT: Final = frozenset({Action.CREATE, Action.REPLACE})
_GO_ON: Final = frozenset({Tar.GNU, Tar.BSD, Tar.SHELL})
_ATTRIBUTES: Final = re.compile(
    r": Cannot (change ownership to|change mode to|utime)\b"  # GNU tar
    r"|: Can't (set user=|set permissions to|restore time|make file SUID|restore SGID)"  # bsdtar
    r"|tar: (chown \d+:\d+|chmod \d+|settime -?\d+) "  # toybox
)
"""What tars say where an owner, a mode or a time was refused (tried: 1.34, 3.6.2, 0.8.9)."""
_ENDS: Final = ("previous errors", "Error exit delayed", "had errors")


@dataclass(slots=True)
class Unmade:
    """What could not be made so far.

    Attributes:
        reasons: by path: what the container's tar said.
        blames_tar: it has said something; else it took everything, and it is not there.
    """

    reasons: dict[bytes, str] = field(default_factory=dict)
    blames_tar: bool = False
    _rounds: int = 0

    def go_on_behind(self, found: Found, answer: Answer) -> bool:
        """Take what a stream has not brought; lay out what comes behind it.

        Args:
            found: asks about the stream that has ended.
            answer: how it ended.

        Returns:
            Whether the plan has something to send again.
        """
        if answer.consumer == 0 and found.attributes.volumes.lack_symlinks:
            # Taken, and not made: no tar says so.
            lost = [one for one in found.missing() if found.is_hopeless(one)]
            self._give_up(found, lost, answer, "the volume takes no symbolic links")
            self.blames_tar = True
        if answer.consumer not in _ENDED or is_out_of_room(answer):
            return False
        missing = found.missing()
        if not missing:
            return False
        self.blames_tar = True
        if found.capabilities.tar in _GO_ON:
            # What another lane was to send has not been tried.
            rest = [one for one in missing if one not in found.sent]
            is_rest = any(found.plan.member(one).kind is not Kind.DIRECTORY for one in rest)
            self._give_up(
                found, [one for one in missing if one in found.sent or not is_rest], answer
            )
            return is_rest and self._lay_out(found, rest)
        named = _named(found, missing, answer)
        hopeless = [one for one in missing if found.is_hopeless(one)]
        if hopeless and (named is None or named in hopeless):
            given_up = hopeless
        else:
            given_up = [_first(found, missing) if named is None else named]
        self._give_up(found, given_up, answer)
        rest = [one for one in missing if found.plan.action(one) in _SENT]
        return bool(rest) and self._lay_out(found, rest)

    def _lay_out(self, found: Found, rest: list[int]) -> bool:
        """Have the rest sent, if it can be read once more; tell whether it is."""
        self._rounds += 1
        if not found.batch.can_be_read_again or self._rounds >= _MOST_ROUNDS:
            self._give_up(found, rest, Answer(), "was not reached: the same command sends it")
            return False
        found.lay_out(rest)
        return True

    def _give_up(self, found: Found, numbers: Iterable[int], answer: Answer, why: str = "") -> None:
        plan = found.plan
        lines = [shown_text(line) for line in answer.lines[-_LAST_WORDS:]]
        lines = [line for line in lines if not any(end in line for end in _ENDS)]
        for number in numbers:
            path = plan.member(number).path
            name = shown(path)
            own = [line for line in lines if name in line]
            silent = f"{found.capabilities.unpacker} did not say why"
            last = lines[-1] if lines else silent
            self.reasons[path] = why or (own[-1] if own else last)
            plan.decide(number, Operation(path, Action.SKIP, plan.member(number), NOT_MADE))
        # Nothing was made of them: no directory that was not made is proved, but where something
        # below it is still sent.
        due = found.parents_of_sent()
        for path, one in list(plan.parents.items()):
            if one.action is Action.CREATE and path not in due and not found.stands(path):
                plan.parents[path] = one._replace(action=Action.SKIP, reason=NOT_MADE)
                self.reasons.setdefault(path, why or (lines[-1] if lines else ""))

    def numbers(self, plan: Plan) -> list[int]:
        """Return the members of a plan that could not be made."""
        if not self.reasons:
            return []
        return [
            number
            for number in range(len(plan.members))
            if (one := plan.operation(number)) is not None
            and one.action is Action.SKIP
            and one.reason == NOT_MADE
        ]

    def settled(self, found: Found, answer: Answer) -> Answer:
        """Return how a stream ended, once it is proved that its tar's failure is explained.

        That is so where all its lines are about owners, modes and times, or where everything else
        that was sent has the backup's contents.
        """
        is_suspect = answer.consumer in _ENDED or (self.reasons and answer.consumer == 0)
        if not is_suspect or is_out_of_room(answer) or not (self.reasons or answer.is_whole):
            return answer
        words = [line for line in answer.lines if not any(end in line for end in _ENDS)]
        is_heard = answer.said == len(answer.lines)
        only_attributes = is_heard and words and all(map(_ATTRIBUTES.search, words))
        if not (only_attributes and not self.reasons) and not found.has_contents():
            return answer
        kept = [line for line in words if not _ATTRIBUTES.search(line)]
        if self.reasons:
            # They stand in the error.
            kept = []
        return replace(answer, consumer=0, received=0, lines=kept, said=len(kept))

    def copy_links(self, found: Found) -> None:
        """Copy files in the place of hard links, where the volume has none."""
        plan = found.plan
        pairs = []
        for number in sorted(plan.copied):
            if plan.action(number) in _SENT:
                member = plan.member(number)
                pairs.append((plan.contents.of(member).path, member.path))
        if pairs:
            found.questions.copy(pairs)

    def forgive(self, answer: Answer) -> Answer:
        """Return how a stream of directories ended: that they are there is proved afterwards."""
        if answer.consumer not in _ENDED or is_out_of_room(answer) or not answer.is_whole:
            return answer
        words = [line for line in answer.lines if not any(end in line for end in _ENDS)]
        kept = [line for line in words if not _ATTRIBUTES.search(line)]
        return replace(answer, consumer=0, received=0, lines=kept, said=len(kept))

    def require_none(self, request: RestoreRequest) -> None:
        """Return when everything could be made.

        Raises:
            PodCannotError, VerificationError: the rest is restored.
        """
        if not self.reasons:
            return
        error = PodCannotError if self.blames_tar else VerificationError
        reasons = [f"{shown(path)}: {why}" for path, why in islice(self.reasons.items(), LISTED)]
        again = request.command_with()
        few = len(self.reasons) <= LISTED
        without = request.command_leaving_out(*(_excluded(path) for path in self.reasons))
        raise error(
            f"{counted(len(self.reasons), 'path')} could not be made there; "
            "everything else is restored",
            reason=listed(reasons, len(self.reasons) - len(reasons)),
            fix=f"put that right, then: {again}"
            + (f"\nto do without them: {without}" if few else "\nto do without them: --exclude"),
        )


def _excluded(path: bytes) -> str:
    name = re.sub(rb"([\\*?\[])", rb"\\\1", path)
    return f"--exclude={name.decode('utf-8', 'surrogateescape')}"


def _named(found: Found, missing: list[int], answer: Answer) -> int | None:
    """Return at which member a tar says that it has stopped; None where it names none."""
    last = " ".join(shown_text(line) for line in answer.lines[-_LAST_WORDS:])
    # A name with a line break is two lines of what the tar says.
    named = [
        one
        for one in missing
        if (path := found.plan.member(one).path)
        and (shown(path) in last or shown(path.replace(b"\n", b" ")) in last)
    ]
    if not named:
        return None
    return named[-1] if len(named) > 1 and _is_part(found, named) else named[0]


def _first(found: Found, missing: list[int]) -> int:
    """Return at which member a tar that names none has stopped: the first that lacks."""
    # Links that lead up are made at the end: that they lack says nothing.
    early = [one for one in missing if found.plan.member(one).kind is not Kind.SYMLINK]
    return (early or missing)[0]


def _is_part(found: Found, named: list[int]) -> bool:
    """Tell whether the first of these names is a part of the last one only."""
    first, last = (found.plan.member(one).path for one in (named[0], named[-1]))
    return first in last and first != last


@dataclass(frozen=True, slots=True)
class Found:
    """Asks what a stream has brought.

    Attributes:
        plan: what was to be done; its layout is the stream's.
        batch: whose.
        questions: asked through the open exec.
        capabilities: what the container can do.
        attributes: what can be there.
        dialect: what the pod's tar reads.
        owner: whom parents belong to that the archive lacks.
        progress: told that contents are compared.
        sent: members of streams that were taken whole, by number.
    """

    plan: Plan
    batch: Batch
    questions: Questions
    capabilities: Capabilities
    attributes: Attributes
    dialect: Dialect
    owner: tuple[int, int]
    progress: Progress
    sent: set[int] = field(default_factory=set)

    def missing(self) -> list[int]:
        """Return the members that are to be made and are not there, in the order of the stream."""
        plan = self.plan
        carried = [one for one in plan.carried() if plan.action(one) in _SENT]
        found: list[int] = []
        for some in _chunks(carried):
            operations = {
                one.path: number for number in some if (one := plan.operation(number)) is not None
            }
            after = self.questions.survey(Phase.VERIFY, list(operations))
            wanted = (one for number in some if (one := plan.operation(number)) is not None)
            verdict = compare(wanted, after, plan.contents.of, owners=False, suspicious=True)
            lost = {operations[one.path] for one in verdict.differences}
            found += [one for one in some if one in lost or self._is_old(one, after)]
        return found

    def _is_old(self, number: int, after: Mapping[bytes, Entry]) -> bool:
        """Tell whether what was to be replaced still stands there, by its time."""
        plan = self.plan
        member = plan.member(number)
        if plan.action(number) is not Action.REPLACE or member.kind is not Kind.FILE:
            return False
        entry, attributes = after.get(member.path), self.attributes
        return (
            entry is not None
            and attributes.time_decides(member)
            and not attributes.has_time(member, entry)
        )

    def parents_of_sent(self) -> set[bytes]:
        """Return the directories above what is sent, or was."""
        plan, above = self.plan, set[bytes]()
        for number in (*plan.carried(), *plan.copied):
            path = plan.members.path(number)
            while plan.action(number) in _SENT and (path := path.rpartition(b"/")[0]) not in above:
                above.add(path)
        return above

    def stands(self, path: bytes) -> bool:
        """Tell whether something stands at a path."""
        return path in self.questions.survey(Phase.VERIFY, [path])

    def is_hopeless(self, number: int) -> bool:
        """Tell whether the volume has nothing of a member's kind."""
        member = self.plan.member(number)
        return member.kind is Kind.SYMLINK and not self.attributes.volumes.at(member.path).symlinks

    def lay_out(self, numbers: Iterable[int]) -> None:
        """Make these members the plan's stream."""
        plan = self.plan
        carried = array("I", numbers)
        directories = {
            plan.members.path(number): number
            for number in plan.members.of_kind(Kind.DIRECTORY)
            if plan.action(number) in _SENT
        }
        bare = {path for path, one in plan.parents.items() if one.action is Action.CREATE}
        plan.layout = Layout(
            plan.sent,
            carried,
            directories,
            bare,
            dialect=self.dialect,
            owner=self.owner,
            owners=plan.parent_owners,
            passed_on=plan.passed_on,
            beat=self.questions.pulse,
        )

    def has_contents(self) -> bool:
        """Tell whether all files that were sent have the backup's contents."""
        algorithm, plan = self.capabilities.algorithm, self.plan
        if algorithm is None or not self.batch.can_be_read_again:
            return False
        numbers = [one for one in plan.carried() if plan.member(one).kind is Kind.FILE]
        if not numbers:
            return True
        size = sum(plan.member(one).size for one in numbers)
        self.progress.message(
            Level.INFO,
            f"{self.capabilities.unpacker} has failed: the contents of what it has written are "
            f"compared ({size:,} bytes)",
        )
        # A link whose first name stays as it is carries the content itself.
        carriers = {
            one: one if carrier is None else carrier
            for one in numbers
            for carrier in (plan.contents.carrier(one),)
        }
        wanted = sorted(set(carriers.values()), key=lambda one: plan.members[one].offset)
        ours = self.batch.fingerprints(algorithm, wanted, self.progress, self.questions.pulse)
        return all(
            self._are_ours(some, lambda one: ours.digest(carriers[one]))
            for some in _chunks(numbers)
        )

    def _are_ours(self, numbers: list[int], digest: Callable[[int], bytes | None]) -> bool:
        algorithm = self.capabilities.algorithm
        if algorithm is None:
            return False
        paths = {self.plan.member(one).path: one for one in numbers}
        theirs = self.questions.digests(paths, algorithm)
        return all(
            (own := digest(number)) is not None and theirs.get(path) == own
            for path, number in paths.items()
        )


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), TOGETHER):
        yield numbers[start : start + TOGETHER]
