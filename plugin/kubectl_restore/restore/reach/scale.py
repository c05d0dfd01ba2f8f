"""`--scale-down`: a workload's pods are taken away before a restore, and given back after it.

Every step can be the last one of a run; what the next one needs stands in the cluster. The count
that there was is noted in the object by the same patch that sets 0 (cluster/scaling.py), so the
same command goes on from whatever it finds, and nobody has to know how far an earlier run was.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.autoscaling import AUTOSCALERS, BUDGETS, autoscalers_of, budgets_of
from kubectl_restore.cluster.claim import pods_with
from kubectl_restore.cluster.kubectl import listing_command, named_command, patch_command
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.place import pinned
from kubectl_restore.cluster.scaling import (
    RESOURCES_SCALED,
    Replicas,
    noted_in,
    owner_of,
    parse_replicas,
    require_owner,
)
from kubectl_restore.cluster.target import RESOURCES, Kind, Target, pods_of
from kubectl_restore.cluster.template import uses_claim
from kubectl_restore.cluster.workload import names_of_pods, parse_workload, reading
from kubectl_restore.errors import (
    AmbiguousError,
    InterruptedRestoreError,
    InTheWayError,
    OutOfTimeError,
)
from kubectl_restore.pipe.child import now
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.restore.reach.starting import Cluster

_CONFLICT: Final = "Error from server (Conflict): "
_TRIES: Final = 10
"""Patches that may meet somebody else's: a controller writes an object's status now and then."""
_SAY: Final = 10.0
"""Seconds between two lines about pods that are still there."""
_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)


def get(cluster: Cluster, target: Target) -> bytes:
    """Return an object as JSON.

    Raises:
        RestoreError: it is not there, or the cluster does not answer.
    """
    command = named_command(cluster.options, cluster.program, RESOURCES[target.kind], target.name)
    return cluster.answer(command, f"the cluster did not say anything about {target}")


def list_all(cluster: Cluster, resources: str, selector: str = "") -> bytes:
    """Return the objects that a label selector selects, as JSON; an empty one selects all.

    Raises:
        RestoreError: the cluster does not answer, or does not let us.
    """
    command = listing_command(cluster.options, cluster.program, resources, selector)
    return cluster.answer(command, f"the cluster did not list {resources}")


def find_workload(cluster: Cluster, named: Target) -> tuple[Target, bytes] | None:
    """Return what has to be scaled down, with its object as JSON.

    Args:
        cluster: is asked.
        named: a workload, or a claim, whose pods' owner is looked for.

    Returns:
        None where no pod has the claim, and no run of ours has scaled down what has it.

    Raises:
        AmbiguousError: several workloads have the claim.
        PodCannotError: what has it cannot be scaled down.
        RestoreError: the cluster does not answer, or does not let us.
    """
    if named.kind is not Kind.CLAIM:
        return _topmost(cluster, named)
    owners: dict[Target, None] = {}
    for pod in pods_with(named, list_all(cluster, "pods")):
        with reading(named):
            name, owner = f"pod/{pod['metadata']['name']}", owner_of(pod)
        owners[require_owner(name, owner)] = None
    found: dict[Target, bytes] = dict(_topmost(cluster, owner) for owner in owners)
    if not found:
        found = _scaled_down(cluster, named)
    if len(found) > 1:
        raise AmbiguousError(
            f"{named} belongs to several workloads",
            reason=listed([str(one) for one in found]),
            fix="scale down all but one of them, then run the same command again: "
            f"kubectl{cluster.at} scale TYPE NAME --replicas=0",
        )
    return next(iter(found.items()), None)


def _topmost(cluster: Cluster, target: Target) -> tuple[Target, bytes]:
    """Return what controls a workload's number of pods: of a deployment's set the deployment."""
    text = get(cluster, target)
    with reading(target):
        owner = owner_of(json.loads(text))
    if target.kind is Kind.REPLICA_SET and owner is not None and owner.target is not None:
        return owner.target, get(cluster, owner.target)
    return target, text


def _scaled_down(cluster: Cluster, claim: Target) -> dict[Target, bytes]:
    """Return the workloads with a claim that an earlier run has scaled down."""
    with reading(claim):
        return {
            target: json.dumps(one).encode()
            for target, one in noted_in(list_all(cluster, RESOURCES_SCALED)).items()
            if uses_claim(one, claim.name)
        }


class Scaling:
    """One workload, down and back.

    Attributes:
        cluster: is asked; in the workload's namespace.
        target: the workload.
        replicas: what its object said last.
    """

    def __init__(self, cluster: Cluster, target: Target, text: bytes) -> None:
        """Take a workload as it was found.

        Args:
            cluster: is asked.
            target: the workload.
            text: `kubectl get TYPE NAME -o json`.

        Raises:
            RestoreError: this is no such object, or has a note that nobody can read.
        """
        self._workload = parse_workload(target, text)
        options = pinned(cluster.options, None, self._workload.namespace)
        self.cluster = replace(cluster, options=options)
        self.target = target
        self.replicas = parse_replicas(target, text)
        with reading(target):
            template: dict[str, Any] = json.loads(text)["spec"]["template"]
            self._labels = dict((template.get("metadata") or {}).get("labels") or {})

    def down(self) -> None:
        """Set 0, and wait until no pod is left.

        Raises:
            InTheWayError: somebody sets the count again; nothing of the backup was written.
            RestoreError: the cluster does not let us, does not answer, or the time ran out.
        """
        found, progress = self.replicas, self.cluster.progress
        if found.wanted:
            for level, note in self._about_others():
                progress.message(level, note)
            progress.message(Level.INFO, f"scaling {self.target} from {found.wanted} to 0")
            self._patch(Replicas.down)
        elif found.noted is not None:
            progress.message(
                Level.INFO,
                f"{self.target} is scaled down already; an earlier restore has noted that it had "
                f"{found.noted}",
            )
        self._wait()

    def back(self, cluster: Cluster) -> str:
        """Set the count that there was.

        Args:
            cluster: the same, with a watch for the end of a run.

        Returns:
            What somebody else has set meanwhile, a sentence; empty where nobody did.

        Raises:
            RestoreError: the cluster does not let us, or does not answer.
        """
        self.cluster = cluster
        self._look()
        found = self.replicas
        if found.noted is None:
            if found.wanted:
                return self._ran(found.wanted)
            return f"somebody has taken the note out of {self.target}, which stays scaled to 0"
        self._patch(Replicas.back)
        if found.wanted:
            return self._ran(found.wanted)
        cluster.progress.message(Level.INFO, f"{self.target} is set to {found.before} again")
        return ""

    def _ran(self, count: int) -> str:
        return (
            f"somebody has set {self.target} to {count} meanwhile: its pods may have run while the "
            "backup was restored"
        )

    def how_it_stands(self) -> str:
        """Return what a run that is broken off leaves, and how to set it back by hand."""
        return self.replicas.stands(self.cluster.at)

    def _look(self) -> None:
        self.replicas = parse_replicas(self.target, get(self.cluster, self.target))

    def _patch(self, made: Callable[[Replicas], str]) -> None:
        """Have the object patched as it is now; where somebody was faster, as it is then."""
        cluster, name = self.cluster, self.target.name
        resource = RESOURCES[self.target.kind]
        for _ in range(_TRIES):
            patch = made(self.replicas)
            query = cluster.asked(
                patch_command(cluster.options, cluster.program, resource, name, patch)
            )
            if query.succeeded:
                self.replicas = parse_replicas(self.target, query.answer)
                return
            if not any(line.startswith(_CONFLICT) for line in query.said):
                otherwise = f"the cluster did not say that {self.target} was scaled"
                raise error_from(query.said, otherwise=otherwise, at=cluster.at)
            self._look()
        raise InterruptedRestoreError(
            f"{self.target} changes all the time",
            reason=f"{_TRIES} patches met somebody else's change",
            fix="run the same command again",
        )

    def _wait(self) -> None:
        """Return when no pod of it is left."""
        cluster, target = self.cluster, self.target
        resources = pods_of(target.kind)
        said = now()
        names: list[str] = []
        try:
            while True:
                cluster.progress.status(Status(Phase.CONNECT))
                text = list_all(cluster, resources, self._workload.selector)
                names = names_of_pods(target, self._workload, text)
                # Asked behind the list: whoever sets it again has pods made anew.
                self._look()
                if self.replicas.wanted:
                    raise self._set_again()
                if not names:
                    return
                if now() - said >= _SAY:
                    said = now()
                    cluster.progress.message(
                        Level.INFO,
                        f"waiting for {counted(len(names), 'pod')} of {target} to end: "
                        f"{', '.join(names)}",
                    )
                cluster.pause()
        except OutOfTimeError as error:
            if names:
                error.reason += f"; these pods have not ended yet: {', '.join(names)}"
            raise

    def _set_again(self) -> InTheWayError:
        found = self.replicas
        who = found.controller or "an operator, or somebody else"
        return InTheWayError(
            f"{self.target} does not stay scaled down; nothing of the backup was written",
            reason=f"{who} has set it to {found.wanted} again",
            fix=f"have {found.controller or 'whoever does it'} leave it alone, or scale it down "
            "there; then run the same command again",
        )

    def _about_others(self) -> list[tuple[Level, str]]:
        """Say who else decides about the number of pods, as far as we may know."""
        target, controller = self.target, self.replicas.controller
        notes = []
        if controller:
            notes.append((Level.INFO, f"{target} was made by {controller}, which may set it back"))
        read: Callable[[bytes], list[str]]
        for resources, read, text in (
            (
                AUTOSCALERS,
                lambda answer: autoscalers_of(target, answer),
                "the autoscaler {} rests while no pods are wanted, and goes on afterwards",
            ),
            (
                BUDGETS,
                lambda answer: budgets_of(self._labels, answer),
                "the disruption budget {} is for evictions; it does not hold up a scale-down",
            ),
        ):
            command = listing_command(self.cluster.options, self.cluster.program, resources, "")
            query = self.cluster.asked(command)
            try:
                names = read(query.answer) if query.succeeded else None
            except _UNREADABLE:
                names = None
            if names is None:
                notes.append((Level.DETAIL, f"which {resources} there are cannot be asked for"))
            elif names:
                notes.append((Level.INFO, text.format(", ".join(names))))
        return notes
