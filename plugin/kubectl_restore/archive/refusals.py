"""The words for archives that are not restored."""

from __future__ import annotations

from typing import Final

from kubectl_restore.errors import BackupError, DamagedError

FETCH_AGAIN: Final = "fetch the backup again and compare its size and checksum with the original's"

_WITH_GNU: Final = "restore it with GNU tar: tar --listed-incremental=/dev/null -xf BACKUP -C PATH"
_UNSUPPORTED: Final = {
    b"D": ("a GNU incremental backup", _WITH_GNU),
    b"M": ("a part of a multi-volume archive", "put its volumes together first: tarcat VOLUME..."),
    b"N": ("an archive with long names in an old GNU way", "unpack it and make it again"),
    b"X": ("an archive with Solaris's extended headers", "unpack it and make it again"),
}

UNSUPPORTED: Final = frozenset(_UNSUPPORTED)


def truncated(reason: str) -> BackupError:
    """Return the error for an archive that ends too early."""
    return DamagedError("the backup is truncated", reason=reason, fix=FETCH_AGAIN)


def corrupt(reason: str) -> BackupError:
    """Return the error for an archive that is damaged, or means different things to tars."""
    return DamagedError("the backup is corrupt", reason=reason, fix=FETCH_AGAIN)


def without_end(at: int) -> BackupError:
    """Return the error for an archive that ends at a member's edge, without the end marker."""
    return DamagedError(
        "the backup is truncated: its end marker is missing",
        reason=f"the archive ends at byte {at} without two blocks of zeros, so members may be "
        "missing",
        fix=f"{FETCH_AGAIN}; if it was made like this: --allow-missing-end",
    )


def zeros_behind(start: int, length: int) -> BackupError:
    """Return the error for an archive behind whose end stands more than a writer's padding."""
    return DamagedError(
        "the backup is truncated, or its tail was never written",
        reason=f"behind its end at byte {start} stand {length:,} bytes of zeros; no tar pads that "
        "much, but a download that was broken off, or a disk that crashed, leaves such a tail",
        fix=f"{FETCH_AGAIN}; if it was padded on purpose: --allow-missing-end",
    )


def only_zeros(length: int) -> BackupError:
    """Return the error for a file that begins as an empty archive and goes on as something else."""
    return BackupError(
        "the backup is no tar archive",
        reason=f"it begins with zeros, as an empty archive does, but has {length:,} bytes; a "
        "disk image, or a file whose content was never written?",
        fix="name a tar archive",
    )


def unsupported(kind: bytes, at: int) -> BackupError:
    """Return the error for a type of header that only some tars know (one of UNSUPPORTED)."""
    what, fix = _UNSUPPORTED[kind]
    return BackupError(
        f"the backup is {what}, which is not supported",
        reason=f"the header at byte {at} says so (type {kind.decode('ascii')})",
        fix=fix,
    )
