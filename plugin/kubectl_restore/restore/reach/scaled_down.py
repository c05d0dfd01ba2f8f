"""One run with `--scale-down`: what its claim is, when its pods go, and how they come back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.cluster.claim import pods_with
from kubectl_restore.cluster.helper_pod import MOUNT
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.template import claim_at, mount_of
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import RestoreError, TakenError
from kubectl_restore.plan.policy import ScaleBack
from kubectl_restore.progress import Level
from kubectl_restore.restore.reach.scale import Scaling, find_workload, list_all
from kubectl_restore.restore.reach.starting import Cluster
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from types import TracebackType

    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.run import Kubectl

_BACK: Final = 60.0
"""Seconds for setting the count again, whatever became of the time limit."""


class ScaledDown:
    """As a context manager it sets the count again: after a success, or whatever happens.

    Attributes:
        notes: what was done, or would be; one sentence each, safe to print.
        warnings: what somebody else has done meanwhile.
        failure: why the count is not set again although everything is restored.
        has_written: the claim has something of the backup by now, or may have.
    """

    def __init__(
        self, request: RestoreRequest, kubectl: Kubectl, progress: Progress, watch: Watch
    ) -> None:
        """Prepare; nothing is asked yet."""
        self.notes: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.failure: RestoreError | None = None
        self.has_written = False
        self._is_continued = False
        self._request = request
        self._cluster = Cluster(kubectl, request.kubectl, progress, watch)
        self._scaling: Scaling | None = None
        self._has_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        scaling = self._scaling
        if scaling is None or not self._has_begun or isinstance(error, TakenError):
            # Another restore goes on with it, and sets it again.
            return
        # What nothing was written to is as it was, and its pods can have it again; what an earlier
        # run has written nobody knows.
        is_as_it_was = not self.has_written and not self._is_continued
        is_wanted = error is None or self._request.scale_back is ScaleBack.ALWAYS or is_as_it_was
        # Where somebody else has set the count, only our note is left to be taken out.
        if is_wanted or scaling.replicas.wanted:
            self._set_again(scaling, error)
        said = scaling.how_it_stands()
        if isinstance(error, RestoreError) and said:
            error.reason = f"{error.reason}\n{said}" if error.reason else said

    def look(self) -> RestoreRequest:
        """Return the restore of the claim that is meant; nothing is changed yet.

        Raises:
            RestoreError: there is no such workload, or which claim is meant cannot be told.
        """
        request, cluster = self._request, self._cluster.in_context()
        found = find_workload(cluster, request.target)
        if found is None:
            self.notes = (f"no pod has {request.target}: nothing was to be scaled down",)
            return request.pinned(cluster.options, request.target)
        self._scaling = scaling = Scaling(cluster, *found)
        return self._of_claim(scaling, *found)

    def _of_claim(self, scaling: Scaling, workload: Target, text: bytes) -> RestoreRequest:
        request, target = self._request, self._request.target
        path = named = MOUNT if request.finds_its_path else request.target_path
        if target.kind is Kind.CLAIM:
            mount = mount_of(workload, text, target.name, path)
        else:
            part = claim_at(
                replace(workload, pod=target.pod),
                text,
                path=named,
                container=request.container,
                count=scaling.replicas.before,
                naming=lambda pod: request.command_with(f"--pod={pod}"),
            )
            target = Target(part.claim, Kind.CLAIM)
            mount, path = part.placed(named)
        # A dry run looks through a pod that runs, as long as there is one at that path.
        is_looked_at = request.dry_run and scaling.replicas.wanted > 0 and path == named
        known = request.pinned(scaling.cluster.options, target, path=path)
        return replace(
            known,
            container=request.container if is_looked_at else None,
            via=Via.AUTO if is_looked_at else Via.HELPER,
            helper=replace(request.helper, mount=mount),
            found_again=_found_again(request, named),
        )

    def down(self, request: RestoreRequest) -> None:
        """Take the pods away, or say that they would be.

        Args:
            request: of the claim.

        Raises:
            RestoreError: they do not go, or may not be taken away.
        """
        scaling = self._scaling
        if scaling is None:
            return
        count, workload = scaling.replicas.before, scaling.target
        if request.dry_run:
            self.notes = (f"{workload} would be scaled from {count} to 0, and back afterwards",)
            return
        self._is_continued = scaling.replicas.noted is not None
        self._has_begun = bool(scaling.replicas.wanted or self._is_continued)
        if not self._has_begun:
            self.notes = (f"{workload} wants no pods: nothing was to be scaled down",)
        scaling.down()
        left = pods_with(request.target, list_all(scaling.cluster, "pods"))
        if left:
            names = shown_text(", ".join(str(one["metadata"]["name"]) for one in left))
            scaling.cluster.progress.message(
                Level.WARNING,
                f"{request.target} is still in use by what does not belong to {workload}: {names}",
            )

    def _set_again(self, scaling: Scaling, error: BaseException | None) -> None:
        cluster = scaling.cluster
        watch = cluster.watch.aftermath(_BACK)
        try:
            said = scaling.back(replace(cluster, watch=watch))
        except RestoreError as failed:
            if error is None:
                at, name = cluster.at, scaling.target
                failed.what = f"everything is restored and proved, but not scaled back: {failed}"
                failed.fix = f"look at it: kubectl{at} get {name}"
                failed.reason = f"{failed.reason}\n{scaling.how_it_stands()}".strip()
                self.failure = failed
            return
        count = counted(scaling.replicas.wanted, "pod")
        self.notes = (f"{scaling.target} was scaled down for the restore, and is back at {count}",)
        if said and error is None:
            self.warnings = (said,)


def _found_again(request: RestoreRequest, path: str) -> tuple[str, ...]:
    """Return the words that lead there again; see `RestoreRequest`."""
    target = request.target
    words = [str(target), "-t", path, "--scale-down"]
    words += [] if request.scale_back is ScaleBack.SUCCESS else [f"--scale-back={ScaleBack.ALWAYS}"]
    words += [] if target.pod is None else [f"--pod={target.pod}"]
    words += [] if request.container is None else ["-c", request.container]
    return (*words, *request.helper.flags())
