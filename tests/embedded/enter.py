"""Become a process of a pod: own user and mount namespace, own root, own volume. Then exec.

Started as `python -I enter.py STATUS_FD SPEC_JSON`. What fails before the exec is written to the
status descriptor; it closes with the exec, so silence means success.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

NEW_MOUNTS: Final = 0x00020000
NEW_USERS: Final = 0x10000000
READ_ONLY: Final = 1
NO_SUID_NO_DEV: Final = 2 | 4
REMOUNT: Final = 32
BIND: Final = 4096
RECURSIVE: Final = 16384
PRIVATE: Final = 1 << 18
SYSTEM: Final = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "etc", "proc", "dev")

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """Call libc; raise OSError when it fails."""
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    """Do what the system call of that name does."""
    call("mount", source.encode(), bytes(target), kind.encode(), flags, data.encode())


def own_namespaces(uid: int) -> None:
    """Leave the machine's mounts; without root also its users, and be `uid` in ours."""
    outer, group = os.getuid(), os.getgid()
    if outer == 0:
        call("unshare", NEW_MOUNTS)
    else:
        call("unshare", NEW_MOUNTS | NEW_USERS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {outer} 1")
        Path("/proc/self/gid_map").write_text(f"{uid} {group} 1")
    mount("none", Path("/"), "", RECURSIVE | PRIVATE)


def own_bin(folder: Path, spec: dict[str, Any]) -> None:
    """Fill the pod's /bin with links to programs of the machine."""
    folder.mkdir()
    links = dict(spec["programs"])
    if spec["whole"]:
        others = {program.name: str(program) for program in Path("/usr/bin").iterdir()}
        links = {**others, **links}
    for name, target in links.items():
        if name not in spec["without"]:
            (folder / name).symlink_to(target)


def own_root(root: Path, spec: dict[str, Any]) -> None:
    """Build the pod's file system: the machine's programs, read-only, and a volume at /data."""
    mount("tmpfs", root, "tmpfs", NO_SUID_NO_DEV, "mode=0755")
    if spec["own_bin"]:
        own_bin(root / "bin", spec)
    for name in SYSTEM:
        here, there = Path("/", name), root / name
        if not here.exists() or there.exists():
            continue
        if here.is_symlink():
            there.symlink_to(here.readlink())
            continue
        there.mkdir()
        mount(str(here), there, "", BIND | RECURSIVE)
        with contextlib.suppress(OSError):
            # Without root the mount's own flags may not be touched; permissions protect it then.
            mount("none", there, "", REMOUNT | BIND | READ_ONLY)
    for place in {Path(target).parent for target in spec["programs"].values()}:
        # Programs that are elsewhere on the machine are there in the pod as well.
        if place.parts[1] not in SYSTEM:
            there = root / place.relative_to("/")
            there.mkdir(parents=True)
            mount(str(place), there, "", BIND)
    (root / "data").mkdir()
    (root / "tmp").mkdir(mode=0o1777)
    mount(spec["volume"], root / "data", "", BIND | RECURSIVE)
    if (root / "dev/shm").is_dir():
        # As in a real pod: its containers share it, and it outlives them.
        mount(spec["memory"], root / "dev/shm", "", BIND)
    if spec["read_only"]:
        mount("none", root, "", REMOUNT | READ_ONLY | NO_SUID_NO_DEV)


def main() -> None:
    """Enter, and become the command."""
    status, spec = int(sys.argv[1]), json.loads(sys.argv[2])
    fcntl.fcntl(status, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    try:
        refuse: Any = None
        if spec["refused"]:
            sys.path.insert(0, spec["tests"])
            # Only here, and before the root is another: nearly all pods start without it.
            refuse = importlib.import_module("refusals").refuse
        os.setsid()
        if spec["isolated"]:
            own_namespaces(spec["uid"])
            own_root(Path(spec["root"]), spec)
            os.chroot(spec["root"])
            os.chdir("/")
        else:
            os.chdir(spec["volume"])
        if spec["uid"] and os.getuid() == 0:
            os.setgroups([])
            os.setgid(spec["uid"])
            os.setuid(spec["uid"])
        if refuse:
            refuse(spec["refused"])
        os.umask(0o022)
        os.execvpe(spec["command"][0], spec["command"], spec["environment"])
    except OSError as error:
        os.write(status, f"{error.errno} {error}".encode())
        os._exit(126)


main()
