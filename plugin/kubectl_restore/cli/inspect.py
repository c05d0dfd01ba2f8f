"""`kubectl restore inspect BACKUP`: from words to a request, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import backup_name, redacted
from kubectl_restore.cli.argv import Parsed
from kubectl_restore.cli.flags import OF_AGAINST, OF_INSPECT
from kubectl_restore.cli.manner import read_output
from kubectl_restore.cli.positionals import require_named
from kubectl_restore.cli.reading import read_request
from kubectl_restore.cli.selecting import read_selection
from kubectl_restore.cli.values import read_checksum
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Overwrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.select.selection import Selection
    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.plan.request import RestoreRequest

USAGE: Final = (
    "kubectl restore inspect BACKUP [--list] [--tree[=DEPTH]] [--against TARGET] [-o json]"
)
_USUAL_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class InspectRequest:
    """What is to be looked at, and how it is shown."""

    backup: BackupName
    checksum: str | None
    selection: Selection
    allow_missing_end: bool
    require_checksum: bool
    cache: bool
    members: bool
    """Each member on a line, instead of what they are together."""
    tree: int
    """How deep its directories are shown with their sizes; 0 for the biggest ones alone."""
    as_json: bool
    command: tuple[str, ...]
    """How to say this again."""
    against: RestoreRequest | None = None
    """The restore that is planned, if that is wanted."""


def read_inspect_request(parsed: Parsed, words: Sequence[str]) -> InspectRequest:
    """Return what is to be inspected, as these words say it.

    Raises:
        UsageError: something is missing, too much, or has no meaning here.
    """
    against = parsed.value("against")
    for flag, _ in parsed.flags:
        if flag.name in OF_INSPECT or (against is not None and flag.name in OF_AGAINST):
            continue
        alone = flag.name in OF_AGAINST
        raise UsageError(
            f"--{flag.name} has no meaning for inspect{' without --against' * alone}",
            reason="it reads a backup and asks no cluster; it takes "
            + ", ".join(f"--{name}" for name in sorted(OF_INSPECT)),
            fix="kubectl restore inspect BACKUP --against TARGET -t PATH" if alone else USAGE,
        )
    if len(parsed.positionals) != 1:
        raise UsageError(
            "inspect takes one backup",
            reason=f"{len(parsed.positionals)} were given",
            fix=f"{USAGE}; for a pod called inspect: kubectl restore pod/inspect BACKUP",
        )
    name = parsed.positionals[0]
    if name == "-":
        raise UsageError(
            "standard input cannot be inspected",
            reason="a backup is read more than once",
            fix="write the backup to a file first, then name the file",
        )
    require_named(name, USAGE)
    if against is not None and parsed.is_set("list"):
        raise UsageError(
            "--against and --list contradict each other",
            reason="a list says what each member is, a plan what would be done",
            fix="for each path: kubectl restore TARGET BACKUP -t PATH --dry-run -v",
        )
    return InspectRequest(
        backup=backup_name(name),
        checksum=read_checksum(parsed, backup_name(name)),
        selection=read_selection(parsed),
        allow_missing_end=parsed.is_set("allow-missing-end"),
        require_checksum=parsed.is_set("require-checksum"),
        cache=not parsed.is_set("no-cache"),
        members=parsed.is_set("list"),
        tree=_tree(parsed),
        as_json=read_output(parsed) == "json",
        command=("kubectl", "restore", "inspect", *map(redacted, words)),
        against=None if against is None else _against(parsed, against, words),
    )


def _against(parsed: Parsed, target: str, words: Sequence[str]) -> RestoreRequest:
    """Return the restore that is planned: it may replace, and leaves out what is refused."""
    if not target:
        raise UsageError(
            "--against names no target",
            reason="an empty word was given for it; a variable of a script that was not set?",
            fix="kubectl restore inspect BACKUP --against TARGET -t PATH",
        )
    flags = [one for one in parsed.flags if one[0].name not in {"against", "list", "tree"}]
    made = read_request(
        Parsed(flags, [target, *parsed.positionals], [0, 1]),
        ["inspect", *words],
        older=False,
        compares="inspect",
    )
    return replace(
        made,
        overwrite=Overwrite.IF_CHANGED,
        dry_run=True,
        asks=False,
        selection=replace(made.selection, skip_unsafe=True),
    )


def _tree(parsed: Parsed) -> int:
    depth = parsed.value("tree")
    if depth in {None, "false"}:
        return 0
    return _USUAL_DEPTH if depth == "true" else int(str(depth))
