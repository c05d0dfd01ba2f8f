"""A mount point cannot be replaced from inside: that is known before the first byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.container.survey import Standing
from kubectl_restore.errors import InTheWayError
from kubectl_restore.restore.checks.obstacles import require_no_mounts
from tests.unit.plan.test_room import DIRECTORY, plan_of

if TYPE_CHECKING:
    from pathlib import Path


def again(*flags: str) -> str:
    return " ".join(("kubectl restore", *flags))


def test_a_file_in_the_place_of_a_mount_point_is_in_the_way(tmp_path: Path) -> None:
    file = DIRECTORY._replace(kind=Standing.FILE, size=3, mode=0o644)
    plan = plan_of(tmp_path, {b"d": DIRECTORY, b"d/one": file})

    with pytest.raises(InTheWayError) as caught:
        require_no_mounts(plan, [b"d", b"d/one", b"elsewhere"], again, "nothing was changed")

    assert caught.value.reason == "d/one: another volume is mounted there"
    assert caught.value.fix == "to leave them out: kubectl restore --exclude=d/one"


def test_a_directory_that_is_a_mount_point_is_restored_into(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {b"d": DIRECTORY})

    require_no_mounts(plan, [b"d"], again, "nothing was changed")
