"""Leases as the agent tells of them: what is read, what is no lease, and who is in whose way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.container.leases import Lease, Leases, read_lease, read_leases

WHOLE = b"kubectl-restore.a.b alive 12ab 34cd 1600000000 4 17 /data"


def lease_at(path: bytes) -> Lease:
    return Lease(b"name", True, b"token", b"restore", None, 0, 0, path)  # noqa: FBT003 - as it is read


def test_a_record_is_read() -> None:
    assert read_lease(WHOLE) == Lease(
        name=b"kubectl-restore.a.b",
        is_alive=True,
        token=b"12ab",
        restore=b"34cd",
        since=1_600_000_000,
        still=4,
        beats=17,
        path=b"/data",
    )


@pytest.mark.parametrize("state", [b"gone", b"", b"Alive", b"alive!"])
def test_only_who_is_said_to_be_alive_is(state: bytes) -> None:
    lease = read_lease(WHOLE.replace(b"alive", state))
    assert lease is not None
    assert not lease.is_alive


def test_what_the_container_does_not_know_is_left_open() -> None:
    lease = read_lease(b"name gone - - - 0 0 ")
    assert lease == Lease(b"name", False, b"", b"", None, 0, 0, b"")  # noqa: FBT003 - as above


@pytest.mark.parametrize("said", [b"", b"x", b"-", b"-5", b"1.5", b"\xb2", b"0x1", b"9" * 12])
def test_figures_that_are_none_are_not_believed(said: bytes) -> None:
    lease = read_lease(b"name alive t r %b %b %b /data" % (said, said, said))
    assert lease is not None
    assert (lease.since, lease.still, lease.beats) == (None, 0, 0)


def test_figures_are_each_their_own() -> None:
    lease = read_lease(b"name alive t r 99999999999 3 4 /data")
    assert lease is not None
    assert (lease.since, lease.still, lease.beats) == (99_999_999_999, 3, 4)


@given(st.binary(max_size=30))
def test_a_path_may_hold_anything(path: bytes) -> None:
    lease = read_lease(b"name alive t r 1 2 3 " + path)
    assert lease is not None
    assert lease.path == path


@given(st.integers(0, 6), st.binary(max_size=40))
def test_what_has_fewer_words_is_no_record(blanks: int, text: bytes) -> None:
    words = text.replace(b" ", b"")
    assert read_lease(b" ".join([words] * (blanks + 1))) is None


@given(st.lists(st.binary(max_size=5), max_size=12).map(b" ".join))
def test_whatever_is_said_is_read_or_is_no_record(record: bytes) -> None:
    lease = read_lease(record)
    assert (lease is None) == (record.count(b" ") < 7)
    assert lease is None or min(lease.still, lease.beats, lease.since or 0) >= 0


# All of them


def test_what_else_is_said_is_no_lease() -> None:
    records = [
        (b"held", b""),
        (b"lease", WHOLE),
        (b"lease", b"not one"),
        (b"beat", WHOLE),
        (b"here", b"/a b"),
        (b"lease", WHOLE.replace(b"alive", b"gone")),
    ]
    found = read_leases(records)
    assert found.here == b"/a b"
    assert [one.is_alive for one in found.records] == [True, False]
    assert found.records[0] == read_lease(WHOLE)


def test_where_nothing_is_said_nobody_is_there() -> None:
    assert read_leases([]) == Leases((), b"")


words = st.sampled_from([b"lease", b"here", b"held", b""])


@given(st.lists(st.tuples(words, st.one_of(st.binary(max_size=20), st.just(WHOLE))), max_size=6))
def test_every_lease_is_read_in_its_order(records: list[tuple[bytes, bytes]]) -> None:
    found = read_leases(iter(records))
    expected = [read_lease(rest) for word, rest in records if word == b"lease"]
    assert list(found.records) == [one for one in expected if one is not None]
    assert found.here in {b"", *(rest for word, rest in records if word == b"here")}


parts = st.lists(st.sampled_from([b"a", b"b", b"ab"]), max_size=3)


@given(parts, parts, st.booleans(), st.booleans())
def test_targets_overlap_when_one_stands_in_the_other(
    one: list[bytes],
    other: list[bytes],
    slash: bool,  # noqa: FBT001
    other_slash: bool,  # noqa: FBT001
) -> None:
    shorter = min(len(one), len(other))
    first = b"/" + b"/".join(one) + b"/" * (slash and bool(one))
    second = b"/" + b"/".join(other) + b"/" * (other_slash and bool(other))
    expected = one[:shorter] == other[:shorter]
    assert lease_at(first).overlaps(second) == expected
    assert lease_at(second).overlaps(first) == expected


@given(parts, st.binary(min_size=1).filter(lambda more: not more.startswith(b"/")))
def test_a_name_that_goes_on_is_another_directory(path: list[bytes], more: bytes) -> None:
    name = b"/" + b"/".join([*path, b"data"])
    assert not lease_at(name).overlaps(name + more)
    assert not lease_at(name + more).overlaps(name)
    assert lease_at(name).overlaps(name + b"/" + more)


@given(parts)
def test_a_target_that_is_not_known_may_be_any(path: list[bytes]) -> None:
    assert lease_at(b"").overlaps(b"/" + b"/".join(path))
