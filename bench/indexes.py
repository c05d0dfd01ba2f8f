"""What knowing a backup costs: a million members, and one of many GiB, in three packings."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.packings import FORMATS, make_packed
from tests.contract.clusters import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMBERS: Final = 1_000_000
_TOGETHER: Final = 10_000
"""Members that are packed in one go."""
_MEASURED: Final = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.trust.integrity import read_proved
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.progress import Silence
from kubectl_restore.deadline import Watch
cache = IndexCache(pathlib.Path(sys.argv[3])) if sys.argv[3] else None
begun = time.monotonic()
with BackupFile.open(pathlib.Path(sys.argv[2])) as backup:
    read_proved(
        backup, sys.argv[4] or None, allow_missing_end=False, progress=Silence(),
        watch=Watch(None), cache=cache,
    )
took = time.monotonic() - begun
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(took, peak)
"""


def make_many(path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Write a packed tar of a million files of some bytes, a hundred in each directory."""
    with path.open("wb") as file:
        for start in range(0, _MEMBERS, _TOGETHER):
            file.write(pack(b"".join(map(_member, range(start, start + _TOGETHER)))))
        file.write(pack(bytes(10240)))


def _member(number: int) -> bytes:
    header = tarfile.TarInfo(f"./srv/data/{number // 100:05}/document-{number:07}.json")
    header.mtime, header.mode = 1_700_000_000 + number, 0o644
    header.uid = header.gid = 1000
    content = b'{"id": %d}\n' % number
    header.size = len(content)
    return header.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\x00")


def each_index(directory: Path, gib: int) -> None:
    """Print what reading each takes, and what taking it from the cache does."""
    for what, make in (
        ("a million members", make_many),
        (f"one of {gib} GiB", lambda path, pack: make_packed(path, gib << 30, pack)),
    ):
        for name in ("plain", "gzip", "zstd"):
            path = directory / "backup"
            make(path, FORMATS[name])
            with tempfile.TemporaryDirectory(dir=directory) as cache:
                figures = [_read(path, place) for place in ("", cache, cache)]
                kept = sum(one.stat().st_size for one in Path(cache).rglob("*") if one.is_file())
            (read, memory), _, (again, memory_again) = figures
            summed, with_sum = _with_checksum(path)
            print(
                f"{what:>18}, {name:<5} {path.stat().st_size / (1 << 30):5.2f} GiB  "
                f"read {read:6.2f} s {memory:4.0f} MiB  "
                f"from the cache {again:5.2f} s {memory_again:4.0f} MiB "
                f"({kept / (1 << 20):4.1f} MiB kept)  "
                f"hashing alone {summed:5.2f} s, read with --checksum {with_sum:6.2f} s",
                flush=True,
            )
            path.unlink()


def _read(path: Path, cache: str, checksum: str = "") -> tuple[float, float]:
    """Return the seconds and the MiB that reading an index takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(ROOT / "plugin"), str(path), cache, checksum],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    took, peak = done.stdout.split()
    return float(took), int(peak) / 1024


def _with_checksum(path: Path) -> tuple[float, float]:
    """Return the seconds that hashing alone takes, and reading with hashing beside it."""
    digest, begun = sha256(), time.monotonic()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    alone = time.monotonic() - begun
    took, _ = _read(path, "", digest.hexdigest())
    return alone, took
