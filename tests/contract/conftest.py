"""Which cluster the suite runs against, and which program.

RESTORE_CLUSTER is `embedded` (the default) or `node`.

RESTORE_PROGRAMS is `source`, `frozen`, `both`, or `usual`: everything with the frozen program, and
what a restore is with both. Without it: the one that RESTORE_TEST_PROGRAM names, else the source.
The frozen one is RESTORE_TEST_PROGRAM's, or built here.

RESTORE_VARIANTS is how many variants of each test are run, drawn by RESTORE_SEED; 0, or without
it, all.

RESTORE_INSTEAD gives tests other pods than they ask for: `debian=notar busybox=notar-busybox`.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import Cluster, embedded_cluster, node_cluster
from tests.contract.drawing import drawn
from tests.contract.leftovers import left_over
from tests.frozen.release import make_release
from tests.link import LinkProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

PROGRAMS = {
    "source": ("source",),
    "frozen": ("frozen",),
    "both": ("source", "frozen"),
    "usual": ("frozen",),
}
WHICH = os.environ.get("RESTORE_CLUSTER", "embedded")
_PATIENCE = 40.0
"""Seconds for processes whose client is gone: the shortest idle limit and more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test once for each program."""
    which = os.environ.get("RESTORE_PROGRAMS")
    if which:
        is_core = which == "usual" and metafunc.module.__name__.endswith("test_restore")
        programs = PROGRAMS["both" if is_core else which]
        metafunc.fixturenames.append("tested_program")
        metafunc.parametrize("tested_program", programs, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out variants that are not drawn."""
    most = int(os.environ.get("RESTORE_VARIANTS") or 0)
    items[:], left_out = drawn(items, most, os.environ.get("RESTORE_SEED", "1"))
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def frozen_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` makes of this tree, unpacked."""
    named = os.environ.get("RESTORE_TEST_PROGRAM")
    if named:
        return Path(named).absolute()
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Of several workers one makes it, for all.
        place = place.parent
    with (place / "release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        release = place / "release"
        if not release.exists():
            make_release(place / "made").unpack(place / "unfinished")
            (place / "unfinished").rename(release)
    return release / "kubectl-restore/kubectl-restore"


@pytest.fixture
def tested_program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the suite's functions start one program or the other."""
    if request.param == "frozen":
        program = request.getfixturevalue("frozen_program")
        monkeypatch.setenv("RESTORE_TEST_PROGRAM", str(program))
    else:
        monkeypatch.delenv("RESTORE_TEST_PROGRAM", raising=False)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, for the whole run."""
    makers: dict[str, Callable[[Path], AbstractContextManager[Cluster]]] = {
        "embedded": embedded_cluster,
        "node": node_cluster,
    }
    swapped = [pair.partition("=") for pair in os.environ.get("RESTORE_INSTEAD", "").split()]
    with makers[WHICH](tmp_path_factory.mktemp("cluster")) as one:
        one.instead = {kind: other for kind, _, other in swapped}
        if one.embedded is not None:
            one.embedded.instead = dict(one.instead)
        yield one


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where something of a restore stays in a pod that the test has had.

    `@pytest.mark.leaves("record")` is for tests that end a restore in the middle: its record is
    for the next run of the same command.
    """
    if "cluster" not in request.fixturenames:
        yield
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.given.clear()
    yield
    meant = {word for mark in request.node.iter_markers("leaves") for word in mark.args}
    for pod in cluster.given.values():
        deadline = time.monotonic() + _PATIENCE
        left = left_over(pod)
        # A process ends by itself when it hears that its client is gone; all else stays for good.
        while any(one.startswith("process") for one in left) and time.monotonic() < deadline:
            time.sleep(0.05)
            left = left_over(pod)
        assert [one for one in left if one.partition(" ")[0] not in meant] == [], pod.name


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write an archive to a file."""

    def write(content: bytes, name: str = "backup.tar") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def link(cluster: Cluster) -> Iterator[LinkProxy]:
    """A link to the cluster that can be made bad."""
    with LinkProxy(cluster.address) as proxy:
        yield proxy


@pytest.fixture
def embedded_only(cluster: Cluster) -> None:
    """Skip on clusters that do not misbehave on request."""
    if cluster.embedded is None:
        pytest.skip("only the embedded cluster misbehaves on request")
