"""`--log-file`: what is said is appended to a file too."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kubectl_restore.archive.source.location import secrets_in
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.ui.logged import Log


@contextmanager
def log_file(
    path: Path | None, parsed: Parsed, command: str, backups: Iterable[BackupName] = ()
) -> Iterator[Log | None]:
    """Open the file for appending, made with mode 0600; nothing for no path.

    Args:
        path: of the file.
        parsed: whose secrets are taken out.
        command: the command line, without secrets: the log's first line.
        backups: what is read, and never written to.

    Raises:
        UsageError: it cannot be opened, or something else would be harmed.
    """
    if path is None:
        yield None
        return
    # Imported late: hardly anybody wants one.
    from kubectl_restore.about import NAME, VERSION  # noqa: PLC0415
    from kubectl_restore.cli.log_place import require_place_for_log  # noqa: PLC0415
    from kubectl_restore.ui.logged import Log  # noqa: PLC0415

    name = shown(os.fsencode(path))
    try:
        require_place_for_log(path, parsed, backups)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the log file {name} cannot be written",
            reason=shown_text(str(error)),
            fix="name another with --log-file, or leave it out",
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        secrets = [value for flag, value in parsed.flags if flag.secret]
        log = Log(file, name, [*secrets, *secrets_in(parsed.positionals)])
        log.put(f"{NAME} {VERSION}, process {os.getpid()}: {shown_text(command)}")
        yield log
