"""Defaults for kubectl that the user has in a kuberc: the restore goes where it says it goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.cluster.stated import CONFIG_VIEW, EVERYWHERE, EXEC, GET, LEFT
from tests.contract import trees
from tests.contract.program import restore
from tests.versions.kubectls import kubectl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

READING = ["1.34", "1.37"]
"""kubectls that read a kuberc."""
_NOT_OURS: Final = "is-not-there"
HOSTILE: Final = {
    "server": "https://127.0.0.1:1",
    "kubeconfig": "/nonexistent/kubeconfig",
    "certificate-authority": "/nonexistent/authority",
    "client-certificate": "/nonexistent/certificate",
    "client-key": "/nonexistent/key",
    "request-timeout": "1ms",
    "pod-running-timeout": "1ms",
    "chunk-size": "1",
    "v": "9",
    "profile": "cpu",
    "output": "name",
    "raw": "/version",
    "proxy-url": "",
    "log-flush-frequency": "1ms",
    "tls-server-name": "another.example",
    "sort-by": ".metadata.name",
    "template": "{{.metadata.name}}",
    "filename": "/nonexistent/manifest.yaml",
    "kustomize": "/nonexistent",
    "label-columns": "app",
}
"""A value for each flag that would do harm; of switches the other one than is stated."""
COMMANDS: Final = {"get": GET, "exec": EXEC, "config view": CONFIG_VIEW}


def hostile(name: str, stated: str) -> str:
    """Return a default that would do harm."""
    if stated in {"true", "false"} and not (name == "raw" and stated == ""):
        return "false" if stated == "true" else "true"
    return HOSTILE.get(name, _NOT_OURS)


def defaults() -> list[tuple[str, str, str]]:
    """Return each command, flag and hostile default."""
    return [
        (command, one.name, hostile(one.name, one.flag.partition("=")[2]))
        for command, stated in COMMANDS.items()
        for one in (*EVERYWHERE, *stated)
    ]


def write_kuberc(home: Path, by_command: Mapping[str, Mapping[str, str]], **more: object) -> None:
    """Write ~/.kube/kuberc."""
    kuberc = {
        "apiVersion": "kubectl.config.k8s.io/v1beta1",
        "kind": "Preference",
        "defaults": [
            {
                "command": command,
                "options": [{"name": name, "default": value} for name, value in options.items()],
            }
            for command, options in by_command.items()
        ],
        **more,
    }
    (home / ".kube").mkdir(exist_ok=True)
    (home / ".kube/kuberc").write_text(json.dumps(kuberc))


@pytest.mark.parametrize("minor", READING)
def test_all_hostile_defaults_at_once_change_nothing(
    cluster: Cluster, backup: Writer, tmp_path: Path, minor: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.small()
    by_command: dict[str, dict[str, str]] = {}
    for command, name, value in defaults():
        by_command.setdefault(command, {})[name] = value
    write_kuberc(tmp_path, by_command)
    result = restore(
        pod, backup(archive), kubectl=str(kubectl(minor)), variables={"HOME": str(tmp_path)}
    )
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    chosen=st.lists(st.sampled_from(defaults()), min_size=1, max_size=3),
    minor=st.sampled_from(READING),
)
def test_any_default_leads_to_the_announced_pod(
    cluster: Cluster,
    backup: Writer,
    tmp_path: Path,
    chosen: list[tuple[str, str, str]],
    minor: str,
) -> None:
    pod = cluster.pod("busybox")
    by_command: dict[str, dict[str, str]] = {}
    for command, name, value in chosen:
        by_command.setdefault(command, {})[name] = value
    write_kuberc(tmp_path, by_command)
    result = restore(
        pod, backup(trees.small()), kubectl=str(kubectl(minor)), variables={"HOME": str(tmp_path)}
    )
    assert result.code == 0, result
    assert pod.run("cat", f"{pod.path}/app/config.yaml")


@pytest.mark.parametrize("name", sorted(set(LEFT) - {"kuberc"}))
def test_what_is_not_stated_does_no_harm(
    cluster: Cluster, backup: Writer, tmp_path: Path, name: str
) -> None:
    pod = cluster.pod("busybox")
    value = {"disable-compression": "true", "cache-dir": str(tmp_path / "cache")}.get(
        name, HOSTILE.get(name, "a=b")
    )
    write_kuberc(tmp_path, {command: {name: value} for command in COMMANDS})
    result = restore(
        pod, backup(trees.small()), kubectl=str(kubectl("1.37")), variables={"HOME": str(tmp_path)}
    )
    if name in {"as-group", "as-user-extra", "log-flush-frequency", "v", "vmodule"}:
        assert result.code == 2, result
        assert "without impersonating a user" in result.err or "invalid flag" in result.err
        assert "kuberc" in result.err.split("Fix:")[1]
        assert pod.tree() == {}
    else:
        assert result.code == 0, result
