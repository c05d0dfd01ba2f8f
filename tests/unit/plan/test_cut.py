"""A plan's stream, cut into shares: nothing is lost, nothing comes twice, links come after."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.segments import Extract, Literal
from kubectl_restore.plan.cut import cut
from kubectl_restore.resume.in_flight import UNDER_WAY, Doubt, Stream, plan_lines, read_doubt
from tests.unit.resume.making import MIB, files_of, layout_of, members_of, numbers_of, plan_of

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.plan.cut import Share

BATCH = b"0a1b"


@st.composite
def backups(draw: st.DrawFn) -> Members:
    """Return files in directories, and hard links to what came before, links to links too."""
    described: list[tuple[bytes, Kind, int | bytes]] = [(b"0", Kind.FILE, 700)]
    for number in range(1, draw(st.integers(1, 14))):
        name = draw(st.sampled_from([b"%d", b"d/%d", b"d/e/%d", b"p/q%d"])) % number
        kind = draw(
            st.sampled_from([Kind.FILE] * 3 + [Kind.HARDLINK, Kind.SYMLINK, Kind.DIRECTORY])
        )
        what: int | bytes = 0
        if kind is Kind.HARDLINK:
            earlier = [one for one in described if one[1] in {Kind.FILE, Kind.HARDLINK}]
            what = draw(st.sampled_from(earlier))[0]
        elif kind is Kind.SYMLINK:
            what = b"elsewhere"
        elif kind is Kind.FILE:
            what = draw(st.sampled_from([0, 1, 513, MIB]))
        described.append((name, kind, what))
    return members_of(*described)


def sent_in(share: Share, members: Members) -> list[int]:
    """Return the members whose own blocks a share's stream has, by its segments alone."""
    found = []
    for segment in share.layout.segments():
        if isinstance(segment, Extract):
            start, end = segment.offset, segment.offset + segment.length
            found += [n for n, one in enumerate(members) if start <= one.offset < end]
    return found


@given(backups(), st.integers(1, 6))
def test_every_member_is_sent_once(members: Members, count: int) -> None:
    plan = plan_of(members)
    whole = [n for n in layout_of(plan).files if members[n].is_common]
    shares = cut(plan, count)
    assert len(shares) <= count + 1
    assert sorted(n for share in shares for n in sent_in(share, members)) == sorted(whole)
    assert sorted(n for share in shares for n in share.layout.files) == sorted(
        layout_of(plan).files
    )


@given(backups(), st.integers(2, 6))
def test_a_hard_link_finds_what_it_leads_to(members: Members, count: int) -> None:
    plan = plan_of(members)
    shares = cut(plan, count)
    last = [share for share in shares if share.comes_last]
    assert len(last) <= 1
    assert last == shares[len(shares) - len(last) :]
    for share in shares:
        # What a lane has by then: its own share, or, for the last one, everything.
        there = {members.path(n) for one in shares[:-1] for n in one.layout.files}
        there = there if share.comes_last else set()
        for number in share.layout.files:
            member = plan.member(number)
            if member.kind is Kind.HARDLINK:
                assert member.link in there
            there.add(member.path)


@given(backups(), st.integers(2, 6))
def test_each_share_is_a_whole_archive_with_the_directories_that_it_needs(
    members: Members, count: int
) -> None:
    for share in cut(plan_of(members), count):
        stream = io.BytesIO()
        for segment in share.layout.segments():
            if isinstance(segment, Literal):
                stream.write(segment.data)
            else:
                # The archive of these members has no blocks of its own: any header does.
                stream.write(bytes(segment.length))
        assert stream.tell() == share.layout.total
        assert stream.getvalue().endswith(bytes(1024))
    directories = [n for n in range(len(members)) if members.kind(n) is Kind.DIRECTORY]
    made = [set(share.layout._numbers) for share in cut(plan_of(members), count)]  # noqa: SLF001
    assert all({members.path(n) for n in directories} <= one for one in made)


@given(backups(), st.integers(2, 5), st.data())
def test_what_was_in_flight_in_several_streams_is_in_doubt_and_nothing_else(
    members: Members, count: int, data: st.DataObject
) -> None:
    plan = plan_of(members)
    shares = cut(plan, count)
    notes: list[bytes] = []
    unfinished: set[int] = set()
    begun: set[int] = set()
    for share in shares:
        if not data.draw(st.booleans()):
            continue
        total = share.layout.total
        end = data.draw(st.integers(1, total))
        done = data.draw(st.integers(0, end))
        note = Stream(share, BATCH, lambda: 0).note(done, end)
        if not note:
            continue
        notes.append(note)
        first, last = share.layout.between(max(0, done - UNDER_WAY), end)
        unfinished.update(share.layout.files[first : last + 1])
        begun.update(share.layout.files[: last + 1])
    doubt = read_doubt(plan_lines(plan, Doubt(), shares).splitlines(), notes, BATCH, members)
    assert doubt.numbers == unfinished
    made = {number for number, is_made in enumerate(doubt.made) if is_made}
    assert made == begun - unfinished
    assert doubt.directories == numbers_of(members, [Kind.DIRECTORY])


def test_shares_cost_about_the_same() -> None:
    shares = cut(plan_of(files_of(*[MIB] * 12)), 4)
    assert [len(share.layout.files) for share in shares] == [3, 3, 3, 3]


def test_one_lane_gets_the_stream_as_it_is() -> None:
    plan = plan_of(files_of(1, 2, 3))
    (share,) = cut(plan, 1)
    assert share.layout is plan.layout
    assert Stream(share, BATCH, lambda: 0).note(0, 100) == BATCH + b" 0 0"


def test_the_archive_of_a_share_is_one_that_tar_reads() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(6):
            one = tarfile.TarInfo(f"d/{number}")
            one.size = 1000
            archive.addfile(one, io.BytesIO(bytes([number]) * 1000))
    stored = content.getvalue()
    members = members_of(*((b"d/%d" % number, Kind.FILE, 1000) for number in range(6)))
    found: list[str] = []
    for share in cut(plan_of(members), 3):
        stream = b"".join(
            one.data if isinstance(one, Literal) else stored[one.offset :][: one.length]
            for one in share.layout.segments()
            if isinstance(one, (Literal, Extract))
        )
        with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
            names = archive.getnames()
        assert names[0] == "d"
        found += names[1:]
    assert found == [f"d/{number}" for number in range(6)]
