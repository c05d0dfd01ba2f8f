"""Bringing the node up and down: `python3 -m tests.cluster.node up|down`."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import (
    binaries,
    cache,
    certificates,
    command,
    components,
    host,
    images,
    packages,
    processes,
)
from tests.cluster.api import Server
from tests.cluster.components import Components, Ports, containerd_again
from tests.cluster.containers import Containerd
from tests.cluster.errors import BrokenError, UnsupportedError
from tests.cluster.places import Places
from tests.cluster.record import Record
from tests.refusals import REFUSING, write_profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_BROKEN: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNSUPPORTED: Final = 3

_LONGEST_STATE: Final = 60
"""A socket's path has 107 bytes, and the kubelet's are up to 45 longer than the directory's."""

_START_PATIENCE: Final = 120.0
_END_GRACE: Final = 10.0
_BEGAN: Final = time.monotonic()
_NEEDED: Final = ("apt-get", "dpkg-deb", "mount", "nsenter", "unshare")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is cached, or was just built."""

    programs: packages.Programs
    kubernetes: Path
    images: Path


@dataclass(frozen=True, slots=True)
class _Starter:
    """Starts the servers of one node and waits for them."""

    places: Places
    record: Record
    programs: packages.Programs

    def start(self, name: str, argv: Sequence[str]) -> int:
        """Start a server and return its process number."""
        process = processes.start(
            name,
            argv,
            log=self.places.logs / f"{name}.log",
            directory=self.places.state,
            environment={"PATH": self.programs.path, "HOME": str(self.places.state)},
        )
        self.record.add(process)
        return process.pid

    def wait(self, what: str, condition: Callable[[], bool], *, suspect: str) -> None:
        """Wait until something holds, and for no longer than all servers live."""
        deadline = time.monotonic() + _START_PATIENCE
        while not condition():
            for process in self.record.processes:
                if not process.alive:
                    raise BrokenError(f"{process.name} has ended", self._log(process.name))
            if time.monotonic() > deadline:
                raise BrokenError(f"{what}: not within {_START_PATIENCE:.0f} s", self._log(suspect))
            time.sleep(0.1)
        _say(what)

    def _log(self, name: str) -> Path:
        return self.places.logs / f"{name}.log"


def up(places: Places) -> None:
    """Bring the node up, or find that it is."""
    _check_machine()
    with cache.locked(places.cache / f"{places.identity}.lock"):
        record = Record.read(places.record)
        if record is not None:
            if _runs(places, record):
                _say("the node is running")
                _write_profiles(places)
                _renew_images(places, record)
                return
            _say("a node that does not run any more is cleaned away")
            _end(places, record)
            _remove(places)
        record = _claim(places)
        try:
            _write_profiles(places)
            _start(places, record, _prepare(places))
        except BaseException as problem:
            _end(places, record)
            if isinstance(problem, UnsupportedError):
                _remove(places)
            # Otherwise the logs stay: the next `up` or `down` removes them.
            raise


def down(places: Places) -> None:
    """End everything that `up` started, and remove the node's state."""
    _check_machine()
    with cache.locked(places.cache / f"{places.identity}.lock"):
        record = Record.read(places.record)
        if record is None:
            _say("no node is running")
            return
        _end(places, record)
        _remove(places)
        _say("the node is down")


def _check_machine() -> None:
    if sys.platform != "linux":
        raise UnsupportedError(f"the node needs Linux, this is {sys.platform}")
    if os.geteuid() != 0:
        raise UnsupportedError("the node needs root")
    for program in _NEEDED:
        command.find(program)
    if not Path("/sys/fs/cgroup").is_dir() or not os.access("/sys/fs/cgroup", os.W_OK):
        raise UnsupportedError("the node needs control groups that it can write to")


def _claim(places: Places) -> Record:
    """Make the state directory, which must be ours alone, and begin its record."""
    if len(os.fsencode(places.state)) > _LONGEST_STATE:
        raise BrokenError(f"{places.state} is too long a path for the sockets in it")
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = places.state.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise BrokenError(f"{places.state} is not a directory of this user's")
    if any(places.state.iterdir()):
        raise BrokenError(f"{places.state} is not empty, and holds no node")
    places.state.chmod(0o700)
    places.logs.mkdir()
    places.configuration.mkdir()
    record = Record(places.record)
    record.write()
    return record


def _prepare(places: Places) -> _Prepared:
    log = places.logs / "prepare.log"
    if not binaries.all_built(places.cache):
        _say(f"building Kubernetes {binaries.kubernetes_version()}, which takes some minutes")
    packages.install_missing(log)
    with ThreadPoolExecutor() as pool:
        kubernetes = pool.submit(binaries.kubernetes, places.cache, places.logs / "build.log")
        try:
            programs = packages.unpack(places.cache, log)
            _say("Debian packages are there")
            sleeper = binaries.sleeper(places.cache, log)
            archive = _images(places, programs, sleeper)
            _say("images are there")
            if places.has_new_containerd:
                # Beside Kubernetes: both are built once.
                newer = binaries.containerd(places.cache, places.logs / "newer.log")
                programs = replace(programs, instead=newer)
                _say("containerd 2 is there")
            prepared = _Prepared(programs, kubernetes.result(), archive)
        except BaseException:
            command.end_running()
            raise
    _say("Kubernetes is there")
    return prepared


def _images(places: Places, programs: packages.Programs, sleeper: Path) -> Path:
    log = places.logs / "prepare.log"
    sources = images.Sources.gather(places.cache, programs, sleeper, log)
    return images.archive_of_all(places.cache, sources)


def _renew_images(places: Places, record: Record) -> None:
    """Bring images into a running node when it has others; pods that run keep theirs."""
    log = places.logs / "prepare.log"
    programs = _programs(record)
    archive = _images(places, programs, binaries.sleeper(places.cache, log))
    if record.images == str(archive):
        return
    _import(places, record, programs, archive)


def _programs(record: Record) -> packages.Programs:
    """Return the programs that a node runs with."""
    instead = Path(record.instead) if record.instead else None
    return packages.Programs(Path(record.packages), instead)


def _write_profiles(places: Places) -> None:
    """Write the seccomp profiles of the pods that refuse calls."""
    write_profiles(places.state / "kubelet/seccomp", *(kind.refused for kind in REFUSING))


def _import(places: Places, record: Record, programs: packages.Programs, archive: Path) -> None:
    containerd = Containerd(programs.find("ctr"), places.containerd_socket)
    snapshotter = components.snapshotter(places.state)
    containerd.import_images(archive, snapshotter, places.logs / "prepare.log")
    record.images = str(archive)
    record.write()
    _say("images imported")


def _start(places: Places, record: Record, prepared: _Prepared) -> None:
    owned = certificates.create(places.certificates, places.logs / "prepare.log")
    ports = Ports.free()
    servers = Components(places, prepared.programs, prepared.kubernetes, owned, ports)
    record.packages = str(prepared.programs.root)
    record.instead = str(prepared.programs.instead or "")
    record.port = ports.api
    record.settings = host.read_settings()
    record.write()
    host.create_groups(places.identity)

    starter = _Starter(places, record, prepared.programs)
    server = _server(places, ports.api)
    containerd = Containerd(prepared.programs.find("ctr"), places.containerd_socket)
    starter.start("etcd", servers.etcd())
    namespace = starter.start("containerd", servers.containerd())
    starter.start("kube-apiserver", servers.api_server())
    starter.wait("containerd answers", lambda: containerd.ready, suspect="containerd")
    _import(places, record, prepared.programs, prepared.images)
    starter.wait("the API server is ready", lambda: server.ready, suspect="kube-apiserver")
    starter.start("kube-controller-manager", servers.controller_manager())
    starter.start("kube-scheduler", servers.scheduler())
    starter.start("kubelet", servers.kubelet(namespace))
    node = certificates.NODE_NAME
    starter.wait("the node is ready", lambda: server.node_ready(node), suspect="kubelet")
    starter.wait(
        "namespaces get their accounts",
        lambda: server.has_account("default"),
        suspect="kube-controller-manager",
    )
    owned.kubeconfig(owned.admin, servers.api_url, places.kubeconfig)
    record.complete = True
    record.write()


def _runs(places: Places, record: Record) -> bool:
    return (
        record.complete
        and all(process.alive for process in record.processes)
        and _server(places, record.port).ready
    )


def _server(places: Places, port: int) -> Server:
    folder = places.certificates
    return Server(port, folder / "authority.crt", folder / "admin.crt", folder / "admin.key")


def _end(places: Places, record: Record) -> None:
    """End the servers and containers of a node, in an order that starts nothing anew.

    etcd outlives the API server, which would otherwise look for it until it is killed.
    """
    last = ("kube-apiserver", "etcd")
    containerd = record.find("containerd")
    others = [process for process in record.processes if process != containerd]
    processes.end([process for process in others if process.name not in last], _END_GRACE)
    for name in last:
        processes.end([process for process in others if process.name == name], _END_GRACE)
    if containerd is not None:
        _end_containers(places, record)
    host.remove_groups(places.identity)
    host.write_settings(record.settings)


def _end_containers(places: Places, record: Record) -> None:
    programs = _programs(record)
    containerd = Containerd(programs.find("ctr"), places.containerd_socket)
    process = record.find("containerd")
    tasks = places.state / "containerd-state" / "io.containerd.runtime.v2.task" / "k8s.io"
    if process is not None and not process.alive and tasks.is_dir() and any(tasks.iterdir()):
        # It has ended, its containers have not: only containerd knows how to end them.
        record.processes.remove(process)
        starter = _Starter(places, record, programs)
        starter.start("containerd", containerd_again(places, programs))
        record.processes = [known for known in record.processes if known.name == "containerd"]
        starter.wait("containerd answers again", lambda: containerd.ready, suspect="containerd")
        process = record.find("containerd")
    if process is not None and process.alive:
        if containerd.ready:
            containerd.end_tasks()
        processes.end([process], _END_GRACE)


def _remove(places: Places) -> None:
    mounted = host.mounts_below(places.state)
    if mounted:
        raise BrokenError(f"unmount this first, then run down again: {', '.join(mounted)}")
    shutil.rmtree(places.state)


def _say(text: str) -> None:
    print(f"node: {time.monotonic() - _BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


def _stop_on_signal(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    commands = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in commands:
        print("usage: up | down (no arguments)", file=sys.stderr)
        return EXIT_USAGE
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_on_signal)
    places = Places.here()
    try:
        commands[arguments[0]](places)
    except UnsupportedError as reason:
        print(f"node: not possible here: {reason}", file=sys.stderr)
        return EXIT_UNSUPPORTED
    except BrokenError as problem:
        print(f"node: {problem}", file=sys.stderr)
        return EXIT_BROKEN
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    if arguments[0] == "up":
        with suppress(BrokenPipeError):
            print(places.kubeconfig, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
