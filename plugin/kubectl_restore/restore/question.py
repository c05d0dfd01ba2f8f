"""The question who the pod is: one call of kubectl for a pod, two for what has pods."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from kubectl_restore.cluster.claim import choose_mount, parse_claim
from kubectl_restore.cluster.kubectl import listing_command, named_command, pod_command
from kubectl_restore.cluster.place import pinned
from kubectl_restore.cluster.pod import parse_pod
from kubectl_restore.cluster.target import RESOURCES, Kind, pods_of
from kubectl_restore.cluster.workload import (
    Choice,
    Workload,
    choose_pod,
    parse_workload,
)
from kubectl_restore.errors import OutOfTimeError
from kubectl_restore.session.query import Query, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from kubectl_restore.cluster.helper_pod import HelperPod
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.run import Kubectl


class Question:
    """Asks for the pod; as a context manager it ends its calls, whatever happens.

    The second of two calls goes where the first one went: it waits until the context is known.
    """

    def __init__(
        self,
        request: RestoreRequest,
        kubectl: Kubectl,
        progress: Progress,
        about: Query,
        context: Callable[[], str | None],
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            request: names the target.
            kubectl: is asked.
            progress: is told what credential plugins say.
            about: the question for kubectl's configuration, which runs beside this one.
            context: returns the current context, once that has ended.
        """
        self._request = request
        self._kubectl = kubectl
        self._progress = progress
        self._about = about
        self._context = context
        self._stack = ExitStack()
        self._workload: Workload | None = None

    def __enter__(self) -> Self:
        target, options = self._request.target, self._request.kubectl
        program = self._kubectl.program
        if target.kind is Kind.POD:
            command = pod_command(options, program, target.name)
        elif target.kind is Kind.SELECTOR:
            self._workload = Workload(target.name)
            command = listing_command(options, program, pods_of(target.kind), target.name)
        else:
            command = named_command(options, program, RESOURCES[target.kind], target.name)
        self._query = self._begun(command)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def succeeded(self) -> bool:
        """Tell, once it has ended, whether every call has."""
        return self._query.succeeded

    @property
    def namespace(self) -> str | None:
        """The namespace of what was named, once that is known; None for a pod."""
        return None if self._workload is None else self._workload.namespace

    @property
    def said(self) -> list[str]:
        """What the last call wrote to stderr, by lines."""
        return self._query.said

    def turn(self, seconds: float) -> bool:
        """Read for at most `seconds`; tell whether the last call has ended.

        Raises:
            RestoreError: the answer cannot be read, or there are no pods to ask for.
        """
        if not self._query.turn(seconds):
            return False
        target = self._request.target
        if target.kind is Kind.POD or self._workload is not None or not self._query.succeeded:
            return True
        if not self._about.turn(seconds):
            return False
        parse = parse_claim if target.kind is Kind.CLAIM else parse_workload
        self._workload = workload = parse(target, self._query.answer)
        options = pinned(self._request.kubectl, self._context(), workload.namespace)
        resources = pods_of(target.kind)
        self._query = self._begun(
            listing_command(options, self._kubectl.program, resources, workload.selector)
        )
        return False

    def wait(
        self, watch: Watch, *, deadline: float | None = None, beside: Query | None = None
    ) -> bool:
        """Read until the last call has ended, as `wait_for` does."""
        try:
            return wait_for(self, watch, self._progress, deadline=deadline, beside=beside)
        except OutOfTimeError as error:
            error.reason += f"; the cluster has not said anything about {self._request.target}"
            raise

    def choice(self, at: str, *, reads: bool) -> Choice | HelperPod:
        """Return the pod, once every call has succeeded; or the helper pod that has to be made.

        Args:
            at: flags that lead to the cluster and the namespace, for fixes.
            reads: nothing will be written.

        Raises:
            RestoreError: it is not there, or nobody knows which is meant.
        """
        request = self._request
        if self._workload is None:
            return Choice(parse_pod(self._query.answer), "")
        if request.target.kind is Kind.CLAIM:
            return choose_mount(
                request.target,
                self._workload,
                self._query.answer,
                path=None if request.finds_its_path else request.target_path,
                container=request.container,
                wish=replace(request.helper, reads=reads),
                via=request.via,
                at=at,
            )
        return choose_pod(
            request.target,
            self._workload,
            self._query.answer,
            path=request.target_path,
            container=request.container,
            at=at,
            naming=lambda pod: request.command_with(f"--pod={pod}"),
        )

    def _begun(self, command: list[str]) -> Query:
        query = Query(command, self._kubectl.environment, self._progress)
        return self._stack.enter_context(query)
