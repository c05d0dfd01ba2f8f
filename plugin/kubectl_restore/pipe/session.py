"""One `kubectl exec` child from start to end, and the talk with the agent behind it.

Why the selector loop cannot deadlock. There are two directions. Towards the pod: we write only
when the pipe takes bytes (non-blocking), so we never wait in a write; when kubectl does not read,
we go on reading. From the pod: stdout and stderr are read in every turn whatever the state of
the writing, into parsers of bounded memory, so kubectl never waits for us on either. What remains
is the far side waiting for a payload that the window holds back: the window always admits one
chunk when nothing is outstanding, and the agent acknowledges every chunk that it has read whole.
A far side that neither reads nor speaks is ended by the stall limit.
"""

from __future__ import annotations

import os
import selectors
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.messages import (
    error_from,
    find_rule,
    is_klog,
    is_kubectls_own,
    without_user_info,
)
from kubectl_restore.deadline import TICK, as_duration
from kubectl_restore.errors import (
    InterruptedRestoreError,
    PodCannotError,
    RestoreError,
    TimedOutError,
)
from kubectl_restore.pipe.child import Child, now, read
from kubectl_restore.pipe.feedback import (
    Beat,
    EndOfCommand,
    Evidence,
    FeedbackParser,
    Line,
    Voices,
)
from kubectl_restore.pipe.framing import Framing, announcement, envelope
from kubectl_restore.pipe.pump import Pump
from kubectl_restore.pipe.records import Data, Record, RecordParser
from kubectl_restore.pipe.transit import Transit
from kubectl_restore.progress import Level
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.archive.stream.segments import Zeros
    from kubectl_restore.deadline import Watch
    from kubectl_restore.pipe.mark import Mark
    from kubectl_restore.progress import Progress

_PING: Final = 2.0
"""Seconds between two signs of life while a person thinks."""
_FAREWELL: Final = 5.0
"""Seconds for the agent to end what it started and for kubectl to notice."""
_RECEIVED_WHOLE: Final = 0
_OUT_OF_STEP: Final = 9
"""What no agent says."""
_ENDS: Final = 2
"""Ends of a command: a record, and a sign on stderr."""
_ENDED: Final = frozenset({137, 143})
"""What a shell that KILL or TERM ended exits with."""
_AHEAD: Final = 2
"""Questions that may be under way when the next one is sent."""
_LONGEST_PAUSE: Final = 0.02
"""Seconds that a full pipe is left alone, at most."""


@dataclass(slots=True)
class Answer:
    """What came of one command.

    Attributes:
        records: the records in between, as (word, rest), where nobody else took them.
        consumer: the exit code of the tool that took the payload; None when there was none.
        received: the agent's word on the payload: 0 whole, 1 given up, 2 stream ended, 3 and 4
            out of step.
        lines: what the tools said on stderr (the last 200 lines).
        said: how many lines they said.
    """

    records: list[tuple[bytes, bytes]] = field(default_factory=list)
    consumer: int | None = None
    received: int | None = None
    lines: list[str] = field(default_factory=list)
    said: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether the agent took the payload from its first to its last byte."""
        return self.received == _RECEIVED_WHOLE


class Session:
    """The one exec of a restore. Commands run one after the other."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        mark: Mark,
        script: bytes,
        *,
        watch: Watch,
        progress: Progress,
        stall_timeout: float | None,
    ) -> None:
        """Start kubectl and hand it the agent's script; `open` waits for the agent.

        Raises:
            UsageError: kubectl cannot be started.
        """
        self._watch = watch
        self._progress = progress
        self._stall_timeout = stall_timeout
        self._records = RecordParser(mark.token)
        self._feedback = FeedbackParser(mark.token)
        self._voices = Voices()
        self._evidence = Evidence()
        self._complaints = 0
        self._said_before_hello = True
        self._unwritten = memoryview(script)
        self._pump: Pump | None = None
        self._transit = Transit()
        self._pump_acknowledged: Callable[[int], None] | None = None
        self._on_record: Callable[[bytes, bytes], bool] | None = None
        self._sink: Callable[[bytes], None] | None = None
        self._data_due = 0
        self._answer = Answer()
        self._ends_due = 0
        self._bye = False
        self._moved = now()
        self._pinged = 0.0
        self._child = Child(arguments, environment, feed=True)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._child.stdout, selectors.EVENT_READ)
        self._selector.register(self._child.stderr, selectors.EVENT_READ)
        # What suits every way of taking chunks, until it is known which one it is.
        self._framing = Framing.TAR
        self._writing = False
        self._wrote_at = 0.0
        self._write_again = 0.0

    @property
    def complaints(self) -> int:
        """How many lines the tools of the command under way have said; kubectl's do not count."""
        return self._complaints

    @property
    def agent_is_up(self) -> bool:
        """Tell whether the agent has said hello: from then on there is something to end."""
        return not self._said_before_hello

    def open(self) -> None:
        """Wait until the agent is up.

        Raises:
            RestoreError: kubectl ended before; its words decide which error.
        """
        while self._said_before_hello:
            # No stall limit here: somebody may be typing a password, and kubectl has limits of
            # its own for connecting. --timeout holds.
            self._turn()

    def frame(self, framing: Framing) -> None:
        """Say how chunks have to be wrapped from now on (a command without payload tells)."""
        self._framing = framing

    def _envelope(self, lines: bytes, length: int) -> tuple[bytes, bytes]:
        return envelope(self._framing, lines, length)

    def ask(self, *commands: bytes) -> Answer:
        """Run commands that have no payload; several take one round trip, and have one answer.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        return self._run(commands, None)

    def feed(
        self,
        command: bytes,
        blocks: Iterator[memoryview | Zeros],
        total: int,
        *,
        on_acknowledged: Callable[[int], None] | None = None,
        on_record: Callable[[bytes, bytes], bool] | None = None,
        in_flight: Callable[[int, int], bytes] = lambda _acknowledged, _end: b"",
        pauses: Iterable[int] = (),
        packs: bool = False,
    ) -> Answer:
        """Run a command with a payload of `total` bytes.

        Args:
            command: the command line, without newline.
            blocks: the payload; a block stays valid until the next one is asked for.
            total: its length in bytes.
            on_acknowledged: told the number of payload bytes that the pod has taken so far.
            on_record: given each record's word and rest; returns False for one that it does not
                know (then it is kept in the answer).
            in_flight: see `Pump`.
            pauses: see `Pump`.
            packs: chunks may be packed for the way; the agent has to know how to unpack them.

        Raises:
            RestoreError: the link was lost, the time ran out, a signal came, or the backup could
                not be read on.
        """
        self._pump_acknowledged = on_acknowledged
        self._on_record = on_record
        in_blocks = self._framing is Framing.TAR
        pump = Pump(
            blocks,
            total,
            now,
            self._envelope,
            in_blocks=in_blocks,
            in_flight=in_flight,
            pauses=pauses,
            transit=self._transit if packs else None,
        )
        return self._run((command,), pump)

    def append(
        self,
        path: bytes,
        inode: int,
        blocks: Iterator[memoryview | Zeros],
        total: int,
        on_acknowledged: Callable[[int], None],
    ) -> Answer:
        """Have bytes appended to a file in the pod.

        Args:
            path: below the target.
            inode: the file's; nothing is written to any other.
            blocks: see `feed`.
            total: see `feed`.
            on_acknowledged: see `feed`.

        Raises:
            RestoreError: as for `feed`.
        """
        before, behind = self._envelope(b"append %d %d\n" % (len(path), inode), len(path))
        command = before + path + behind
        return self.feed(command, blocks, total, on_acknowledged=on_acknowledged)

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
            on_record: see `feed`.
            said: told each payload when it is on its way, and those before it are answered.

        Returns:
            One answer for all: `received` is of the worst.

        Raises:
            RestoreError: as for `feed`.
        """
        self._begin()
        self._on_record = on_record
        for payload in payloads:
            before, behind = self._envelope(b"%s\n%d\n" % (command, len(payload)), len(payload))
            self._send(before + payload + behind, b"end\n")
            self._ends_due += _ENDS
            self._go_on(_AHEAD)
            said(payload)
        answer = self._finish()
        if answer.received is None:
            # Nothing was asked.
            answer.received = _RECEIVED_WHOLE
        return answer

    def keep_alive(self) -> None:
        """Let a moment pass between two commands; the agent hears that its client is there.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        if now() - self._pinged > _PING:
            self._pinged = now()
            self._send(b"", b"ping\n")
        self._turn()

    def pulse(self) -> None:
        """Let the agent hear that its client is there, if it has not for a while; wait for nothing.

        Raises:
            RestoreError: as for `keep_alive`.
        """
        if now() - self._pinged > _PING:
            self.keep_alive()
        else:
            self._watch.check()
            self._progress.tick()

    def fetch(self, payload: bytes, total: int, sink: Callable[[bytes], None]) -> Answer:
        """Have the contents of files sent from the pod, one after the other: `total` bytes.

        There are always so many where the answer is whole, even if a file has changed; whether
        they are the right ones is for a check sum to show.

        Args:
            payload: which files (container/survey.py, `questions`).
            total: bytes, at least one.
            sink: is given them in pieces. What it raises ends the session.

        Raises:
            RestoreError: as for `feed`.
        """
        self._sink, self._data_due = sink, total
        answer = self.question(b"fetch %d" % total, payload, lambda _word, _rest: False)
        self._sink = None
        if self._data_due and answer.is_whole and not answer.records:
            raise _out_of_step(f"{self._data_due} bytes that were asked for did not come")
        return answer

    def close(self) -> None:
        """Say goodbye: the agent ends what it started; then kubectl is waited for, or ended.

        Nothing here can fail a restore: the end records have come by now.
        """
        deadline = now() + _FAREWELL
        with suppress(RestoreError):
            self._send(b"", b"bye\n")
            while now() < deadline and not self._bye:
                self._turn(checked=False)
        if self._child.stdin is not None:
            self._stop_writing()
            self._child.close_stdin()
        # kubectl does not always notice that the far side has ended (hazard 1.2): do not wait long.
        self._child.wait(1.0)
        self._dispose()

    def abort(self) -> None:
        """End kubectl now. The far side sees its input end, unless the link is frozen."""
        self._dispose()

    def _dispose(self) -> None:
        self._selector.close()
        self._child.end()

    def _run(self, commands: Sequence[bytes], pump: Pump | None) -> Answer:
        self._begin()
        self._ends_due = _ENDS * len(commands)
        self._pump = pump
        self._send(b"", b"".join(command + b"\n" for command in commands))
        return self._finish()

    def _begin(self) -> None:
        self._answer = Answer()
        self._evidence.clear()
        self._complaints = 0
        self._ends_due = 0
        self._moved = now()

    def _go_on(self, ahead: int) -> None:
        """Go on until only so many commands are without their ends."""
        while self._ends_due > ahead * _ENDS:
            self._turn()
            self._check_stall()

    def _finish(self) -> Answer:
        self._go_on(0)
        self._pump = None
        self._on_record = None
        self._pump_acknowledged = None
        self._answer.lines = self._evidence.lines
        self._answer.said = self._evidence.count
        return self._answer

    def _send(self, data: bytes, lines: bytes) -> None:
        lines = announcement(self._framing, lines)
        self._unwritten = memoryview(bytes(self._unwritten) + data + lines)

    def _turn(self, *, checked: bool = True) -> None:
        """One turn of the loop: wait at most `TICK`, then read and write what can be."""
        if checked:
            self._watch.check()
        pause = self._write_again - now()
        self._adjust_writing(paused=pause > 0)
        if not self._selector.get_map():
            self._lost()
        for key, _ in self._selector.select(pause if 0 < pause < TICK else TICK):
            if key.fd == self._child.stdin:
                self._write()
            else:
                self._read(key.fd)
        self._progress.tick()

    def _adjust_writing(self, *, paused: bool) -> None:
        """Watch stdin for room only while there is something to write."""
        wanted = (self._child.stdin is not None and not paused) and (
            bool(self._unwritten) or (self._pump is not None and self._pump.wants_to_write)
        )
        if wanted and not self._writing and self._child.stdin is not None:
            self._selector.register(self._child.stdin, selectors.EVENT_WRITE)
            self._writing = True
        elif not wanted:
            self._stop_writing()

    def _stop_writing(self) -> None:
        if self._writing and self._child.stdin is not None:
            self._selector.unregister(self._child.stdin)
        self._writing = False

    def _write(self) -> None:
        descriptor = self._child.stdin
        if descriptor is None:
            return
        try:
            while self._unwritten:
                written = os.write(descriptor, self._unwritten)
                self._unwritten = self._unwritten[written:]
            if self._pump is not None:
                self._rest(self._pump.write(descriptor))
                if self._pump.is_reading:
                    # The backup has an end: this is no stall, however long it takes.
                    self._moved = now()
        except BlockingIOError:
            return
        except OSError:
            # EPIPE is evidence, not an answer: kubectl will say why, or end, and is heard out.
            self._stop_writing()
            self._child.close_stdin()

    def _rest(self, written: int) -> None:
        """Leave the full pipe alone until kubectl has taken about half of what it holds.

        kubectl takes 32 KiB at a time; a turn of this loop for each of them costs as much processor
        time as the copying. What it took since the last time says how fast it is.
        """
        time = now()
        took = time - self._wrote_at
        self._wrote_at = time
        if written:
            self._write_again = time + min(
                _LONGEST_PAUSE, took * self._child.capacity / written / 2
            )

    def _read(self, descriptor: int) -> None:
        data = read(descriptor)
        if data is None:
            return
        if not data:
            self._selector.unregister(descriptor)
        if descriptor == self._child.stdout:
            for item in self._records.feed(data) if data else self._records.close():
                if isinstance(item, Record):
                    self._take(item)
                elif isinstance(item, Data):
                    self._take_data(item.data)
                else:
                    self._progress.message(
                        Level.TRACE, f"not a record: {shown_text(item.data[:200])}"
                    )
            return
        for event in self._feedback.feed(data) if data else self._feedback.close():
            self._hear(event)
        if self._said_before_hello:
            prompt = self._voices.unfinished(self._feedback.unfinished)
            if prompt:
                self._progress.foreign(prompt)

    def _take(self, record: Record) -> None:
        """Take one record from the agent."""
        self._moved = now()
        word, rest = record.word, record.rest
        if word == b"ack":
            self._acknowledge(rest)
        elif word == b"hello":
            self._said_before_hello = False
        elif word == b"bye":
            self._bye = True
        elif word == b"data":
            if self._sink is None or rest != b"%d" % self._data_due:
                raise _out_of_step(f"it sends {shown(rest)} bytes that nobody asked for")
        elif word == b"exit":
            self._answer.consumer = int(rest) if rest.isdigit() else None
            if self._pump is not None and not self._pump.closed and self._answer.consumer:
                # It ended early and badly: there is no use in sending the rest.
                self._pump.give_up()
        elif word == b"done":
            received = int(rest) if rest.isdigit() else _OUT_OF_STEP
            self._answer.received = max(received, self._answer.received or 0)
            self._ends_due -= 1
        elif self._on_record is None or not self._on_record(word, rest):
            self._answer.records.append((word, rest))

    def _acknowledge(self, rest: bytes) -> None:
        pump = self._pump
        if pump is None or not rest.isdigit() or not pump.acknowledge(int(rest)):
            raise _out_of_step(f"it acknowledged {shown(rest)} bytes, which were not sent")
        if self._pump_acknowledged is not None:
            self._pump_acknowledged(pump.window.acknowledged)

    def _take_data(self, data: bytes) -> None:
        """Take some of the bytes that were asked for."""
        self._moved = now()
        self._data_due -= len(data)
        if self._sink is not None:
            self._sink(data)

    def _hear(self, event: Beat | EndOfCommand | Line) -> None:
        """Take one sign or line from stderr."""
        if isinstance(event, Beat):
            if event.moved:
                self._moved = now()
        elif isinstance(event, EndOfCommand):
            self._ends_due -= 1
        else:
            self._evidence.add(event.text)
            self._complaints += not is_kubectls_own(event.text.decode("utf-8", "replace"))
            text = event.text.decode("utf-8", "surrogateescape")
            if self._said_before_hello:
                foreign = self._voices.line(event.text)
                if foreign:
                    self._progress.foreign(foreign)
                    return
            level = Level.TRACE if is_klog(text) else Level.DETAIL
            said = without_user_info(text) if is_kubectls_own(text) else text
            self._progress.message(level, shown_text(said))

    def _check_stall(self) -> None:
        limit = self._stall_timeout
        if limit is not None and now() - self._moved > limit:
            raise TimedOutError(
                f"nothing has moved for {as_duration(limit)}",
                reason=f"--stall-timeout is {as_duration(limit)}; the link is frozen, or the "
                "container's tar or volume hangs",
                fix="check the pod and the network, then run the command again",
            )

    def _lost(self) -> None:
        """Say what became of a kubectl that closed its outputs before the end record came.

        Raises:
            RestoreError: always; kubectl's words decide which.
        """
        while not self._child.wait(TICK):
            self._watch.check()
        # A signal from the terminal ends kubectl too; it is the signal that counts.
        self._watch.check()
        lines = self._evidence.lines
        if self._said_before_hello:
            rule, _ = find_rule(lines)
            if self._child.returncode in _ENDED:
                raise InterruptedRestoreError(
                    "the agent was ended before it began",
                    reason="another exec of the same restore, or something else in the container, "
                    f"ended it ({self._child.returncode - 128})",
                    fix="run the same command again",
                )
            if rule is None and self._child.returncode not in (0, 1):
                raise PodCannotError(
                    "the container's shell could not run the agent",
                    reason=_last(lines) or f"it exited with {self._child.returncode}",
                    fix="name another container: -c CONTAINER",
                )
            raise error_from(lines, otherwise="kubectl exec ended before it began")
        own = [line for line in lines if is_kubectls_own(line)]
        error = error_from(own, otherwise="the link was lost")
        reason = error.reason
        if not own:
            reason = f"{reason}, and exited with {self._child.returncode}"
        # The exec was under way, so whatever kubectl says now, it is the link that broke.
        what = error.what if isinstance(error, InterruptedRestoreError) else "the link was lost"
        raise InterruptedRestoreError(what, reason=reason, fix=error.fix)


def _last(lines: Sequence[str]) -> str:
    return shown_text(lines[-1]) if lines else ""


def _out_of_step(reason: str) -> InterruptedRestoreError:
    return InterruptedRestoreError(
        "the pod's side is out of step", reason=reason, fix="run the same command again"
    )
