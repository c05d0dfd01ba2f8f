"""What the agent is asked about its record: who writes to the target, and what is in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.container.leases import read_leases
from kubectl_restore.errors import InterruptedRestoreError
from kubectl_restore.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.container.leases import Leases
    from kubectl_restore.session.answer import Answer
    from kubectl_restore.session.session import Session


class RecordQuestions:
    """Asks about the record, which outlives an exec; scripts/record.sh is its other half."""

    def __init__(self, session: Session) -> None:
        """Ask through a session."""
        self._session = session

    def leases(self) -> Leases:
        """Ask which restores write in the container."""
        return read_leases(self._session.ask(b"leases").records)

    def hold(self, restore: bytes, after: bytes, since: int) -> tuple[bytes, Leases]:
        """Take the lease of the target, and end what earlier execs of a restore have left.

        Args:
            restore: which; what has no lease is found by this.
            after: the token of the owner that is gone; empty for none.
            since: the time, in seconds since 1970.

        Returns:
            `held`; `taken`, where somebody was faster; `unplaced`, where there is no place for its
            record. And who else writes in the container then.
        """
        records = self._session.ask(b"hold %s %d %s" % (after or b"-", since, restore)).records
        words = {word for word, _ in records}
        state = next((one for one in (b"held", b"taken") if one in words), b"unplaced")
        return state, read_leases(records)

    def beside(self, first: bytes) -> None:
        """Say that this exec is a further one of a run whose first one has this token."""
        self._session.ask(b"beside " + first)

    def evict(self, restore: bytes) -> None:
        """End what earlier execs of a restore have left running."""
        self._session.ask(b"evict " + restore)

    def doubt(self, batch: bytes) -> tuple[list[bytes], list[bytes]]:
        """Ask what an earlier run of a batch meant to do, and what of it was in flight."""
        records = self._session.ask(b"doubt " + batch).records
        planned = [rest for word, rest in records if word == b"planned"]
        return planned, [rest for word, rest in records if word == b"flight"]

    def doubts(self) -> tuple[dict[bytes, list[bytes]], list[bytes]]:
        """Ask what earlier runs meant to do, by batch, and what of all that was in flight."""
        planned: dict[bytes, list[bytes]] = {}
        records = self._session.ask(b"doubts").records
        for word, rest in records:
            if word == b"planned":
                batch, _, line = rest.partition(b" ")
                planned.setdefault(batch, []).append(line)
        return planned, [rest for word, rest in records if word == b"flight"]

    def intend(self, batch: bytes, lines: bytes) -> bool:
        """Have it noted what a run of a batch will do; tell whether that could be noted."""
        noted = []

        def take(word: bytes, _rest: bytes) -> bool:
            noted.append(word)
            return True

        self._ask(b"intend " + batch, lines, take)
        return b"intended" in noted

    def release(self) -> None:
        """Give the lease back, with all that was noted."""
        self._session.ask(b"release")

    def _ask(self, command: bytes, payload: bytes, take: Callable[[bytes, bytes], bool]) -> None:
        require_whole(self._session.question(command, payload, take))


def require_whole(answer: Answer) -> None:
    """Return when the agent has heard a whole question.

    Raises:
        InterruptedRestoreError: it has not.
    """
    if not answer.is_whole:
        raise InterruptedRestoreError(
            "the container did not hear the whole question",
            reason=listed(answer.lines) or f"the agent ended it with {answer.received}",
            fix="run the same command again",
        )
