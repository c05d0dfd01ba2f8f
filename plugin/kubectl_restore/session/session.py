"""The talk with the agent in one exec: commands, their payloads, and what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.pump import Pump
from kubectl_restore.pipe.transit import Packing, Transit
from kubectl_restore.session.answer import ENDS, Call
from kubectl_restore.session.lost import out_of_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kubectl_restore.pipe.framing import Framing
    from kubectl_restore.pipe.payload import Payload
    from kubectl_restore.session.answer import Answer
    from kubectl_restore.session.exec import Exec

_QUESTIONS: Final = frozenset(
    {
        *(b"probe", b"leases", b"survey", b"closed", b"resolve", b"list", b"mounts", b"texts"),
        *(b"hash", b"hasheach", b"prefixes", b"fetch", b"space", b"rooms", b"doubt", b"doubts"),
        *(b"traits", b"apart"),
    }
)
"""Commands that write nothing, or a trial of a few bytes (container/scripts/commands.sh)."""
_AHEAD: Final = 2
"""Questions that may be under way when the next one is sent."""


class Session:
    """Says commands, one after the other, and waits for their ends.

    Attributes:
        exec: where they are said.
    """

    def __init__(self, channel: Exec) -> None:
        """Take an exec that is open."""
        self.exec = channel
        self._outlet = channel.outlet
        # What is measured of the way holds for the whole exec.
        self._transit = Transit()

    def frame(self, framing: Framing) -> None:
        """Say how chunks have to be wrapped from now on (a command without payload tells)."""
        self._outlet.frame(framing)

    def ask(self, *commands: bytes) -> Answer:
        """Run commands that have no payload; several take one round trip, and have one answer.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        self._start(commands, None)
        return self._finish()

    def begin(self, command: bytes) -> None:
        """Begin a command that has no payload; the loop's turns bring its `result`."""
        self._start((command,), None)

    def feed(
        self,
        command: bytes,
        payload: Payload,
        on_acknowledged: Callable[[int], None] | None = None,
    ) -> Answer:
        """Run a command with a payload, and wait for its end; see `begin_feed`.

        Raises:
            RestoreError: the link was lost, the time ran out, a signal came, or the backup could
                not be read on.
        """
        self.begin_feed(command, payload, on_acknowledged)
        return self._finish()

    def begin_feed(
        self,
        command: bytes,
        payload: Payload,
        on_acknowledged: Callable[[int], None] | None = None,
    ) -> None:
        """Begin a command with a payload; the loop's turns carry it out.

        Args:
            command: the command line, without newline.
            payload: what follows it.
            on_acknowledged: told the number of payload bytes that the pod has taken so far.
        """
        transit = None
        if payload.packing is not Packing.NONE:
            transit = self._transit
            transit.begin(payload.packing)
        pump = Pump(
            payload,
            now,
            self._outlet.envelope,
            in_blocks=self._outlet.fills_blocks,
            transit=transit,
        )
        self._start((command,), pump)
        self.exec.call.on_acknowledged = on_acknowledged

    def result(self) -> Answer | None:
        """Return what came of the command that was begun; None while it is under way.

        Raises:
            RestoreError: this exec is broken, or nothing has moved for too long.
        """
        self.exec.check()
        return None if self.exec.call.ends_due else self.exec.taken()

    def append(
        self,
        path: bytes,
        inode: int,
        payload: Payload,
        on_acknowledged: Callable[[int], None],
    ) -> Answer:
        """Have bytes appended to a file in the pod.

        Args:
            path: below the target.
            inode: the file's; nothing is written to any other.
            payload: the bytes.
            on_acknowledged: see `begin_feed`.

        Raises:
            RestoreError: as for `feed`.
        """
        line = b"append %d %d\n" % (len(path), inode)
        before, behind = self._outlet.envelope(line, len(path))
        command = before + path + behind
        return self.feed(command, payload, on_acknowledged)

    def question(
        self, command: bytes, payload: bytes, on_record: Callable[[bytes, bytes], bool]
    ) -> Answer:
        """Run a command whose payload is small: sent in one unacknowledged chunk.

        Raises:
            RestoreError: as for `feed`.
        """
        return self.questions(command, (payload,), on_record)

    def questions(
        self,
        command: bytes,
        payloads: Iterable[bytes],
        on_record: Callable[[bytes, bytes], bool],
        said: Callable[[bytes], None] = lambda _payload: None,
    ) -> Answer:
        """Run a command on one small payload after the other; the pod works while we read.

        Args:
            command: the command line, without newline.
            payloads: each is sent in one unacknowledged chunk.
            on_record: given each record's word and rest; returns False for one that it does not
                know (then it is kept in the answer).
            said: told each payload when it is on its way, and those before it are answered.

        Returns:
            One answer for all: `received` is of the worst.

        Raises:
            RestoreError: as for `feed`.
        """
        call = Call(on_record=on_record, is_question=_only_asks(command))
        self.exec.begin(call)
        for payload in payloads:
            line = b"%s\n%d\n" % (command, len(payload))
            before, behind = self._outlet.envelope(line, len(payload))
            self._outlet.say(before + payload + behind, b"end\n")
            call.ends_due += ENDS
            self.exec.go_on(_AHEAD * ENDS)
            said(payload)
        answer = self._finish()
        if answer.received is None:
            # Nothing was asked.
            answer.received = 0
        return answer

    def fetch(self, payload: bytes, total: int, sink: Callable[[bytes], None]) -> Answer:
        """Have the contents of files sent from the pod, one after the other: `total` bytes.

        There are always so many where the answer is whole, even if a file has changed; whether
        they are the right ones is for a checksum to show.

        Args:
            payload: which files (container/survey.py, `questions`).
            total: bytes, at least one.
            sink: is given them in pieces. What it raises ends the session.

        Raises:
            RestoreError: as for `feed`.
        """
        call = Call(
            on_record=lambda _word, _rest: False, sink=sink, data_due=total, is_question=True
        )
        self.exec.begin(call)
        line = b"fetch %d\n%d\n" % (total, len(payload))
        before, behind = self._outlet.envelope(line, len(payload))
        self._outlet.say(before + payload + behind, b"end\n")
        call.ends_due = ENDS
        answer = self._finish()
        if call.data_due and answer.is_whole and not answer.records:
            raise out_of_step(f"{call.data_due} bytes that were asked for did not come")
        return answer

    def keep_alive(self) -> None:
        """See `Exec`."""
        self.exec.keep_alive()

    def pulse(self) -> None:
        """See `Exec`."""
        self.exec.pulse()

    def _start(self, commands: Sequence[bytes], pump: Pump | None) -> None:
        call = Call(ends_due=ENDS * len(commands), is_question=_only_asks(*commands))
        self.exec.begin(call, pump)
        self._outlet.say(b"", b"".join(command + b"\n" for command in commands))

    def _finish(self) -> Answer:
        self.exec.go_on(0)
        return self.exec.taken()


def _only_asks(*commands: bytes) -> bool:
    return all(command.partition(b" ")[0] in _QUESTIONS for command in commands)
