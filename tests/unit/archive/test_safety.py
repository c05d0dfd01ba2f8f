"""Hostile archives, rule by rule; ordinary ones, which none of the rules may touch."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.trust.safety import refusals
from tests.unit.archive.making import (
    END,
    directory,
    extended,
    file,
    hard_link,
    header,
    index_of_bytes,
    long_name,
    record,
    sample,
    symlink,
)

if TYPE_CHECKING:
    from pathlib import Path


def refused(where: Path, *members: bytes) -> list[tuple[bytes, str]]:
    index = index_of_bytes(where, b"".join(members) + END)
    return [(one.member.name, one.reason) for one in refusals(index)]


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_ordinary_archives_are_not_touched(tmp_path: Path, layout: int) -> None:
    assert refusals(index_of_bytes(tmp_path, sample(layout))) == []


@pytest.mark.parametrize(
    "members",
    [
        pytest.param((directory(b"./"), file(b"./a")), id="root entry"),
        pytest.param((file(b"/etc/absolute"),), id="absolute name"),
        pytest.param((symlink(b"l", b"/etc"), symlink(b"up", b"../../..")), id="links anywhere"),
        pytest.param((symlink(b"l", b"/etc"), file(b"l2/f"), file(b"lx")), id="like a link's name"),
        pytest.param((file(b"a"), hard_link(b"b", b"./a"), hard_link(b"c", b"b")), id="hard links"),
        pytest.param((symlink(b"s", b"x"), hard_link(b"h", b"s")), id="hard link to a symlink"),
        pytest.param((file(b"a"), file(b"a", b"newer")), id="file twice"),
        pytest.param((directory(b"d/"), file(b"d/f"), directory(b"d")), id="directory twice"),
        pytest.param((file(b"a"), symlink(b"a", b"/x")), id="link over a file"),
        pytest.param((symlink(b"a", b"/x"), file(b"a")), id="file over a link"),
        pytest.param((symlink(b"l", b"/x"), directory(b"l"), file(b"l/x")), id="no link any more"),
        pytest.param((file(b"a"), directory(b"a/"), file(b"a/b")), id="directory over a file"),
        pytest.param((directory(b"a/"), file(b"a")), id="file over a directory"),
        pytest.param((file(b"f"), hard_link(b"a", b"f"), file(b"a")), id="file over a hard link"),
        pytest.param((file(b"h"), hard_link(b"h", b"./h")), id="file and link to itself"),
        pytest.param((file(b"..."), file(b"a..b/..c"), file(b" ..")), id="dots in names"),
        pytest.param((file(b"d/f"), file(b"d.x"), file(b"d-x/f")), id="names around a directory"),
        pytest.param((long_name(b"/".join([b"p" * 255] * 15)), file(b"p")), id="long path"),
    ],
)
def test_what_real_trees_hold_is_allowed(tmp_path: Path, members: tuple[bytes, ...]) -> None:
    assert refused(tmp_path, *members) == []


@pytest.mark.parametrize(
    ("members", "name", "words"),
    [
        ((file(b"../x"),), b"../x", "out of the target with .."),
        ((file(b"a/../b"),), b"a/../b", "out of the target with .."),
        ((file(b"/.."),), b"/..", "out of the target with .."),
        ((directory(b"a/.."),), b"a/..", "out of the target with .."),
        ((header(b""),), b"", "no name"),
        ((file(b"."),), b".", "replace the target"),
        ((symlink(b"./", b"/etc"),), b"./", "replace the target"),
        ((long_name(b"x" * 256), file(b"x")), b"x" * 256, "255 bytes"),
        ((long_name(b"x/" * 2048 + b"y"), file(b"x")), b"x/" * 2048 + b"y", "4095 bytes"),
        ((header(b"dev", b"3"),), b"dev", "character device"),
        ((header(b"dev", b"4"),), b"dev", "block device"),
        ((header(b"pipe", b"6"),), b"pipe", "FIFO"),
        ((file(b"odd", kind=b"Q"),), b"odd", "type that is not known"),
        ((symlink(b"s", b""),), b"s", "link to nothing"),
        ((long_name(b"t" * 4096, b"K"), symlink(b"s", b"t")), b"s", "4095 bytes"),
        ((symlink(b"l", b"/etc"), file(b"l/passwd")), b"l/passwd", "leads outside"),
        ((symlink(b"l", b".."), file(b"l/x")), b"l/x", "leads outside"),
        ((symlink(b"d/l", b"../.."), file(b"d/l/x")), b"d/l/x", "leads outside"),
        ((file(b"l/passwd"), symlink(b"l", b"/etc")), b"l/passwd", "leads outside"),
        ((symlink(b"./l", b"/etc"), file(b"l//./x")), b"l//./x", "leads outside"),
        ((symlink(b"l", b"d"), directory(b"d/"), file(b"l/x")), b"l/x", "stays inside"),
        ((symlink(b"l", b"l"), file(b"l/x")), b"l/x", "stays inside"),
        (
            (symlink(b"a", b"b/c"), symlink(b"b", b"d/.."), file(b"a/x")),
            b"a/x",
            "stays inside",
        ),
        (
            (symlink(b"a", b"b/up"), symlink(b"b", b"."), symlink(b"up", b".."), file(b"a/deep/x")),
            b"a/deep/x",
            "leads outside",
        ),
        ((symlink(b"l", b"/x"), file(b"l-x"), file(b"l/x")), b"l/x", "leads outside"),
        ((symlink(b"l", b"/x"), symlink(b"l/m", b"y"), file(b"l/m/x")), b"l/m/x", "leads outside"),
        ((file(b"a"), file(b"a/b")), b"a/b", "something else where its directory"),
        ((file(b"a/b"), file(b"a")), b"a/b", "something else where its directory"),
        ((file(b"a"), hard_link(b"h", b"a"), file(b"h/x")), b"h/x", "something else"),
        ((directory(b"a/"), file(b"a/b"), file(b"a")), b"a/b", "something else where"),
        ((file(b"l"), file(b"l/x"), symlink(b"l", b"/x")), b"l/x", "leads outside"),
        ((hard_link(b"h", b"../../etc/passwd"),), b"h", "out of the target"),
        ((hard_link(b"h", b"a/../../x"),), b"h", "out of the target"),
        ((hard_link(b"h", b"later"), file(b"later")), b"h", "not before it"),
        ((hard_link(b"h", b"nowhere"),), b"h", "not before it"),
        ((hard_link(b"h", b"./h"),), b"h", "to itself"),
        ((directory(b"d/"), hard_link(b"h", b"d")), b"h", "to a directory"),
        ((symlink(b"l", b"/etc"), hard_link(b"h", b"l/passwd")), b"h", "not before it"),
        (
            (symlink(b"l", b"/etc"), file(b"l/passwd"), hard_link(b"h", b"l/passwd")),
            b"h",
            "not before it",
        ),
        (
            (extended(record(b"path", b"../../x")), file(b"fine")),
            b"../../x",
            "out of the target with ..",
        ),
        (
            (file(b"a"), extended(record(b"linkpath", b"../x")), hard_link(b"h", b"a")),
            b"h",
            "out of the target",
        ),
    ],
)
def test_hostile_members_are_refused(
    tmp_path: Path, members: tuple[bytes, ...], name: bytes, words: str
) -> None:
    found = refused(tmp_path, *members)
    assert any(each == name and words in reason for each, reason in found), found


PARTS = st.sampled_from([b"a", b"b", b"a-", b"..", b".", b""])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(b"/".join)
KINDS = st.sampled_from([Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.HARDLINK])


def member_of(name: bytes, kind: Kind, link: bytes) -> Member:
    return Member(name, normal_path(name), kind, 0, 512, 512, 0, 0o644, 0, 0, 0, link)


# The index has each path once.
MEMBERS = st.lists(
    st.builds(member_of, NAMES, KINDS, NAMES), max_size=12, unique_by=lambda one: one.path
)


@given(MEMBERS)
def test_what_is_let_through_stays_inside_a_naive_tar(members: list[Member]) -> None:
    """Extract what is allowed as the most trusting tar would, in a model of a file system."""
    bad = {one.number for one in refusals(Index(Members.of(members), 0, Compression.NONE))}
    tree: dict[bytes, Kind] = {}
    for number, member in enumerate(members):
        if number in bad:
            continue
        parts = member.path.split(b"/") if member.path else []
        assert b".." not in member.name.split(b"/")
        for depth in range(1, len(parts)):
            parent = b"/".join(parts[:depth])
            assert tree.setdefault(parent, Kind.DIRECTORY) is Kind.DIRECTORY
        if member.kind is Kind.HARDLINK:
            assert not member.link.startswith(b"/")
            target = normal_path(member.link)
            assert tree[target] is not Kind.DIRECTORY
            assert target != member.path
        standing = tree.get(member.path)
        assert standing is None or (standing is Kind.DIRECTORY) == (member.kind is Kind.DIRECTORY)
        tree[member.path] = member.kind


@given(MEMBERS)
def test_parents_are_judged_as_a_plain_loop_judges_them(members: list[Member]) -> None:
    last = {one.path: one for one in members}
    links = {one.path for one in members if one.kind is Kind.SYMLINK}
    index = Index(Members.of(members), 0, Compression.NONE)
    found = {one.number: one.reason for one in refusals(index)}
    for number, member in enumerate(members):
        parts = member.path.split(b"/")
        parents = [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
        behind_link = any(parent in links for parent in parents)
        behind_other = any(
            parent in last and last[parent].kind is not Kind.DIRECTORY for parent in parents
        )
        if behind_link or behind_other:
            assert number in found
        else:
            reason = found.get(number, "")
            assert "behind a symbolic link" not in reason
            assert "its directory" not in reason


def test_many_deep_members_are_judged_in_one_go() -> None:
    # A loop over the parents of each would copy 16 GB of paths here.
    deep = b"/".join([b"d"] * 2000)
    members = [
        member_of(deep + b"%d/%d" % (number, number), Kind.FILE, b"") for number in range(4000)
    ]
    members.append(member_of(b"d", Kind.SYMLINK, b"/etc"))
    assert len(refusals(Index(Members.of(members), 0, Compression.NONE))) == 4000
