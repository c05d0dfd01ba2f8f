"""One `kubectl exec` child from start to end, served by the loop.

Why the selector loop cannot deadlock. There are two directions, and any number of lanes. Towards a
pod: we write only when its pipe takes bytes (non-blocking), so we never wait in a write; when one
kubectl does not read, we go on reading, and serving the others. From a pod: stdout and stderr of
every lane are read in every turn whatever the state of the writing, into parsers of bounded
memory, so no kubectl waits for us on either. What remains is a far side waiting for a payload that
the window holds back: the window always admits one chunk when nothing is outstanding, and the agent
acknowledges every chunk that it has read whole. A far side that neither reads nor speaks is ended
by the stall limit of whoever waits for it. What goes wrong with one lane is kept for whoever waits
for that one (`Exec.check`); the loop serves the others on.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kubectl_restore.deadline import TICK, as_duration
from kubectl_restore.errors import RestoreError, TimedOutError
from kubectl_restore.pipe.child import Child, now, read
from kubectl_restore.pipe.outlet import Outlet
from kubectl_restore.pipe.records import Data, Record, RecordParser
from kubectl_restore.pipe.stderr import StderrReader
from kubectl_restore.progress import Level
from kubectl_restore.session.answer import Call
from kubectl_restore.session.lost import gone_astray, link_lost, never_began, no_agent, out_of_step
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.pipe.loop import Loop
    from kubectl_restore.pipe.pump import Pump
    from kubectl_restore.pipe.sayings import Sayings
    from kubectl_restore.session.answer import Answer
    from kubectl_restore.session.mark import Mark

_PING: Final = 2.0
"""Seconds between two signs of life while a person thinks."""
_ABSENT: Final = 2.0
"""Seconds between two looks, from which on it is we that did not move (Ctrl-Z), not the link."""
_FIRST_WORD: Final = 15.0
"""Seconds for the agent to speak, once the container says anything."""
_NOISE: Final = 100
"""Pieces of what is no record that are shown."""
_FAREWELL: Final = 5.0
"""Seconds for the agent to end what it started and for kubectl to notice."""


class Exec:
    """A kubectl with an agent behind it. Commands are begun one after the other.

    Attributes:
        outlet: what goes to it.
        call: the command under way.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        mark: Mark,
        script: bytes,
        *,
        loop: Loop,
        stall_timeout: float | None,
        sayings: Sayings | None = None,
    ) -> None:
        """Start kubectl and hand it the agent's script; `open` waits for the agent.

        Args:
            arguments: kubectl's command line.
            environment: for it.
            mark: what the exec is told by.
            script: what is sent first on stdin.
            loop: serves it.
            stall_timeout: seconds without any sign of life; None for no limit.
            sayings: shows what the tools say; None for a bounded part of it, with -v.

        Raises:
            UsageError: kubectl cannot be started.
        """
        self._loop = loop
        self._arguments = arguments
        self._stall_timeout = stall_timeout
        self._records = RecordParser(mark.token)
        self._stderr = StderrReader(mark.token, loop.progress, sayings)
        self._failure: RestoreError | None = None
        self._is_bye = False
        self._moved = self._checked = now()
        self._pinged = 0.0
        self._talks_since, self._noise = 0.0, 0
        self._child = Child(arguments, environment, feed=True)
        self._open_outputs = {self._child.stdout, self._child.stderr}
        self.outlet = Outlet(self._child, script)
        self.call = Call()
        loop.add(self, self._open_outputs)

    @property
    def complaints(self) -> int:
        """How many lines the tools of the command under way have said; kubectl's do not count."""
        return self._stderr.complaints

    @property
    def agent_is_up(self) -> bool:
        """Tell whether the agent has said hello: from then on there is something to end."""
        return self._stderr.is_talking

    def open(self) -> None:
        """Wait until the agent is up.

        Raises:
            RestoreError: kubectl ended before; its words decide which error.
        """
        while not self.agent_is_up:
            # No stall limit here: somebody may be typing a password, and kubectl has limits of
            # its own for connecting. --timeout holds. But what a container says is no password.
            self._loop.turn()
            self._require_life()
            if self._stderr.is_flooded and not self._talks_since:
                self._talks_since = now()
            if self._talks_since and now() - self._talks_since > _FIRST_WORD:
                raise no_agent(self._stderr.lines, _FIRST_WORD)

    def begin(self, call: Call, pump: Pump | None = None) -> None:
        """Take it that a command is said next."""
        self.call = call
        self.outlet.pump = pump
        self._stderr.begin()
        self._moved = now()

    def go_on(self, ends: int) -> None:
        """Wait until only so many ends of commands are due.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        while self.call.ends_due > ends:
            self._loop.turn()
            self.check()

    def taken(self) -> Answer:
        """Return what came of the command whose ends have come."""
        call = self.call
        self.outlet.pump = None
        call.on_record = call.on_acknowledged = call.sink = None
        call.answer.lines = self._stderr.lines
        call.answer.said = self._stderr.count
        return call.answer

    def keep_alive(self) -> None:
        """Let a moment pass between two commands; the agent hears that its client is there.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        self.ping()
        self._loop.turn()
        self._require_life()

    def ping(self) -> None:
        """Have the agent hear that its client is there, if it has not for a while."""
        if now() - self._pinged > _PING:
            self._pinged = now()
            self.outlet.say(b"", b"ping\n")

    def pulse(self) -> None:
        """Let the agent hear that its client is there, if it has not for a while; wait for nothing.

        Raises:
            RestoreError: as for `keep_alive`.
        """
        if now() - self._pinged > _PING:
            self.keep_alive()
        else:
            self._loop.watch.check()
            self._loop.progress.tick()

    def close(self) -> None:
        """Say goodbye: the agent ends what it started; then kubectl is waited for, or ended.

        Nothing here can fail a restore: the end records have come by now.
        """
        deadline = now() + _FAREWELL
        with suppress(RestoreError):
            self.outlet.say(b"", b"bye\n")
            while now() < deadline and not self._is_bye and self._failure is None:
                self._loop.turn(checked=False)
                self._require_life()
        self._close_stdin()
        # kubectl does not always notice that the far side has ended (hazard 2): do not wait long.
        self._child.wait(1.0)
        self.abort()

    def abort(self) -> None:
        """End kubectl now. The far side sees its input end, unless the link is frozen."""
        self._loop.remove(self)
        self._child.end()

    def check(self) -> None:
        """Return when this exec is in order, and something has moved within the stall limit.

        Raises:
            RestoreError: it is not.
        """
        self._require_life()
        limit, time = self._stall_timeout, now()
        unseen = time - max(self._checked, self._moved)
        self._checked = time
        if unseen > _ABSENT:
            # We stood still ourselves: nobody knows what would have moved.
            self._moved += unseen
        if limit is not None and time - self._moved > limit:
            raise _stalled(as_duration(limit), waits=self._stderr.waits)

    # What the loop does with it

    def prepare(self, time: float) -> float:
        """See `Served`."""
        pause = self.outlet.pause(time)
        if self._child.stdin is not None:
            wanted = self._failure is None and pause <= 0 and self.outlet.wants_to_write
            self._loop.want_write(self, self._child.stdin, wanted=wanted)
        return pause if 0 < pause < TICK else TICK

    def ready(self, descriptor: int) -> None:
        """See `Served`."""
        try:
            if descriptor == self._child.stdin:
                self._write(descriptor)
            else:
                self._read(descriptor)
        except RestoreError as error:
            self._failure = self._failure or error

    def _write(self, descriptor: int) -> None:
        try:
            self.outlet.write(descriptor)
        except OSError:
            # EPIPE is evidence, not an answer: kubectl will say why, or end, and is heard out.
            self._close_stdin()
        pump = self.outlet.pump
        if pump is not None and pump.is_reading:
            # The backup has an end: this is no stall, however long it takes.
            self._moved = now()

    def _close_stdin(self) -> None:
        if self._child.stdin is not None:
            self._loop.forget(self._child.stdin)
            self._child.close_stdin()

    def _read(self, descriptor: int) -> None:
        data = read(descriptor)
        if data is None:
            return
        if not data:
            self._loop.forget(descriptor)
            self._open_outputs.discard(descriptor)
        if descriptor == self._child.stderr:
            self._hear(data)
            return
        for item in self._records.feed(data) if data else self._records.close():
            if isinstance(item, Record):
                self._take(item)
            elif isinstance(item, Data):
                self._moved = now()
                self.call.take_data(item.data)
            else:
                self._talks_since = self._talks_since or now()
                self._noise += 1
                if self._noise <= _NOISE:
                    said = f"not a record: {shown_text(item.data[:200])}"
                    self._loop.progress.message(Level.TRACE, said)

    def _hear(self, data: bytes) -> None:
        stderr = self._stderr
        stderr.feed(data)
        self.call.ends_due -= stderr.ends
        stderr.ends = 0
        # Who writes may wait long for a disk that works: for a `sync` of much, for a journal.
        if stderr.has_moved or (stderr.waits and not self.call.is_question):
            self._moved = now()
        stderr.has_moved = False

    def _take(self, record: Record) -> None:
        """Take one record from the agent."""
        self._moved = now()
        word, rest, pump = record.word, record.rest, self.outlet.pump
        if word == b"ack":
            self._acknowledge(rest)
        elif word == b"hello":
            self._stderr.is_talking = True
        elif word == b"bye":
            self._is_bye = True
        elif word == b"data":
            if self.call.sink is None or rest != b"%d" % self.call.data_due:
                raise out_of_step(f"it sends {shown(rest)} bytes that nobody asked for")
        elif word == b"exit":
            code = self.call.answer.consumer = int(rest) if rest.isdigit() else None
            if pump is not None and not pump.closed and code:
                # It ended early and badly: there is no use in sending the rest.
                pump.give_up()
        elif word == b"done":
            self.call.received(rest)
        elif word == b"astray":
            command, _, state = rest.partition(b" ")
            raise gone_astray(shown(command), shown(state))
        else:
            self.call.take(word, rest)

    def _acknowledge(self, rest: bytes) -> None:
        pump = self.outlet.pump
        if pump is None or not rest.isdigit() or not pump.acknowledge(int(rest)):
            raise out_of_step(f"it acknowledged {shown(rest)} bytes, which were not sent")
        if self.call.on_acknowledged is not None:
            self.call.on_acknowledged(pump.window.acknowledged)

    def _require_life(self) -> None:
        """Return while kubectl runs and nothing is out of step.

        Raises:
            RestoreError: kubectl has closed its outputs; its words decide which.
        """
        if self._failure is not None:
            raise self._failure
        if self._open_outputs:
            return
        watch = self._loop.watch
        while not self._child.wait(TICK):
            watch.check()
        # A signal from the terminal ends kubectl too; it is the signal that counts.
        watch.check()
        said = self._stderr.lines
        lost = link_lost if self.agent_is_up else never_began
        raise lost(said, self._child.returncode, self._arguments)


def _stalled(limit: str, *, waits: bool) -> TimedOutError:
    """Return the error for a command that does not get on.

    Args:
        limit: for how long.
        waits: what it runs in the container waits for a disk.
    """
    what, reason = f"nothing has moved for {limit}", f"--stall-timeout is {limit}; "
    if waits:
        return TimedOutError(
            what,
            reason=f"{reason}a tool in the container waits for a disk, or for a mount whose server "
            "does not answer (NFS, CIFS, Ceph)",
            fix="check the pod's volumes and the node's mounts, then run the command again",
        )
    return TimedOutError(
        what,
        reason=f"{reason}the link is frozen, or what writes the files in the container, or its "
        "volume, hangs",
        fix="check the pod and the network, then run the command again",
    )
