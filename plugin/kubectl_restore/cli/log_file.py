"""The older spelling's `--log-file`: what is said is appended to a file too."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO


@contextmanager
def log_file(path: Path | None) -> Iterator[TextIO | None]:
    """Open the file for appending, made with mode 0600; nothing for no path.

    Raises:
        UsageError: it cannot be opened.
    """
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the log file {shown(os.fsencode(path))} cannot be written",
            reason=shown_text(str(error)),
            fix="name another with --log-file, or leave it out",
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        yield file
