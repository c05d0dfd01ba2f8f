"""Tools that are built from a locked Go module of ours, once for all checkouts."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cluster import cache
from tests.cluster.places import build_cache

if TYPE_CHECKING:
    from pathlib import Path


class NoGoError(Exception):
    """There is no Go on this machine."""


def build(module: Path, *packages: str) -> Path:
    """Return the directory with the programs of some packages, built on the first call.

    Args:
        module: the directory with go.mod and go.sum.
        packages: what is built.

    Raises:
        NoGoError: Go is not on PATH.
        subprocess.CalledProcessError: it does not build; what Go said is on stderr.
    """
    go = shutil.which("go")
    if go is None:
        raise NoGoError(f"Go is not installed, so {' and '.join(packages)} cannot be built")

    def compile_into(place: Path) -> None:
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(module / name, place / name)
        subprocess.run([go, "build", "-trimpath", "-o", "bin/", *packages], cwd=place, check=True)

    lock = cache.key(module / "go.mod", module / "go.sum", *packages)
    return cache.entry(build_cache() / module.name, lock, compile_into) / "bin"


def built(module: Path, *packages: str) -> Path:
    """Do the same for a test, which is skipped where there is no Go; not in CI."""
    try:
        return build(module, *packages)
    except NoGoError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{error}, and in CI these tests may not be skipped")
        pytest.skip(str(error))
