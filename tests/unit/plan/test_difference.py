"""How what stands there differs, in words."""

from __future__ import annotations

import pytest

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.difference import difference, time_difference

OURS = Member(b"one", b"one", Kind.FILE, 0, 2048, 512, 1500, 0o644, 1_000_000, 1, 2, b"")
SAME = Entry(Standing.FILE, 1500, 0o644, 1_000_000, 1, 2, 7)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "other contents, with the same size and time"),
        ({"size": 2}, "2 bytes there, 1,500 in the backup"),
        ({"mtime": 1_000_000 + 7_265}, "2h1m newer there"),
        ({"mtime": 1_000_000 - 59}, "59s older there"),
        ({"mode": 0o600}, "mode 0600 there, 0644 in the backup"),
        ({"uid": 5}, "owner 5:2 there, 1:2 in the backup"),
        ({"kind": Standing.SYMLINK}, "a symlink there, a file in the backup"),
    ],
)
def test_what_differs_is_said(changes: dict[str, object], said: str) -> None:
    assert difference(OURS, SAME._replace(**changes)) == said  # type: ignore[arg-type]


def test_owners_that_cannot_be_set_do_not_count() -> None:
    there = SAME._replace(uid=5, size=1)
    assert "owner" not in difference(OURS, there, with_owner=False)


def test_a_later_time_is_said_with_how_much_and_both_in_utc() -> None:
    assert time_difference(7500, 0) == (
        "2h5m newer there (1970-01-01 02:05:00 instead of 1970-01-01 00:00:00 UTC)"
    )
    assert time_difference(0, 90) == (
        "1m30s older there (1970-01-01 00:00:00 instead of 1970-01-01 00:01:30 UTC)"
    )
    # No calendar has these.
    assert "(@-100000000000000 instead of @9000000000000 UTC)" in time_difference(
        -(10**14), 9 * 10**12
    )
