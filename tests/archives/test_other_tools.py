"""Archives of other programs are read as GNU tar lists them, member by member."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.ui.listing import mode
from tests.cluster.places import build_cache
from tests.unit.archive.gnu_tar import TAR, gnu_only
from tests.unit.archive.making import END, GNU, header, index_of, padded, summed

HERE = Path(__file__).resolve().parent
MTIME = 1_600_000_000
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r",
            92: b"\\\\"}  # fmt: skip
PLAIN = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}

pytestmark = gnu_only


def escaped(name: bytes) -> str:
    """A name as GNU tar's escape style shows it in the C locale."""
    shown = b"".join(
        _ESCAPES.get(byte, bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte)
        for byte in name
    )
    return shown.decode("ascii")


def ours(member: Member) -> list[str]:
    """A member as GNU tar's list shows it: kind and mode, owner, size, time, name."""
    size = str(member.size)
    if member.kind in {Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE}:
        size = f"{member.device >> 32},{member.device & 0xFFFF_FFFF}"
    name = escaped(member.name)
    if member.kind is Kind.SYMLINK:
        name += f" -> {escaped(member.link)}"
    elif member.kind is Kind.HARDLINK:
        name += f" link to {escaped(member.link)}"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(member.mtime))
    day, clock = when.split(" ")
    return [mode(member), f"{member.uid}/{member.gid}", size, day, clock, name]


def theirs(archive: Path) -> list[list[str]]:
    """What GNU tar lists."""
    done = subprocess.run(
        [TAR, "--numeric-owner", "--full-time", "--utc", "--quoting-style=escape", "-P", "-tvf",
         archive],
        env=PLAIN,
        capture_output=True,
        check=True,
    )  # fmt: skip
    lines = []
    for line in done.stdout.decode("ascii").splitlines():
        permissions, owner, size, day, clock, name = line.split(None, 5)
        lines.append([permissions, owner, size, day, clock.partition(".")[0], name])
    return lines


def assert_read_alike(archive: Path) -> None:
    found = [ours(one) for one in index_of(archive).members]
    assert found == theirs(archive)
    assert found


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with everything that archivers differ in."""
    place = tmp_path_factory.mktemp("tree")
    root = place / "root"
    (root / "directory").mkdir(parents=True)
    (root / "directory" / "file").write_bytes(b"content")
    (root / "empty").touch(mode=0o600)
    deep = root / "/".join(["component-" + "x" * 30] * 6)
    deep.mkdir(parents=True)
    (deep / ("n" * 120)).write_bytes(b"long")
    (root / "blank and \\ and 'quote'").write_bytes(b"1")
    with open(os.fsencode(root) + b"/latin-\xe9\xff", "wb") as odd:  # noqa: PTH123 - no text
        odd.write(b"2")
    (root / "link").symlink_to("directory/" + "t" * 130)
    os.link(root / "directory" / "file", root / "hard")
    with (root / "sparse").open("wb") as sparse:
        for place_of in (0, 1 << 20, 5 << 20):
            sparse.seek(place_of)
            sparse.write(b"data" * 1024)
        sparse.truncate(9 << 20)
    os.mkfifo(root / "fifo")
    (root / "directory").chmod(0o2750)
    for path in [*root.rglob("*"), root]:
        os.utime(path, ns=(MTIME * 10**9, MTIME * 10**9 + 500_000_000), follow_symlinks=False)
    return root


def make(*command: str | os.PathLike[str]) -> None:
    """Run an archiver; one that is not here skips the test."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    subprocess.run(command, env=PLAIN, check=True, capture_output=True)


@pytest.mark.parametrize("layout", ["gnu", "oldgnu", "posix", "ustar", "v7"])
def test_gnu_tars_own(tree: Path, tmp_path: Path, layout: str) -> None:
    archive = tmp_path / "a.tar"
    short = ["--exclude=component-*", "--exclude=link"] if layout in {"ustar", "v7"} else []
    short += ["--exclude=fifo"] if layout == "v7" else []
    make(TAR, f"--format={layout}", *short, "-C", tree, "-cf", archive, ".")
    assert_read_alike(archive)


@pytest.mark.parametrize("version", ["oldgnu", "0.0", "0.1", "1.0"])
def test_gnu_tars_sparse_files(tree: Path, tmp_path: Path, version: str) -> None:
    archive = tmp_path / "a.tar"
    how = (
        ["--format=gnu"]
        if version == "oldgnu"
        else ["--format=posix", f"--sparse-version={version}"]
    )
    make(TAR, *how, "--sparse", "-C", tree, "-cf", archive, "sparse", "empty")
    assert_read_alike(archive)
    assert index_of(archive).members[0].extents is not None


@pytest.mark.parametrize("layout", ["pax", "ustar", "gnutar", "v7", "paxr"])
def test_bsdtars(tree: Path, tmp_path: Path, layout: str) -> None:
    archive = tmp_path / "a.tar"
    short = ["--exclude=component-*", "--exclude=link"] if layout in {"ustar", "v7"} else []
    short += ["--exclude=fifo"] if layout == "v7" else []
    make("bsdtar", f"--format={layout}", *short, "-C", tree, "-cf", archive, ".")
    assert_read_alike(archive)


@pytest.mark.parametrize("program", ["busybox", "toybox"])
def test_small_tars(tree: Path, tmp_path: Path, program: str) -> None:
    archive = tmp_path / "a.tar"
    make(program, "tar", "-c", "-f", archive, "-C", tree, ".")
    assert_read_alike(archive)


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_pythons(tree: Path, tmp_path: Path, layout: int) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w", format=layout, errors="surrogateescape") as out:
        for path in sorted(tree.rglob("*")):
            if layout != tarfile.USTAR_FORMAT or len(os.fsencode(path)) < 90:
                name = str(path.relative_to(tree))
                if layout != tarfile.USTAR_FORMAT or name != "link":
                    out.add(path, name, recursive=False)
    assert_read_alike(archive)


@pytest.mark.parametrize("layout", ["ustar", "pax", "gnu"])
def test_gos(tmp_path: Path, layout: str) -> None:
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed, and in CI its archives may not be skipped")
        pytest.skip("Go is not installed")
    archive = tmp_path / "a.tar"
    variables = {**os.environ, "GOFLAGS": "", "GOCACHE": str(build_cache() / "go-build")}
    command = [go, "run", str(HERE / "writer.go"), layout, str(archive)]
    subprocess.run(command, env=variables, cwd=tmp_path, check=True)
    assert_read_alike(archive)


def test_an_image_as_docker_saves_it(tmp_path: Path) -> None:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as inner:
        inner.addfile(tarfile.TarInfo("etc/.wh.gone"))
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as out:
        for name, content in (
            ("1f/VERSION", b"1.0"),
            ("1f/json", b"{}"),
            ("1f/layer.tar", layer.getvalue()),
            ("manifest.json", json.dumps([{"Layers": ["1f/layer.tar"]}]).encode()),
            ("repositories", b"{}"),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), MTIME
            out.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("2f/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../1f/layer.tar"
        out.addfile(link)
    assert_read_alike(archive)


def test_a_debian_package(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "package"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\n"
        "Maintainer: nobody <nobody@invalid>\nDescription: x\n"
    )
    (root / "usr/share/x").mkdir(parents=True)
    shutil.copy(tree / "directory/file", root / "usr/share/x/file")
    make("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, tmp_path / "x.deb")
    make("ar", "x", "--output", tmp_path, tmp_path / "x.deb")
    assert_read_alike(tmp_path / "data.tar.gz")


@pytest.mark.parametrize("kind", ["sdist", "npm"])
def test_packages_of_languages(tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "package.tgz"
    layout = tarfile.PAX_FORMAT if kind == "npm" else tarfile.GNU_FORMAT
    top = "package" if kind == "npm" else "project-1.0"
    with tarfile.open(archive, "w:gz", format=layout) as out:
        for name in ("package.json", "src/index.js", "src/" + "deep/" * 30 + "module.py"):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mtime = 3, MTIME + (0.25 if kind == "npm" else 0)
            out.addfile(entry, io.BytesIO(b"abc"))
    assert_read_alike(archive)


def star(name: bytes, kind: bytes = b"0", content: bytes = b"abc", *, extended: bool) -> bytes:
    """A header of Schilling's star: no `ustar`, `tar` at the end; a prefix of 131 bytes."""
    block = bytearray(header(name, kind, len(content)))
    if not extended:
        block[257:265] = bytes(8)
        block[508:512] = b"tar\0"
    else:
        block[508:512] = b"tar\0"
        block[475:476] = b"\0"
        block[476:488] = b"%011o " % MTIME
        block[488:500] = b"%011o " % MTIME
    return summed(bytes(block)) + padded(content)


@pytest.mark.parametrize("extended", [False, True], ids=["star", "xstar"])
def test_stars(tmp_path: Path, *, extended: bool) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(star(b"one", extended=extended) + star(b"d/two", extended=extended) + END)
    assert_read_alike(archive)


def test_gnu_headers_with_numbers_in_base_256(tmp_path: Path) -> None:
    block = bytearray(header(b"f", magic=GNU))
    block[108:116] = b"\x80" + (3_000_000_000).to_bytes(7, "big")
    block[136:148] = b"\xff" * 8 + b"\xff\xff\xff\x00"
    archive = tmp_path / "a.tar"
    archive.write_bytes(summed(bytes(block)) + END)
    assert_read_alike(archive)
