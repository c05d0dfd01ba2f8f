"""Progress is what the pod has acknowledged, on every tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.cluster.target import Target
from kubectl_restore.deadline import Watch
from kubectl_restore.plan.request import RestoreRequest
from kubectl_restore.progress import Phase, Silence, Status
from kubectl_restore.restore.engine import restore
from tests.contract import trees
from tests.contract.clusters import KUBECTL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.link import LinkProxy


class Recorder(Silence):
    """Keeps every status."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []

    def status(self, status: Status) -> None:
        self.statuses.append(status)


@pytest.mark.parametrize("kind", ["busybox", "debian", "bsdtar", "toybox"])
def test_acknowledged_bytes_rise_evenly_over_a_slow_link(
    cluster: Cluster, backup: Callable[[bytes], Path], link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    link.rate = 10e6
    archive = trees.of_size(30_000_000, files=30)
    recorder = Recorder()
    summary = restore(
        RestoreRequest(
            target=Target(pod.name),
            backup=backup(archive),
            target_path=pod.path,
            kubectl=KubectlOptions(
                program=KUBECTL,
                namespace=cluster.namespace,
                flags=(f"--kubeconfig={cluster.through(link.port, 'progress')}",),
            ),
        ),
        recorder,
        Watch(120),
    )
    sent = [one for one in recorder.statuses if one.phase is Phase.SEND]
    counts = [one.done_bytes for one in sent]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 20
    assert sent[-1].done_bytes == sent[-1].total_bytes
    assert sent[-1].done_files == sent[-1].total_files == 30
    assert [one.done_files for one in sent] == sorted(one.done_files for one in sent)
    # It is no guess from what a pipe accepted: nobody acknowledges what has not crossed the link.
    assert len({one.current for one in sent}) > 5
    assert summary.bytes == 30_000_000
