"""What happens to a pod from below: its processes as this machine sees them, on both clusters."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import pods as node_pods
from tests.cluster.places import Places
from tests.cluster.restarting import restart
from tests.contract.clusters import KUBECTL

if TYPE_CHECKING:
    from tests.contract.clusters import Pod

_TAKES_A_PAYLOAD: Final = b"KUBECTL_RESTORE_FOR="
_FIRST: Final = "1"


def kill_tar(pod: Pod) -> None:
    """Kill the tar that takes the stream, if there is one at the moment."""
    for number in _processes(pod):
        with contextlib.suppress(OSError):
            if _TAKES_A_PAYLOAD in Path(f"/proc/{number}/environ").read_bytes():
                os.kill(number, signal.SIGKILL)


def restart_container(pod: Pod) -> None:
    """End the container's first process, and so all others; it comes back."""
    embedded = pod.cluster.embedded
    if embedded is not None:
        embedded.pod(pod.name).restart()
        return
    for number in _processes(pod):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{number}/status").read_text("utf-8").splitlines()
            known = dict(line.split(":\t", 1) for line in status if ":\t" in line)
            if known["Name"] == "sleep" and known["NSpid"].split()[-1] == _FIRST:
                os.kill(number, signal.SIGKILL)


def recreate(pod: Pod) -> None:
    """Put another pod of the same name in its place; its volume is a new one."""
    embedded = pod.cluster.embedded
    if embedded is not None:
        one = embedded.pod(pod.name)
        # What it was just about to start ends too, before its volume is another one.
        one.kill()
        one.reset()
        one.uid = str(uuid.uuid4())
        return
    cluster = node_pods.Cluster(pod.cluster.kubeconfig, program=KUBECTL)
    namespace = pod.cluster.namespace
    words = ("delete", "pod", pod.name, f"--namespace={namespace}", "--grace-period=0", "--force")
    cluster.run(*words)
    pod.cluster.uids.pop(pod.name, None)
    kind = next(one for one in node_pods.PODS if one.kind == pod.name)
    node_pods.apply(cluster, namespace, [kind])
    node_pods.wait(cluster, namespace, [kind])


def restart_api_server(_pod: Pod) -> None:
    """Restart the real node's API server."""
    restart(Places.here(), "kube-apiserver")


def _processes(pod: Pod) -> list[int]:
    if pod.cluster.embedded is not None:
        return [number for number, _ in pod.cluster.embedded.pod(pod.name).processes()]
    found, uid = [], pod.uid
    for group in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):
            if f"pod{uid}" in group.read_text("utf-8"):
                found.append(int(group.parent.name))
    return found


def until_up(pod: Pod, seconds: float = 120.0) -> None:
    """Wait until something can run in the pod again; a kubelet takes its time after a restart."""
    words = [*pod.cluster.kubectl, "exec", pod.name, "-c", pod.container, "--", "true"]
    until = time.monotonic() + seconds
    while subprocess.run(words, capture_output=True, check=False).returncode:
        if time.monotonic() > until:
            raise TimeoutError(f"{pod.name} did not come back")
        time.sleep(0.5)
