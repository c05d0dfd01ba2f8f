"""The pods: what they are called, what they hold, and how a process of theirs is started."""

from __future__ import annotations

import contextlib
import errno
import functools
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
from typing import TYPE_CHECKING, Any, Final

from tests import rust
from tests.embedded.faults import Faults
from tests.refusals import DRAWN, REFUSING, answers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTER: Final = Path(__file__).with_name("enter.py")
_USER: Final = 1000


class NotStartedError(Exception):
    """A process could not be started in a pod; the text is a container runtime's."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What stands in a container's /bin, where its PATH leads and nowhere else.

    Attributes:
        applets: a program of this machine that lists its applets; each has a link.
        links: further names, each with the program of this machine that it means.
        without: names that are not there.
        whole: all programs of this machine are there besides.
    """

    applets: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    whole: bool = False

    @property
    def missing(self) -> list[str]:
        """What this machine lacks of the programs that are needed."""
        needed = {self.applets, *self.links.values()} - {""}
        return sorted(name for name in needed if shutil.which(name) is None)

    def table(self) -> dict[str, str]:
        """Return the names in /bin beside the whole, each with what it links to."""
        found: dict[str, str] = {}
        if self.applets:
            program = _found(self.applets)
            found |= dict.fromkeys(_applets(program), program)
        found |= {name: _found(program) for name, program in self.links.items()}
        return {name: target for name, target in found.items() if name not in self.without}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of pod, called as on the real node (tests/cluster/pods.py).

    Attributes:
        name: its name, and the pod's.
        containers: their names.
        programs: the containers that have only some of this machine's programs.
        uid: who its processes are.
        read_only: nothing but the volume can be written to.
        static: there is nothing in it but /sleeper.
        phase: the pod's phase.
        refused: families of system calls, with what they answer (tests/refusals.py).
    """

    name: str
    containers: tuple[str, ...] = ("app",)
    programs: Mapping[str, Programs] = field(default_factory=dict)
    uid: int = 0
    read_only: bool = False
    static: bool = False
    phase: str = "Running"
    refused: Mapping[str, str] = field(default_factory=dict)


_BUSYBOX: Final = {"app": Programs(applets="busybox")}
_BUSYBOX_NODD: Final = {
    # busybox's own shells would run its own dd, whatever stands in PATH.
    "app": Programs(
        applets="busybox",
        links={"sh": "dash"},
        without=frozenset({"ash", "busybox", "dd", "hush"}),
    )
}
_TOYBOX: Final = {
    "app": Programs(applets="toybox", links={"sh": "dash"}, without=frozenset({"dd", "toysh"}))
}
_BSDTAR: Final = {"app": Programs(links={"tar": "bsdtar"}, whole=True)}
_NODD: Final = {"app": Programs(without=frozenset({"busybox", "dd"}), whole=True)}
_NOTAR: Final = {"app": Programs(without=frozenset({"busybox", "tar"}), whole=True)}
_NOTAR_BUSYBOX: Final = {
    "app": Programs(
        applets="busybox",
        links={"sh": "dash"},
        without=frozenset({"ash", "busybox", "hush", "tar"}),
    )
}
_LEAN: Final = {
    "app": Programs(
        without=frozenset(
            {"busybox", "df", "find", "grep", "gzip", "id", "mktemp", "readlink", "stat", "xargs"}
        ),
        whole=True,
    )
}
_RUST: Final = Path("/usr/lib/cargo/bin/coreutils")
"""Debian's rust-coreutils."""
_UUTILS: Final = {
    "app": Programs(
        links={one.name: str(one) for one in sorted(_RUST.glob("[a-z]*"))}
        or {"stat": str(_RUST / "stat")},
        without=frozenset({"busybox", "xargs"}),
        whole=True,
    )
}
_NEW_UUTILS: Final = {
    "app": Programs(
        links=dict.fromkeys(rust.COREUTILS, str(rust.programs() / "coreutils"))
        | {name: str(rust.programs() / name) for name in rust.FINDUTILS},
        without=frozenset({"busybox"}),
        whole=True,
    )
}

_SHELLS: Final = ("ksh93", "mksh", "posh", "yash", "zsh")
"""Those of Debian's that are neither dash, bash nor busybox; each is `sh` in a kind of its own."""

_TARS: Final[Mapping[str, Mapping[str, Programs]]] = {
    "debian": {},
    "busybox": _BUSYBOX,
    "bsdtar": _BSDTAR,
    "toybox": _TOYBOX,
}

KINDS: Final = (
    Kind("busybox", programs=_BUSYBOX),
    Kind("busybox-nodd", programs=_BUSYBOX_NODD),
    Kind("debian"),
    Kind("nodd", programs=_NODD),
    Kind("lean", programs=_LEAN),
    Kind("notar", programs=_NOTAR),
    Kind("notar-busybox", programs=_NOTAR_BUSYBOX),
    Kind("uutils", programs=_UUTILS),
    Kind("uutils-new", programs=_NEW_UUTILS),
    *(
        Kind(f"sh-{name}", programs={"app": Programs(links={"sh": name}, whole=True)})
        for name in _SHELLS
    ),
    Kind("bsdtar", programs=_BSDTAR),
    Kind("toybox", programs=_TOYBOX),
    Kind("static", static=True),
    Kind("nonroot-gnu", uid=_USER, read_only=True),
    Kind("nonroot-busybox", programs=_BUSYBOX, uid=_USER, read_only=True),
    Kind("nonroot-bsdtar", programs=_BSDTAR, uid=_USER, read_only=True),
    Kind("nonroot-toybox", programs=_TOYBOX, uid=_USER, read_only=True),
    Kind("two", ("app", "side"), _BUSYBOX),
    Kind("completed", phase="Succeeded"),
    *(
        Kind(kind.name, programs=_TARS[kind.tar], refused=kind.refused)
        for kind in (*REFUSING, *DRAWN)
    ),
)


@dataclass(slots=True)
class EmbeddedPod:
    """A pod of the embedded cluster.

    Attributes:
        kind: what it is; its name is the kind's.
        directory: its own directory on this machine.
        isolated: processes get namespaces of their own.
        uid: the Pod object's.
        faults: how it misbehaves.
        refused: families of calls that it refuses until it is reset, beside its kind's.
        labels: of its object.
        owners: its owner references.
        claim: the claim that its first volume is; empty for an emptyDir.
    """

    kind: Kind
    directory: Path
    isolated: bool
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    restarts: int = 0
    faults: Faults = field(default_factory=Faults)
    refused: Mapping[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    owners: list[dict[str, Any]] = field(default_factory=list)
    claim: str = ""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the volumes."""
        for container in self.kind.containers:
            volume = self.volume(container)
            volume.mkdir(parents=True)
            volume.chmod(0o777)
        self.memory.mkdir()
        self.memory.chmod(0o1777)

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
        missing = [name for one in self.kind.programs.values() for name in one.missing]
        if missing:
            return f"no {' and no '.join(missing)} on this machine"
        if self.kind.programs and not self.isolated:
            return "no namespaces for unprivileged users here"
        if self.kind.uid and not self.isolated:
            return "no namespaces for unprivileged users here"
        return ""

    @property
    def memory(self) -> Path:
        """Return the directory behind the containers' /dev/shm."""
        return self.directory / "memory"

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
        programs = self.kind.programs.get(container)
        return {
            "command": command,
            "environment": {"PATH": "/bin" if programs else "/usr/bin:/bin", "HOME": "/"},
            "isolated": self.isolated,
            "root": str(root),
            "volume": str(self.volume(container)),
            "memory": str(self.memory),
            "own_bin": programs is not None,
            "programs": programs.table() if programs else {},
            "whole": programs is not None and programs.whole,
            "without": sorted(programs.without) if programs else [],
            "uid": self.kind.uid,
            "read_only": self.kind.read_only,
            "refused": answers_of({**self.kind.refused, **self.refused}),
            "tests": str(Path(__file__).parent.parent),
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
        # Their pipes are closed by who carries them (exec_stream.py): here, in another thread, a
        # descriptor would be closed under the loop that waits for it, and mean another pipe next.
        self.started.clear()
        self.faults.clear()
        self.refused = {}
        self.labels, self.owners, self.claim = {}, [], ""
        for place in (self.memory, *map(self.volume, self.kind.containers)):
            for child in place.iterdir():
                if child.is_dir() and not child.is_symlink():
                    _make_writable(child)
                    shutil.rmtree(child)
                else:
                    child.unlink()

    def _volume_source(self) -> dict[str, Any]:
        if self.claim:
            return {"persistentVolumeClaim": {"claimName": self.claim}}
        return {"emptyDir": {}}

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
                "labels": self.labels,
                "ownerReferences": self.owners,
            },
            "spec": {
                "nodeName": "embedded",
                "volumes": [{"name": "data", **self._volume_source()}],
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


@functools.cache
def _applets(program: str) -> list[str]:
    """Return the names that a program of many names goes by."""
    # toybox lists its own when it is told nothing, busybox when it is asked.
    words = [program] if Path(program).name == "toybox" else [program, "--list"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if "/" not in name]


def _found(program: str) -> str:
    """Return where a program of this machine is when /bin is another one."""
    found = shutil.which(program)
    assert found is not None, f"{program} is gone"
    return os.path.realpath(found)


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
