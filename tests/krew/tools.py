"""krew and its linter."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.golang import built

_HERE: Final = Path(__file__).resolve().parent
_PACKAGES: Final = ("sigs.k8s.io/krew/cmd/krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest")


def krew_tools() -> Path:
    """Return the directory with `krew` and `validate-krew-manifest`."""
    return built(_HERE, *_PACKAGES)
