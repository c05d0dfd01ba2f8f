"""Paths of many members at once are those of each; and who stands beside whom."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members import names as room
from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.members.parents import parent_of

parts = st.sampled_from(
    (b"a", b"b", b".", b"..", b"", b".git", b"a.", b"\xff", b"with \n", b"\x00")
)
recorded = st.one_of(
    st.lists(parts, min_size=1, max_size=4).map(b"/".join),
    st.lists(parts, min_size=1, max_size=3).map(lambda some: b"./" + b"/".join(some)),
    st.binary(max_size=6),
)


def members_of(names: list[bytes]) -> Members:
    """Return files of these names."""
    return Members.of(
        Member(name, normal_path(name), Kind.FILE, 0, 512, 512, 0, 0o644, 0, 0, 0, b"")
        for name in names
    )


@given(st.lists(recorded, max_size=12), st.integers(1, 5))
def test_paths_are_those_of_each_name(names: list[bytes], together: int) -> None:
    """However many are looked at in one go, and whatever is among them."""
    members, wanted = members_of(names), list(map(normal_path, names))
    with patch.object(room, "TOGETHER", together):
        assert list(members.paths()) == wanted
    for first in range(len(names) + 1):
        for end in range(first, len(names) + 1):
            assert room.paths_between(members.columns, first, end) == wanted[first:end]


@given(st.lists(recorded, min_size=1, max_size=12), st.data())
def test_paths_of_some(names: list[bytes], data: st.DataObject) -> None:
    """Few or most of them."""
    numbers = sorted(data.draw(st.sets(st.integers(0, len(names) - 1))))
    assert members_of(names).paths_of(numbers) == [normal_path(names[one]) for one in numbers]


@given(st.lists(recorded, max_size=12))
def test_runs_are_of_one_directory_and_cover_all(names: list[bytes]) -> None:
    """Each member is in one run; and after a change they are looked for again."""
    members = members_of(names)
    for _ in range(2):
        runs = list(members.runs())
        paths = list(members.paths())
        assert [one for first, end, _ in runs for one in range(first, end)] == [*range(len(paths))]
        for first, end, parent in runs:
            assert {parent_of(path) for path in paths[first:end]} == {parent}
            assert {members.end_of_run(number) for number in range(first, end)} == {end}
        members.reduce_to(bytearray(number % 2 for number in range(len(paths))))
