"""Write down what a backup is, so that every later restore can prove that it still is that.

    read the backup whole, as for a restore; prove what others claim about it
    hash it beside that
    BACKUP.sha256, then BACKUP.meta.json: each whole or not at all

What stands there already is believed like any other claim: a seal that says something else is an
error, and only the user can say which of the two is wrong (`force`).
"""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import beat_of
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.trust.claims import line_of
from kubectl_restore.archive.trust.integrity import Totals, read_proved, totals_of
from kubectl_restore.archive.trust.safety import refusals, unsafe
from kubectl_restore.archive.trust.sidecars import (
    META,
    SUM,
    beside,
    meta_fields,
    own_sums,
    require_readable,
)
from kubectl_restore.errors import UsageError
from kubectl_restore.progress import Level
from kubectl_restore.text import counted, pasteable, shown, shown_text, shown_whole

if TYPE_CHECKING:
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_WIDEST: Final = 0o644
_TEMPORARY: Final = ".kubectl-restore-"


@dataclass(frozen=True, slots=True)
class SealRequest:
    """One backup to be sealed.

    Attributes:
        backup: the file.
        checksum: what it must be, 64 lower-case hexadecimal digits.
        allow_missing_end: see `read_index`.
        require_checksum: see `read_proved`.
        force: replace a seal that says something else or cannot be read.
        devices: devices and FIFOs are not refused.
        skip_unsafe: what is refused is said, and sealed with the rest.
        command: how to say this again.
    """

    backup: Path
    checksum: str | None = None
    allow_missing_end: bool = False
    require_checksum: bool = False
    force: bool = False
    devices: bool = False
    skip_unsafe: bool = False
    command: tuple[str, ...] = ("kubectl", "restore", "seal")


@dataclass(frozen=True, slots=True)
class Seal:
    """What was written.

    Attributes:
        digest: the file's SHA-256, 64 hexadecimal digits.
        totals: its regular files and the bytes of their contents.
        written: the files.
        kept: a file that says the same, and more, and was left as it is.
    """

    digest: str
    totals: Totals
    written: tuple[Path, ...]
    kept: tuple[Path, ...] = ()

    def text(self, backup: Path) -> str:
        """Return lines for a person."""
        totals = self.totals
        head = (
            f"Sealed {shown(os.fsencode(backup))}: {counted(totals.files, 'file')}, "
            f"{counted(totals.content, 'byte')}\nsha256:{self.digest}\n"
        )
        wrote = "".join(f"Wrote {shown(os.fsencode(path))}\n" for path in self.written)
        kept = "".join(
            f"Kept {shown(os.fsencode(path))}, which says the same\n" for path in self.kept
        )
        return head + wrote + kept

    def fields(self, backup: Path) -> dict[str, object]:
        """Return the same for scripts (docs/json.md)."""
        return {
            "message_type": "seal",
            "backup": shown_whole(bytes(backup)),
            "sha256": self.digest,
            "total_files": self.totals.files,
            "total_bytes": self.totals.content,
            "written": [shown_whole(bytes(path)) for path in self.written],
            "kept": [shown_whole(bytes(path)) for path in self.kept],
        }


def seal(request: SealRequest, progress: Progress, watch: Watch) -> Seal:
    """Check the backup as for a restore, and write BACKUP.sha256 and BACKUP.meta.json beside it.

    Raises:
        BackupError: the backup is cut, corrupt, unsafe, or not what is claimed about it.
        UsageError: the files cannot be written.
        TimedOutError, SignalledError: the watch ended the run; nothing was written.
    """
    with BackupFile.open(request.backup) as backup:
        path = backup.whole
        _require_place(path.parent)
        for kind in (SUM, META) if request.force else ():
            # Else what stands there is read as a claim.
            _require_no_directory(beside(path, kind))
        if not request.force:
            # What nobody can read is not written over.
            require_readable(path)
        index, integrity = read_proved(
            backup,
            request.checksum,
            allow_missing_end=request.allow_missing_end,
            require_checksum=request.require_checksum,
            progress=progress,
            watch=watch,
            always_hash=True,
            own=not request.force,
        )
        _require_sane(index, request, progress, watch)
        mode = backup.mode & _WIDEST
        backup.check_unchanged()
        made = _made(backup.written_at)
    totals = totals_of(index.members)
    line = line_of(integrity.digest, os.fsencode(path.name))
    written, kept = [], []
    if not request.force and len(own_sums(path, beside(path, SUM))) > 1:
        kept.append(beside(path, SUM))
    else:
        written.append((beside(path, SUM), line))
    # What stood there and holds may say more than we know: those fields stay.
    fields: dict[str, object] = {"createdAt": made} if made else {}
    fields |= {} if request.force else meta_fields(path)
    fields |= {
        "checksum": f"sha256:{integrity.digest}",
        "fileCount": totals.files,
        "totalSize": totals.content,
    }
    written.append((beside(path, META), json.dumps(fields, indent=2).encode("ascii") + b"\n"))
    watch.check()
    for target, content in written:
        _write(target, content, mode)
    return Seal(integrity.digest, totals, tuple(one for one, _ in written), tuple(kept))


def _made(seconds: int) -> str:
    """Return when the file was last written to; empty where a calendar has no such time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""


def _require_sane(index: Index, request: SealRequest, progress: Progress, watch: Watch) -> None:
    """Return when a restore with the same flags would take the backup.

    Raises:
        BackupError: some of it is not safe to restore.
    """
    for warning in index.warnings:
        progress.message(Level.WARNING, warning)
    refused = refusals(index, devices=request.devices, beat=beat_of(watch, progress))
    if refused and not request.skip_unsafe:
        raise unsafe(
            refused, lambda flag: shlex.join([*request.command, flag]), "nothing was written"
        )
    for one in refused:
        said = f"a restore leaves it out: {shown(one.member.name)}: {one.reason}"
        progress.message(Level.WARNING, said)


def _require_no_directory(path: Path) -> None:
    """Return when no directory stands where a file is to be written.

    Raises:
        UsageError: one does.
    """
    if path.is_dir() and not path.is_symlink():
        raise UsageError(
            f"the seal cannot be written: {shown(os.fsencode(path))} is a directory",
            reason="nothing was written",
            fix=f"take it away: mv -- {pasteable(path)} {pasteable(path)}.old",
        )


def _require_place(place: Path) -> None:
    """Return when files can be made there: known before hours of reading, not after.

    Raises:
        UsageError: they cannot.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=_TEMPORARY):
            pass
    except OSError as error:
        raise _not_written(place, place, error) from error


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; no reader ever sees a part of it.

    Raises:
        UsageError: it cannot be written.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no Path
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(temporary).replace(path)
        temporary = ""
        _sync_directory(path.parent)
    except OSError as error:
        raise _not_written(path, path.parent, error) from error
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()


def _sync_directory(place: Path) -> None:
    """Make a renaming last; some file systems know no such thing."""
    with suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_written(path: Path, place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"the seal cannot be written: {shown(os.fsencode(path))}",
        reason=shown_text(error.strerror or str(error)),
        fix=f"ls -ld -- {pasteable(place)}; "
        "or link the backup (ln -s) into a directory of yours, and seal the link",
    )
