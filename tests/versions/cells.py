"""One kubectl, and what came of it over each transport."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import NEWER_KUBECTL, OLDEST_TEXT, is_too_old
from tests.contract import trees
from tests.link import LinkProxy
from tests.versions.kubectls import kubectl
from tests.versions.situations import SITUATIONS
from tests.versions.stage import SPDY, WEBSOCKET, Stage, transport_of, version_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

NONE: Final = "has none"
NOT_TRIED: Final = "-"
SUPPORTED: Final = "supported"
REFUSED: Final = "refused: too old (exit 2)"


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a kubectl.

    Attributes:
        version: as it says itself, without the v.
        websocket, spdy: how many situations came out as they have to.
        result: whether it can be used.
        fails: something came out otherwise.
    """

    version: str
    websocket: str
    spdy: str
    result: str
    fails: bool = False


def measure(cluster: Cluster, minor: str, directory: Path) -> Row:
    """Play every situation with a kubectl."""
    program = kubectl(minor)
    version = version_of(program)
    if is_too_old(version):
        return _too_old(cluster, program, version, directory)
    cells = {}
    fails = False
    for asked in (WEBSOCKET, SPDY):
        if transport_of(cluster, cluster.pod("debian"), program, asked) != asked:
            assert asked == WEBSOCKET, f"{version} does not do {asked}"
            cells[asked] = NONE
            continue
        wrong = _play(cluster, program, asked, version, directory)
        right = len(SITUATIONS) - len(wrong)
        cells[asked] = f"{right} of {len(SITUATIONS)}"
        fails |= bool(wrong)
    return Row(version, cells[WEBSOCKET], cells[SPDY], "FAILS" if fails else SUPPORTED, fails)


def _play(
    cluster: Cluster, program: Path, transport: str, version: str, directory: Path
) -> list[str]:
    """Return the situations that did not come out as they have to."""
    wrong = []
    for name, play in SITUATIONS.items():
        started = time.monotonic()
        with LinkProxy(cluster.address) as link:
            try:
                play(Stage(cluster, program, transport, directory, link))
                outcome = "right"
            except AssertionError as problem:
                wrong.append(name)
                outcome = f"WRONG: {problem}"
        took = time.monotonic() - started
        print(f"{version}, {transport}, {name}: {outcome} ({took:.1f} s)", file=sys.stderr)
    return wrong


def _too_old(cluster: Cluster, program: Path, version: str, directory: Path) -> Row:
    """Show that it is refused, and that nothing was changed."""
    pod = cluster.pod("debian")
    with LinkProxy(cluster.address) as link:
        stage = Stage(cluster, program, SPDY, directory, link)
        result = stage.restore(pod, stage.backup(trees.small()))
    told = [
        "Error: this kubectl is too old",
        f"Reason: {program} is v{version}, older than {OLDEST_TEXT}",
        f"Fix: {NEWER_KUBECTL}",
    ]
    fails = result.code != 2 or result.err.splitlines()[-3:] != told or pod.tree() != {}
    print(f"{version}: {result}", file=sys.stderr)
    return Row(version, NOT_TRIED, NOT_TRIED, "NOT REFUSED" if fails else REFUSED, fails)
