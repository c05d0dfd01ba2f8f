"""`kubectl restore seal BACKUP`: from words to a request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import Location, backup_name
from kubectl_restore.archive.trust.seal import SealRequest
from kubectl_restore.cli.flags import OF_SEAL
from kubectl_restore.cli.positionals import require_named
from kubectl_restore.cli.values import read_checksum
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed

USAGE: Final = "kubectl restore seal BACKUP [--force]"


def read_seal_request(parsed: Parsed, words: Sequence[str]) -> SealRequest:
    """Return what is to be sealed, as these words say it.

    Raises:
        UsageError: something is missing, too much, or has no meaning here.
    """
    for flag, _ in parsed.flags:
        if flag.name not in OF_SEAL:
            raise UsageError(
                f"--{flag.name} has no meaning for seal",
                reason="it reads a backup and asks no cluster; it takes "
                + ", ".join(f"--{name}" for name in sorted(OF_SEAL)),
                fix=USAGE,
            )
    if len(parsed.positionals) != 1:
        raise UsageError(
            "seal takes one backup",
            reason=f"{len(parsed.positionals)} were given",
            fix=f"{USAGE}; for a pod called seal: kubectl restore pod/seal BACKUP",
        )
    name = parsed.positionals[0]
    if name == "-":
        raise UsageError(
            "standard input cannot be sealed",
            reason="the seal stands beside the backup, under its name",
            fix="write the backup to a file first, then name the file",
        )
    require_named(name, USAGE)
    path = backup_name(name)
    if isinstance(path, Location):
        called = shown(os.fsencode(path))
        raise UsageError(
            f"{called} cannot be sealed where it is",
            reason="the seal is written beside the backup, and nothing is written to a store",
            fix="seal the backup before it is uploaded, and upload BACKUP.sha256 and "
            f"BACKUP.meta.json beside it; or fetch it: {path.reader} > backup.tar",
        )
    return SealRequest(
        backup=path,
        checksum=read_checksum(parsed, path),
        allow_missing_end=parsed.is_set("allow-missing-end"),
        require_checksum=parsed.is_set("require-checksum"),
        force=parsed.is_set("force"),
        devices=parsed.is_set("devices"),
        skip_unsafe=parsed.is_set("skip-unsafe"),
        command=("kubectl", "restore", "seal", *words),
    )
