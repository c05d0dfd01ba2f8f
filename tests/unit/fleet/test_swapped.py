"""A list whose backups are called after other targets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.fleet.pairs import Pair
from kubectl_restore.fleet.swapped import swapped

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("entries", "remarked"),
    [
        ([("pod/db-0", "b/db-1.tar"), ("pod/db-1", "b/db-0.tar")], ["db-0", "db-1"]),
        ([("pod/db-0", "b/db-0.tar"), ("pod/db-1", "b/db-0.tar")], ["db-1"]),
        ([("pod/db-1", "db-10.tar"), ("pod/db-10", "db-10.tar")], ["db-1"]),
        ([("pod/db-1", "db-100.tar"), ("pod/db-10", "other.tar")], []),
        ([("pod/db", "db-1.tar"), ("pod/db-1", "db.tar")], ["db"]),
        ([("deployment/web", "db/web.tar"), ("pod/db", "db/db.tar")], []),
        ([("pvc/data-db-0", "prod-data-db-1-2026.tar"), ("pvc/data-db-1", "x")], ["pvc/data-db-0"]),
        ([("pod/db-0", "monday.tar"), ("pod/db-1", "tuesday.tar")], []),
    ],
)
def test_only_another_targets_name_is_remarked(
    entries: list[tuple[str, str]], remarked: list[str]
) -> None:
    said = swapped([Pair(target, backup) for target, backup in entries])
    assert [one.partition(" gets ")[0] for one in said] == remarked


@given(names=st.sets(NAMES, min_size=1))
def test_a_list_by_names_is_never_remarked(names: set[str]) -> None:
    assert swapped([Pair(f"pod/{name}", f"backups/{name}.tar.gz") for name in names]) == []
