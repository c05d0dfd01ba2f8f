"""The second question: is everything there, as it was promised?"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress, islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.compare import (
    Difference,
    Proof,
    Verdict,
    amendments,
    compare,
    targets_of,
    text_differs,
)
from kubectl_restore.plan.lines import are_right, beginnings
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Comparison, Verification
from kubectl_restore.plan.together import TOGETHER
from kubectl_restore.progress import Phase
from kubectl_restore.report.failure import error_of, is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.trust.content_checksums import Fingerprints
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.stat_lines import StatLines
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.operation import Operation
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.run import Run
    from kubectl_restore.session.answer import Answer

_PROVED: Final = frozenset({Action.CREATE, Action.REPLACE, Action.ADJUST, Action.KEEP})
_PROMISED: Final = frozenset(Action) - {Action.SKIP}
_HARDLINK: Final = CODES[Kind.HARDLINK]
_OTHERS: Final = bytes(not value for value in range(256))
"""What is not right, of zeros and ones."""
_KEPT: Final = frozenset({Action.KEEP, Action.ADJUST})
_DIGITS: Final = 12
"""Of a checksum, in a message."""


@dataclass(frozen=True, slots=True)
class Prover:
    """Asks what stands there now, and holds it against what was promised.

    Every method raises RestoreError when the link is lost, the time runs out or a signal comes.
    """

    questions: Questions
    request: RestoreRequest
    capabilities: Capabilities
    progress: Progress
    attributes: Attributes = field(default_factory=Attributes)
    is_noted: bool = False
    """The pod has a record of what was in flight: the same command finishes it, without --force."""

    @classmethod
    def of(cls, run: Run, lane: Lane, ledger: Ledger) -> Prover:
        """Return the one that asks through a lane, as a restore knows the pod by now."""
        return cls(
            lane.questions,
            run.request,
            lane.capabilities,
            run.progress,
            ledger.attributes,
            ledger.is_noted,
        )

    def prove(
        self,
        answer: Answer,
        operations: Iterable[Operation],
        total: int,
        content_of: Callable[[Member], Member],
    ) -> Proof:
        """Compare kind, size, mode, owner and time, and put right what can be put right.

        Args:
            answer: how the stream ended.
            operations: what was promised.
            total: about how many these are.
            content_of: returns the member that carries a hard link's content.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it is not there.
        """
        proof, done, actions = Proof(), 0, self._actions(answer)
        wanted = (one for one in operations if one.action in actions)
        while some := list(islice(wanted, TOGETHER)):
            proof.take(self._proved(answer, some, done, total, content_of))
            done += len(some)
        self._require(answer, proof)
        return proof

    def prove_members(self, answer: Answer, plan: Plan) -> Proof:
        """Compare all members of a plan but directories; see `prove`.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it is not there.
        """
        proof, numbers, total = Proof(), plan.promised(self._actions(answer)), plan.count(*Action)
        for done in range(0, len(numbers), TOGETHER):
            some = numbers[done : done + TOGETHER]
            paths, kinds = plan.members.paths_of(some), plan.members.columns.kinds
            links = (one for one in some if kinds[one] == _HARDLINK)
            after = self._look(paths, map(plan.operation, links), done, total)
            left: Iterable[int] = some
            if answer.consumer == 0:
                # Those that are as the backup has them need no look.
                owners = self.request.same_owner
                wanted = beginnings(plan.members, some, owners=owners)
                right = are_right(after.lines[: len(some)], wanted)
                left = compress(some, right.translate(_OTHERS))
            operations = [one for one in map(plan.operation, left) if one is not None]
            place = (done, max(total, done))
            proof.take(self._judged(answer, operations, after, place, plan.contents.of))
        self._require(answer, proof)
        return proof

    def _actions(self, answer: Answer) -> Collection[Action]:
        """Return what is proved: what is only to be adjusted is adjusted here."""
        has_failed = bool(answer.consumer) or not answer.is_whole
        is_compared = has_failed or self.request.verify is not Verification.NONE
        return _PROMISED if is_compared else (Action.ADJUST,)

    def prove_contents(
        self, answer: Answer, plan: Plan, batch: Batch, sent: Callable[[int], bytes | None]
    ) -> None:
        """Compare the contents of all files of a batch, those that were kept too.

        Args:
            answer: how the stream ended.
            plan: what was promised.
            batch: whose files.
            sent: returns the checksum of a file, by its number, that was taken while it was sent.

        Raises:
            VerificationError: a file has other content.
        """
        algorithm = self.capabilities.algorithm
        if self.request.verify is not Verification.CHECKSUM or algorithm is None:
            return
        members = plan.members
        kept = [number for number in members.of_kind(Kind.FILE) if plan.action(number) in _KEPT]
        known = (
            batch.fingerprints(algorithm, kept, self.progress, self.questions.pulse)
            if kept
            else None
        )
        proof, done, is_by_time = Proof(), 0, False
        wanted = _files(plan)
        while some := dict(islice(wanted, TOGETHER)):
            ours = {path: _digest(number, sent, known) for path, number in some.items()}
            theirs = self.questions.digests(some, algorithm)
            verdict, kept_wrongly = self._differing(ours, theirs, some, plan)
            is_by_time = is_by_time or kept_wrongly
            proof.take(verdict)
            done += len(some)
        self._prove_texts(plan, proof)
        self._require(answer, proof, is_by_time=is_by_time)

    def _prove_texts(self, plan: Plan, proof: Proof) -> None:
        """Compare where symbolic links lead: what they say is their content."""
        members = plan.members
        wanted = (
            members[one] for one in members.of_kind(Kind.SYMLINK) if plan.action(one) in _PROVED
        )
        while some := list(islice(wanted, TOGETHER)):
            texts, verdict = self.questions.texts(one.path for one in some), Verdict()
            for one in some:
                what = text_differs(texts.get(one.path), one.link)
                if what:
                    verdict.differences.append(Difference(one.path, what))
            proof.take(verdict)

    def _differing(
        self,
        ours: Mapping[bytes, bytes | None],
        theirs: Mapping[bytes, bytes],
        numbers: Mapping[bytes, int],
        plan: Plan,
    ) -> tuple[Verdict, bool]:
        """Return what differs, and whether some of it was kept although it never was the same."""
        verdict, is_by_time = Verdict(), False
        judged_by_time = self.request.compare is Comparison.METADATA
        wrong = [path for path, digest in ours.items() if digest != theirs.get(path)]
        after = self.questions.survey(Phase.VERIFY, wrong) if wrong else {}
        for path in wrong:
            mine, other, entry = ours[path], theirs.get(path), after.get(path)
            what = "other content"
            if other is None:
                what = "its content cannot be read there, so it is not proved"
            elif mine is not None:
                what += f": {other.hex()[:_DIGITS]}... instead of {mine.hex()[:_DIGITS]}..."
            number = numbers[path]
            if entry is not None and entry.mtime != plan.member(number).mtime:
                what += "; something in the pod has written to it since"
            elif other is not None and judged_by_time and plan.action(number) in _KEPT:
                what += "; it was kept for its size and time"
                is_by_time = True
            verdict.differences.append(Difference(path, what))
        return verdict, is_by_time

    def require(self, answer: Answer) -> None:
        """Return when what took a payload did not fail.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it did.
        """
        self._require(answer, Proof())

    def _require(self, answer: Answer, proof: Proof, *, is_by_time: bool = False) -> None:
        space = str(self.questions.space()) if is_full(answer) else ""
        again = self.request.command_to_go_on(is_noted=self.is_noted)
        unpacker = self.capabilities.unpacker
        failure = error_of(answer, proof, unpacker=unpacker, again=again, space=space)
        if failure is None:
            return
        if is_by_time and not self.request.is_piped:
            # The same command would keep them again.
            by_content = self.request.command_to_go_on("--compare=checksum")
            failure.fix = f"to send again what has other content: {by_content}"
        raise failure

    def _proved(
        self,
        answer: Answer,
        some: list[Operation],
        done: int,
        total: int,
        content_of: Callable[[Member], Member],
    ) -> Verdict:
        """Compare some of what was promised, and put right what can be put right."""
        after = self._look([one.path for one in some], some, done, total)
        return self._judged(answer, some, after, (done, max(total, done)), content_of)

    def _look(
        self, paths: list[bytes], operations: Iterable[Operation | None], done: int, total: int
    ) -> StatLines:
        """Ask what stands there, and at what hard links among these operations lead to."""
        # What they have to be one file with may be of another piece.
        links = [one for one in operations if one is not None]
        wanted = [*paths, *sorted(targets_of(links).difference(paths))]
        return self.questions.look(Phase.VERIFY, wanted, done=done, total=max(total, done))

    def _judged(
        self,
        answer: Answer,
        some: list[Operation],
        after: StatLines,
        place: tuple[int, int],
        content_of: Callable[[Member], Member],
    ) -> Verdict:
        """Compare what was promised with what stands there, and put right what can be put right.

        Args:
            answer: how the stream ended.
            some: what was promised.
            after: what stands there; what is put right is noted in it.
            place: how many were looked at before, and of how many.
            content_of: see `prove`.
        """
        failed, (done, total) = answer.consumer != 0, place
        owners = self.request.same_owner
        by_content = self.request.compare is Comparison.CHECKSUM

        def compared(*, suspicious: bool = False) -> Verdict:
            return compare(
                some,
                after,
                content_of,
                owners=owners,
                suspicious=suspicious,
                by_content=by_content,
                attributes=self.attributes,
            )

        verdict = compared(suspicious=failed)
        if not answer.is_whole or verdict.differences:
            return verdict
        # Twice: a program gets its set-id bits only once it has its owner.
        for _ in range(2):
            touched = self._amend(verdict)
            if not touched:
                break
            again = self.questions.survey(Phase.VERIFY, touched, done=done, total=total)
            after.update(again)
            verdict = compared()
        return verdict

    def _amend(self, verdict: Verdict) -> list[bytes]:
        """Put right what the pod's tar did not do; return the paths to look at again."""
        touched: list[bytes] = []
        for one in amendments(verdict, self.capabilities.may_own):
            self.questions.amend(one.command, one.paths, one.words)
            touched += one.paths
        return touched


def _files(plan: Plan) -> Iterator[tuple[bytes, int]]:
    """Return the paths of all files, hard links too, with the numbers of their contents."""
    members = plan.members
    for number, kind in enumerate(members.kinds()):
        if kind not in {Kind.FILE, Kind.HARDLINK} or plan.action(number) not in _PROVED:
            continue
        member = plan.member(number)
        carrier = number if member.kind is Kind.FILE else plan.contents.number_of(member)
        # What an earlier part of a pipe has brought was proved with that part.
        if carrier is not None and members.kind(carrier) is Kind.FILE:
            yield member.path, carrier


def _digest(
    number: int, sent: Callable[[int], bytes | None], known: Fingerprints | None
) -> bytes | None:
    return sent(number) or (None if known is None else known.digest(number))
