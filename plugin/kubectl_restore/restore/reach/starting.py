"""Waiting for something to run that the cluster starts, with the cluster's own words meanwhile."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.helper_pod import (
    MARGIN,
    UNLIMITED,
    Seen,
    State,
    cannot_start,
    warnings_of,
)
from kubectl_restore.cluster.kubectl import (
    config_command,
    events_command,
    leading,
    pod_command,
)
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.place import pinned
from kubectl_restore.deadline import as_duration
from kubectl_restore.errors import (
    InterruptedRestoreError,
    NoPodError,
    NotFoundError,
    NotReadyError,
)
from kubectl_restore.pipe.child import now
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.session.context import context_in
from kubectl_restore.session.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.run import Kubectl

_LOOK: Final = 0.1
"""Seconds between two looks."""
_EVENTS: Final = 3.0
"""Seconds after which, and between which, events are asked for."""
_SAID: Final = 1.0
"""Seconds after which what it waits for is said: most start sooner."""
_PATIENCE: Final = 120.0
"""Seconds without any change after which it is not waited for: volumes are made in that time."""
UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Short calls of kubectl, to one namespace.

    Attributes:
        kubectl: is asked.
        options: lead to the cluster and the namespace, both of them stated.
        progress: is told what is waited for.
        watch: the time limit.
    """

    kubectl: Kubectl
    options: KubectlOptions
    progress: Progress
    watch: Watch

    @property
    def program(self) -> str:
        """Kubectl's path."""
        return self.kubectl.program

    @property
    def at(self) -> str:
        """The flags that lead there, for a fix; a blank before each."""
        return leading(self.options.common())

    def asked(self, command: list[str], watch: Watch | None = None) -> Query:
        """Return a call that has ended.

        Raises:
            TimedOutError, SignalledError: the watch ended the run.
        """
        with Query(command, self.kubectl.environment, self.progress) as query:
            query.wait(watch or self.watch)
        return query

    def answer(self, command: list[str], otherwise: str = "the cluster does not answer") -> bytes:
        """Return what a call that has succeeded wrote.

        Args:
            command: the call.
            otherwise: what failed, in words, for messages that no rule knows.

        Raises:
            RestoreError: it has not succeeded.
        """
        query = self.asked(command)
        if not query.succeeded:
            raise error_from(query.said, otherwise=otherwise, at=self.at)
        return query.answer

    def in_context(self) -> Cluster:
        """Return the same with the current context stated: it may be another one by the next call.

        Raises:
            TimedOutError, SignalledError: the watch ended the run.
        """
        about = self.asked(config_command(self.options, self.program))
        context = context_in(about.answer) if about.succeeded else None
        return replace(self, options=pinned(self.options, context))

    @property
    def lifetime(self) -> int:
        """Seconds after which what is made for this run ends by itself."""
        left = self.watch.left
        return UNLIMITED if left is None else int(left) + MARGIN

    def pod(self, name: str, watch: Watch | None = None) -> bytes | None:
        """Return a Pod object as JSON; None where there is none.

        Raises:
            RestoreError: the cluster does not say.
        """
        query = self.asked(pod_command(self.options, self.program, name), watch)
        if query.succeeded:
            return query.answer
        error = error_from(query.said, otherwise="the cluster does not answer", at=self.at)
        if isinstance(error, (NoPodError, NotFoundError)):
            return None
        raise error

    def pause(self, watch: Watch | None = None) -> None:
        """Let a moment pass between two looks.

        Raises:
            TimedOutError, SignalledError: the watch ended the run.
        """
        watch = watch or self.watch
        watch.rest(_LOOK)
        watch.check()
        self.progress.tick()

    def started(
        self, what: str, pod: str, read: Callable[[bytes], Seen], *, is_alone: bool
    ) -> Seen | None:
        """Return when something runs, what was seen of it; or None where its pod is gone.

        Args:
            what: it is, for messages.
            pod: its pod's name.
            read: how its pod's JSON is read.
            is_alone: it is the pod, and what happened to that is its own.

        Raises:
            RestoreError: it does not start.
        """
        began = changed = asked = now()
        told, said, first = "", "", ""
        while True:
            found = self._seen(pod, read)
            if found is None or found.state is not State.STARTING:
                return found
            why = found.why
            # What a second try says of an image is that it was tried; why it failed stood before.
            first = why if "ErrImagePull" in why else first
            if now() - asked >= _EVENTS and is_alone:
                asked = now()
                said = self._warning(found.uid) or said
            reason = "; ".join(dict.fromkeys(one for one in (why, first, said) if one))
            if found.is_hopeless:
                raise cannot_start(what, reason, self.at)
            if reason and reason != told and now() - began >= _SAID:
                told, changed = reason, now()
                self.progress.message(Level.INFO, f"{what}: {reason}")
            if now() - changed > _PATIENCE:
                raise NotReadyError(
                    f"{what} has not started for {as_duration(_PATIENCE)}",
                    reason=reason or "the cluster does not say why",
                    fix="mend that, then run the same command again; more: "
                    f"kubectl{self.at} get events",
                )
            self.progress.status(Status(Phase.CONNECT))
            self.pause()

    def _seen(self, pod: str, read: Callable[[bytes], Seen]) -> Seen | None:
        answer = self.pod(pod)
        if answer is None:
            return None
        with readable():
            return read(answer)

    def _warning(self, uid: str) -> str:
        """Return the last thing that went wrong with a pod; empty where nobody may say."""
        query = self.asked(events_command(self.options, self.program, uid))
        if query.succeeded:
            with suppress(*UNREADABLE):
                return (warnings_of(query.answer) or [""])[-1]
        return ""


@contextmanager
def readable() -> Iterator[None]:
    """Turn what an answer that is no pod makes of its reading into an error of ours."""
    try:
        yield
    except UNREADABLE as error:
        raise InterruptedRestoreError(
            "the cluster's answer about the pod cannot be read",
            reason=f"{type(error).__name__} in the JSON of kubectl get pod",
            fix="run the same command again",
        ) from error


@contextmanager
def as_file(content: Mapping[str, Any]) -> Iterator[str]:
    """Have JSON in a file: kubectl's stdin stays the terminal, where a plugin may ask."""
    with tempfile.NamedTemporaryFile("w", prefix="kubectl-restore-", suffix=".json") as file:
        json.dump(content, file)
        file.flush()
        yield file.name
