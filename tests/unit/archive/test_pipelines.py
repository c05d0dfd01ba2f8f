"""What is no tar that we read is named, and the pipeline that is shown leads to one."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
from typing import TYPE_CHECKING

import lz4.block
import pytest

from kubectl_restore.errors import BackupError, DamagedError
from tests.unit.archive.making import END, directory, file, index_of, zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESTIC = "restic -q -r r init && cd d && restic -q -r ../r backup ."
WHOLE = file(b"f", b"content") + END


def _lzma(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 1, "lc": 0, "lp": 2, "dict_size": 1 << 16}]
    return lzma.compress(data, format=lzma.FORMAT_ALONE, filters=filters)


def _legacy_lz4(data: bytes) -> bytes:
    block: bytes = lz4.block.compress(data, store_size=False)
    return b"\x02\x21\x4c\x18" + len(block).to_bytes(4, "little") + block


@pytest.mark.parametrize(
    ("make", "words", "program"),
    [
        (lambda data: gzip.compress(gzip.compress(data)), "gzip-compressed", "gzip"),
        (_legacy_lz4, "its legacy format", "lz4"),
        (_lzma, "lzma-compressed", "xz"),
        (lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE), "lzma-compressed", "xz"),
    ],
)
def test_the_pipeline_gives_the_archive(
    tmp_path: Path, make: Callable[[bytes], bytes], words: str, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = tmp_path / "backup"
    path.write_bytes(make(WHOLE))
    with pytest.raises(BackupError) as caught:
        index_of(path)
    assert words in caught.value.what
    # What is refused is not named among what is read.
    assert "supported" not in caught.value.what or words[:3] not in caught.value.reason
    subprocess.run(["sh", "-c", caught.value.fix], cwd=tmp_path, check=True)
    assert (tmp_path / "backup.tar").read_bytes() == WHOLE


def test_a_debian_package_is_one(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    top = tmp_path / "package"
    (top / "DEBIAN").mkdir(parents=True)
    (top / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: n <n@invalid>\nDescription: x\n"
    )
    (top / "file").write_text("content")
    path = tmp_path / "x.deb"
    subprocess.run(["dpkg-deb", "--build", top, path], check=True, capture_output=True)
    with pytest.raises(BackupError, match=r"Debian package|no tar") as caught:
        index_of(path)
    subprocess.run(["sh", "-c", caught.value.fix], cwd=tmp_path, check=True)
    names = [one.path for one in index_of(tmp_path / "backup.tar").members]
    assert b"file" in names


def test_zstd_with_a_dictionary_needs_it(tmp_path: Path) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    dictionary = zstd.train_dict([b"sample %d of many words" % one for one in range(2000)], 4096)
    path = tmp_path / "backup"
    path.write_bytes(zstd.compress(WHOLE, zstd_dict=dictionary))
    (tmp_path / "DICTIONARY").write_bytes(dictionary.dict_content)
    with pytest.raises(BackupError, match="dictionary") as caught:
        index_of(path)
    assert not isinstance(caught.value, DamagedError)
    subprocess.run(["sh", "-c", caught.value.fix], cwd=tmp_path, check=True)
    assert (tmp_path / "backup.tar").read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("name", "make", "words", "restores"),
    [
        ("b.Z", "compress -c b.tar >b.Z", "compress (.Z)", "gzip"),
        ("b.lzo", "lzop -c b.tar >b.lzo", "lzop", "lzop"),
        ("b.lz", "lzip -c b.tar >b.lz", "lzip", "lzip"),
        ("b.BR", "brotli -c b.tar >b.BR", "brotli", "brotli"),
        ("b.bz3", "bzip3 -e -c <b.tar >b.bz3", "bzip3", "bzip3"),
        ("b.zz", "pigz -6 -z -c b.tar >b.zz", "zlib", "pigz"),
        ("b.lrz", "lrzip -q -o b.lrz b.tar", "lrzip", "lrzcat"),
        ("b.tar.lz4", "lz4 -l -c b.tar >b.tar.lz4", "legacy", "lz4"),
        ("b.zpaq", "zpaq a b.zpaq d", "zpaq", "zpaq"),
        ("b.7z", "7z a b.7z d", "7z", "7z"),
        ("b.zip", "zip -qr b.zip d", "zip", "unzip"),
        ("b.cpio", "find d | cpio -o -H newc >b.cpio", "cpio", "cpio"),
        ("b.sqfs", "mksquashfs d b.sqfs -quiet", "squashfs", "sqfs2tar"),
        ("b.age", "age-keygen -o KEY && age -e -i KEY b.tar >b.age", "age", "age"),
        ("r", RESTIC, "restic", "restic"),
        ("r/config", RESTIC, "restic", "restic"),
    ],
)  # fmt: skip
def test_programs_own_files_lead_to_a_backup(  # noqa: PLR0917
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    make: str,
    words: str,
    restores: str,
) -> None:
    for program in (make.split(maxsplit=1)[0], restores):
        if program != "find" and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    monkeypatch.setenv("RESTIC_PASSWORD", "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(b"content")
    (tmp_path / "b.tar").write_bytes(directory(b"d/") + file(b"d/f", b"content") + END)
    made = subprocess.run(["sh", "-c", make], cwd=tmp_path, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    with pytest.raises(BackupError) as caught:
        index_of(tmp_path / name)
    assert words in caught.value.what + caught.value.reason
    (tmp_path / "b.tar").unlink()
    # A person names the snapshot's directory, as restic shows it.
    fix = caught.value.fix.partition("\n")[0]
    done = subprocess.run(["sh", "-c", fix], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, (fix, done.stderr)
    index = index_of(tmp_path / "backup.tar")
    found = {one.path.rpartition(b"/")[2]: one.size for one in index.members}
    assert found[b"f"] == len(b"content")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\xed\xab\xee\xdb", "RPM"), (b"XBSTCK01", "xbstream"), (b"BZ3v1", "bzip3"),
        (b"\x78\x9c", "zlib"), (b"-----BEGIN AGE ENCRYPTED FILE-----", "age"),
        (b"\x8c\x0d\x04", "PGP"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "RAR"),
        (b"070701", "cpio"), (b"\xc7\x71", "cpio"), (b"hsqs", "squashfs"), (b"Salted__", "openssl"),
    ],
)  # fmt: skip
def test_what_it_is_and_how_to_come_to_a_backup(tmp_path: Path, head: bytes, words: str) -> None:
    path = tmp_path / "backup"
    path.write_bytes(head + b"\x01" * 2000)
    with pytest.raises(BackupError) as caught:
        index_of(path)
    assert words in caught.value.what + caught.value.reason
    assert "backup.tar" in caught.value.fix
