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


def built(module: Path, *packages: str) -> Path:
    """Return the directory with the programs of some packages.

    Skips the test where there is no Go; not in CI.

    Args:
        module: the directory with go.mod and go.sum.
        packages: what is built.
    """
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed, and in CI these tests may not be skipped")
        pytest.skip(f"Go is not installed, so {' and '.join(packages)} cannot be built")

    def build(place: Path) -> None:
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(module / name, place / name)
        subprocess.run([go, "build", "-trimpath", "-o", "bin/", *packages], cwd=place, check=True)

    lock = cache.key(module / "go.mod", module / "go.sum", *packages)
    return cache.entry(build_cache() / module.name, lock, build) / "bin"
