"""The one meaning of right: what mode, owner and time can be where a path stands."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.container.traits import ALL_KEPT, Volumes, VolumeTraits
from kubectl_restore.plan.attributes import SET_IDS, Attributes

MODES = st.integers(0, 0o7777)
TIMES = st.integers(-(2**33), 2**35)
TRAITS = st.builds(
    VolumeTraits,
    owner=st.booleans(),
    mode=st.booleans(),
    set_ids=st.booleans(),
    time=st.booleans(),
    grain=st.sampled_from((1, 2)),
    first=st.sampled_from((None, -(2**31), 0)),
    last=st.sampled_from((None, 2**31 - 1, 2**32 - 1)),
)


def member(mode: int = 0o644, mtime: int = 1_600_000_000, kind: Kind = Kind.FILE) -> Member:
    return Member(b"a", b"a", kind, 0, 1024, 512, 1, mode, mtime, 1001, 1002, b"")


def entry(mode: int = 0o644, mtime: int = 1_600_000_000, uid: int = 1001, gid: int = 1002) -> Entry:
    return Entry(Standing.FILE, 1, mode, mtime, uid, gid, 1)


def having(traits: VolumeTraits) -> Attributes:
    return Attributes(Volumes({b"": traits}))


@given(MODES, TIMES, TRAITS)
def test_what_is_as_the_backup_is_right_on_every_volume(
    mode: int, mtime: int, traits: VolumeTraits
) -> None:
    own = having(traits)

    assert own.has_mode(member(mode), entry(mode))
    assert own.has_owner(member(), entry())
    assert own.has_time(member(mtime=mtime), entry(mtime=mtime))


@given(MODES, MODES, TRAITS)
def test_no_program_of_another_owner_is_right_with_set_id_bits(
    mode: int, there: int, traits: VolumeTraits
) -> None:
    own = having(traits)
    stands = entry(there, uid=0, gid=0)

    if there & SET_IDS:
        assert not own.has_mode(member(mode), stands)
    assert not own.mode_for(member(mode), stands) & SET_IDS


@given(MODES, TRAITS)
def test_a_mode_that_is_given_is_right_afterwards(mode: int, traits: VolumeTraits) -> None:
    own = having(traits)
    for owner in (1001, 0):
        wanted = own.mode_for(member(mode), entry(uid=owner))
        assert own.has_mode(member(mode), entry(wanted, uid=owner))


@given(TIMES, TIMES)
def test_where_all_is_kept_a_time_is_right_or_the_nearest(wanted: int, there: int) -> None:
    stands = entry(mtime=there)

    assert having(ALL_KEPT).has_time(member(mtime=wanted), stands) == stands.has_time(wanted)


def test_a_coarse_clock_s_time_is_right_and_a_neighbour_s_is_not() -> None:
    own = having(replace(ALL_KEPT, grain=2))

    assert own.has_time(member(mtime=1001), entry(mtime=1000))
    assert own.has_time(member(mtime=1001), entry(mtime=1002))
    assert not own.has_time(member(mtime=1001), entry(mtime=1003))
    assert own.time_decides(member(mtime=1001))


def test_a_time_outside_of_what_a_volume_has_decides_nothing() -> None:
    own = having(replace(ALL_KEPT, first=0, last=2**31 - 1))

    assert not own.time_decides(member(mtime=-1))
    assert not own.time_decides(member(mtime=2**31))
    assert own.time_decides(member(mtime=2**31 - 1))


def test_each_volume_has_traits_of_its_own() -> None:
    inner = replace(ALL_KEPT, owner=False)
    volumes = Volumes({b"": ALL_KEPT, b"a": inner, b"a/b": ALL_KEPT})

    assert volumes.at(b"x") is ALL_KEPT
    assert volumes.at(b"a/x") is inner
    assert volumes.at(b"a/b/x") is ALL_KEPT
    assert volumes.at(b"ab/x") is ALL_KEPT


def test_what_is_sent_of_a_program_without_its_owner_has_no_set_id_bits() -> None:
    program = member(0o6755)

    assert Attributes().sent(program, unowned=True).mode == 0o755
    assert Attributes().sent(program, unowned=False) is program
    assert Attributes().sent(member(0o644), unowned=True) == member(0o644)


def test_a_bit_that_was_handed_down_is_taken_away_where_the_directory_is_ours() -> None:
    own = Attributes(Volumes(), owns=lambda _uid, _gid: False, uid=1000, is_in={1000}.__contains__)
    directory = member(0o755, kind=Kind.DIRECTORY)
    inherited = replace_kind(entry(0o2755, uid=1000, gid=1000))

    assert not own.has_mode(directory, inherited)
    assert own.mode_for(directory, inherited) == 0o755
    # Another's directory is not ours to change: it is as right as it can be.
    assert own.has_mode(directory, replace_kind(entry(0o2755, uid=7)))


def test_a_group_s_bit_is_set_where_the_directory_and_the_group_are_ours() -> None:
    own = Attributes(Volumes(), owns=lambda _uid, _gid: False, uid=1000, is_in={1000}.__contains__)
    directory = member(0o2755, kind=Kind.DIRECTORY)

    assert not own.has_mode(directory, replace_kind(entry(0o755, uid=1000, gid=1000)))
    # Of another group the kernel leaves the bit out, and another's directory is not ours.
    assert own.has_mode(directory, replace_kind(entry(0o755, uid=1000, gid=7)))
    assert own.has_mode(directory, replace_kind(entry(0o755, uid=7, gid=1000)))


def replace_kind(stands: Entry) -> Entry:
    return stands._replace(kind=Standing.DIRECTORY)


def test_where_nothing_gives_links_away_a_link_is_right_as_it_stands_and_a_file_is_not() -> None:
    own = replace(having(ALL_KEPT), owns_links=False)
    link = entry(uid=0, gid=0)._replace(kind=Standing.SYMLINK)

    assert own.has_owner(member(kind=Kind.SYMLINK), link)
    assert not own.has_owner(member(), entry(uid=0, gid=0))
    assert not having(ALL_KEPT).has_owner(member(kind=Kind.SYMLINK), link)
