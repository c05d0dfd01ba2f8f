"""The comparison afterwards finds what is not as it was sent."""

from __future__ import annotations

from dataclasses import replace

from kubectl_restore.archive.index import Kind, Member, Need
from kubectl_restore.operation import Action, Operation
from kubectl_restore.pod.survey import Entry, Standing
from kubectl_restore.verify import amendments, compare

MEMBER = Member(
    name=b"f", path=b"f", kind=Kind.FILE, offset=0, length=1024, size=5, mode=0o640, mtime=100,
    uid=1, gid=2, link=b"", needs=Need.NOTHING,
)  # fmt: skip
ENTRY = Entry(Standing.FILE, 5, 0o640, 100, 1, 2, 9)


def sent(member: Member) -> Operation:
    return Operation(member.path, Action.CREATE, member)


def test_what_is_as_it_was_sent() -> None:
    verdict = compare([sent(MEMBER)], {b"f": ENTRY})
    assert (verdict.differences, verdict.modes, verdict.owners, verdict.times) == ([], {}, {}, 0)


def test_missing_of_another_kind_and_of_another_size() -> None:
    for entry, words in (
        (None, "missing"),
        (replace(ENTRY, kind=Standing.SYMLINK), "a symlink instead of a file"),
        (replace(ENTRY, size=4), "4 bytes instead of 5"),
    ):
        verdict = compare([sent(MEMBER)], {} if entry is None else {b"f": entry})
        assert [one.what for one in verdict.differences] == [words]


def test_a_hard_link_has_the_size_of_what_it_leads_to() -> None:
    link = replace(MEMBER, path=b"l", kind=Kind.HARDLINK, size=0, link=b"./f")
    chain = replace(MEMBER, path=b"m", kind=Kind.HARDLINK, size=0, link=b"l")
    found = {b"f": ENTRY, b"l": ENTRY, b"m": replace(ENTRY, size=3)}
    verdict = compare([sent(MEMBER), sent(link), sent(chain)], found)
    assert [(one.path, one.what) for one in verdict.differences] == [(b"m", "3 bytes instead of 5")]


def test_a_symlink_has_the_length_of_its_target() -> None:
    link = replace(MEMBER, kind=Kind.SYMLINK, size=0, link=b"/somewhere")
    entry = replace(ENTRY, kind=Standing.SYMLINK, mode=0o777, mtime=5, size=10)
    assert compare([sent(link)], {b"f": entry}).differences == []
    assert compare([sent(link)], {b"f": replace(entry, size=9)}).differences != []


def test_what_was_kept_must_still_be_there() -> None:
    kept = Operation(b"d", Action.KEEP, replace(MEMBER, path=b"d", kind=Kind.DIRECTORY))
    assert compare([kept], {}).differences != []
    entry = Entry(Standing.DIRECTORY, 1, 0o711, 5, 7, 7, 1)
    verdict = compare([kept], {b"d": entry})
    assert (verdict.differences, verdict.modes, verdict.times) == ([], {}, 0)


def test_what_tar_did_not_set_is_amended_owners_first() -> None:
    other = replace(MEMBER, path=b"g", mode=0o4755)
    found = {b"f": replace(ENTRY, uid=0), b"g": replace(ENTRY, mode=0o755, mtime=7)}
    verdict = compare([sent(MEMBER), sent(other)], found)
    assert verdict.times == 1
    assert amendments(verdict, owners=True) == [
        (b"chown -h 1:2", [b"f"]),
        (b"chmod 04755", [b"g"]),
    ]
    assert amendments(verdict, owners=False) == [(b"chmod 04755", [b"g"])]
