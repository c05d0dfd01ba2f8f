"""Is the backup the one that was meant? What is claimed about it against what it is.

All claims that are found must hold. A claim is never dropped for another: where two contradict
each other, one of them is wrong about this file, and which one cannot be told. One that cannot be
read is said; it is an error where a checksum is required.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.trust.claims import Claim, Subject
from kubectl_restore.archive.trust.file_checksum import hashing_of
from kubectl_restore.archive.trust.sidecars import find_claims
from kubectl_restore.errors import BackupError, DisprovedError
from kubectl_restore.progress import Level
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kubectl_restore.archive.index.cache import IndexCache
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.source.opening import OpenBackup
    from kubectl_restore.archive.trust.file_checksum import Hashing, HashingOnTheWay
    from kubectl_restore.archive.trust.sidecars import Found
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

ON_COMMAND_LINE: Final = "--checksum"
REQUIRED: Final = "--require-checksum"
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Totals:
    """What is counted of an index: see `Subject.FILES` and `Subject.CONTENT`."""

    files: int
    content: int


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was claimed about a backup and holds.

    Attributes:
        claims: all of it, in the order in which it was found.
        digest: the file's SHA-256, 64 hexadecimal digits; empty where it was not computed because
            nobody claims one.
        unread: sentences: what could not be read, and so was not compared; safe to print.
    """

    claims: tuple[Claim, ...] = ()
    digest: str = ""
    unread: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return a sentence for each claim: `sha256 matches backup.tar.gz.sha256`."""
        return [f"{one.about} matches {one.source} ({one.value})" for one in self.claims]

    def in_short(self) -> str:
        """Return one sentence; empty where nothing was claimed."""
        by_source: dict[str, list[str]] = {}
        for one in self.claims:
            by_source.setdefault(one.source, []).append(one.about)
        parts = [f"{source} ({_some(what)})" for source, what in by_source.items()]
        return f"the backup matches {' and '.join(parts)}" if parts else ""


def read_proved(
    backup: OpenBackup,
    checksum: str | None = None,
    *,
    allow_missing_end: bool,
    require_checksum: bool = False,
    progress: Progress,
    watch: Watch,
    always_hash: bool = False,
    own: bool = True,
    home: Path | None = None,
    cache: IndexCache | None = None,
) -> tuple[Index, Integrity]:
    """Read the whole index, and prove everything that is claimed about the backup.

    Args:
        backup: the file.
        checksum: what `--checksum` says, 64 lower-case hexadecimal digits.
        allow_missing_end: see `read_index`.
        require_checksum: somebody has to claim a checksum, and whatever claims one be readable.
        progress: told how far it is.
        watch: may end it.
        always_hash: compute the SHA-256 also where nobody claims one.
        own: believe BACKUP.sha256 and BACKUP.meta.json too.
        home: see `find_claims`.
        cache: see `read_index`.

    Raises:
        BackupError: the backup is cut or corrupt, a claim does not hold, or a checksum is required
            and there is none that can be read.
        TimedOutError, SignalledError: the watch ended the run.
    """
    found = _found(backup, own=own, home=home)
    claims = found.claims
    if checksum is not None:
        claims.insert(0, Claim(Subject.CHECKSUM, checksum, ON_COMMAND_LINE))
    if require_checksum:
        _require_checksum(backup, found)
    unread = tuple(f"{one.what}, and was not compared: {one.reason}" for one in found.unread)
    for warning in (*found.warnings, *unread):
        progress.message(Level.WARNING, warning)
    require_agreement(claims)
    size: dict[Subject, str | int] = {Subject.FILE_SIZE: backup.size}
    if checksum is None:
        require(claims, size)
    with ExitStack() as stack:
        hashing: Hashing | HashingOnTheWay | None = None
        if always_hash or any(one.subject is Subject.CHECKSUM for one in claims):
            asked = {one.part for one in claims if one.part is not None}
            hashing = hashing_of(backup, asked)
            stack.enter_context(hashing)
        index = read_index(
            backup,
            allow_missing_end=allow_missing_end,
            progress=progress,
            watch=watch,
            cache=cache,
        )
        digests = {} if hashing is None else hashing.result(progress, watch)
    for part, digest in digests.items():
        require([one for one in claims if one.part == part], {Subject.CHECKSUM: digest})
    # Behind the checksum of the command line: that has to hold, whatever else does not.
    require(claims, size)
    if any(one.subject in {Subject.FILES, Subject.CONTENT} for one in claims):
        totals = totals_of(index.members)
        require(claims, {Subject.FILES: totals.files, Subject.CONTENT: totals.content})
    return index, Integrity(tuple(claims), digests.get(None, ""), unread)


def _found(backup: OpenBackup, *, own: bool, home: Path | None) -> Found:
    """Return what is claimed in files, or in objects beside the backup; see `find_claims`."""
    if isinstance(backup, BackupFile):
        parts = [one.path for one in backup.parts] if backup.is_split else []
        return find_claims(backup.whole, parts, own=own, home=home)
    # Loaded late: files need nothing of it.
    from kubectl_restore.archive.trust.object_sidecars import find_claims_beside  # noqa: PLC0415

    return find_claims_beside(backup.path, backup.beside)


def totals_of(members: Members) -> Totals:
    """Count the regular files and the bytes of their contents, holes included."""
    files = members.of_kind(Kind.FILE)
    return Totals(len(files), sum(map(members.columns.sizes.__getitem__, files)))


def _require_checksum(backup: OpenBackup, found: Found) -> None:
    """Return when the whole backup's checksum is claimed, or that of each of its parts.

    Raises:
        BackupError: it is not, or something about the backup cannot be read.
    """
    for error in found.unread:
        error.fix += f"\nor leave {REQUIRED} out"
        raise error
    proved = {one.part for one in found.claims if one.subject is Subject.CHECKSUM}
    if None not in proved and not (backup.is_split and len(proved) == backup.part_count):
        whole = backup.whole
        raise BackupError(
            "no checksum of the backup was found",
            reason=f"{REQUIRED} was given, and neither {ON_COMMAND_LINE} nor a file beside "
            f"{shown(os.fsencode(whole))} names one",
            fix=f"{ON_COMMAND_LINE} sha256:HEX, as it came with it; or leave {REQUIRED} out",
        )


def require_agreement(claims: Sequence[Claim]) -> None:
    """Return when no two claims contradict each other.

    Raises:
        BackupError: two do.
    """
    first: dict[tuple[Subject, int | None], Claim] = {}
    for one in claims:
        other = first.setdefault((one.subject, one.part), one)
        if other.value != one.value:
            raise BackupError(
                f"what is claimed about the backup contradicts itself: the {one.about}",
                reason=f"{other.source} says {other.value}\n{one.source} says {one.value}",
                # Hours of hashing would tell, and so does who made the backup.
                fix="\n".join(_fix(it.away, f"if {it.source} is wrong") for it in (other, one)),
            )


def require(claims: Iterable[Claim], actual: dict[Subject, str | int]) -> None:
    """Return when every claim about these subjects holds.

    Raises:
        DisprovedError: one does not that a file makes; then what there is may still be had.
        BackupError: what `--checksum` says does not: who names it wants that backup and no other.
    """
    for one in claims:
        is_so = actual.get(one.subject)
        if is_so is not None and one.value != is_so:
            kind = DisprovedError if one.away else BackupError
            raise kind(
                f"the backup is not what {one.source} says: {_its(one)} differs",
                reason=f"claimed: {one.value}\nfound: {is_so}",
                fix=_fix(one.away, "fetch the backup again; if the claim is wrong"),
            )


def _some(subjects: list[str]) -> str:
    """Return what is claimed in one line: a list may name a thousand parts."""
    more = len(subjects) - _NAMED
    return ", ".join([*subjects[:_NAMED], *([f"and {more:,} more"] if more > 0 else [])])


def _its(claim: Claim) -> str:
    return f"the {claim.about}" if claim.name else f"its {claim.subject}"


def _fix(away: str, words: str) -> str:
    return f"{words}: {away}" if away else f"{words}, leave {ON_COMMAND_LINE} out or put it right"
