"""Room on the volumes: what is needed, and the refusal with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.stream.normalise import Dialect
from kubectl_restore.cluster.limits import Limit
from kubectl_restore.container.capabilities import Capabilities
from kubectl_restore.container.space import Space, read_space
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.errors import PodCannotError
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.restore.checks.obstacles import Volume, require_room
from tests.contract import trees
from tests.unit.archive.making import index_of_bytes
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.plan.plan import Plan

DIRECTORY = Entry(Standing.DIRECTORY, 4096, 0o755, 1, 0, 0, 1)
KIB = 1024


def plan_of(where: Path, stands: dict[bytes, Entry] | None = None) -> Plan:
    """Return a plan: a directory `d` with 10,000 bytes, and 5,000 bytes in `v/w`."""
    archive = trees.Archive()
    archive.directory("d")
    archive.add("d/one", b"1" * 10_000)
    archive.hardlink("d/two", "d/one")
    archive.add("v/w/three", b"3" * 5_000)
    archive.add("v/w/empty", b"")
    index = index_of_bytes(where, archive.finish())
    policy = Policy(overwrite=Overwrite.IF_CHANGED, dialect=Dialect(holes=True))
    return make_plan(index, {b"": DIRECTORY, **(stands or {})}, policy)


def test_files_need_blocks_and_everything_but_links_an_inode(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    # 12 KiB and 8 KiB; d, one, three, empty.
    assert plan.needed([b""]) == {b"": (20 * KIB, 4)}


def test_each_volume_needs_what_stands_on_it(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {b"v": DIRECTORY, b"v/w": DIRECTORY})
    assert plan.needed([b"", b"v/w"]) == {b"": (12 * KIB, 2), b"v/w": (8 * KIB, 2)}


def test_what_is_replaced_becomes_free_first(tmp_path: Path) -> None:
    stood = Entry(Standing.FILE, 9_000, 0o644, 1, 0, 0, 7, blocks=24)
    plan = plan_of(tmp_path, {b"d": DIRECTORY, b"d/one": stood})
    size, inodes = plan.needed([b""])[b""]
    assert (size, inodes) == (8 * KIB, 2)


@pytest.mark.parametrize(
    ("space", "needs"),
    [
        (Space((20, 100), (50, 100)), ""),
        (Space((19, 100), (50, 100)), "20 KiB are needed\n19 of 100 KiB are free"),
        (Space((19, 100), (50, 100), reserved=5), ""),
        (Space((100, 100), (3, 100)), "4 inodes are needed"),
        # btrfs and others count no inodes.
        (Space((100, 100), (0, 0)), ""),
        (Space(), ""),
    ],
)
def test_too_little_is_refused_with_the_figures(tmp_path: Path, space: Space, needs: str) -> None:
    plan, volumes = plan_of(tmp_path), [Volume(b"", "ext4", space)]
    if not needs:
        require_room(plan, volumes, "nothing was changed", Capabilities(uid=0))
        return
    with pytest.raises(PodCannotError) as caught:
        require_room(plan, volumes, "nothing was changed", Capabilities(uid=0))
    assert "nothing was changed" in caught.value.what
    assert needs in caught.value.reason


def test_what_is_reserved_is_roots(tmp_path: Path) -> None:
    volumes = [Volume(b"", "ext4", Space((19, 100), None, reserved=5))]
    with pytest.raises(PodCannotError):
        require_room(plan_of(tmp_path), volumes, "nothing was changed", Capabilities(uid=1000))


def test_nothing_is_foretold_of_volumes_that_compress(tmp_path: Path) -> None:
    volumes = [Volume(b"", "zfs", Space((1, 100), None))]
    require_room(plan_of(tmp_path), volumes, "nothing was changed", Capabilities(uid=0))


def test_df_is_read_with_what_only_root_may_use() -> None:
    said = (
        b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
        b"/dev/sda1 1000 300 600 34% /data with blank"
    )
    assert read_space([(b"space", said)]) == Space((600, 1000), None, reserved=100)


@pytest.mark.parametrize(("size", "is_refused"), [(None, False), (20, False), (19, True)])
def test_what_the_kubelet_would_evict_the_pod_for_is_refused(
    tmp_path: Path, size: int | None, *, is_refused: bool
) -> None:
    limit = Limit("/data", None if size is None else size * KIB, "the sizeLimit of its emptyDir")
    volumes = [Volume(b"", "ext4", Space((500, 500)), limit)]
    if not is_refused:
        require_room(plan_of(tmp_path), volumes, "nothing was changed", Capabilities(uid=0))
        return
    with pytest.raises(PodCannotError, match="may not hold the backup; nothing was changed") as it:
        require_room(plan_of(tmp_path), volumes, "nothing was changed", Capabilities(uid=0))
    assert "20 KiB are needed, and the sizeLimit of its emptyDir is 19 KiB" in it.value.reason
