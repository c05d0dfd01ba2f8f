"""The columns that members are kept in: what goes in comes out, however many there are."""

from __future__ import annotations

import tracemalloc
from array import array

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.columns import Columns
from kubectl_restore.archive.members.member import Extra, Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.members.parents import below, obstructing
from kubectl_restore.archive.tar.pax import parse_pax, time_record

NAMES = st.text("abc./", max_size=8).map(str.encode)
LARGE = st.integers(0, 2**63 - 1)


def member(name: bytes, kind: Kind = Kind.FILE, link: bytes = b"") -> Member:
    return Member(name, normal_path(name), kind, 0, 512, 512, 0, 0o644, 0, 0, 0, link)


@st.composite
def members(draw: st.DrawFn) -> Member:
    name = draw(NAMES)
    kind = draw(st.sampled_from(Kind))
    return Member(
        name,
        normal_path(name),
        kind,
        draw(LARGE),
        draw(LARGE),
        draw(st.integers(0, 2**32 - 1)),
        draw(LARGE),
        draw(st.integers(0, 0o7777)),
        draw(st.integers(-(2**63), 2**63 - 1)),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.binary(max_size=3)),
        is_common=draw(st.booleans()),
        extents=draw(st.none() | st.just(array("q", [0, 1]))),
        extras=draw(st.sampled_from([Extra.NOTHING, Extra.ACL, ~Extra.NOTHING])),
        records=draw(st.binary(max_size=2)),
        nanoseconds=draw(st.integers(0, 10**9 - 1)),
        user=draw(st.binary(max_size=2)),
        group=draw(st.binary(max_size=2)),
        device=draw(st.integers(-1, 2**44)),
    )


@given(st.lists(members(), max_size=6))
def test_what_goes_in_comes_out(given_members: list[Member]) -> None:
    kept = Members.of(given_members)
    assert list(kept) == given_members
    assert [kept[number] for number in range(len(kept))] == given_members
    assert kept[1:3] == given_members[1:3]
    assert list(kept.paths()) == [one.path for one in given_members]
    paths = [one.path for one in given_members]
    assert kept.repeated() == {
        path: [number for number, one in enumerate(paths) if one == path]
        for path in paths
        if paths.count(path) > 1
    }
    for path in (*paths, b"", b"nowhere"):
        assert kept.at(path) == [number for number, one in enumerate(paths) if one == path]


@given(st.lists(st.tuples(members(), st.booleans()), max_size=8))
def test_what_stays_is_as_it_was(entries: list[tuple[Member, bool]]) -> None:
    kept = Members.of(one for one, _ in entries)
    kept.reduce_to(bytearray(stays for _, stays in entries))
    left = [one for one, stays in entries if stays]
    assert list(kept) == left
    assert list(Members(Columns.from_store(pieces(kept)))) == left
    kept.append(entries[0][0] if entries else member(b"new"))
    assert len(kept) == len(left) + 1


def pieces(kept: Members) -> list[tuple[str, bytes]]:
    return [(name, bytes(column)) for name, column in kept.columns.to_store()]


@given(st.lists(st.tuples(NAMES, st.sampled_from([Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK]))))
def test_what_stands_below_others_is_found_in_any_order(entries: list[tuple[bytes, Kind]]) -> None:
    kept = Members.of(member(name, kind) for name, kind in entries)
    others = {one.path for one in kept if one.kind is not Kind.DIRECTORY}
    expected: dict[int, bytes] = {}
    in_the_way = set()
    for number, one in enumerate(kept):
        parts = one.path.split(b"/")
        above = [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
        for parent in reversed(above):
            if parent in others:
                expected[number] = parent
                in_the_way.add(parent)
    blockers = obstructing(kept)
    assert blockers == in_the_way
    assert dict(below(kept, blockers)) == expected


def test_many_members_need_little_memory() -> None:
    names = (b"data/directory-%05d/file-%07d.dat" % (n // 1000, n) for n in range(100_000))
    tracemalloc.start()
    try:
        kept = Members.of(member(name) for name in names)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Columns grow by an eighth in advance; a million in 150 MiB is what is asked of the whole.
    assert size / len(kept) < 120


@given(st.integers(-(10**11), 10**11), st.integers(0, 10**9 - 1))
def test_a_time_is_written_as_it_is_read(seconds: int, nanoseconds: int) -> None:
    pax = parse_pax(time_record(seconds, nanoseconds))
    assert (pax.mtime, pax.nanoseconds) == (seconds, nanoseconds)
    assert (Extra.FRACTION in pax.extras) == (nanoseconds > 0)
