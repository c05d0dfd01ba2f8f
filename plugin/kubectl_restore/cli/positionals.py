"""Target and backup among the words of a command line, and what was probably meant instead."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.flags import COMMANDS
from kubectl_restore.cli.redacting import flags_to_show
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed

_ARCHIVE_NAME: Final = re.compile(r"\.(tar|tgz|tar\.\w+)$")
_POSITIONALS: Final = 2


def read_positionals(parsed: Parsed, command: str) -> tuple[str | None, str]:
    """Return the target and the backup; no target where a selector stands for it.

    Args:
        parsed: the command line, without the command's name.
        command: that, with a blank behind it, for what is shown; empty for a restore.

    Raises:
        UsageError: one is missing, or there are too many words.
    """
    usage = f"kubectl restore {command}POD BACKUP [-t PATH]"
    given = parsed.positionals
    if parsed.value("selector") is not None:
        if len(given) != 1:
            raise UsageError(
                "a target and -l were given" if given else "a backup is missing",
                reason="-l stands instead of a target, so only a backup is wanted; given: "
                + (shlex.join(given) or "nothing"),
                fix=f"kubectl restore {command}-l LABELS BACKUP [-t PATH]",
            )
        require_named(given[0], usage)
        return None, given[0]
    if len(given) > _POSITIONALS:
        meant = "" if command else nearest_command(given[0])
        words = [meant, *given[1:], *flags_to_show(parsed)]
        raise UsageError(
            f"there is no command {shown(os.fsencode(given[0]))}"
            if meant
            else "too many arguments",
            reason=f"a pod and a backup are wanted; given: {shlex.join(given)}",
            fix=f"kubectl restore {shlex.join(words)}" if meant else usage,
        )
    if len(given) < _POSITIONALS:
        meant = nearest_command(given[0]) if given and not command else ""
        missing = "a backup is" if given else "a pod and a backup are"
        if given and not meant and (_is_archive(given[0]) or _is_file(given[0])):
            words = ["POD", *given, *flags_to_show(parsed)]
            raise UsageError(
                "a pod is missing",
                reason=f"only a backup was named: {shown(os.fsencode(given[0]))}",
                fix=f"kubectl restore {command}{shlex.join(words)}",
            )
        fix = f"did you mean kubectl restore {meant}? Else: {usage}" if meant else usage
        raise UsageError(f"{missing} missing", reason=f"usage: {usage}", fix=fix)
    require_named(given[1], usage)
    return given[0], given[1]


def require_order(pod: str, backup: str, parsed: Parsed, command: str) -> None:
    """Notice BACKUP POD, the order of an older README.

    Raises:
        UsageError: it is that.
    """
    looks_like_backup = _is_archive(pod) or (_is_file(pod) and not _is_file(backup))
    if "://" not in pod and (not looks_like_backup or _is_archive(backup)):
        return
    words = ["kubectl", "restore", *([command] if command else []), backup, pod]
    words += flags_to_show(parsed)
    raise UsageError(
        "the pod comes first, then the backup",
        reason=f"{shown(os.fsencode(pod))} looks like a backup",
        fix=shlex.join(words),
    )


def require_pipe(*, older: bool) -> None:
    """Notice a `-` that nobody has piped anything into.

    Raises:
        UsageError: it is one.
    """
    if older:
        raise UsageError(
            "the older spelling takes no backup from standard input",
            reason="`-` was given as the backup",
            fix="... | kubectl restore POD - -t PATH",
        )
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "there is no backup on standard input",
            reason="`-` was given as the backup, and standard input is a terminal, or closed",
            fix="cat backup.tar | kubectl restore POD - -t PATH",
        )


def require_named(backup: str, usage: str) -> None:
    """Notice a backup without a name, which to the system would be the current directory.

    Raises:
        UsageError: it has none.
    """
    if not backup:
        raise UsageError(
            "the backup has no name",
            reason="an empty word was given for it; a variable of a script that was not set?",
            fix=usage,
        )


def nearest_command(word: str) -> str:
    """Return the command that a word is a near miss of; empty for none."""
    # Imported late: hardly any command line is wrong.
    import difflib  # noqa: PLC0415

    return next(iter(difflib.get_close_matches(word, COMMANDS, 1, 0.7)), "")


def _is_file(name: str) -> bool:
    """Tell whether there is such a file; a name that cannot even be looked up is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _is_archive(name: str) -> bool:
    """Tell whether a word is called as backups are."""
    return bool(_ARCHIVE_NAME.search(name)) or "://" in name
