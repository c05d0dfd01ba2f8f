"""Who is the pod? Two questions to the cluster, asked while the backup is read."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.cluster.kubectl import (
    OLDEST_TEXT,
    config_command,
    pod_command,
    version_command,
)
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.place import PinnedTarget, pinned
from kubectl_restore.cluster.pod import choose_container, parse_pod
from kubectl_restore.errors import (
    AnotherPodError,
    InterruptedRestoreError,
    OldKubectlError,
    TargetError,
)
from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.kubectl_version import LIMIT, version_in
from kubectl_restore.pipe.query import Query
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Header, Progress

_FIRST_LINE: Final = 0.2
"""Seconds that the first line waits for the cluster's answer."""


def meet_again(query: Query, place: PinnedTarget, watch: Watch) -> None:
    """Return when the pod that was met before is there, and its container runs.

    Args:
        query: for the pod.
        place: the pod, as it was found.
        watch: the time limit.

    Raises:
        AnotherPodError: it is gone, or another one has its name.
        RestoreError: the cluster does not answer, or the container does not run yet.
    """
    query.wait(watch)
    if not query.succeeded:
        error = error_from(query.said, otherwise="the cluster did not say anything about it")
        if isinstance(error, TargetError):
            raise AnotherPodError(
                "the pod is gone; what was restored until then went with it, or stays in its "
                "volumes",
                reason=error.reason,
                fix="when a pod of this name runs again, run the same command again",
            ) from error
        raise error
    facts = parse_pod(query.answer)
    if facts.uid != place.uid:
        raise AnotherPodError(
            "another pod has this name now; nothing was changed in it",
            reason=f"its UID is {shown(facts.uid.encode())}, it was {shown(place.uid.encode())}",
            fix="run the same command again to restore into the new one",
        )
    try:
        choose_container(facts, place.container)
    except TargetError as error:
        raise InterruptedRestoreError(error.what, reason=error.reason, fix=error.fix) from error


class Meeting:
    """The questions under way. As a context manager it ends them, whatever happens."""

    def __init__(
        self,
        request: RestoreRequest,
        program: str,
        environment: Mapping[str, str],
        progress: Progress,
        watch: Watch,
    ) -> None:
        """Prepare; nothing is asked yet."""
        self._request = request
        self._program = program
        self._environment = environment
        self._progress = progress
        self._watch = watch
        self._stack = ExitStack()
        self._met: PinnedTarget | None = None
        self._version: Query | None = None

    def __enter__(self) -> Self:
        kubectl = self._request.kubectl
        name = self._request.pod.name
        with ExitStack() as stack:
            self._about = stack.enter_context(self._query(config_command(kubectl, self._program)))
            if self._request.receipt is not None:
                self._version = stack.enter_context(self._query(version_command(self._program)))
            self._pod = stack.enter_context(self._query(pod_command(kubectl, self._program, name)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def introduce(self, header: Header) -> None:
        """Show the first line, with what is known by then.

        The cluster usually answers before a person would notice; the line waits that long for it,
        and no longer.

        Raises:
            RestoreError: there is no such pod or container, or nothing can run in it.
        """
        deadline = self._watch.started + _FIRST_LINE
        if self._pod.wait(self._watch, deadline=deadline, beside=self._about):
            self._met = self._meet(header)
        else:
            self._progress.header(header)

    @property
    def known(self) -> PinnedTarget | None:
        """The pod and the container, if the cluster has answered by now."""
        return self._met

    def met(self, header: Header) -> PinnedTarget:
        """Return the pod and the container.

        Raises:
            RestoreError: there is no such pod or container, or nothing can run in it.
        """
        if self._met is None:
            self._met = self._meet(header)
        return self._met

    def _query(self, command: list[str]) -> Query:
        return Query(command, self._environment, self._progress)

    def _meet(self, header: Header) -> PinnedTarget:
        about, pod = self._about, self._pod
        if not pod.turn(0):
            self._progress.status(Status(Phase.CONNECT))
            pod.wait(self._watch, beside=about)
        # What follows has to go to the same cluster, whatever the current context is by then.
        about.wait(self._watch, beside=pod)
        context = _context(about) if about.succeeded else None
        if not pod.succeeded:
            self._progress.header(replace(header, context=header.context or context))
            error = error_from(pod.said, otherwise="the cluster did not say anything about the pod")
            if isinstance(error, OldKubectlError):
                error.reason = self._known_of_kubectl() or error.reason
            raise error
        facts = parse_pod(pod.answer)
        container = choose_container(facts, self._request.container)
        self._progress.header(
            replace(
                header,
                context=header.context or context,
                namespace=facts.namespace,
                container=container,
                container_is_default=self._request.container is None,
                other_containers=tuple(one for one in facts.containers if one != container),
            )
        )
        if facts.terminating:
            self._progress.message(Level.WARNING, f"pod {facts.name} is being deleted")
        return PinnedTarget(
            pinned(self._request.kubectl, context, facts.namespace),
            pod=facts.name,
            uid=facts.uid,
            container=container,
            image=facts.images.get(container) or None,
        )

    def kubectl_version(self) -> str | None:
        """Return what kubectl says of itself, where a receipt is wanted."""
        if self._version is None or not self._version.wait(self._watch, deadline=now() + LIMIT):
            return None
        version = version_in(self._version.answer)
        return None if version is None else str(version)

    def _known_of_kubectl(self) -> str:
        """Return what a kubectl that is too old says of itself; empty when it does not say."""
        with self._query(version_command(self._program)) as query:
            query.wait(self._watch, deadline=now() + LIMIT)
            version = version_in(query.answer)
        if version is None:
            return ""
        return f"{shown(os.fsencode(self._program))} is {version}, older than {OLDEST_TEXT}"


def _context(about: Query) -> str | None:
    with suppress(ValueError, AttributeError):
        name = json.loads(about.answer).get("current-context")
        return name if isinstance(name, str) and name else None
    return None
