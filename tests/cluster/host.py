"""What the node takes from the machine and gives back: control groups and kernel settings.

Mounts need no giving back: containerd and the kubelet have a mount namespace of their own
(private.sh), which ends with them.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster.errors import BrokenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SETTINGS: Final = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What the kubelet sets when it starts."""

_PATIENCE: Final = 10.0


def read_settings() -> dict[str, str]:
    """Return the kernel settings that the kubelet is about to change."""
    files = {name: Path("/proc/sys", name) for name in _SETTINGS}
    return {name: file.read_text().strip() for name, file in files.items() if file.exists()}


def write_settings(settings: Mapping[str, str]) -> None:
    """Put kernel settings back."""
    for name, value in settings.items():
        file = Path("/proc/sys", name)
        if file.read_text().strip() != value:
            file.write_text(value)


def create_groups(name: str) -> None:
    """Make the control group below which all pods run, in every hierarchy."""
    for root, unified in _hierarchies():
        group = root / name
        group.mkdir(exist_ok=True)
        if unified:
            _delegate(root)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # A new group of the older cpuset controller has no processor and no memory.
            file = group / setting
            if not unified and file.exists() and not file.read_text().strip():
                file.write_text((root / setting).read_text())


def remove_groups(name: str) -> None:
    """Remove the control group, and end what still runs in it.

    Raises:
        BrokenError: something in it cannot be ended.
    """
    deadline = time.monotonic() + _PATIENCE
    roots = [root / name for root, _ in _hierarchies()]
    while left := [root for root in roots if not _removed(root)]:
        if time.monotonic() > deadline:
            raise BrokenError(f"cannot remove control groups: {', '.join(map(str, left))}")
        time.sleep(0.1)


def mounts_below(folder: Path) -> list[str]:
    """Return what is mounted at or below a directory."""
    mounted = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if Path(point).is_relative_to(folder):
            mounted.append(point)
    return mounted


def _hierarchies() -> Iterator[tuple[Path, bool]]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind in {"cgroup", "cgroup2"}:
            yield Path(point), kind == "cgroup2"


def _delegate(root: Path) -> None:
    available = (root / "cgroup.controllers").read_text().split()
    enabled = (root / "cgroup.subtree_control").read_text().split()
    for controller in available:
        if controller not in enabled:
            (root / "cgroup.subtree_control").write_text(f"+{controller}")


def _removed(root: Path) -> bool:
    for folder, _, _ in os.walk(root, topdown=False):
        try:
            _kill_members(Path(folder))
            Path(folder).rmdir()
        except OSError:
            return False
    return not root.exists()


def _kill_members(group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue
