"""The backup as a file: what is refused at the door, and what is noticed later."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.errors import BackupError
from kubectl_restore.text import pasteable


def refusal_of(path: Path) -> BackupError:
    with pytest.raises(BackupError) as caught:
        BackupFile.open(path).close()
    assert caught.value.fix
    return caught.value


def test_what_is_no_file_is_refused_in_its_own_words(tmp_path: Path) -> None:
    fifo, empty, dangling, circle, sock = (
        tmp_path / name for name in ("fifo", "empty", "dangling", "circle", "sock")
    )
    os.mkfifo(fifo)  # opening it must not wait for a writer
    empty.touch()
    dangling.symlink_to("nowhere")
    circle.symlink_to("circle")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(sock))
    listener.close()
    assert "is a directory" in refusal_of(tmp_path).what
    assert "is a pipe" in refusal_of(fifo).what
    assert "is a device" in refusal_of(Path("/dev/null")).what
    assert "is empty" in refusal_of(empty).what
    assert "does not exist" in refusal_of(tmp_path / "missing").what
    assert "does not exist" in refusal_of(empty / "below").what
    assert "link to nothing" in refusal_of(dangling).what
    assert "circle" in refusal_of(circle).what
    assert "is a socket" in refusal_of(sock).what


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x")
    path.chmod(0)
    assert "may not be read" in refusal_of(path).what


def test_an_unreadable_file_is_refused_also_where_root_runs_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    error = refusal_of(tmp_path / "secret")
    assert "may not be read" in error.what
    assert error.reason == "Permission denied"


def test_names_cannot_move_a_terminal(tmp_path: Path) -> None:
    error = refusal_of(tmp_path / "a\x1b[31m\n'b\udcff")
    for text in (error.what, error.fix):
        assert text.isprintable()
        assert "\\x1b" in text
    assert pasteable(Path("a b")) == "'a b'"
    assert pasteable(Path("a\n'\\")) == "$'a\\x0a\\x27\\x5c'"


def test_a_failing_disk_is_an_error_of_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"0123456789")

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with BackupFile.open(path) as backup:
        monkeypatch.setattr(os, "pread", broken)
        monkeypatch.setattr(os, "preadv", broken)
        with pytest.raises(BackupError, match="cannot be read"):
            backup.read(0, 1)
        with pytest.raises(BackupError, match="cannot be read"):
            backup.read_into(memoryview(bytearray(1)), 0)


def test_reads_by_position(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"0123456789")
    buffer = bytearray(4)
    with BackupFile.open(path) as backup:
        assert backup.size == 10
        assert (backup.read(3, 4), backup.read(8, 4), backup.read(10, 4)) == (b"3456", b"89", b"")
        assert backup.read_into(memoryview(buffer), 7) == 3
        assert bytes(buffer) == b"789\x00"
        links = list(Path("/proc/self/fd").iterdir())
        held = [int(one.name) for one in links if one.exists() and one.samefile(path)]
        assert held
        assert not any(os.get_inheritable(one) for one in held)
        backup.check_unchanged()
    backup.close()


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def shrink(path: Path) -> None:
    os.truncate(path, 1)


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"9")
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"of another backup")
    other.rename(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [replace, remove])
def test_what_becomes_of_the_name_changes_nothing_of_what_is_open(
    tmp_path: Path, change: object
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"0123456789")
    with BackupFile.open(path) as backup:
        assert callable(change)
        change(path)
        backup.check_unchanged()
        assert backup.read(0, 20) == b"0123456789"


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_change_is_noticed(tmp_path: Path, change: object) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"0123456789")
    with BackupFile.open(path) as backup:
        assert callable(change)
        change(path)
        with pytest.raises(BackupError, match="changed"):
            backup.check_unchanged()


def test_a_file_may_be_named_as_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file, BackupFile.open(Path(f"/dev/fd/{file.fileno()}")) as backup:
        assert backup.read(3, 4) == b"3456"
        backup.check_unchanged()


def test_a_pipe_or_a_terminal_by_name_has_its_own_answer() -> None:
    reading, writing = os.pipe()
    leading, following = os.openpty()
    try:
        pipe = refusal_of(Path(f"/dev/fd/{reading}"))
        terminal = refusal_of(Path(f"/dev/fd/{following}"))
    finally:
        for one in (reading, writing, leading, following):
            os.close(one)
    assert "is a pipe, and a pipe can be read only once" in pipe.what
    assert "> backup.tar" in pipe.fix
    assert "is a terminal" in terminal.what


@pytest.mark.parametrize(
    ("names", "words", "fix"),
    [
        (["config", "data/", "index/", "keys/", "snapshots/"], "restic", "restic -r {} restore"),
        (["kopia.repository.f", "p/"], "kopia", "kopia snapshot restore"),
        (["data/", "config"], "a directory", "tar -czf"),
    ],
)
def test_repositories_of_other_tools_are_named(
    tmp_path: Path, names: list[str], words: str, fix: str
) -> None:
    for name in names:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    error = refusal_of(tmp_path)
    assert words in error.what
    assert fix.format(tmp_path) in error.fix
