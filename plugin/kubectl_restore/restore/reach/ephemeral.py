"""An ephemeral container added, waited for, and ended on every way out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.cluster.ephemeral import Ephemeral, seen_container, wanted
from kubectl_restore.cluster.helper_pod import HelperPod, State
from kubectl_restore.cluster.kubectl import debug_command, exec_command
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import (
    AnotherPodError,
    NoPodError,
    NotAllowedError,
    NotReadyError,
    PodCannotError,
    RestoreError,
    TakenError,
)
from kubectl_restore.progress import Level
from kubectl_restore.restore.reach.starting import as_file, readable

if TYPE_CHECKING:
    from types import TracebackType

    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.deadline import Watch
    from kubectl_restore.restore.reach.starting import Cluster

_END: Final = 10.0
"""Seconds for telling it to end."""
_ROLE: Final = "ask for a role with patch on pods/ephemeralcontainers (docs/permissions.md)"
_ADMITTED: Final = (
    "it has the container's own securityContext, which the policy does not admit; a claim is "
    "reached by pvc/NAME --via=helper"
)
_OLD: Final = ("unknown flag: --custom", "unknown flag: --profile")


class Added:
    """An ephemeral container of a pod. As a context manager it ends it, whatever happens.

    It is left running where another restore writes through it.
    """

    def __init__(self, place: PinnedTarget, cluster: Cluster) -> None:
        """Prepare; nothing is asked yet.

        Args:
            place: the pod, and the container whose volumes are meant.
            cluster: where it is.
        """
        self._place = place
        self._cluster = cluster
        self._ephemeral: Ephemeral | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ephemeral is not None and not isinstance(error, TakenError):
            self._end(self._ephemeral)

    def start(self, path: str, wish: HelperPod) -> PinnedTarget:
        """Return the place that the container is, when it runs.

        Args:
            path: the directory that it has to reach.
            wish: image and user.

        Raises:
            RestoreError: it does not reach that, may not be added, or does not start.
        """
        cluster, place = self._cluster, self._place
        answer = cluster.pod(place.pod)
        if answer is None:
            raise NoPodError(f"pod {place.pod} is gone", reason="the cluster does not have it")
        with readable():
            ephemeral = wanted(
                answer,
                container=place.container,
                path=path,
                wish=wish,
                seconds=cluster.lifetime,
                at=cluster.at,
            )
        if not ephemeral.is_there:
            self._add(ephemeral)
        name = ephemeral.name
        what = f"ephemeral container {name}"
        found = cluster.started(
            what, place.pod, lambda text: seen_container(text, name), is_alone=False
        )
        if found is None or found.uid != place.uid:
            raise AnotherPodError(
                "the pod is gone, or another one has its name; nothing was restored",
                reason=f"{what} was added to pod {place.pod}",
                fix="run the same command again",
            )
        if found.state is not State.RUNNING:
            raise PodCannotError(
                f"{what} has ended",
                reason=found.why or "the cluster does not say why",
                fix=f"kubectl{cluster.at} logs {place.pod} -c {name}; another image: "
                "--helper-image IMAGE, one with sh",
            )
        self._ephemeral = ephemeral
        return replace(
            place, container=name, image=wish.image, via=Via.EPHEMERAL, of=place.container
        )

    def _add(self, ephemeral: Ephemeral) -> None:
        cluster, pod = self._cluster, self._place.pod
        with as_file(ephemeral.custom) as file:
            query = cluster.asked(
                debug_command(cluster.options, cluster.program, pod, ephemeral, file)
            )
        if query.succeeded:
            cluster.progress.message(
                Level.INFO,
                f"ephemeral container {ephemeral.name} ({ephemeral.image}) is added to pod {pod}; "
                "it ends with the restore, and its entry stays in the pod's object",
            )
            return
        if any(old in line for line in query.said for old in _OLD):
            raise NotReadyError(
                "this kubectl cannot add an ephemeral container with volumes",
                reason="kubectl debug has no --custom; kubectl 1.31 and newer have it",
                fix="use a newer kubectl: --kubectl /path/to/kubectl",
            )
        otherwise = "no ephemeral container could be added"
        error = error_from(query.said, otherwise=otherwise, at=cluster.at)
        if isinstance(error, NotAllowedError):
            error.fix = _ADMITTED if "PodSecurity" in error.reason else _ROLE
        raise error

    def _end(self, ephemeral: Ephemeral) -> None:
        """Have it end, and wait for that: the next run would take it for one to go on with."""
        cluster, place, name = self._cluster, self._place, ephemeral.name
        watch = cluster.watch.aftermath(_END)
        command = exec_command(
            cluster.options, cluster.program, place.pod, name, ephemeral.to_end(), is_fed=False
        )
        try:
            cluster.asked(command, watch)
            while self._runs(name, watch):
                cluster.pause(watch)
        except RestoreError as error:
            cluster.progress.message(
                Level.WARNING,
                f"ephemeral container {name} has not ended yet ({error}); it ends by itself",
            )

    def _runs(self, name: str, watch: Watch) -> bool:
        answer = self._cluster.pod(self._place.pod, watch)
        if answer is None:
            return False
        with readable():
            return seen_container(answer, name).state is not State.ENDED
