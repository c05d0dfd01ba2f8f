"""What a restore has left in a pod, as this machine sees it: without an exec."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.contract.clusters import Pod

_OURS: Final = "kubectl-restore."
"""What is in each name that a restore makes for itself."""


def left_over(pod: Pod) -> list[str]:
    """Return processes, records, and what on the volumes is a restore's own.

    Nothing is seen of a node that is another machine.
    """
    embedded = pod.cluster.embedded
    if embedded is not None:
        one = embedded.pod(pod.name)
        inside = [number for number, _ in one.processes()]
        volumes = [one.volume(container) for container in one.kind.containers]
        memory = [one.memory]
    elif (directory := pod.host_directory()) is not None:
        inside = processes_of(pod.uid_on_host)
        volumes = [directory]
        memory = _memory_of(inside)
    else:
        return []
    found = {f"process {number}" for number in inside if is_ours(number)}
    for place in memory:
        with contextlib.suppress(OSError):
            names = (child.name for child in place.iterdir())
            found |= {f"record {name}" for name in names if _OURS in name}
    for volume in volumes:
        for above, directories, files in os.walk(volume):
            names = (name for name in (*directories, *files) if _OURS in name)
            found |= {f"on the volume {above}/{name}" for name in names}
    return sorted(found)


def forget(pod: Pod) -> None:
    """Remove what earlier restores have noted in the memory of a pod of the real node."""
    if pod.cluster.kubelet is None:
        pod.run("sh", "-c", "rm -rf /dev/shm/kubectl-restore.*", check=False)
        return
    places = [
        place for place in _memory_of(processes_of(pod.uid_on_host)) if _can_be_changed(place)
    ]
    for place in places:
        for record in place.glob(f"{_OURS}*"):
            shutil.rmtree(record)


def _can_be_changed(place: Path) -> bool:
    """Tell whether a place can be written.

    The container that holds a pod's namespaces sees the memory of the others read-only.
    """
    try:
        return not os.statvfs(place).f_flag & os.ST_RDONLY
    except OSError:
        # The process has ended meanwhile, or has no such directory.
        return False


def processes_of(uid: str) -> list[int]:
    """Return the processes of a pod of this machine's node."""
    found, wanted = [], uid.encode()
    for group in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):
            if wanted in group.read_bytes():
                found.append(int(group.parent.name))
    return found


def is_ours(number: int) -> bool:
    """Tell whether a process carries a restore's mark."""
    place = Path(f"/proc/{number}")
    try:
        seen = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        # It cannot be told: better looked at than passed over.
        return True
    return b"KUBECTL_RESTORE=" in seen


def _memory_of(processes: list[int]) -> list[Path]:
    """Return where the records of containers are that these processes are in."""
    roots = {Path(f"/proc/{number}/root") for number in processes}
    return [root / place for root in roots for place in ("dev/shm", "tmp")]
