"""Somebody who changes something in the pod at a moment of a restore that is not theirs to know."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Pod


def changing_kubectl(tmp_path: Path, pod: Pod, what: str, *, when: str = "hash") -> str:
    """Return a kubectl that does something to the volume when the agent is told something.

    It stands between the program and the real kubectl, passes everything on, and waits with the
    last of some commands until it has changed something. A test that needs it is skipped where the
    volume cannot be reached from here.
    """
    directory = pod.host_directory()
    if directory is None:
        pytest.skip("the volume is on another machine")
    path = tmp_path / "bin/kubectl"
    path.parent.mkdir()
    path.write_text(
        f"""#!{sys.executable}
import os, subprocess, sys
if "exec" not in sys.argv:
    os.execv({pod.cluster.kubectl[0]!r}, sys.argv)
child = subprocess.Popen([{pod.cluster.kubectl[0]!r}, *sys.argv[1:]], stdin=subprocess.PIPE)
when = {when.split()!r}
while data := os.read(0, 65536):
    if when and data.startswith(when[0].encode()):
        when.pop(0)
        if when:
            child.stdin.write(data)
            child.stdin.flush()
            continue
        os.chdir({str(directory)!r})
        {what}
    child.stdin.write(data)
    child.stdin.flush()
child.stdin.close()
sys.exit(child.wait())
"""
    )
    path.chmod(0o755)
    return str(path)
