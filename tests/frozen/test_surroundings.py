"""Whatever environment, umask and open files the program is started with."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import arguments, environment, restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[[bytes], Path]

CREDENTIAL_PLUGIN = """\
import ctypes, hashlib, json, lzma, os, ssl, sys
with open(sys.argv[1], "w") as file:
    json.dump({"environment": dict(os.environ), "maps": open("/proc/self/maps").read()}, file)
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {"token": sys.argv[2]}}))
"""
CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"LD_LIBRARY_PATH": "/nonexistent/the/users/own"},
        {"LD_LIBRARY_PATH": "/nonexistent/a:/nonexistent/b"},
        {"LD_LIBRARY_PATH_ORIG": "/nonexistent/of/another/program"},
        {"PYTHONUTF8": "1", "PYTHONHASHSEED": "7", "LC_ALL": "C"},
    ],
    ids=["none", "own", "two", "stale", "python"],
)
def test_a_credential_plugin_in_python_has_the_users_environment(
    program: Path, cluster: Cluster, backup: Writer, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert cluster.embedded is not None
    script, seen = tmp_path / "plugin.py", tmp_path / "seen.json"
    script.write_text(CREDENTIAL_PLUGIN)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": sys.executable,
            "args": [str(script), str(seen), cluster.embedded.token],
        }
    }
    kubeconfig = cluster.embedded.kubeconfig_through(cluster.address[1], "python", user=user)
    pod, archive = cluster.pod("debian"), trees.small()
    result = restore(pod, backup(archive), kubeconfig=kubeconfig, variables=variables)
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    found = json.loads(seen.read_text())
    assert str(program.parent) not in found["maps"]
    expected = environment(**variables)
    differing = {
        name: (expected.get(name), found["environment"].get(name))
        for name in expected.keys() | found["environment"].keys()
        if expected.get(name) != found["environment"].get(name)
    }
    # kubectl's own word to the plugin, and what Python makes of the C locale.
    for name in ("KUBERNETES_EXEC_INFO", "LC_CTYPE"):
        differing.pop(name, None)
    assert differing == {}


def test_without_home_and_with_nothing_else(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    done = subprocess.run(
        ["env", "-i", *arguments(pod, backup(trees.small()))],
        # Without a home kubectl keeps its cache where it is started.
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert done.stdout.startswith("Restored 1 file")


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o777])
def test_any_umask(cluster: Cluster, backup: Writer, tmp_path: Path, umask: int) -> None:
    pod, archive, log = cluster.pod("debian"), trees.small(), tmp_path / "log"
    done = subprocess.run(
        arguments(pod, backup(archive), f"--log-file={log}", older=True),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        umask=umask,
        check=False,
    )
    assert done.returncode == 0, done
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert log.stat().st_mode & 0o777 == 0o600 & ~umask


@pytest.mark.parametrize("redirections", CLOSED)
def test_closed_streams(program: Path, cluster: Cluster, backup: Writer, redirections: str) -> None:
    pod, archive = cluster.pod("debian"), trees.small()
    file = backup(archive)
    cases = [
        ([str(program), "version"], 0),
        ([str(program), "--nope"], 2),
        (arguments(pod, file), 0),
    ]
    for words, code in cases:
        done = subprocess.run(
            ["sh", "-c", f"exec {shlex.join(words)} {redirections}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    # A pipe of ours that got a closed stream's number would have written into a file of ours.
    assert file.read_bytes() == archive


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize(
    ("words", "codes"),
    [(["--nope"], {1: 2, 2: 2}), (["version"], {1: 1, 2: 0}), (["version", "-o", "json"],
                                                              {1: 1, 2: 0})],
)  # fmt: skip
def test_a_reader_that_is_gone(
    program: Path, words: list[str], codes: dict[int, int], stream: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [program, *words],
            stdin=subprocess.DEVNULL,
            stdout=writing if stream == 1 else subprocess.PIPE,
            stderr=writing if stream == 2 else subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == codes[stream], done
    assert b"Traceback" not in (done.stderr or b"")
    assert b"Exception ignored" not in (done.stderr or b"")
