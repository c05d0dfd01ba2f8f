"""krew and its linter, built once from the locked module beside this file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.cluster import cache
from tests.cluster.places import build_cache

_HERE: Final = Path(__file__).resolve().parent
_PACKAGES: Final = ("sigs.k8s.io/krew/cmd/krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest")


def krew_tools() -> Path:
    """Return the directory with `krew` and `validate-krew-manifest`.

    Skips the test where there is no Go; not in CI.
    """
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed, and in CI krew's tests may not be skipped")
        pytest.skip("Go is not installed, so krew cannot be built")

    def build(place: Path) -> None:
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(_HERE / name, place / name)
        subprocess.run([go, "build", "-trimpath", "-o", "bin/", *_PACKAGES], cwd=place, check=True)

    lock = cache.key(_HERE / "go.mod", _HERE / "go.sum")
    return cache.entry(build_cache() / "krew", lock, build) / "bin"
