"""Archives that real programs made are read as GNU tar extracts them, contents too."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.stream.segments import Extract, Zeros, read_segments
from kubectl_restore.deadline import Watch
from kubectl_restore.plan.attributes import modes_of
from kubectl_restore.text import shown_whole
from tests.archives.corpus import PLACE, Archive, archives, manifest
from tests.archives.make.answer import DIGITS, FIRST, LAST, NOW
from tests.unit.archive.making import index_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member

NANO = 10**9
CORPUS = archives()


def contents(path: Path, index: Index) -> dict[bytes, str]:
    """The beginning of each file's checksum, holes filled."""
    found = {}
    with BackupFile.open(path) as backup:
        for one in index.members:
            if one.kind is not Kind.FILE:
                continue
            at, extents = one.offset + one.prefix, one.extents
            stored = one.size if extents is None else sum(extents[1::2])
            pieces = read_segments(backup, index.compression, [Extract(at, stored)], Watch(None))
            data = b"".join(
                bytes(it.length) if isinstance(it, Zeros) else bytes(it) for it in pieces
            )
            if extents is not None:
                whole, done = bytearray(one.size), 0
                for start, length in zip(extents[::2], extents[1::2], strict=True):
                    whole[start : start + length] = data[done : done + length]
                    done += length
                data = bytes(whole)
            found[one.path] = hashlib.sha256(data).hexdigest()[:DIGITS]
    return found


def differences(
    archive: Archive, members: Mapping[str, Member], digests: Mapping[bytes, str]
) -> Iterator[str]:
    """Yield `NAME FIELD` of what we read otherwise than GNU tar extracts."""
    above = {"/".join(name.split("/")[:depth]) for name in members for depth in range(99)}
    for name, right in archive.answer.items():
        member = members.get(name)
        if member is None:
            # Nothing in the archive names it: it is made for what stands below it.
            if name not in above or right["kind"] != "directory":
                yield f"{name} missing"
            continue
        source = member
        if member.kind is Kind.HARDLINK:
            source = members[shown_whole(normal_path(member.link))]
        for field, is_right in judged(source, right, digests.get(source.path, "")):
            if not is_right:
                yield f"{name} {field}"
    for name in members:
        if name and name not in archive.answer:
            yield f"{name} strange"


def judged(source: Member, right: Mapping[str, str], digest: str) -> Iterator[tuple[str, bool]]:
    """Yield for each field whether it is as GNU tar extracts it."""
    when = min(max(source.mtime * NANO + source.nanoseconds, FIRST), LAST)
    is_file, is_link = source.kind is Kind.FILE, source.kind is Kind.SYMLINK
    size = str(source.size) if is_file else ""
    yield "kind", source.kind.value == right["kind"]
    yield "mode", not right["mode"] or int(right["mode"], 8) in modes_of(source)
    yield "owner", f"{source.uid}:{source.gid}" == right["owner"]
    yield "mtime", right["mtime"] in {NOW, str(when)}
    yield "content", (size, digest) == (right["size"], right["content"])
    yield "link", not is_link or shown_whole(source.link) == right["link"]


@pytest.mark.parametrize("archive", CORPUS, ids=[one.name for one in CORPUS])
def test_it_is_read_as_gnu_tar_extracts_it(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(archive.content())
    index = index_of(path)
    members = {shown_whole(one.path): one for one in index.members}
    found = set(differences(archive, members, contents(path, index)))
    assert found == set(archive.differs), archive.how


def test_each_archive_is_written_down() -> None:
    assert {one.name for one in PLACE.iterdir()} == {
        "MANIFEST.json",
        *(f"{name}{suffix}" for name in manifest() for suffix in (".xz", ".txt")),
    }
    assert sum(one.stat().st_size for one in PLACE.iterdir()) < 1_500_000
