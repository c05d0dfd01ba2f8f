"""Things that are built once and found again by what determines them."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def key(*determinants: str | bytes | Path) -> str:
    """Return a short name for what the given texts, files and this machine's kind determine."""
    digest = hashlib.sha256(platform.machine().encode())
    for determinant in determinants:
        if isinstance(determinant, str):
            content = determinant.encode()
        elif isinstance(determinant, bytes):
            content = determinant
        else:
            content = determinant.read_bytes()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def entry(cache: Path, name: str, build: Callable[[Path], None]) -> Path:
    """Return the directory of that name, built if it is not there yet, whole or not at all."""
    place = cache / name
    if place.is_dir():
        return place
    with locked(cache / f"{name}.lock"):
        if not place.is_dir():
            unfinished = cache / f"{name}.unfinished"
            if unfinished.exists():
                shutil.rmtree(unfinished)
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(place)
    return place
