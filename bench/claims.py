"""`python -m bench --claims`: how soon a claim that no pod mounts takes its first byte.

As a ratio to a bare `kubectl run` of the same image, with the same claim, until it is Ready; the
pod's removal is in neither.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from tests.contract.program import program
from tests.e2e.shop import BUSYBOX, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster


def first_bytes(cluster: Cluster, archive: Path, runs: int) -> None:
    """Print what both take, and their ratio."""
    shop = Shop(cluster)
    shop.claim()
    pairs = []
    try:
        for _ in range(runs):
            bare = _bare(shop)
            ours = _ours(shop, archive)
            pairs.append((ours, bare))
            print(f"kubectl run until Ready {bare:.2f} s, first byte of ours {ours:.2f} s")
    finally:
        shop.empty_claim()
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    print(f"median of {runs}: {ratio:.2f} of kubectl run")


def _bare(shop: Shop) -> float:
    volume = {"name": "c", "persistentVolumeClaim": {"claimName": "shop"}}
    container = {
        "name": "bare",
        "image": BUSYBOX,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "600"],
        "volumeMounts": [{"name": "c", "mountPath": "/data"}],
    }
    spec = {
        "containers": [container],
        "volumes": [volume],
        "terminationGracePeriodSeconds": 0,
    }
    began = time.monotonic()
    shop.kubectl(
        *("run", "bare", f"--image={BUSYBOX}", "--restart=Never"),
        f"--overrides={json.dumps({'spec': spec})}",
    )
    shop.kubectl("wait", "--for=condition=Ready", "pod/bare", "--timeout=60s")
    took = time.monotonic() - began
    shop.kubectl("delete", "pod", "bare")
    return took


def _ours(shop: Shop, archive: Path) -> float:
    words = ["pvc/shop", str(archive), "--overwrite=always", "-o", "json"]
    words += [f"--helper-image={BUSYBOX}", "--run-as=0"]
    words += [
        f"--kubeconfig={shop.cluster.kubeconfig}",
        f"--namespace={shop.cluster.namespace}",
    ]
    began, first = time.monotonic(), 0.0
    with subprocess.Popen([*program(), *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if not first and json.loads(line).get("phase") == "send":
                first = time.monotonic() - began
    assert process.returncode == 0, process.returncode
    return first
