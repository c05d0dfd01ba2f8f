"""The pods: what they are called, what they hold, and how a process of theirs is started."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.embedded.faults import Faults

ENTER: Final = Path(__file__).with_name("enter.py")
_USER: Final = 1000


class NotStartedError(Exception):
    """A process could not be started in a pod; the text is a container runtime's."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of pod, called as on the real node (tests/cluster/pods.py)."""

    name: str
    containers: tuple[str, ...] = ("app",)
    busybox: tuple[str, ...] = ()
    uid: int = 0
    read_only: bool = False
    static: bool = False
    phase: str = "Running"


KINDS: Final = (
    Kind("busybox", busybox=("app",)),
    Kind("debian"),
    Kind("static", static=True),
    Kind("nonroot-gnu", uid=_USER, read_only=True),
    Kind("nonroot-busybox", busybox=("app",), uid=_USER, read_only=True),
    Kind("two", ("app", "side"), busybox=("app",)),
    Kind("completed", phase="Succeeded"),
)


def find_busybox() -> str | None:
    """Return a busybox that runs anywhere, if the machine has one."""
    return shutil.which("busybox")


@dataclass(slots=True)
class EmbeddedPod:
    """A pod of the embedded cluster.

    Attributes:
        kind: what it is; its name is the kind's.
        directory: its own directory on this machine.
        isolated: processes get namespaces of their own.
        uid: the Pod object's.
        faults: how it misbehaves.
    """

    kind: Kind
    directory: Path
    isolated: bool
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    restarts: int = 0
    faults: Faults = field(default_factory=Faults)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the volumes."""
        for container in self.kind.containers:
            volume = self.volume(container)
            volume.mkdir(parents=True)
            volume.chmod(0o777)

    @property
    def name(self) -> str:
        """The pod's name."""
        return self.kind.name

    @property
    def path(self) -> str:
        """Where the first container's volume stands, seen from the pod."""
        return "/data" if self.isolated else str(self.volume(self.kind.containers[0]))

    @property
    def unavailable(self) -> str:
        """Why this machine cannot have the pod; empty when it can."""
        if self.kind.busybox and find_busybox() is None:
            return "no busybox on this machine"
        if self.kind.busybox and not self.isolated:
            return "no namespaces for unprivileged users here"
        if self.kind.uid and not self.isolated:
            return "no namespaces for unprivileged users here"
        return ""

    def volume(self, container: str = "app") -> Path:
        """Return the directory behind a container's /data."""
        return self.directory / "volumes" / container

    def start(self, container: str, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a process in a container, with pipes.

        Raises:
            NotStartedError: there is no such program in it.
        """
        if self.kind.static and command[0] != "/sleeper":
            raise NotStartedError(_runtime_message(command[0]))
        reading, writing = os.pipe()
        root = Path(tempfile.mkdtemp(dir=self.directory))
        spec = self._spec(container, command, root)
        process = subprocess.Popen(
            [sys.executable, "-I", str(ENTER), str(writing), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=[writing],
        )
        os.close(writing)
        with os.fdopen(reading, "rb") as status:
            failure = status.read().decode()
        if failure:
            process.communicate()
            number, _, text = failure.partition(" ")
            if int(number) == errno.ENOENT:
                raise NotStartedError(_runtime_message(command[0]))
            raise NotStartedError(f"OCI runtime exec failed: {text}: unknown")
        self.started.append(process)
        return process

    def _spec(self, container: str, command: list[str], root: Path) -> dict[str, Any]:
        busybox = find_busybox() if container in self.kind.busybox else None
        applets = (
            subprocess.run(
                [busybox, "--list"], capture_output=True, text=True, check=True
            ).stdout.split()
            if busybox
            else []
        )
        return {
            "command": command,
            "environment": {"PATH": "/bin" if busybox else "/usr/bin:/bin", "HOME": "/"},
            "isolated": self.isolated,
            "root": str(root),
            "volume": str(self.volume(container)),
            "busybox": busybox,
            "applets": [name for name in applets if "/" not in name],
            "uid": self.kind.uid,
            "read_only": self.kind.read_only,
        }

    def processes(self) -> list[tuple[int, str]]:
        """Return what still runs of everything that was started by exec (zombies do not run)."""
        found = []
        leaders = {process.pid for process in self.started}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                name, _, rest = stat.read_text().rpartition(") ")
                state, _, _, session = rest.split()[:4]
                if int(session) in leaders and state not in "ZX":
                    found.append((int(stat.parent.name), name.partition("(")[2]))
        return found

    def kill(self) -> None:
        """End everything that was started by exec, as a restarted container does."""
        for number, _ in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for process in self.started:
            process.wait(30)

    def restart(self) -> None:
        """Restart the containers: their processes are gone, their volumes stay."""
        self.restarts += 1
        self.kill()

    def reset(self) -> None:
        """Be as new: nothing runs, nothing is in the volumes, no faults."""
        self.kill()
        for process in self.started:
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self.started.clear()
        self.faults.clear()
        for container in self.kind.containers:
            for child in self.volume(container).iterdir():
                if child.is_dir() and not child.is_symlink():
                    _make_writable(child)
                    shutil.rmtree(child)
                else:
                    child.unlink()

    def manifest(self, namespace: str) -> dict[str, Any]:
        """Return the Pod object."""
        done = self.kind.phase == "Succeeded"
        state = (
            {"terminated": {"exitCode": 0, "reason": "Completed"}}
            if done
            else {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        )
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": namespace,
                "uid": self.uid,
                "resourceVersion": "1",
                "creationTimestamp": "2026-01-01T00:00:00Z",
            },
            "spec": {
                "nodeName": "embedded",
                "containers": [
                    {
                        "name": name,
                        "image": f"embedded/{self.name}",
                        "volumeMounts": [{"name": "data", "mountPath": self.path}],
                    }
                    for name in self.kind.containers
                ],
            },
            "status": {
                "phase": self.kind.phase,
                "conditions": [{"type": "Ready", "status": "False" if done else "True"}],
                "containerStatuses": [
                    {
                        "name": name,
                        "ready": not done,
                        "restartCount": self.restarts,
                        "state": state,
                        "image": f"embedded/{self.name}",
                        "imageID": "",
                    }
                    for name in self.kind.containers
                ],
            },
        }


def _make_writable(directory: Path) -> None:
    for path, _, _ in os.walk(directory):
        Path(path).chmod(0o700)


def _runtime_message(program: str) -> str:
    return (
        "OCI runtime exec failed: exec failed: unable to start container process: exec: "
        f'"{program}": executable file not found in $PATH: unknown'
    )


def can_isolate(directory: Path) -> str:
    """Return why processes cannot have namespaces of their own here; empty when they can."""
    if not sys.platform.startswith("linux"):
        return "not Linux"
    probe = EmbeddedPod(Kind("probe", uid=_USER, read_only=True), directory / "probe", True)  # noqa: FBT003
    try:
        process = probe.start("app", ["true"])
    except NotStartedError as error:
        return str(error)
    process.communicate()
    return ""
