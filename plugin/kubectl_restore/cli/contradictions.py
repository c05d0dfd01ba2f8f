"""What does not go together on a command line, noticed before the first byte is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.flags import OF_A_RESTORE
from kubectl_restore.cli.values import (
    choice,
)
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Comparison, Extras, Verification

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed

PARTIAL: Final = ("include", "exclude", "skip-paths", "skip-unsafe")
"""Flags that leave some of a backup out."""


def require_reading(parsed: Parsed, command: str) -> None:
    """Return when no flag is given that only a restore has.

    Args:
        parsed: the command line.
        command: the name of what only reads.

    Raises:
        UsageError: there is one.
    """
    for flag, _ in parsed.flags:
        if flag.name in OF_A_RESTORE:
            raise UsageError(
                f"--{flag.name} belongs to a restore",
                reason=f"{command} compares a pod with a backup, and writes nothing",
                fix=f"leave --{flag.name} out",
            )


def require_file(parsed: Parsed, backup: str, compares: str) -> None:
    """Notice what needs the whole backup before the first byte is sent."""
    if compares and parsed.value("verify") == Verification.NONE:
        raise UsageError(
            "--verify none leaves nothing to do",
            reason=f"kubectl restore {compares} compares a pod with a backup",
            fix="--verify size, or checksum",
        )
    if backup != "-":
        return
    if compares:
        raise _not_from_a_pipe(f"kubectl restore {compares}")
    for name in ("dry-run", "delete"):
        if parsed.is_set(name):
            raise _not_from_a_pipe(f"--{name}")
    if parsed.value("compare") == Comparison.CHECKSUM:
        raise _not_from_a_pipe("--compare checksum")
    if parsed.is_set("require-checksum") and parsed.value("checksum") is None:
        raise UsageError(
            "--require-checksum of standard input needs --checksum",
            reason="beside a pipe stands no file with its checksum",
            fix="--checksum sha256:HEX, as it came with the backup",
        )


def _not_from_a_pipe(flag: str) -> UsageError:
    return UsageError(
        f"{flag} needs a file",
        reason="of standard input nobody knows what is still to come, and it can be read only once",
        fix="write the backup to a file, then name the file",
    )


def require_safe_deletion(parsed: Parsed, target: str | None) -> None:
    """Notice a --delete that would delete what nobody meant; None for where a claim stands."""
    if not parsed.is_set("delete"):
        return
    if target == "/":
        raise UsageError(
            "--delete at / is refused",
            reason="everything in the container that is not in the backup would be deleted",
            fix="name the directory that the backup is of: -t PATH",
        )
    _require_whole(parsed, "--delete", "what is left out of the restore would be deleted")


def read_extras(parsed: Parsed) -> Extras:
    """Return what becomes of what is not in the backup.

    Raises:
        UsageError: it is to fail, and cannot be told from what is left out.
    """
    extras = Extras(choice(parsed, "extras", tuple(Extras)) or Extras.REPORT)
    if extras is Extras.FAIL:
        _require_whole(
            parsed,
            "--extras fail",
            "what is left out would be taken for what the backup does not have",
        )
    return extras


def _require_whole(parsed: Parsed, flag: str, reason: str) -> None:
    """Notice a flag that is about the whole backup beside one that leaves some of it out."""
    for name in PARTIAL:
        if any(one.name == name for one, _ in parsed.flags):
            raise UsageError(
                f"{flag} and --{name} contradict each other",
                reason=reason,
                fix="leave one of them out",
            )
