"""Every kind of pod: it works and tells the truth, or it is clear before anything is written."""

from __future__ import annotations

import bz2
import lzma
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import lz4.frame
import pytest

from tests.contract import trees
from tests.contract.program import restore

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

KINDS = [
    "busybox-old",
    "busybox-new",
    "bsdtar",
    "toybox",
    "nodd",
    "bash-sh",
    "nonroot-bsdtar",
    "nonroot-toybox",
    "no-capabilities",
    "small-memory",
    "small-memory-busybox",
    "init",
    "ephemeral",
    "terminating",
    "sh-ksh93",
    "sh-mksh",
    "sh-posh",
    "sh-zsh",
]
ONE_OF_EACH_TAR = ["busybox", "debian", "bsdtar", "toybox"]
NON_ROOT = ["nonroot-busybox", "nonroot-gnu", "nonroot-bsdtar", "nonroot-toybox"]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_entries_arrive_as_they_are(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.two_thousand(owner=pod.owner)
    result = restore(pod, backup(archive), "-c", pod.container)
    assert result.code == 0, result
    assert result.out.count("Note:") == result.out.count("itself kept its mode"), result
    if kind == "terminating":
        assert "is being deleted" in result.err
    expected = trees.tree_of(archive)
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []
    assert pod.marked() == []


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", ONE_OF_EACH_TAR)
def test_every_packing_goes_into_every_tar(
    cluster: Cluster, backup: Writer, kind: str, packing: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.two_thousand(owner=pod.owner)
    half = len(archive) // 2
    pack = PACKERS[packing]
    # Two members, frames or streams, one after the other.
    result = restore(pod, backup(pack(archive[:half]) + pack(archive[half:]), "backup.bin"))
    assert result.code == 0, result
    expected = trees.tree_of(archive)
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []


@pytest.mark.parametrize(
    ("kind", "framing"), [("debian", "dd"), ("nodd", "head"), ("toybox", "tar")]
)
def test_the_way_that_was_taken_is_said(
    cluster: Cluster, backup: Writer, kind: str, framing: str
) -> None:
    result = restore(cluster.pod(kind), backup(trees.small()), "-v")
    assert result.code == 0, result
    assert f"one framed and acknowledged exec, its chunks are taken by {framing}" in result.err


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("busybox-nodd", "lacks what a restore needs: dd"),
        ("sh-yash", "could not run the agent"),
        ("tar-only", "no shell"),
        ("static", "no shell"),
    ],
)
def test_what_a_container_lacks_is_clear_before_anything_is_written(
    cluster: Cluster, backup: Writer, kind: str, words: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(trees.small()))
    assert result.code == 7, result
    assert words in result.err
    if pod.host_directory() is not None:
        assert pod.host_tree() == {}


@pytest.mark.parametrize("kind", ["read-only-mount", "foreign-target"])
def test_a_volume_that_takes_nothing_is_known_before(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(trees.small()))
    assert result.code == 7, result
    assert "/data cannot be written to; nothing was changed" in result.err
    assert pod.tree() == {}


def test_a_container_that_waits_for_its_init_container_is_exit_4(
    cluster: Cluster, backup: Writer
) -> None:
    result = restore(cluster.pod("init"), backup(trees.small()), "-c", "app")
    assert result.code == 4, result
    assert "is not running" in result.err


# Owners, modes, times


def test_root_without_the_right_to_change_owners_counts_them(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("no-capabilities")
    archive = trees.two_thousand(owner=(1234, 567))
    result = restore(pod, backup(archive))
    assert result.code == 0, result
    assert (
        "1,999 paths without the backup's owner (the container runs as root without the right"
        in result.out
    )
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=False) == []


@pytest.mark.parametrize("kind", NON_ROOT)
def test_a_user_counts_what_belongs_to_others(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(trees.small()))
    assert result.code == 0, result
    assert "3 paths without the backup's owner (the container runs as uid 1000)" in result.out
    silent = restore(pod, backup(trees.small()), "--no-same-owner", "--force")
    assert silent.code == 0, silent
    assert "owner" not in silent.out


def modes_of(owner: tuple[int, int] = (1234, 567)) -> trees.Archive:
    archive = trees.Archive(owner=owner)
    archive.directory("shared", mode=0o3775)
    archive.directory("drop", mode=0o1777)
    archive.add("shared/setuid", b"x", mode=0o4755)
    archive.add("shared/setgid", b"x", mode=0o2711)
    archive.add("shared/none", b"x", mode=0)
    return archive


@pytest.mark.parametrize("flags", [(), ("--owner=77:88",), ("--no-same-owner",)], ids=" ".join)
@pytest.mark.parametrize("kind", ONE_OF_EACH_TAR)
def test_special_bits_are_set_and_programs_run_as_nobody_else_than_in_the_backup(
    cluster: Cluster, backup: Writer, kind: str, flags: tuple[str, ...]
) -> None:
    pod = cluster.pod(kind)
    if not pod.is_root:
        pytest.skip("only root gives files away")
    archive = modes_of().finish()
    result = restore(pod, backup(archive), "-p", *flags)
    assert result.code == 0, result
    assert ("2 programs without set-user-ID and set-group-ID" in result.out) is bool(flags)
    tree, expected = pod.tree(), trees.tree_of(archive)
    modes = {name: one.mode for name, one in expected.items()}
    if flags:
        # Whoever gets them now is not who the backup lets them run as.
        modes |= {b"shared/setuid": 0o755, b"shared/setgid": 0o711}
    assert {name: one.mode for name, one in tree.items()} == modes
    owner = {"": (1234, 567), "--owner=77:88": (77, 88), "--no-same-owner": (0, 0)}
    assert {one.owner for one in tree.values()} == {owner["".join(flags)]}


@pytest.mark.parametrize("kind", NON_ROOT)
def test_special_bits_of_a_users_own_files(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    archive = modes_of(pod.owner).finish()
    result = restore(pod, backup(archive), "--no-same-owner")
    assert result.code == 0, result
    if pod.host_directory() is None:
        pytest.skip("only this machine's root reads a file of mode 0")
    expected = trees.tree_of(archive)
    found = {name: one.mode for name, one in pod.host_tree().items()}
    assert found == {name: one.mode for name, one in expected.items()}


def with_records(where: Path, owner: tuple[int, int]) -> bytes:
    """Return an archive with parts of seconds, attributes and an ACL, made by bsdtar and by us."""
    from tests.unit.archive.making import END, extended, header, padded, record  # noqa: PLC0415

    del where
    records = (
        record(b"mtime", b"1600000123.456789"),
        record(b"SCHILY.xattr.user.note", b"a\0b"),
        record(b"SCHILY.acl.access", b"user::rw-,user:1234:r--,group::r--,mask::r--,other::r--"),
        record(b"SCHILY.fflags", b"nodump"),
        record(b"uid", b"%d" % owner[0]),
        record(b"gid", b"%d" % owner[1]),
    )
    return extended(*records) + header(b"rich", size=3) + padded(b"abc") + END


@pytest.mark.parametrize("kind", [*ONE_OF_EACH_TAR, "notar"])
def test_what_a_tar_cannot_keep_is_counted_and_the_rest_is_kept(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(with_records(tmp_path, pod.owner)))
    assert result.code == 0, result
    assert "1 path without the backup's file flags" in result.out
    takes = kind in {"debian", "bsdtar"}
    keeps_time = takes or kind == "notar"
    said = result.out.replace("access control lists (ACLs) (", "ACLs) (")
    assert ("without the backup's fractions of a second" in said) != keeps_time, result
    for words in ("extended attributes (", "ACLs) ("):
        assert (f"without the backup's {words}" in said) != takes, result
    assert ("were handed to the container's tar" in result.out) == takes
    directory = pod.host_directory()
    if directory is None:
        return
    made = directory / "rich"
    assert made.stat().st_mtime_ns % 1_000_000_000 == (456_789_000 if keeps_time else 0)
    found = os.listxattr(made)
    assert ("user.note" in found, "system.posix_acl_access" in found) == (takes, takes)
    assert not takes or os.getxattr(made, "user.note") == b"a\0b"


# What is in the way


@pytest.mark.parametrize("kind", ONE_OF_EACH_TAR)
def test_a_link_that_stays_inside_can_be_kept(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app/current")
    archive.add("app/current/file", b"through the link")
    archive.add("app/current/sub/deep", b"deeper")
    file = backup(archive.finish())
    pod.run("sh", "-c", f"cd {pod.path} && mkdir -p app real && ln -s ../real app/current")
    refused = restore(pod, file, "--force")
    assert refused.code == 6, refused
    assert "--keep-directory-symlinks" in refused.err
    result = restore(pod, file, "--keep-directory-symlinks")
    assert result.code == 0, result
    assert "1 directory left as a symbolic link that stands there" in result.out
    tree = pod.tree()
    assert tree[b"app/current"].kind == "symlink"
    assert {b"real/file", b"real/sub/deep"} <= tree.keys()


@pytest.mark.parametrize("where", ["/tmp", ".", "nowhere", "real"])  # noqa: S108
@pytest.mark.parametrize("kind", ["busybox", "debian"])
def test_a_link_that_leads_out_or_twice_to_one_place_is_never_followed(
    cluster: Cluster, backup: Writer, kind: str, where: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("link/file", b"x")
    archive.add("real/file", b"y")
    pod.run("sh", "-c", f"cd {pod.path} && mkdir real && ln -s {where} link")
    before = pod.tree()
    result = restore(pod, backup(archive.finish()), "--keep-directory-symlinks", "--force")
    assert result.code == 6, result
    assert "link: a symlink stands" in result.err
    assert pod.tree() == before


@pytest.mark.parametrize("kind", ONE_OF_EACH_TAR)
def test_a_program_that_runs_is_replaced_and_runs_on(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    script = (
        f"cd {pod.path} && cp /proc/$$/exe sh && chmod 755 sh"
        " && { ./sh -c 'sleep 60; :' >/dev/null 2>&1 </dev/null & } && echo $!"
    )
    process = pod.run("sh", "-c", script).decode().strip()
    archive = trees.Archive(owner=pod.owner)
    archive.add("sh", b"another one", mode=0o755)
    result = restore(pod, backup(archive.finish()), "--force")
    assert result.code == 0, result
    assert pod.run("cat", f"{pod.path}/sh") == b"another one"
    pod.run("sh", "-c", f"kill {process}")


@pytest.mark.parametrize("kind", ONE_OF_EACH_TAR)
@pytest.mark.leaves("record")
def test_an_immutable_file_is_named(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    directory = pod.host_directory()
    if directory is None or not pod.is_root:
        pytest.skip("only this machine's root makes files immutable")
    archive = trees.Archive(owner=pod.owner)
    archive.add("stays", b"new")
    pod.run("sh", "-c", f"echo old >{pod.path}/stays")
    if subprocess.run(["chattr", "+i", directory / "stays"], check=False).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        result = restore(pod, backup(archive.finish()), "--force")
        assert result.code == 7, result
        assert "stays" in result.err
        assert pod.run("cat", f"{pod.path}/stays") == b"old\n"
    finally:
        subprocess.run(["chattr", "-i", directory / "stays"], check=True)


@pytest.mark.parametrize("kind", NON_ROOT)
def test_a_directory_below_that_takes_nothing_is_known_before(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"mkdir {pod.path}/closed && chmod 555 {pod.path}/closed")
    archive = trees.Archive(owner=pod.owner)
    archive.add("open", b"x")
    archive.add("closed/file", b"x")
    before = pod.tree()
    result = restore(pod, backup(archive.finish()))
    assert result.code == 7, result
    assert "closed: read-only, or belongs to somebody else" in result.err
    assert "nothing was changed" in result.err
    assert pod.tree() == before


def test_anothers_file_in_a_sticky_directory_is_known_before(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("nonroot-gnu")
    directory = pod.host_directory()
    if directory is None or cluster.embedded is not None:
        pytest.skip("only this machine's root makes another's file")
    (directory / "drop").mkdir()
    (directory / "drop").chmod(0o1777)
    (directory / "drop/theirs").write_bytes(b"theirs")
    archive = trees.Archive(owner=pod.owner)
    archive.add("drop/theirs", b"mine")
    archive.add("drop/new", b"new")
    result = restore(pod, backup(archive.finish()), "--force")
    assert result.code == 7, result
    assert "drop/theirs: belongs to somebody else" in result.err
    assert pod.tree().keys() == {b"drop", b"drop/theirs"}


@pytest.mark.parametrize("kind", ["nonroot-gnu", "nonroot-busybox"])
def test_anothers_directory_keeps_its_mode_even_with_force(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    directory = pod.host_directory()
    if directory is None or cluster.embedded is not None:
        pytest.skip("only this machine's root makes another's directory")
    (directory / "theirs").mkdir()
    (directory / "theirs").chmod(0o777)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("theirs", mode=0o700)
    archive.add("theirs/mine", b"mine")
    result = restore(pod, backup(archive.finish()), "--force")
    assert result.code == 0, result
    assert "1 directory belonging to somebody else kept" in result.out
    assert pod.tree()[b"theirs"].mode == 0o777


# A disk that fills up


@pytest.mark.parametrize("kind", ["tmpfs", "tmpfs-busybox", "tmpfs-bsdtar", "tmpfs-toybox"])
@pytest.mark.leaves("record")
def test_a_full_volume_is_exit_7_with_figures_and_names(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    # What is replaced is still open in the pod, so it does not become free: nobody can foresee it.
    hold = "(exec 3<blob0; exec sleep 40) </dev/null >/dev/null 2>&1 &"
    pod.run("sh", "-c", f"cd {pod.path} && head -c 14000000 /dev/zero >blob0 && {hold}")
    archive = trees.of_size(14_000_000, files=7)
    result = restore(pod, backup(archive), "--force")
    assert result.code == 7, result
    assert "the volume is full" in result.err
    assert " of 16,384 KiB are free" in result.err
    assert "Restored" not in result.out
    # Everything that is not as it should be is named, however large it looks.
    expected = trees.tree_of(archive)
    found = pod.host_tree() if pod.host_directory() is not None else pod.tree()
    wrong = {
        name
        for name, one in expected.items()
        if name not in found or found[name].content != one.content
    }
    assert len(wrong) >= 4
    for name in sorted(wrong):
        assert f"{name.decode()}: " in result.err, result
    # The same command on a volume with room makes it whole.
    again = restore(pod, backup(trees.of_size(800_000, files=4)), "--force")
    assert again.code in {0, 7}, again


@pytest.mark.parametrize("kind", ["tmpfs", "tmpfs-busybox", "tmpfs-bsdtar", "tmpfs-toybox"])
def test_too_little_room_is_known_before_the_first_byte(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(trees.of_size(24_000_000, files=12)))
    assert result.code == 7, result
    assert "the volume has no room for the backup; nothing was changed" in result.err
    assert "23,472 KiB are needed" in result.err
    assert " of 16,384 KiB are free" in result.err
    assert pod.tree() == {}


def test_holes_that_have_no_room_are_known_before(cluster: Cluster, backup: Writer) -> None:
    from tests.unit.archive.making import END, GNU, header, summed  # noqa: PLC0415

    # 64 PiB in half a KiB.
    block = header(b"hole", b"S", 0, magic=GNU)
    block = summed(block[:483] + b"\x80" + bytes(3) + (1 << 56).to_bytes(8, "big") + block[495:])
    pod = cluster.pod("busybox")
    result = restore(pod, backup(block + END))
    assert result.code == 7, result
    assert "no room for the backup; nothing was changed" in result.err
    assert "can make no holes, so they are filled with zeros" in result.err
    assert pod.tree() == {}


@pytest.mark.parametrize("kind", ["small-memory", "small-memory-busybox"])
def test_a_gibibyte_goes_through_a_container_of_64_mib(
    cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    path = tmp_path / "large.tar"
    with path.open("wb") as out:
        archive = trees.Archive()
        archive.add("first", b"x")
        head = archive.finish()[:1024]
        out.write(head)
        from tests.unit.archive.making import END, header  # noqa: PLC0415

        out.write(header(b"large", size=1 << 30))
        out.truncate(len(head) + 512 + (1 << 30))
        out.seek(0, 2)
        out.write(END)
    result = restore(pod, path)
    assert result.code == 0, result
    size = pod.run("stat", "-c", "%s", f"{pod.path}/large")
    assert int(size) == 1 << 30
    pod.clear()
