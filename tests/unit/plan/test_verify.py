"""The comparison afterwards finds what is not as it was sent."""

from __future__ import annotations

from array import array

import pytest

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.container.capabilities import Capabilities
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.container.traits import Volumes, VolumeTraits
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.compare import Amendment, Verdict, amendments, compare
from kubectl_restore.plan.contents import Contents
from kubectl_restore.plan.operation import Action, Operation
from kubectl_restore.report.outcome import Tally
from kubectl_restore.session.answer import Answer

MEMBER = Member(
    name=b"f", path=b"f", kind=Kind.FILE, offset=0, length=1024, prefix=512, size=5,
    mode=0o640, mtime=100, uid=1, gid=2, link=b"",
)  # fmt: skip
ENTRY = Entry(Standing.FILE, 5, 0o640, 100, 1, 2, 9)


def checked(
    operations: list[Operation],
    after: dict[bytes, Entry],
    *,
    suspicious: bool = False,
    by_content: bool = False,
    attributes: Attributes = Attributes(),  # noqa: B008 - it is frozen
) -> Verdict:
    members = Members.of(one.member for one in operations if one.member is not None)
    contents = Contents(members, lambda _path: None)
    return compare(
        operations,
        after,
        contents.of,
        attributes=attributes,
        suspicious=suspicious,
        by_content=by_content,
    )


def sent(member: Member) -> Operation:
    return Operation(member.path, Action.CREATE, member)


def test_what_is_as_it_was_sent() -> None:
    verdict = checked([sent(MEMBER)], {b"f": ENTRY})
    assert (verdict.differences, verdict.modes, verdict.owners, verdict.times) == ([], {}, {}, {})


def test_missing_of_another_kind_and_of_another_size() -> None:
    for entry, words in (
        (None, "missing"),
        (ENTRY._replace(kind=Standing.SYMLINK), "a symlink instead of a file"),
        (ENTRY._replace(size=4), "4 bytes instead of 5"),
    ):
        verdict = checked([sent(MEMBER)], {} if entry is None else {b"f": entry})
        assert [one.what for one in verdict.differences] == [words]


def test_a_hard_link_has_the_size_of_what_it_leads_to() -> None:
    link = MEMBER._replace(name=b"l", path=b"l", kind=Kind.HARDLINK, size=0, link=b"./f")
    chain = MEMBER._replace(name=b"m", path=b"m", kind=Kind.HARDLINK, size=0, link=b"l")
    found = {b"f": ENTRY, b"l": ENTRY, b"m": ENTRY._replace(size=3)}
    verdict = checked([sent(MEMBER), sent(link), sent(chain)], found)
    assert [(one.path, one.what) for one in verdict.differences] == [(b"m", "3 bytes instead of 5")]


def test_a_symlink_has_the_length_of_its_target() -> None:
    link = MEMBER._replace(kind=Kind.SYMLINK, size=0, link=b"/somewhere")
    entry = ENTRY._replace(kind=Standing.SYMLINK, mode=0o777, mtime=5, size=10)
    assert checked([sent(link)], {b"f": entry}).differences == []
    assert checked([sent(link)], {b"f": entry._replace(size=9)}).differences != []


def test_what_was_kept_must_still_be_there() -> None:
    directory = MEMBER._replace(name=b"d", path=b"d", kind=Kind.DIRECTORY)
    kept = Operation(b"d", Action.KEEP, directory, stands=Standing.DIRECTORY)
    assert checked([kept], {}).differences != []
    entry = Entry(Standing.DIRECTORY, 1, 0o711, 5, 7, 7, 1)
    verdict = checked([kept], {b"d": entry})
    assert (verdict.differences, verdict.modes, verdict.times) == ([], {}, {})


@pytest.mark.parametrize(
    ("entry", "by_content", "written"),
    [
        (ENTRY, False, []),
        (ENTRY._replace(mtime=99), False, [b"f"]),
        (ENTRY._replace(mtime=101), False, [b"f"]),
        (ENTRY._replace(mode=0o600), False, [b"f"]),
        # It was kept for its content, whatever its time.
        (ENTRY._replace(mtime=99), True, []),
    ],
)
def test_what_becomes_of_a_kept_file_is_no_failure_of_ours_and_is_not_put_right(
    entry: Entry, written: list[bytes], *, by_content: bool
) -> None:
    kept = Operation(b"f", Action.KEEP, MEMBER, stands=Standing.FILE)
    verdict = checked([kept], {b"f": entry}, by_content=by_content)
    assert verdict.written == written
    assert (verdict.differences, amendments(verdict, lambda _uid, _gid: True)) == ([], [])


@pytest.mark.parametrize(
    ("wanted", "stands", "is_clamped"),
    [
        (-3_000_000_000, -(2**31), True),
        (2**31, 2**31 - 1, True),
        (20_000_000_000, 15_032_385_535, True),
        (2**62, 2**32 - 1, True),
        (-5, -5, False),
        (-5, 1_700_000_000, False),
        (20_000_000_000, 1_700_000_000, False),
        (0, -1, False),
    ],
)
def test_a_time_that_a_volume_does_not_keep_is_nobodys_writing(
    wanted: int, stands: int, *, is_clamped: bool
) -> None:
    verdict = checked([sent(MEMBER._replace(mtime=wanted))], {b"f": ENTRY._replace(mtime=stands)})
    assert verdict.clamped == ([b"f"] if is_clamped else [])
    if is_clamped:
        assert (verdict.times, verdict.written) == ({}, [])
        # No tool can set it either.
        assert amendments(verdict, lambda _uid, _gid: True) == []


def test_a_time_that_was_not_sent_is_set_afterwards_unless_the_volume_has_no_such() -> None:
    # For toybox's tar, which reads no times before 1970.
    member = MEMBER._replace(mtime=-5)
    found = {b"f": ENTRY._replace(mtime=0)}
    assert checked([sent(member)], found).times == {b"f": -5}
    none_before = Volumes({b"": VolumeTraits(first=0)})
    verdict = checked([sent(member)], found, attributes=Attributes(none_before))
    assert (verdict.times, verdict.clamped) == ({}, [b"f"])


def test_what_tar_did_not_set_is_amended_owners_first() -> None:
    other = MEMBER._replace(name=b"g", path=b"g", mode=0o4755)
    found = {b"f": ENTRY._replace(uid=0), b"g": ENTRY._replace(mode=0o755, mtime=7)}
    verdict = checked([sent(MEMBER), sent(other)], found)
    modes = Amendment(b"chmod 04755", [b"g"])
    times = Amendment(b"touch -h -d", [b"g"], [b"@100"])
    owners = Amendment(b"chown -h 1:2", [b"f"])
    assert amendments(verdict, lambda uid, gid: (uid, gid) == (1, 2)) == [owners, modes, times]
    assert amendments(verdict, lambda _uid, _gid: False) == [modes, times]


def test_after_a_failure_a_size_alone_proves_nothing() -> None:
    large = MEMBER._replace(size=1_000_000)
    cut = ENTRY._replace(size=1_000_000, blocks=8)
    assert checked([sent(large)], {b"f": cut}).differences == []
    verdict = checked([sent(large)], {b"f": cut}, suspicious=True)
    assert [one.what for one in verdict.differences] == [
        "only 4096 of 1000000 bytes are on the disk"
    ]
    whole = cut._replace(blocks=2000)
    assert checked([sent(large)], {b"f": whole}, suspicious=True).differences == []
    holes = large._replace(extents=array("q", [0, 4096]))
    assert checked([sent(holes)], {b"f": cut}, suspicious=True).differences == []


def test_devices_and_links_to_what_is_no_file_are_verified_by_their_kind() -> None:
    for kind, standing in (
        (Kind.CHARACTER_DEVICE, Standing.CHARACTER_DEVICE),
        (Kind.BLOCK_DEVICE, Standing.BLOCK_DEVICE),
        (Kind.FIFO, Standing.FIFO),
        (Kind.SYMLINK, Standing.SYMLINK),
    ):
        member = MEMBER._replace(kind=kind, size=0)
        link = MEMBER._replace(name=b"l", path=b"l", kind=Kind.HARDLINK, size=0, link=b"f")
        entry = ENTRY._replace(kind=standing, size=0)
        operations = [sent(member), sent(link)]
        assert checked(operations, {b"f": entry, b"l": entry}).differences == []
        [wrong] = checked(operations, {b"f": entry, b"l": ENTRY._replace(size=0)}).differences
        assert (wrong.path, wrong.what) == (b"l", f"a file instead of a {standing}")


def test_what_gnu_tar_thinks_of_a_time_that_it_sets_is_no_warning() -> None:
    tally = Tally()
    tally.take_answer(
        Answer(
            lines=[
                "tar: a: time stamp 2099-01-01 00:00:00 is 2275009096.42 s in the future",
                "tar: b: implausibly old time stamp 1779-11-13 13:20:00",
                "tar: c: something else",
            ],
            said=3,
        )
    )

    assert (tally.lines, tally.said) == (["tar: c: something else"], 1)


@pytest.mark.parametrize(
    ("count", "links", "programs"),
    [
        (1, "1 hard link restored as a file of its own: ", "owner it would run as"),
        (2, "2 hard links restored as files of their own: ", "owner they would run as"),
    ],
)
def test_the_words_for_what_is_lacking_are_of_its_number(
    count: int, links: str, programs: str
) -> None:
    tally = Tally(disarmed=count)
    tally.proof.lacking["hard_links"] = count
    said = tally.losses(Capabilities())
    assert any(one.startswith(links) for one in said)
    assert any(programs in one for one in said)
