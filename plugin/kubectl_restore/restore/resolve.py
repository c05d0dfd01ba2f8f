"""The first step: who is the pod? Two questions to the cluster, asked while the backup is read."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.cluster.helper_pod import CONTAINER, HelperPod, Seen, State
from kubectl_restore.cluster.kubectl import (
    OLDEST_TEXT,
    config_command,
    leading,
    version_command,
)
from kubectl_restore.cluster.location import location_at
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.place import PinnedTarget, pinned
from kubectl_restore.cluster.pod import choose_container, parse_pod
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import (
    AnotherPodError,
    InterruptedRestoreError,
    OldKubectlError,
    TargetError,
)
from kubectl_restore.pipe.child import now
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.restore.question import Question
from kubectl_restore.restore.reach.ephemeral import Added
from kubectl_restore.restore.reach.helper import Helper, require_fit, word_for
from kubectl_restore.restore.reach.offers import offering_without_entering
from kubectl_restore.restore.reach.starting import Cluster
from kubectl_restore.session.context import context_in
from kubectl_restore.session.kubectl_version import LIMIT, version_in
from kubectl_restore.session.query import Query
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Header, Progress
    from kubectl_restore.restore.run import Kubectl, Run

_FIRST_LINE: Final = 0.2
"""Seconds that the first line waits for the cluster's answer."""
_CONFIGURATION: Final = 2.5
"""Seconds more in which kubectl tells its configuration, for which it asks nobody."""


@contextmanager
def held(progress: Progress, *, is_held: bool) -> Iterator[None]:
    """Draw nothing that moves meanwhile, where a credential plugin may ask at the terminal."""
    if not is_held:
        yield
        return
    progress.hold(is_held=True)
    try:
        yield
    finally:
        progress.hold(is_held=False)


def resolve_again(kubectl: Kubectl, place: PinnedTarget, progress: Progress, watch: Watch) -> None:
    """Return when the pod that was found before is there, and its container runs.

    Raises:
        AnotherPodError: it is gone, or another one has its name.
        RestoreError: the cluster does not answer, or the container does not run yet.
    """
    with (
        held(progress, is_held=place.may_ask),
        Query(place.pod_command(kubectl.program), kubectl.environment, progress) as query,
    ):
        query.wait(watch)
    if not query.succeeded:
        otherwise = "the cluster did not say anything about it"
        error = error_from(query.said, otherwise=otherwise, at=place.at)
        if isinstance(error, TargetError):
            raise AnotherPodError(
                "the pod is gone; what was restored until then went with it, or stays in its "
                "volumes",
                reason=error.reason,
                fix="run the same command again: a helper pod is made anew"
                if place.via is Via.HELPER
                else f"when {place.named} has a pod that runs, run the same command again"
                if place.named
                else "when a pod of this name runs again, run the same command again",
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
        choose_container(facts, place.container, place.at)
    except TargetError as error:
        raise InterruptedRestoreError(error.what, reason=error.reason, fix=error.fix) from error


def require_place(run: Run, capabilities: Capabilities) -> None:
    """Return when the exec that is open has led to the pod that was found.

    Raises:
        AnotherPodError: another pod has its name by now; nothing was written in it.
    """
    if not run.place.is_shown_by(capabilities.mounted):
        resolve_again(run.kubectl, run.place, run.progress, run.watch)


class Resolution:
    """The questions under way. As a context manager it ends them, whatever happens."""

    def __init__(
        self,
        request: RestoreRequest,
        kubectl: Kubectl,
        header: Header,
        progress: Progress,
        watch: Watch,
        *,
        only_reads: bool,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            request: names the pod.
            kubectl: is asked.
            header: the first line, as far as it is known.
            progress: is told it.
            watch: the time limit.
            only_reads: nothing will be written.
        """
        self._request = request
        self._kubectl = kubectl
        self._header = header
        self._progress = progress
        self._watch = watch
        self._only_reads = only_reads
        self._stack = ExitStack()
        self._asked = request
        self._options = request.kubectl
        self._why = ""
        self._left: Seen | None = None
        self._mounted = ""
        self._found: PinnedTarget | HelperPod | None = None
        self._known = request
        self._version: Query | None = None

    def __enter__(self) -> Self:
        kubectl, program = self._request.kubectl, self._kubectl.program
        with ExitStack() as stack:
            self._about = stack.enter_context(self._query(config_command(kubectl, program)))
            if self._request.receipt is not None:
                self._version = stack.enter_context(self._query(version_command(program)))
            self._pod = stack.enter_context(self._question())
            self._stack = stack.pop_all()
        return self

    def _question(self) -> Question:
        return Question(self._asked, self._kubectl, self._progress, self._about, self._current)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def introduce(self) -> None:
        """Show the first line, with what is known by then.

        The cluster usually answers before a person would notice; the line waits that long for it,
        and no longer.

        Raises:
            RestoreError: there is no such pod or container, or nothing can run in it.
        """
        deadline = self._watch.started + _FIRST_LINE
        with held(self._progress, is_held=True):
            if self._pod.wait(self._watch, deadline=deadline, beside=self._about):
                self._found = self._resolve()
                return
            self._progress.header(self._header)
            self._about.wait(self._watch, deadline=deadline + _CONFIGURATION, beside=self._pod)
            if may_ask(self._about.answer):
                # What it asks there we do not see: nothing else is begun, and nothing is drawn.
                self._found = self._resolve()

    @property
    def known(self) -> RestoreRequest:
        """The request, pinned if the cluster has answered by now."""
        return self._known

    def place(self, owners: Iterable[tuple[int, int]]) -> PinnedTarget:
        """Return the pod and the container; a helper pod is made where one is needed.

        Args:
            owners: of what is restored.

        Raises:
            RestoreError: there is no such pod or container, or nothing can run in it.
        """
        found = self._found or self._resolve()
        if isinstance(found, HelperPod):
            mount = found.mount
            found = replace(self._place_in(found, owners), mount=mount)
        elif found.via is Via.HELPER and self._left is not None and not self._only_reads:
            wish = replace(self._request.helper, claim=self._request.target.name)
            require_fit(found.pod, self._left, wish, wish.users(owners), found.at)
            # It was found by where it has the claim.
            found = replace(found, mount=self._mounted)
        elif self._request.via is Via.EPHEMERAL and found.via is Via.EXEC:
            added = self._stack.enter_context(Added(found, self._cluster))
            wish = replace(self._request.helper, reads=self._only_reads)
            found = added.start(self._known.target_path, wish)
        self._found = found
        return found

    def _place_in(self, wish: HelperPod, owners: Iterable[tuple[int, int]]) -> PinnedTarget:
        """Make a helper pod, and return it as the place."""
        word = word_for(wish)
        name = wish.name(word)
        self._helper(name).start(wish, owners, word)
        # From here on it is a pod as any other.
        request = self._request
        self._asked = replace(
            request,
            target=Target(name),
            target_path=wish.mount if request.finds_its_path else request.target_path,
            container=CONTAINER,
        )
        self._why = f"a helper pod: {request.target}"
        self._pod = self._stack.enter_context(self._question())
        found = self._resolve()
        assert isinstance(found, PinnedTarget)  # noqa: S101 - a pod needs no helper
        return found

    def _helper(self, name: str, uid: str = "") -> Helper:
        return self._stack.enter_context(Helper(name, self._cluster, uid=uid))

    @property
    def _cluster(self) -> Cluster:
        return Cluster(self._kubectl, self._options, self._progress, self._watch)

    def _query(self, command: list[str]) -> Query:
        return Query(command, self._kubectl.environment, self._progress)

    def _current(self) -> str | None:
        """Return the current context, once kubectl has told its configuration."""
        return context_in(self._about.answer) if self._about.succeeded else None

    def _resolve(self) -> PinnedTarget | HelperPod:
        about, pod, header = self._about, self._pod, self._header
        if not pod.turn(0):
            self._progress.status(Status(Phase.CONNECT))
            pod.wait(self._watch, beside=about)
        # What follows has to go to the same cluster, whatever the current context is by then.
        about.wait(self._watch, beside=pod)
        context = self._current()
        at = leading(pinned(self._request.kubectl, context).common())
        if not pod.succeeded:
            self._progress.header(replace(header, context=header.context or context))
            otherwise = f"the cluster did not say anything about {header.named or 'the pod'}"
            error = error_from(pod.said, otherwise=otherwise, at=at)
            if isinstance(error, OldKubectlError):
                error.reason = self._known_of_kubectl() or error.reason
            raise error
        chosen = pod.choice(at, reads=self._only_reads)
        if isinstance(chosen, HelperPod):
            self._options = pinned(self._request.kubectl, context, pod.namespace)
            context = header.context or context
            self._progress.header(replace(header, context=context, namespace=pod.namespace))
            return chosen
        facts = chosen.facts
        if self._request.pod_uid not in {"", facts.uid}:
            raise AnotherPodError(
                "another pod has this name now; nothing was changed in it",
                reason=f"its UID is {shown(facts.uid.encode())}, it was "
                f"{shown(self._request.pod_uid.encode())}",
                fix="run the same command again to restore into the new one",
            )
        place = self._options = pinned(self._request.kubectl, context, facts.namespace)
        if facts.is_helper and not (self._only_reads or self._why):
            # A broken run has left it.
            self._mounted = chosen.mount
            self._left = Seen(State.RUNNING, facts.uid, runs=facts.runs, claims=facts.claims)
            self._helper(facts.name, facts.uid)
        named = chosen.container or self._asked.container
        with offering_without_entering(self._request.pinned(place, self._request.target), facts):
            container = choose_container(
                facts,
                named,
                leading(place.common()),
                is_entered=self._request.via is not Via.EPHEMERAL,
            )
        self._progress.header(
            replace(
                header,
                pod=facts.name,
                found_as=chosen.why or self._why,
                context=header.context or context,
                namespace=facts.namespace,
                container=container,
                path=chosen.path or self._asked.target_path,
                container_is_default=named is None,
                other_containers=tuple(one for one in facts.containers if one != container),
            )
        )
        if facts.terminating:
            self._progress.message(Level.WARNING, f"pod {facts.name} is being deleted")
        via = Via.HELPER if facts.is_helper or self._why else Via.EXEC
        known = self._request.pinned(
            place,
            Target(facts.name),
            path=chosen.path or self._asked.target_path,
            container=chosen.container or self._asked.container,
        )
        self._known = known if via is Via.EXEC else self._found_again(known)
        return PinnedTarget(
            place,
            pod=facts.name,
            uid=facts.uid,
            container=container,
            image=facts.images.get(container) or None,
            limits=facts.limits.get(container, ()),
            may_ask=may_ask(about.answer),
            named=header.named,
            via=via,
            location=location_at(
                known.target_path,
                facts.volumes.get(container, ()),
                pod=facts.name,
                uid=facts.uid,
                container=container,
            ),
        )

    def _found_again(self, known: RestoreRequest) -> RestoreRequest:
        """Return a request that knows what leads to its claim when its helper pod is gone."""
        asked = self._request
        if asked.target.kind is not Kind.CLAIM or known.found_again:
            return known
        where = ("-t", known.target_path, f"--via={Via.HELPER}", *asked.helper.flags())
        return replace(known, found_again=(str(asked.target), *where))

    def kubectl_version(self) -> str | None:
        """Return what kubectl says of itself, where a receipt is wanted."""
        if self._version is None or not self._version.wait(self._watch, deadline=now() + LIMIT):
            return None
        version = version_in(self._version.answer)
        return None if version is None else str(version)

    def _known_of_kubectl(self) -> str:
        """Return what a kubectl that is too old says of itself; empty when it does not say."""
        program = self._kubectl.program
        with self._query(version_command(program)) as query:
            query.wait(self._watch, deadline=now() + LIMIT)
            version = version_in(query.answer)
        if version is None:
            return ""
        return f"{shown(os.fsencode(program))} is {version}, older than {OLDEST_TEXT}"


def may_ask(config: bytes) -> bool:
    """Tell whether the kubeconfig that `config view --minify` shows has a plugin that may ask.

    A plugin says so itself (`interactiveMode` of client.authentication.k8s.io/v1, ExecConfig);
    kubectl takes one that says nothing for one that asks where there is a terminal.
    """
    with suppress(ValueError, AttributeError, TypeError):
        users = json.loads(config).get("users") or []
        plugins = [one["user"].get("exec") for one in users if one.get("user")]
        return any(one.get("interactiveMode") != "Never" for one in plugins if one)
    return False
