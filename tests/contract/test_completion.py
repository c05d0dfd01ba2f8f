"""kubectl's own completion asks us."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import KUBECTL
from tests.contract.program import environment, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster


def test_kubectl_completes_pods_containers_and_directories(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    pod.run("mkdir", "-p", f"{pod.path}/inside")
    plugin = tmp_path / "kubectl-restore"
    words = " ".join(f"'{word}'" for word in program())
    plugin.write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
    plugin.chmod(0o755)
    kubectl = shutil.which(KUBECTL)
    assert kubectl is not None
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    variables = environment(PATH=path, KUBECONFIG=str(cluster.kubeconfig))

    def said(*words: str) -> list[str]:
        done = subprocess.run(
            words, env=variables, capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout.splitlines()

    said(str(plugin), "completion", "--install")
    where = ["-n", cluster.namespace]
    found = said(kubectl, "__complete", "restore", *where, pod.name[:3])
    if not found or found == [":0"]:
        pytest.skip("this kubectl does not ask plugins")
    assert pod.name in found
    assert said(kubectl, "__complete", "restore", *where, pod.name, "b", "-c", "")[0] == "app"
    inside = said(kubectl, "__complete", "restore", *where, pod.name, "b", "-t", f"{pod.path}/i")
    assert inside[0] == f"{pod.path}/inside/"
