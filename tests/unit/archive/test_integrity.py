"""What is claimed about a backup against what it is: found, compared, and never passed over."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.trust import file_checksum as hashing
from kubectl_restore.archive.trust.file_checksum import Hashing
from kubectl_restore.archive.trust.integrity import Integrity, read_proved
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, DisprovedError, SignalledError, TimedOutError
from kubectl_restore.progress import Phase, Silence
from tests.unit.archive.making import (
    END,
    PACKERS,
    Heard,
    directory,
    file,
    hard_link,
    packed,
    sample,
    symlink,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = (
    directory(b"d/")
    + file(b"d/a", b"first")
    + file(b"d/b", b"12345678")
    + hard_link(b"h", b"d/b")
    + symlink(b"s", b"d/a")
    + file(b"d/a", b"last")
    + END
)
"""Two regular files with 12 bytes: of the two called d/a the last counts, the link does not."""
WRONG = "0" * 64


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "b.tar"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def proved(
    path: Path,
    checksum: str | None = None,
    *,
    heard: Silence | None = None,
    own: bool = True,
    require: bool = False,
) -> Integrity:
    """Read a backup; the home directory is the one beside its own."""
    with BackupFile.open(path) as opened:
        _, integrity = read_proved(
            opened,
            checksum,
            allow_missing_end=False,
            require_checksum=require,
            progress=heard or Silence(),
            watch=Watch(None),
            own=own,
            home=path.resolve().parent.parent / "home",
        )
    return integrity


def refusal(path: Path, checksum: str | None = None, *, require: bool = False) -> BackupError:
    with pytest.raises(BackupError) as caught:
        proved(path, checksum, require=require)
    error = caught.value
    assert error.exit_code == 3
    assert error.what
    assert error.reason
    assert error.fix
    return error


def note(path: Path, suffix: str, text: str | bytes) -> Path:
    """Write a file beside the backup."""
    beside = path.with_name(path.name + suffix)
    beside.write_bytes(text if isinstance(text, bytes) else text.encode())
    return beside


def record(backup: Path, name: str, **fields: Any) -> Path:  # noqa: ANN401 - JSON
    """Write a record of the older tool."""
    place = backup.parent.parent / "home" / ".cli-recover" / "metadata"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.json"
    path.write_text(json.dumps(fields))
    return path


def test_nothing_claimed_is_nothing_said_and_nothing_hashed(backup: Path) -> None:
    heard = Heard()
    integrity = proved(backup, heard=heard)
    assert integrity == Integrity()
    assert (integrity.lines(), integrity.in_short()) == ([], "")
    assert {one.phase for one in heard.statuses} == {Phase.CHECK}


@pytest.mark.parametrize("packing", [Compression.NONE, *PACKERS])
def test_the_digest_is_the_files_own_however_it_is_packed(
    tmp_path: Path, packing: Compression
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(packed(sample(), packing))
    assert proved(path, digest_of(path)).digest == digest_of(path)
    error = refusal(path, WRONG)
    assert error.reason == f"claimed: {WRONG}\nfound: {digest_of(path)}"
    assert "--checksum" in error.what


def test_every_source_is_found_and_all_must_hold(backup: Path) -> None:
    digest = digest_of(backup)
    note(backup, ".sha256", f"{digest}  b.tar\n")
    note(backup, ".meta.json", json.dumps(
        {"checksum": f"sha256:{digest}", "fileCount": 2, "totalSize": 12, "other": []}
    ))  # fmt: skip
    sums = backup.with_name("SHA256SUMS")
    sums.write_text(f"{WRONG}  other.tar\n{digest} *./b.tar\n")
    backup.with_name("sha256sums.txt").write_text(f"SHA256 (b.tar) = {digest}\n")
    older = record(backup, "r", backup_file=str(backup), checksum=digest, size=len(DATA))
    heard = Heard()
    integrity = proved(backup, digest, heard=heard)
    assert [(one.subject.value, one.source.rpartition("/")[2]) for one in integrity.claims] == [
        ("sha256", "--checksum"),
        ("sha256", "b.tar.sha256"),
        ("sha256", "b.tar.meta.json"),
        ("number of files", "b.tar.meta.json"),
        ("size of the contents", "b.tar.meta.json"),
        ("sha256", "SHA256SUMS"),
        ("sha256", "sha256sums.txt"),
        ("sha256", "r.json"),
        ("size of the file", "r.json"),
    ]
    assert integrity.lines()[1] == f"sha256 matches {backup}.sha256 ({digest})"
    assert integrity.in_short().startswith("the backup matches --checksum (sha256) and ")
    assert "b.tar.meta.json (sha256, number of files, size of the contents)" in integrity.in_short()
    for source, text in (
        (backup.with_name("b.tar.sha256"), WRONG),
        (backup.with_name("b.tar.meta.json"), json.dumps({"checksum": WRONG})),
        (sums, f"{WRONG}  b.tar"),
        (older, json.dumps({"backup_file": str(backup), "checksum": WRONG})),
    ):
        before = source.read_text()
        source.write_text(text)
        error = refusal(backup)
        assert "contradicts itself" in error.what
        assert digest in error.reason
        assert WRONG in error.reason
        source.write_text(before)
    proved(backup)


@pytest.mark.parametrize(
    ("suffix", "text", "words", "claimed", "found"),
    [
        (".sha256", f"{WRONG}  b.tar", "sha256", WRONG, hashlib.sha256(DATA).hexdigest()),
        (".sha256", f"{WRONG}  renamed.tar", "sha256", WRONG, hashlib.sha256(DATA).hexdigest()),
        (".sha256", WRONG, "sha256", WRONG, hashlib.sha256(DATA).hexdigest()),
        (".meta.json", '{"fileCount": 3}', "number of files", "3", "2"),
        (".meta.json", '{"totalSize": 17}', "size of the contents", "17", "12"),
    ],
)
def test_a_claim_that_does_not_hold_names_both_values_and_who_claims(  # noqa: PLR0917
    backup: Path, suffix: str, text: str, words: str, claimed: str, found: str
) -> None:
    source = note(backup, suffix, text)
    error = refusal(backup)
    assert str(source) in error.what
    assert words in error.what
    assert error.reason == f"claimed: {claimed}\nfound: {found}"
    assert f"mv -- {source} " in error.fix


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".sha256", ""),
        (".sha256", "no checksum\n"),
        (".sha256", f"{WRONG[:-1]}  b.tar\n"),
        (".sha256", f"{WRONG}  one\n{WRONG}  two\n"),
        (".sha256", f"SHA512 (b.tar) = {WRONG}{WRONG}\n"),
        (".meta.json", ""),
        (".meta.json", '{"checksum": "sha256:'),
        (".meta.json", '{"checksum": "md5:00"}'),
        (".meta.json", f'{{"sha256": "{WRONG}", "size": 5}}'),
        (".meta.json", "{}"),
        (".meta.json", b" " * (2 << 20)),
    ],
)
def test_what_is_there_and_cannot_be_read_is_no_silence(
    backup: Path, suffix: str, text: str | bytes
) -> None:
    source = note(backup, suffix, text)
    heard = Heard()
    integrity = proved(backup, heard=heard)
    assert (integrity.claims, heard.warnings) == ((), list(integrity.unread))
    assert f"{source} says about the backup cannot be read" in integrity.unread[0]
    error = refusal(backup, require=True)
    assert f"{source} says about the backup cannot be read" in error.what
    assert f"mv -- {source} {source}.old" in error.fix
    # The others count all the same.
    backup.with_name("SHA256SUMS").write_text(f"{WRONG}  b.tar\n")
    assert "SHA256SUMS" in refusal(backup).what


def test_a_record_that_says_nothing_of_what_it_could_is_silence(backup: Path) -> None:
    note(backup, ".meta.json", '{"checksum": null, "who": "me"}')
    heard = Heard()
    assert proved(backup, heard=heard).claims == ()
    assert heard.warnings == []


def test_a_checksum_that_is_required_has_to_be_there(backup: Path) -> None:
    error = refusal(backup, require=True)
    assert "no checksum of the backup was found" in error.what
    assert "--checksum sha256:HEX" in error.fix
    note(backup, ".meta.json", '{"fileCount": 2}')
    assert "no checksum of the backup was found" in refusal(backup, require=True).what
    assert len(proved(backup, digest_of(backup), require=True).claims) == 2
    note(backup, ".meta.json", json.dumps({"checksum": digest_of(backup)}))
    assert len(proved(backup, require=True).claims) == 1
    assert "contradicts itself" in refusal(backup, WRONG, require=True).what


@pytest.mark.parametrize(
    "name",
    [
        "b.tar.SHA256",
        "b.tar.Sha256",
        "B.TAR.SHA256",
        "b.tar.META.JSON",
        "Sha256Sums",
        "SHA256SUMS.TXT",
    ],
)
def test_capitals_make_no_difference_to_a_sidecars_name(backup: Path, name: str) -> None:
    path = backup.with_name(name)
    path.write_text(
        json.dumps({"checksum": WRONG}) if "JSON" in name else f"{WRONG.upper()} *b.tar\r\n"
    )
    assert str(path) in refusal(backup).what


def test_another_backups_sidecar_is_not_this_ones(backup: Path) -> None:
    backup.with_name("B.TAR").write_bytes(b"another")
    backup.with_name("B.TAR.SHA256").write_text(f"{WRONG}  B.TAR\n")
    assert proved(backup) == Integrity()


def test_where_names_cannot_be_listed_the_usual_ones_are_found(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: object) -> object:
        raise PermissionError(13, "Permission denied")

    note(backup, ".sha256", f"{WRONG}  b.tar\n")
    monkeypatch.setattr(os, "scandir", closed)
    assert "b.tar.sha256" in refusal(backup).what


def test_a_sidecar_that_is_no_file_is_no_silence(backup: Path) -> None:
    source = backup.with_name("b.tar.sha256")
    makers: list[Callable[[], object]] = [
        source.mkdir,
        lambda: os.mkfifo(source),  # reading it must not wait for a writer
        lambda: source.symlink_to("nowhere"),
        lambda: source.symlink_to("b.tar.sha256"),
        lambda: source.symlink_to("/dev/zero"),
    ]
    for make in makers:
        make()
        assert "cannot be read" in refusal(backup, require=True).what
        assert len(proved(backup).unread) == 1
        source.rmdir() if source.is_dir() else source.unlink()
    proved(backup)


def test_a_file_that_lists_only_others_claims_nothing(backup: Path) -> None:
    backup.with_name("SHA256SUMS").write_text(f"{WRONG}  a-b.tar\n{WRONG}  b.tar.gz\n{WRONG}\n")
    assert proved(backup) == Integrity()


def test_the_line_of_several_whose_name_fits(backup: Path) -> None:
    note(backup, ".sha256", f"{WRONG}  other\n{digest_of(backup)}  /made/elsewhere/b.tar\n")
    assert len(proved(backup).claims) == 1
    note(backup, ".sha256", f"{WRONG}  b.tar\n{digest_of(backup)}  b.tar\n")
    assert "contradicts itself" in refusal(backup).what


def test_of_two_that_contradict_each_other_each_may_be_the_wrong_one(backup: Path) -> None:
    right = note(backup, ".sha256", f"{digest_of(backup)}  b.tar\n")
    wrong = note(backup, ".meta.json", json.dumps({"checksum": f"sha256:{WRONG}"}))
    fix = refusal(backup).fix
    assert f"if {right} is wrong" in fix
    assert f"if {wrong} is wrong" in fix


def test_a_link_is_looked_for_under_both_names(backup: Path) -> None:
    link = backup.with_name("latest.tar")
    link.symlink_to("b.tar")
    source = note(backup, ".sha256", f"{WRONG}  b.tar\n")
    assert str(source) in refusal(link).what
    note(link, ".sha256", f"{digest_of(backup)}  latest.tar\n")
    assert "contradicts itself" in refusal(link).what
    source.unlink()
    assert len(proved(link).claims) == 1
    place = backup.parent.parent / "place"
    place.symlink_to("work")
    note(backup, ".sha256", f"{digest_of(backup)}  b.tar\n")
    assert len(proved(place / "b.tar").claims) == 1


def test_odd_names_have_claims_too(tmp_path: Path) -> None:
    for name in ("new\nline", "-x", "\udcff", "b*.[a]", "x" * 250):
        path = tmp_path / name
        path.write_bytes(DATA)
        path.with_name("SHA256SUMS").write_bytes(b"")
        assert proved(path) == Integrity()
        line = name.encode("utf-8", "surrogateescape").replace(b"\n", b"\\n")
        escape = b"\\" if b"\\" in line else b""
        path.with_name("SHA256SUMS").write_bytes(escape + WRONG.encode() + b"  " + line + b"\n")
        error = refusal(path)
        for text in (error.what, *error.reason.split("\n"), error.fix):
            assert text.isprintable()


# The older tool's records


def test_the_newest_record_of_this_file_counts(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, name = digest_of(backup), str(backup)
    record(backup, "1", backup_file=name, checksum=WRONG, completed_at="2025-01-01T00:00:00Z")
    record(backup, "2", backup_file="/else/b.tar", checksum=WRONG, completed_at="2027-01-01")
    record(backup, "3", backup_file="b.tar", checksum=digest, completed_at="2025-01-01T00:00:01Z")
    record(backup, "4", checksum=WRONG)
    record(backup, "5", backup_file="x" * 1_000_000, checksum=WRONG)
    # A relative name is one from where we are, as that tool compared them.
    monkeypatch.chdir(backup.parent)
    assert [one.value for one in proved(backup).claims] == [digest]
    monkeypatch.chdir("/")
    assert WRONG in refusal(backup).reason


def test_a_record_that_cannot_be_read_matters_where_it_names_the_backup(backup: Path) -> None:
    source = record(backup, "1")
    for text in ("", "{", "[" * 100_000, '{"checksum": "bad", "backup_file": "/x/other"}', "[]"):
        source.write_text(text)
        assert proved(backup) == Integrity()
    source.write_text('{"backup_file": "' + str(backup) + '", "checksum": "sha256:')
    assert str(source) in refusal(backup, require=True).what
    (unread,) = proved(backup).unread
    assert str(source) in unread
    source.unlink()
    os.mkfifo(source)
    (source.with_name("d.json")).mkdir()
    assert proved(backup) == Integrity()


def test_records_are_bounded(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_restore.archive.trust.sidecars._MOST_RECORDS", 3)
    for number in range(5):
        record(backup, f"backup-{number}", backup_file=str(backup), checksum=WRONG, size=number)
    error = refusal(backup)
    assert "backup-4.json" in error.what + error.reason
    assert "backup-1.json" not in error.what + error.reason


def test_what_a_file_says_may_be_set_aside_and_what_the_command_line_says_may_not(
    backup: Path,
) -> None:
    """`--salvage` goes on behind a DisprovedError, and behind no other."""
    record(backup, "r", backup_file=str(backup), size=len(DATA) + 1)
    assert isinstance(refusal(backup), DisprovedError)
    for wrong in (WRONG, WRONG.replace("0", "f")):
        assert not isinstance(refusal(backup, wrong), DisprovedError)
    assert isinstance(refusal(backup, digest_of(backup)), DisprovedError)


def test_without_a_home_there_are_no_records(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    with BackupFile.open(backup) as opened:
        read_proved(opened, allow_missing_end=False, progress=Silence(), watch=Watch(None))


# The hash


class Gate:
    """Lets the hash go on one block at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        real = BackupFile.read_into

        def read_into(backup: BackupFile, view: memoryview, offset: int) -> int:
            if threading.current_thread().name == "sha256":
                assert self.open.wait(60)
            return real(backup, view, offset)

        monkeypatch.setattr(BackupFile, "read_into", read_into)


def test_its_progress_is_a_phase_of_its_own(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)

    class Opening(Heard):
        def status(self, status: Any) -> None:  # noqa: ANN401 - as the base
            super().status(status)
            if status.phase is Phase.CHECKSUM:
                gate.open.set()

    heard = Opening()
    proved(backup, digest_of(backup), heard=heard)
    phases = [one.phase for one in heard.statuses]
    assert phases == sorted(phases, key=[Phase.CHECK, Phase.CHECKSUM].index)
    assert heard.statuses[-1].total_bytes == len(DATA)


@pytest.mark.parametrize(("kind", "limit"), [(TimedOutError, 0.0), (SignalledError, None)])
def test_the_watch_ends_it(
    backup: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], limit: float | None
) -> None:
    gate = Gate(monkeypatch)
    watch = Watch(limit)
    watch.signalled = 2 if limit is None else None
    with BackupFile.open(backup) as opened, Hashing(opened) as under_way:
        with pytest.raises(kind):
            under_way.result(Silence(), watch)
        gate.open.set()
    assert "sha256" not in {one.name for one in threading.enumerate()}


def test_a_failing_disk_and_a_changed_file_are_told(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BackupFile.open(backup) as opened, Hashing(opened) as under_way:
        os.utime(backup, ns=(1, 1))
        with pytest.raises(BackupError, match="changed"):
            under_way.result(Silence(), Watch(None))

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with BackupFile.open(backup) as opened:
        monkeypatch.setattr(os, "preadv", broken)
        with Hashing(opened) as under_way, pytest.raises(BackupError, match="cannot be read"):
            under_way.result(Silence(), Watch(None))


def test_the_hash_is_taken_block_by_block(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_BLOCK", 7)
    assert proved(backup, digest_of(backup)).digest == digest_of(backup)
