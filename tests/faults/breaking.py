"""The things that go wrong, and which exit codes may come of each."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.contract.program import restore
from tests.contract.test_trouble import children_of
from tests.faults import machine

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.contract.clusters import Pod
    from tests.contract.program import Result
    from tests.link import LinkProxy

_AWAY: Final = 2.0
"""Seconds that an API server is away."""
_DENIED: Final = 0o555


@dataclass(slots=True)
class Stage:
    """A restore that runs, and what it depends on.

    Attributes:
        pod: where it restores to.
        link: what it runs over.
        process: it.
        backup: its file.
        flags: its own.
        findings: what should not have been.
        mending: makes good again what would stop the next run too.
    """

    pod: Pod
    link: LinkProxy
    process: subprocess.Popen[str]
    backup: Path
    flags: tuple[str, ...]
    findings: list[str] = field(default_factory=list)
    mending: list[Callable[[], object]] = field(default_factory=list)

    def ended(self) -> bool:
        """Tell whether it has ended by itself."""
        return self.process.poll() is not None

    def kubectls(self) -> list[int]:
        """Return the processes of its kubectl."""
        return [one for one in children_of(self.process) if one != self.process.pid]


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing that goes wrong.

    Attributes:
        breaks: does it, once the restore has come to the point.
        codes: what the restore may exit with; 0 too where it was done before.
        words: by exit code, of which one has to be said then.
        flags: of this restore besides.
        rate: bytes a second of the link.
        kinds: how the names of the pods begin in which this can be.
        node_only: it needs the real node.
        is_emptied: what stood in the pod before is gone.
    """

    breaks: Callable[[Stage], None]
    codes: frozenset[int]
    words: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    rate: float = 16e6
    kinds: str | tuple[str, ...] = ""
    node_only: bool = False
    is_emptied: bool = False


def _nothing(stage: Stage) -> None:
    stage.link.rate = 4e6


def _cut(stage: Stage) -> None:
    stage.link.cut()


def _cut_often(stage: Stage) -> None:
    for _ in range(4):
        stage.link.cut()
        until = time.monotonic() + 2.0
        sent = stage.link.sent
        while not stage.ended() and time.monotonic() < until and stage.link.sent < sent + 500_000:
            time.sleep(0.01)


def _freeze(stage: Stage) -> None:
    stage.link.freeze()


def _away(stage: Stage) -> None:
    # New connections are cut at their first byte.
    stage.link.cut_after = 0
    stage.link.cut()
    time.sleep(_AWAY)
    stage.link.heal()


def _below(act: Callable[[Pod], None]) -> Callable[[Stage], None]:
    def breaks(stage: Stage) -> None:
        act(stage.pod)

    return breaks


def _recreate(stage: Stage) -> None:
    machine.recreate(stage.pod)
    # What ran in the old one ends with it; the embedded cluster has it go on.
    stage.link.cut()


def _host(stage: Stage) -> Path:
    directory = stage.pod.host_directory()
    assert directory is not None
    return directory


def _fill(stage: Stage) -> None:
    filler = _host(stage) / "filler"
    stage.mending.append(lambda: filler.unlink(missing_ok=True))
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65_536)):
                pass
        except OSError:
            return


def _close_target(stage: Stage) -> None:
    places = [_host(stage), *(one for one in _host(stage).iterdir() if one.is_dir())]
    modes = [(place, place.stat().st_mode & 0o7777) for place in places]
    for place, mode in modes:
        stage.mending.append(lambda place=place, mode=mode: place.chmod(mode))  # type: ignore[misc]
        place.chmod(_DENIED)


def _signal(number: int) -> Callable[[Stage], None]:
    def send(stage: Stage) -> None:
        # To it alone: its kubectl has to end because it did.
        if not stage.ended():
            stage.process.send_signal(number)

    return send


def _interrupt(stage: Stage) -> None:
    if not stage.ended():
        os.killpg(stage.process.pid, signal.SIGINT)


def _orphan(stage: Stage) -> None:
    # What it leaves in the pod hears of nothing.
    stage.link.freeze()
    if not stage.ended():
        os.killpg(stage.process.pid, signal.SIGKILL)


def _kill_kubectl(stage: Stage) -> None:
    for one in stage.kubectls():
        # It may have ended by itself.
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def _close_stdout(stage: Stage) -> None:
    assert stage.process.stdout
    stage.process.stdout.close()
    stage.process.stdout = None


def _truncate(stage: Stage) -> None:
    content = stage.backup.read_bytes()
    os.truncate(stage.backup, len(content) // 3)
    stage.mending.append(lambda: stage.backup.write_bytes(content))


def _replace(stage: Stage) -> None:
    content = stage.backup.read_bytes()
    other = stage.backup.with_name("other")
    other.write_bytes(bytes(reversed(content)))
    other.replace(stage.backup)
    stage.mending.append(lambda: stage.backup.write_bytes(content))


def _second_client(stage: Stage) -> None:
    second: Result = restore(stage.pod, stage.backup, *stage.flags)
    if not stage.ended() and (second.code != 4 or "another restore writes there" not in second.err):
        stage.findings.append(f"a second writer was not held off: {second}")
    stage.link.rate = None


_LOST: Final = ("the link was lost",)
_SIGNALLED: Final = ("interrupted",)
_BACKUP: Final = ("the backup changed", "the backup is cut")

BREAKAGES: Final[dict[str, Breakage]] = {
    "slow link": Breakage(_nothing, frozenset({0})),
    "link cut": Breakage(_cut, frozenset({0})),
    "link cut, no retry": Breakage(_cut, frozenset({0, 8}), {8: _LOST}, flags=("--retries=0",)),
    "link cut again and again": Breakage(_cut_often, frozenset({0})),
    "link frozen": Breakage(
        _freeze,
        frozenset({0, 8}),
        {8: ("nothing has moved",)},
        flags=("--retries=0", "--stall-timeout=3s"),
    ),
    "API server away": Breakage(_away, frozenset({0})),
    "API server restarted": Breakage(
        _below(machine.restart_api_server), frozenset({0}), flags=("--retries=8",), node_only=True
    ),
    "container restarted": Breakage(_below(machine.restart_container), frozenset({0, 8})),
    "pod recreated": Breakage(
        _recreate,
        frozenset({0, 8}),
        {8: ("another pod has this name", "the pod is gone")},
        is_emptied=True,
    ),
    "tar killed": Breakage(_below(machine.kill_tar), frozenset({0, 7, 8, 9})),
    "volume full": Breakage(
        _fill, frozenset({0, 7}), {7: ("room", "space")}, kinds="tmpfs", node_only=True
    ),
    "target closed": Breakage(_close_target, frozenset({0, 7, 9}), kinds="nonroot"),
    "we are killed": Breakage(_signal(signal.SIGKILL), frozenset({0, -9})),
    "we are told to end": Breakage(_signal(signal.SIGTERM), frozenset({0, 143}), {143: _SIGNALLED}),
    "Ctrl-C": Breakage(_interrupt, frozenset({0, 130}), {130: _SIGNALLED}),
    "killed, and the link frozen": Breakage(_orphan, frozenset({0, -9})),
    "kubectl killed": Breakage(_kill_kubectl, frozenset({0})),
    "stdout closed": Breakage(_close_stdout, frozenset({0, 1, 8})),
    "backup truncated": Breakage(_truncate, frozenset({0, 3})),
    "backup replaced": Breakage(_replace, frozenset({0, 3})),
    "second client": Breakage(_second_client, frozenset({0}), rate=300_000.0),
}
