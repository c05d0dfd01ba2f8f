"""The lanes of a run: opened, given up, closed; and what a broken one may have left is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.transports import KubectlExec, Wire, is_chosen_by
from kubectl_restore.container.agent import agent_command, agent_script, idle_seconds
from kubectl_restore.container.opened import Opened
from kubectl_restore.container.questions import Questions
from kubectl_restore.deadline import as_duration
from kubectl_restore.errors import RestoreError
from kubectl_restore.pipe.loop import Loop
from kubectl_restore.progress import Level, Silence
from kubectl_restore.restore.lanes.lane import begin, hold
from kubectl_restore.restore.lanes.wires import (
    BETTER,
    WORTH_CHANGING,
    WORTH_TRYING,
    Remembered,
    is_slow,
    key_of,
    rate_of,
)
from kubectl_restore.restore.resolve import held, resolve_again
from kubectl_restore.session.exec import Exec
from kubectl_restore.session.mark import Mark
from kubectl_restore.session.session import Session

if TYPE_CHECKING:
    from kubectl_restore.cluster.transports import Transport
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run

_CLEAN_UP: Final = 5.0
"""Seconds for ending what a broken run may have left in the pod."""


class Lanes:
    """The execs of a run. The first one holds the run's lease; further ones only carry.

    Attributes:
        loop: serves all of them.
        open: those that are open, the first one first.
        reopened: how often the first one was opened again after the link was lost.
    """

    def __init__(self, run: Run) -> None:
        """Open none yet."""
        self.loop = Loop(run.watch, run.progress)
        self.open: list[Lane] = []
        self.reopened = 0
        self._run = run
        self._execs: list[Exec] = []
        self._tokens: set[bytes] = set()
        self._first = b""
        self._opened = Opened()
        self._may_be_left = False
        self._faster: Lane | None = None
        self._has_chosen = run.request.transport is not Wire.AUTO

    @property
    def carrying(self) -> list[Lane]:
        """Those that carry the backup: all, or the one whose protocol is faster."""
        return [one for one in self.open if one is self._faster] or self.open

    def first(self, *, has_begun: bool) -> Lane:
        """Return the first lane; it is opened if none is.

        Args:
            has_begun: the pod may have been changed.

        Raises:
            RestoreError: the pod is gone, the cluster does not answer, or another restore writes.
        """
        if self.open:
            return self.open[0]
        run = self._run
        if self._tokens:
            self.reopened += 1
            resolve_again(run.kubectl, run.place, run.progress, run.watch)
        earlier = set(self._tokens)
        is_first = not earlier
        session = self._session()
        (self._first,) = self._tokens - earlier
        lane, leases = begin(run, session, self._opened, is_first=is_first)
        self.open.append(lane)
        if not run.only_reads:
            hold(run, lane, leases, earlier, has_begun=has_begun)
            self._may_be_left = False
        lane.questions.opener.open_again()
        return lane

    def further(self, count: int) -> None:
        """Open lanes beside the first one, until there are `count`.

        They end nobody: only who holds the lease ends what an earlier exec has left.

        Raises:
            RestoreError: the cluster does not answer.
        """
        while len(self.open) < count:
            lane, _ = begin(self._run, self._session(), self._opened, is_first=False)
            lane.questions.beside(self._first)
            self.open.append(lane)

    def choose(self, total: int) -> None:
        """Have a lane of the faster protocol carry what is to be sent, if that is worth it.

        It is measured once for each cluster. One that breaks is not used again in this run, and not
        believed in the next ones.

        Args:
            total: bytes.

        Raises:
            RestoreError: the first lane was lost, the time ran out or a signal came.
        """
        run = self._run
        if self._has_chosen or len(self.open) != 1 or total < WORTH_CHANGING:
            return
        known, key = Remembered.of_user(), key_of(run.kubectl.program, run.place)
        found = known.find(key)
        if is_chosen_by(run.kubectl.environment) or found is Wire.WEBSOCKET:
            self._has_chosen = True
            return
        if found is Wire.SPDY:
            self._has_chosen = True
            self._open_faster()
            return
        if total < WORTH_TRYING:
            return
        self._has_chosen = True
        rate = rate_of(self.open[0].session)
        if is_slow(rate):
            # Not remembered: the next link may be another one.
            message = f"kubectl carries {rate / 1e6:,.0f} MB/s: the link takes the time"
            run.progress.message(Level.DETAIL, message)
            return
        other = self._open_faster(tried=True)
        is_better = other > BETTER * rate
        if self._faster is not None and not is_better:
            self._faster.session.exec.close()
            self._execs.remove(self._faster.session.exec)
            self.open.remove(self._faster)
            self._faster = None
        known.keep(key, Wire.SPDY if is_better else Wire.WEBSOCKET)
        run.progress.message(
            Level.DETAIL,
            f"kubectl carries {rate / 1e6:,.0f} MB/s"
            + (f", by SPDY {other / 1e6:,.0f} MB/s" if other else "")
            + f": {'SPDY' if is_better else 'it'} is used, and remembered for this cluster",
        )

    def _open_faster(self, *, tried: bool = False) -> float:
        """Open a lane by SPDY; return how fast it is, or 0 where there is none."""
        run, count = self._run, len(self._execs)
        try:
            session = self._session(KubectlExec(Wire.SPDY))
            lane, _ = begin(run, session, self._opened, is_first=False)
            lane.questions.beside(self._first)
            rate = rate_of(session) if tried else 0.0
        except RestoreError as error:
            run.watch.check()
            for channel in self._execs[count:]:
                self._end(channel)
            run.progress.message(Level.DETAIL, f"SPDY does not lead there: {error}")
            return 0.0
        self.open.append(lane)
        self._faster = lane
        return rate

    def drop(self, lane: Lane) -> None:
        """Give up a lane that is broken; the others go on."""
        self.open.remove(lane)
        self._end(lane.session.exec)

    def close(self) -> None:
        """Say goodbye in every lane, the first one last: its agent gives the lease back."""
        while self._execs:
            self._execs.pop().close()
        self.open.clear()

    def abort(self) -> None:
        """End every lane now; something of them may be left in the pod."""
        self._faster = None
        self.open.clear()
        while self._execs:
            self._end(self._execs[-1])

    def suspect(self, lane: Lane) -> None:
        """Take it, where a lane of the faster protocol broke, that it was to blame."""
        if lane is not self._faster:
            return
        self._faster = None
        run = self._run
        Remembered.of_user().keep(key_of(run.kubectl.program, run.place), Wire.WEBSOCKET)

    def clean_up(self) -> None:
        """End what broken lanes may have left in the pod: a new exec begins with just that.

        Where even that cannot reach the pod, the agent ends by itself (its idle limit).
        """
        if not self._may_be_left:
            return
        run = self._run
        try:
            session = self._start(Loop(run.watch.aftermath(_CLEAN_UP), Silence()))
        except RestoreError:
            return
        try:
            session.exec.open()
            Questions(session, Silence()).evict(run.identity.encode())
        except RestoreError:
            session.exec.abort()
            limit = idle_seconds(run.request.stall_timeout)
            run.progress.message(
                Level.WARNING,
                "the pod could not be reached again to end what runs there; it ends by itself "
                f"within {as_duration(limit)}",
            )
        else:
            session.exec.close()

    def _session(self, transport: Transport | None = None) -> Session:
        session = self._start(self.loop, transport)
        self._execs.append(session.exec)
        with held(self._run.progress, is_held=self._run.place.may_ask):
            session.exec.open()
        return session

    def _start(self, loop: Loop, transport: Transport | None = None) -> Session:
        run = self._run
        transport = transport or run.transport
        mark = Mark.new(run.identity)
        limit = run.request.stall_timeout
        command = agent_command(mark, run.request.target_path, limit, run.lease)
        channel = Exec(
            transport.command(run.kubectl.program, run.place, command),
            transport.environment(run.kubectl.environment),
            mark,
            agent_script(),
            loop=loop,
            stall_timeout=limit,
        )
        self._tokens.add(mark.token)
        return Session(channel)

    def _end(self, channel: Exec) -> None:
        self._execs.remove(channel)
        channel.abort()
        self._may_be_left = self._may_be_left or channel.agent_is_up
