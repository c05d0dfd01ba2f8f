"""One frozen program for all tests: RESTORE_TEST_PROGRAM, or made and unpacked here."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import Cluster, embedded_cluster
from tests.frozen.release import Release, make_release
from tests.link import LinkProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """What `make dist` makes of this tree."""
    return make_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session", autouse=True)
def program(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The frozen program; the contract suite's helpers run it too."""
    named = os.environ.get("RESTORE_TEST_PROGRAM")
    if named:
        yield Path(named).absolute()
        return
    # Not pytest's directory: that is nobody else's, and another user has to get in.
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        Path(name).chmod(0o755)
        path = request.getfixturevalue("release").unpack(Path(name))
        patch.setenv("RESTORE_TEST_PROGRAM", str(path))
        yield path


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The embedded cluster."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the embedded pods have this machine's tools, and containers have Linux's")
    with embedded_cluster(tmp_path_factory.mktemp("cluster")) as one:
        yield one


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write an archive to a file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "backup.tar"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def link(cluster: Cluster) -> Iterator[LinkProxy]:
    """A link to the cluster that can be made slow."""
    with LinkProxy(cluster.address) as proxy:
        yield proxy
