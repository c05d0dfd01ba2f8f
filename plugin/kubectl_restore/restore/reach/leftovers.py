"""Helper pods that stand in a namespace: found, and removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kubectl_restore.cluster.kubectl import listing_command
from kubectl_restore.cluster.labels import SELECTOR
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.cluster.scaling import RESOURCES_SCALED, noted_in, parse_replicas
from kubectl_restore.cluster.standing import Standing, parse_standing
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.restore.reach.helper import Helper
from kubectl_restore.restore.reach.starting import Cluster, readable

if TYPE_CHECKING:
    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.cluster.scaling import Replicas
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.run import Kubectl


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and what became of it.

    Attributes:
        at: the flags that lead there, for what is said; a blank before each.
        pods: what stands there.
        removed: the names of those that were removed.
        scaled: the workloads that a run has scaled down, and not back.
    """

    at: str
    pods: list[Standing]
    removed: list[str]
    scaled: list[Replicas] = field(default_factory=list)


def leftovers(
    kubectl: Kubectl,
    options: KubectlOptions,
    progress: Progress,
    watch: Watch,
    *,
    is_cleaned: bool,
) -> Found:
    """Return the helper pods of a namespace; removed, if that is wanted.

    Raises:
        RestoreError: the cluster does not say, or does not let them be removed.
    """
    progress.status(Status(Phase.CONNECT))
    # What is deleted has to be what was found, whatever the current context is by then.
    cluster = Cluster(kubectl, options, progress, watch).in_context()
    options = cluster.options
    text = cluster.answer(listing_command(options, kubectl.program, "pods", SELECTOR))
    with readable():
        pods = parse_standing(text)
    removed = []
    for one in pods if is_cleaned else ():
        there = replace(cluster, options=replace(options, namespace=one.namespace))
        Helper(one.name, there, uid=one.uid).remove(watch)
        removed.append(one.name)
    return Found(cluster.at, pods, removed, _scaled(cluster))


def _scaled(cluster: Cluster) -> list[Replicas]:
    """Return the workloads that a run has scaled down, as far as we may look."""
    command = listing_command(cluster.options, cluster.program, RESOURCES_SCALED, "")
    query = cluster.asked(command)
    if not query.succeeded:
        error = error_from(query.said, otherwise="the cluster does not answer", at=cluster.at)
        cluster.progress.message(
            Level.DETAIL, f"whether something is scaled down is not known: {error.reason}"
        )
        return []
    with readable():
        found = [
            parse_replicas(target, json.dumps(one).encode())
            for target, one in noted_in(query.answer).items()
        ]
    return [one for one in found if one.stands(cluster.at)]
