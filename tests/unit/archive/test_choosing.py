"""What is chosen of an archive and where it goes: what GNU tar does, and what it does not do."""

from __future__ import annotations

import os
import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.select.choose import Chosen, choose
from kubectl_restore.archive.select.rename import Mapping
from kubectl_restore.archive.select.selection import Selection
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.normalise import Dialect, segments_of
from kubectl_restore.archive.stream.segments import Extract, Literal
from kubectl_restore.archive.tar.header import END_OF_ARCHIVE
from kubectl_restore.archive.trust.safety import refusals
from kubectl_restore.errors import DamagedError, UsageError
from tests.unit.archive.gnu_tar import extracted, gnu_only
from tests.unit.archive.making import (
    END,
    directory,
    extended,
    file,
    hard_link,
    header,
    index_of_bytes,
    record,
    symlink,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def chosen(where: Path, selection: Selection, *members: bytes) -> Chosen:
    return choose(index_of_bytes(where, b"".join(members) + END), selection)


def shape(result: Chosen) -> list[tuple[bytes, Kind, bytes, int]]:
    """Return what is left: path, kind, link, size."""
    return [(one.path, one.kind, one.link, one.size) for one in result.index.members]


def paths(result: Chosen) -> list[bytes]:
    return [one.path for one in result.index.members]


TREE = (
    directory(b"app/"),
    file(b"app/config.yaml"),
    file(b"app/cache/a.bin"),
    file(b"app/cache/b.log"),
    directory(b"logs/"),
    file(b"logs/x.log"),
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(include=(b"app",)), [0, 1, 2, 3]),
        (Selection(include=(b"app/",)), [0, 1, 2, 3]),
        (Selection(include=(b"*.log", b"app/c*.yaml")), [1, 3, 5]),
        (Selection(exclude=(b"cache", b"logs")), [0, 1]),
        (Selection(exclude=(b"*.log",)), [0, 1, 2, 4]),
        (Selection(include=(b"app",), exclude=(b"*.log", b"app/config.yaml")), [0, 2]),
        (Selection(include=(b"app/cache/a.bin",), exclude=(b"cache",)), []),
        (Selection(exclude=(b"nothing",)), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_globs_choose_and_exclusion_wins(
    tmp_path: Path, selection: Selection, expected: list[int]
) -> None:
    everything = paths(chosen(tmp_path, Selection(), *TREE))
    result = chosen(tmp_path, selection, *TREE)
    assert paths(result) == [everything[number] for number in expected]
    left_out = len(TREE) - len(expected)
    assert bool(result.notes) == bool(left_out)
    assert all(str(left_out) in note for note in result.notes)


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        (b"conf", "--include '*/conf'"),
        (b"./app", "--include app"),
        (b"/app", "--include app"),
        (b"nowhere", ""),
        (b"\x1b[31m", ""),
    ],
)
def test_an_inclusion_that_matches_nothing_is_an_error(
    tmp_path: Path, pattern: bytes, near: str
) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(tmp_path, Selection(include=(b"app", pattern)), *TREE, file(b"d/conf"))
    error = caught.value
    assert error.exit_code == 2
    assert "nothing was changed" in error.what
    assert near in error.fix
    assert "\x1b" not in error.what + error.reason + error.fix
    assert error.reason


def test_an_exclusion_that_matches_nothing_is_said(tmp_path: Path) -> None:
    members = [file(b"./app/a"), file(b"./b.log")]
    globs = (b"nowhere", b"*.log", b"/app", b"b.*", b"\x1b[2J")
    made = chosen(tmp_path, Selection(exclude=globs), *members)
    assert paths(made) == [b"app/a"]
    assert [one.split()[1] for one in made.warnings] == ["nowhere", "/app", "\\x1b[2J"]
    # What is not included either has been matched all the same.
    made = chosen(tmp_path, Selection(include=(b"./app",), exclude=(b"b.log",)), *members)
    assert (paths(made), made.warnings) == ([b"app/a"], ())
    # Of a part nobody knows what comes behind it.
    index = index_of_bytes(tmp_path, b"".join(members) + END)
    made = choose(index, Selection(exclude=globs), is_part=True)
    assert made.warnings == ()
    assert [one.pattern for one in made.idle] == [b"nowhere", b"/app", b"\x1b[2J"]


def test_dotted_names_are_named_in_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(tmp_path, Selection(include=(b"app",)), file(b"./app/x"))
    assert caught.value.fix.endswith("--include ./app")


def test_a_hard_link_whose_file_is_excluded_becomes_the_file(tmp_path: Path) -> None:
    data = (file(b"a", b"content"), hard_link(b"b", b"a"), hard_link(b"c", b"b"), file(b"d"))
    result = chosen(tmp_path, Selection(exclude=(b"a",)), *data)
    assert shape(result) == [
        (b"b", Kind.FILE, b"", 7),
        (b"c", Kind.HARDLINK, b"b", 0),
        (b"d", Kind.FILE, b"", 3),
    ]
    # The content is read where it stands: offsets rise.
    assert [one.offset for one in result.index.members] == [0, 1536, 2048]
    kept = chosen(tmp_path, Selection(exclude=(b"b",)), *data)
    assert shape(kept)[:2] == [(b"a", Kind.FILE, b"", 7), (b"c", Kind.HARDLINK, b"a", 0)]


def test_a_hard_link_whose_target_is_stripped_away_becomes_the_file(tmp_path: Path) -> None:
    data = (file(b"top", b"content"), hard_link(b"d/one", b"top"), hard_link(b"d/two", b"./top"))
    result = chosen(tmp_path, Selection(mapping=Mapping(1)), *data)
    assert shape(result) == [(b"one", Kind.FILE, b"", 7), (b"two", Kind.HARDLINK, b"one", 0)]
    assert result.notes == (
        "1 member left out: the name has no more components than --strip-components 1 takes away",
    )


@pytest.mark.parametrize(
    ("mapping", "name", "path"),
    [
        (Mapping(1), b"a/b/c", b"b/c"),
        (Mapping(2), b"/a//b/c", b"c"),
        (Mapping(1), b"./a/b", b"a/b"),
        (Mapping(1), b"a/", None),
        (Mapping(1), b"./", None),
        (Mapping(3), b"a/b/c", None),
        (Mapping(0, ((b"a", b"x"),)), b"a/b", b"x/b"),
        (Mapping(0, ((b"a", b"x"),)), b"a/", b"x"),
        (Mapping(0, ((b"a", b"x"),)), b"ab/c", b"ab/c"),
        (Mapping(0, ((b"a", b"x"),)), b"b/a/c", b"b/a/c"),
        (Mapping(0, ((b"a", b"b"), (b"b", b"c"))), b"a/x", b"b/x"),
        (Mapping(0, ((b"a/b", b"x/y"), (b"a", b""))), b"./a/b/c", b"x/y/c"),
        (Mapping(0, ((b"a/b", b"x/y"), (b"a", b""))), b"/a/c", b"c"),
        (Mapping(0, ((b"", b"below"),)), b"a", b"below/a"),
        (Mapping(1, ((b"b", b"x"),)), b"a/b/c", b"x/c"),
    ],
)
def test_where_a_name_goes(mapping: Mapping, name: bytes, path: bytes | None) -> None:
    assert mapping.keeps(name) == (path is not None)
    if path is not None:
        assert mapping.path_of(name) == path


def test_hard_links_move_with_their_files_and_symlinks_stay(tmp_path: Path) -> None:
    prefixes = ((b"old", b"new"),)
    result = chosen(
        tmp_path,
        Selection(mapping=Mapping(0, prefixes)),
        file(b"./old/f"),
        hard_link(b"./other/h", b"old/f"),
        symlink(b"old/s", b"old/f"),
    )
    assert shape(result) == [
        (b"new/f", Kind.FILE, b"", 3),
        (b"other/h", Kind.HARDLINK, b"new/f", 0),
        (b"new/s", Kind.SYMLINK, b"old/f", 0),
    ]
    moved, _, link = result.index.members
    # The archive's own header has the old name.
    first = next(segments_of(moved, Dialect()))
    assert isinstance(first, Literal)
    assert first.data.startswith(b"new/f\x00")
    assert not link.is_common


def test_of_members_that_get_the_same_path_the_last_counts_and_it_is_said(tmp_path: Path) -> None:
    result = chosen(
        tmp_path,
        Selection(mapping=Mapping(1)),
        file(b"a/x", b"first"),
        hard_link(b"a/h", b"a/x"),
        file(b"b/x", b"second!"),
    )
    # The link keeps the content that it had.
    assert shape(result) == [(b"h", Kind.FILE, b"", 5), (b"x", Kind.FILE, b"", 7)]
    assert len(result.warnings) == 1
    assert "1 member left out" in result.warnings[0]
    assert "the last one counts" in result.warnings[0]


@pytest.mark.parametrize(
    ("mapping", "members", "words"),
    [
        (Mapping(1), (file(b"../etc/x"),), "leads out of the target"),
        (Mapping(1), (symlink(b"a/l", b"/etc"), file(b"b/l/passwd")), "behind a symbolic link"),
        (Mapping(0, ((b"x", b"l"),)), (symlink(b"l", b"/etc"), file(b"x/passwd")), "leads outside"),
        (Mapping(0, ((b"f", b""),)), (file(b"f"),), "replace the target itself"),
        (Mapping(0, ((b"", b"d" * 256),)), (file(b"f"),), "255 bytes"),
        (Mapping(0, ((b"d", b"f"),)), (file(b"f"), file(b"d/x")), "something else where"),
    ],
)
def test_what_is_not_safe_before_or_after_mapping_is_refused(
    tmp_path: Path, mapping: Mapping, members: tuple[bytes, ...], words: str
) -> None:
    result = chosen(tmp_path, Selection(mapping=mapping), *members)
    assert any(words in one.reason for one in result.refused), result.refused


def test_an_excluded_member_is_not_judged(tmp_path: Path) -> None:
    result = chosen(
        tmp_path, Selection(exclude=(b"../x", b"pipe")), *TREE, file(b"../x"), header(b"pipe", b"6")
    )
    assert result.refused == ()
    assert len(paths(result)) == len(TREE)


def test_what_depends_on_a_refused_member_is_refused_with_it(tmp_path: Path) -> None:
    result = chosen(
        tmp_path,
        Selection(skip_unsafe=True),
        symlink(b"l", b"/etc"),
        file(b"l/passwd"),
        hard_link(b"h", b"l/passwd"),
        header(b"pipe", b"6"),
        hard_link(b"p", b"pipe"),
        file(b"pipe/below"),
        file(b"fine"),
        hard_link(b"too", b"fine"),
    )
    assert paths(result) == [b"l", b"fine", b"too"]
    reasons = {one.member.path: one.reason for one in result.refused}
    assert list(reasons) == [b"l/passwd", b"h", b"pipe", b"p", b"pipe/below"]
    assert "or refused" in reasons[b"h"]
    assert result.notes == ("5 members left out as not safe (--skip-unsafe)",)


def device(name: bytes, kind: bytes, major: bytes, minor: bytes) -> bytes:
    """Return a device's header, its two fields as they are given."""
    block = bytearray(header(name, kind))
    block[329:345] = major.ljust(8, b"\x00") + minor.ljust(8, b"\x00")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\x00 " % sum(block)
    return bytes(block)


def test_devices_are_restored_when_asked_for_with_their_numbers(tmp_path: Path) -> None:
    members = (
        device(b"null", b"3", b"1", b"3"),
        device(b"disk", b"4", b"0000376", b"3777777"),
        header(b"pipe", b"6"),
        hard_link(b"again", b"null"),
    )
    assert len(chosen(tmp_path, Selection(), *members).refused) == 4
    result = chosen(tmp_path, Selection(devices=True), *members)
    assert result.refused == ()
    stream = b"".join(
        piece.data
        for one in result.index.members
        for piece in segments_of(one, Dialect())
        if isinstance(piece, Literal)
    )
    again = index_of_bytes(tmp_path, stream + END_OF_ARCHIVE).members
    assert [(one.kind, one.device) for one in again] == [
        (Kind.CHARACTER_DEVICE, 1 << 32 | 3),
        (Kind.BLOCK_DEVICE, 0o376 << 32 | 0o3777777),
        (Kind.FIFO, 0),
        (Kind.HARDLINK, 0),
    ]


@pytest.mark.parametrize(
    "member",
    [
        device(b"d", b"3", b"9", b"3"),
        device(b"d", b"3", b"10000", b"0"),
        device(b"d", b"4", b"1", b"\x80\x00\x00\x00\x00\x10\x00\x00"),
        device(b"d", b"4", b"\xff" * 8, b"1"),
    ],
    ids=["no octal digit", "major", "minor", "negative"],
)
def test_a_device_whose_numbers_are_none_is_refused(tmp_path: Path, member: bytes) -> None:
    [one] = chosen(tmp_path, Selection(devices=True), member).refused
    assert "numbers are none" in one.reason


def test_records_stay_with_a_member_that_moves(tmp_path: Path) -> None:
    pax = extended(record(b"mtime", b"5.5"))
    result = chosen(tmp_path, Selection(mapping=Mapping(1)), pax + file(b"a/b"))
    assert result.index.members[0].nanoseconds == 500_000_000


def or_nothing(what: Callable[[], Chosen]) -> Chosen | None:
    """Return what is chosen; None where it is said that nothing is left, or what is wrong."""
    try:
        return what()
    except UsageError as error:
        if "leaves nothing" not in error.what:
            raise
    except DamagedError as error:
        if "stands before it" not in error.reason:
            raise
    return None


@gnu_only
@pytest.mark.parametrize("strip", [0, 1, 2, 3])
def test_gnu_tar_makes_the_same_tree(tmp_path: Path, strip: int) -> None:
    """Random trees, by GNU tar with the same flags, and by GNU tar from the stream that we send."""
    randomness = random.Random(strip)  # noqa: S311 - no secret
    for number in range(12):
        members = _random_tree(randomness)
        archive = tmp_path / f"{number}.tar"
        archive.write_bytes(b"".join(members) + END)
        exclude = randomness.choice([(), (b"b",), (b"*a/b*", b"[a]"), (b"a/*",), (b"[!ab]",)])
        theirs, ours = tmp_path / f"{number}.theirs", tmp_path / f"{number}.ours"
        theirs.mkdir()
        ours.mkdir()
        words = [b"--exclude=" + one for one in exclude]
        said = extracted(archive, theirs, *words, f"--strip-components={strip}")
        selection = Selection(exclude=exclude, mapping=Mapping(strip))
        result = or_nothing(partial(chosen, tmp_path, selection, *members))
        if result is None:
            assert _files_of(theirs) == {}
            continue
        assert result.refused == ()
        data = b"".join(members)
        sent = b""
        for one in result.index.members:
            for piece in segments_of(one, Dialect()) if one.kind is not Kind.DIRECTORY else ():
                if isinstance(piece, Literal):
                    sent += piece.data
                elif isinstance(piece, Extract):
                    sent += data[piece.offset : piece.offset + piece.length]
        (tmp_path / "sent.tar").write_bytes(sent + END)
        assert extracted(tmp_path / "sent.tar", ours) == b""
        wanted, got = _files_of(theirs), _files_of(ours)
        # A link whose file is left out fails in GNU tar; with us it becomes the file.
        lost = got.keys() - wanted.keys()
        assert bool(lost) <= (b"Cannot hard link" in said), (said, lost)
        assert {path: got[path] for path in wanted} == wanted


def _random_tree(randomness: random.Random) -> list[bytes]:
    """Return members: directories, files, and hard links to files before them."""
    directories = [b""]
    for _ in range(randomness.randint(1, 6)):
        directories.append(
            randomness.choice(directories) + randomness.choice([b"a/", b"b/", b"c/"])
        )
    found = [directory(name) for name in dict.fromkeys(directories) if name]
    files: list[bytes] = []
    for number in range(randomness.randint(1, 12)):
        name = randomness.choice(directories) + b"f%d" % number
        if files and randomness.random() < 0.3:
            found.append(hard_link(name, randomness.choice(files)))
        else:
            found.append(file(name, b"content of " + name))
            files.append(name)
    return found


def _files_of(where: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(where)): path.read_bytes()
        for path in where.rglob("*")
        if path.is_file()
    }


PARTS = st.sampled_from([b"a", b"b", b"a-", b"..", b".", b""])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(b"/".join)
MEMBERS = st.lists(
    st.builds(
        lambda name, kind, link: Member(
            name, normal_path(name), kind, 0, 512, 512, 0, 0o644, 0, 0, 0, link
        ),
        NAMES,
        st.sampled_from([Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.HARDLINK, Kind.FIFO]),
        NAMES,
    ),
    max_size=12,
    unique_by=lambda one: one.path,
)
SELECTIONS = st.builds(
    Selection,
    exclude=st.lists(st.sampled_from([b"a", b"b/a", b"a*"]), max_size=2).map(tuple),
    mapping=st.builds(
        Mapping,
        st.integers(0, 2),
        st.lists(
            st.tuples(st.sampled_from([b"a", b"b", b""]), st.sampled_from([b"", b"b", b"a/b"])),
            max_size=2,
        ).map(tuple),
    ),
    devices=st.booleans(),
    skip_unsafe=st.just(value=True),
)


@given(MEMBERS, SELECTIONS)
def test_what_is_left_is_safe_and_each_path_is_there_once(
    members: list[Member], selection: Selection
) -> None:
    index = Index(Members.of(members), 0, Compression.NONE)
    result = or_nothing(lambda: choose(index, selection))
    if result is None:
        return
    assert refusals(result.index, devices=selection.devices) == []
    assert len(set(paths(result))) == len(paths(result))


class EndedError(Exception):
    """The user has had enough."""


@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(exclude=(b"x",)), Selection(mapping=Mapping(prefixes=((b"a", b"b"),)))],
    ids=["everything", "patterns", "mapped"],
)
def test_choosing_among_many_members_can_be_ended(selection: Selection) -> None:
    member = Member(b"a", b"a", Kind.FILE, 0, 512, 512, 0, 0o644, 0, 0, 0, b"")
    many = Members.of(member._replace(name=b"a/%d" % one) for one in range(20_000))
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1
        if beats > 2:
            raise EndedError

    with pytest.raises(EndedError):
        choose(Index(many, 0, Compression.NONE), selection, beat=beat)
