"""Device nodes where they may not be made: an error that says so, before or after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.container.capabilities import Capabilities
from kubectl_restore.errors import ExitCode, PodCannotError
from kubectl_restore.plan.compare import Proof, compare
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.report.failure import error_of
from kubectl_restore.restore.checks.obstacles import require_devices
from kubectl_restore.session.answer import Answer
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from kubectl_restore.plan.plan import Plan


def plan_of(*kinds: Kind) -> Plan:
    members = [
        Member(b"%d" % number, b"%d" % number, kind, 0, 512, 512, 0, 0o644, 0, 0, 0, b"")
        for number, kind in enumerate(kinds)
    ]
    return make_plan(Index(Members.of(members), 0, Compression.NONE), {}, Policy())


@pytest.mark.parametrize("kernel", [0, 0xA00425FB & ~(1 << 27)])
def test_a_container_without_the_right_is_known_before(kernel: int) -> None:
    capabilities = Capabilities(uid=1000, kernel=kernel)
    with pytest.raises(PodCannotError) as caught:
        require_devices(
            plan_of(Kind.FILE, Kind.BLOCK_DEVICE, Kind.FIFO), capabilities, "nothing was changed"
        )
    assert caught.value.reason.splitlines() == [
        "the container runs as uid 1000, without CAP_MKNOD",
        "1",
    ]
    assert caught.value.fix
    require_devices(plan_of(Kind.FILE, Kind.FIFO), capabilities, "nothing was changed")


@pytest.mark.parametrize("kernel", [None, 1 << 27])
def test_where_the_right_is_there_or_not_known_it_is_tried(kernel: int | None) -> None:
    require_devices(plan_of(Kind.CHARACTER_DEVICE), Capabilities(uid=0, kernel=kernel), "")


@pytest.mark.parametrize(
    ("consumer", "words"),
    [
        (2, "tar: 0: Cannot mknod: Operation not permitted"),
        (0, "tar: can't create node 0: Operation not permitted"),
    ],
    ids=["GNU", "busybox"],
)
def test_a_tar_that_could_not_make_them_is_an_error_that_names_them(
    consumer: int, words: str
) -> None:
    proof = Proof()
    proof.take(compare(plan_of(Kind.BLOCK_DEVICE).operations(), {}, lambda member: member))
    answer = Answer(consumer=consumer, received=0, lines=[words], said=1)
    error = error_of(answer, proof, unpacker="the container's tar", again="again")
    assert error is not None
    assert error.exit_code is ExitCode.POD_CANNOT
    assert "device nodes" in error.what
    assert "0: missing" in error.reason
