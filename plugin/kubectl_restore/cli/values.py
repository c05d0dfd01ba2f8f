"""Values of single flags."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import STANDARD_INPUT, Location
from kubectl_restore.archive.trust.claims import UnreadableError, parse_digest
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.text import pasteable, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.cli.argv import Parsed

_DEFAULT_RETRIES: Final = 5
_MOST_RETRIES: Final = 10_000
_LANES: Final = "KUBECTL_RESTORE_LANES"
JOBS: Final = ("1", "2", "3", "4")
_OWNER: Final = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_NOBODY: Final = 0xFFFF_FFFF
"""-1: to chown it means "leave as it is"."""


def given(parsed: Parsed, name: str, default: str) -> str:
    """Return a flag's value. An empty one is not the default: a script's variable was not set."""
    value = parsed.value(name)
    return default if value is None else value


def choice(parsed: Parsed, name: str, choices: Sequence[str]) -> str | None:
    """Return the value of a flag that takes one of a few; None where it is not given.

    Raises:
        UsageError: it is another.
    """
    value = parsed.value(name)
    if value is not None and value not in choices:
        raise UsageError(
            f"--{name}: {value!r} is not possible",
            reason=f"it is one of: {', '.join(choices)}",
            fix=f"--{name} {choices[0]}",
        )
    return value


def read_owner(parsed: Parsed) -> tuple[int, int] | None:
    """Return the numeric user and group that everything is given to; None for the backup's.

    Raises:
        UsageError: it is no such pair.
    """
    text = parsed.value("owner")
    if text is None:
        return None
    found = _OWNER.fullmatch(text)
    numbers = (int(found[1]), int(found[2])) if found else (_NOBODY, _NOBODY)
    if max(numbers) >= _NOBODY:
        raise UsageError(
            f"--owner {shown(os.fsencode(text))} is no owner",
            reason="it is UID:GID, two numbers below 4294967295; names differ from pod to pod",
            fix="--owner 1000:1000",
        )
    if parsed.is_set("no-same-owner"):
        raise UsageError(
            "--owner and --no-same-owner contradict each other",
            reason="the one names an owner, the other takes the container's user",
            fix="leave one of them out",
        )
    return numbers


def read_overwrite(parsed: Parsed) -> Overwrite:
    """Return what happens to what stands there.

    Raises:
        UsageError: two flags contradict each other.
    """
    try:
        named = choice(parsed, "overwrite", tuple(Overwrite))
    except UsageError as error:
        # In older versions it was a switch.
        error.fix += "; to replace what exists: --force (-f)"
        raise
    if not parsed.is_set("force"):
        return Overwrite.REFUSE if named is None else Overwrite(named)
    if named not in {None, Overwrite.IF_CHANGED}:
        raise UsageError(
            f"--force and --overwrite {named} contradict each other",
            reason="--force is --overwrite if-changed",
            fix="leave one of them out",
        )
    return Overwrite.IF_CHANGED


def read_checksum(parsed: Parsed, backup: BackupName) -> str | None:
    """Return what `--checksum` says, as 64 lower-case hexadecimal digits.

    A line of sha256sum is taken as well, for what is pasted: its name is not looked at.

    Args:
        parsed: the command line.
        backup: whose checksum it is, for the fix.

    Raises:
        UsageError: it is no checksum.
    """
    text = parsed.value("checksum")
    if text is None:
        return None
    first = text.split(maxsplit=1)[0] if text.strip() else text
    # sha256sum begins a line with a backslash where it has escaped the name.
    algorithm, colon, digits = first.removeprefix("\\").partition(":")
    try:
        return parse_digest(f"{algorithm.lower()}{colon}{digits}")
    except UnreadableError as error:
        raise UsageError(
            f"--checksum {shown(os.fsencode(text))} is no checksum",
            reason=str(error),
            fix=_printing_checksum(backup),
        ) from error


def _printing_checksum(backup: BackupName) -> str:
    """Return the command that prints a backup's checksum."""
    if isinstance(backup, Location):
        return f"{backup.reader} | sha256sum"
    return "sha256sum BACKUP" if backup == STANDARD_INPUT else f"sha256sum -- {pasteable(backup)}"


def read_lanes(parsed: Parsed, environment: Mapping[str, str]) -> int:
    """Return how many execs carry a backup.

    Raises:
        UsageError: it is no number that makes sense.
    """
    text = parsed.value("jobs")
    if text is None:
        # A switch of the tests.
        text = environment.get(_LANES, "")
        return int(text) if text in JOBS else 1
    if text not in JOBS:
        raise UsageError(
            f"--jobs: {text!r} is not possible",
            reason=f"a backup goes over {JOBS[0]} to {JOBS[-1]} execs",
            fix="--jobs 2 where each file takes long, or the link answers late",
        )
    return int(text)


def read_hook(parsed: Parsed, name: str) -> str | None:
    """Return the command that `--before` or `--after` has the container run.

    Raises:
        UsageError: it is empty: a variable of a script that was not set, perhaps.
    """
    command = parsed.value(name)
    if command is not None and not command.strip():
        raise UsageError(
            f"--{name} wants a command",
            reason=f"{command!r} was given",
            fix=f"--{name} 'COMMAND', a line for the container's sh; or leave it out",
        )
    return command


def read_retries(parsed: Parsed) -> int:
    """Return how often a lost link is gone on with.

    Raises:
        UsageError: it is no number that makes sense.
    """
    text = given(parsed, "retries", str(_DEFAULT_RETRIES))
    if not (text.isascii() and text.isdigit()) or int(text) > _MOST_RETRIES:
        raise UsageError(
            f"--retries: {text!r} is not possible",
            reason=f"it is a number from 0 to {_MOST_RETRIES:,}",
            fix=f"--retries {_DEFAULT_RETRIES}",
        )
    return int(text)
