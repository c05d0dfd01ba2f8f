"""Which members are restored, and where to: what the user asked for, applied to an index.

    choose by the recorded names      --include, --exclude, --strip-components
    refuse what is not safe           as it stands in the archive
    map                               --strip-components, --transform-prefix
    refuse what is not safe           as it would be restored

Members are gone through one after the other; besides them only a byte for each is kept, and what
concerns hard links.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.index.read import last_of_each
from kubectl_restore.archive.members.hard_links import with_contents_moved
from kubectl_restore.archive.select.patterns import exclusion, inclusion, without_slashes
from kubectl_restore.archive.trust.safety import refusals
from kubectl_restore.errors import UsageError
from kubectl_restore.text import counted, pasteable, shown, shown_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.select.patterns import Glob
    from kubectl_restore.archive.select.selection import Selection
    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.archive.trust.safety import Refusal


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be restored of a backup.

    Attributes:
        index: what is left, under its new paths.
        refused: what is not safe; the index has none of it.
        warnings: sentences for the user.
        notes: what was left out, for the summary.
        missing: globs of `include` that nothing has matched.
        idle: globs of `exclude` that nothing has matched.
        stripped: how many members stripping leaves nothing of.
        leaves_none: no member is left by globs and stripping.
    """

    index: Index
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[Glob, ...] = ()
    idle: tuple[Glob, ...] = ()
    stripped: int = 0
    leaves_none: bool = False


def choose(
    index: Index,
    selection: Selection,
    *,
    is_part: bool = False,
    beat: Beat = no_beat,
    backup: BackupName | None = None,
) -> Chosen:
    """Apply a selection to an index whose paths are each there once.

    Args:
        index: the members; not to be used any more.
        selection: what is wanted of them.
        is_part: these are not all of the backup's members: a hard link may lead to one that came
            before them.
        beat: called now and then; what it raises ends the work.
        backup: whose members they are, for fixes; None where it comes through a pipe.

    Raises:
        UsageError: a glob of `include` matches nothing, or stripping leaves nothing (unless
            `is_part`).
    """
    warnings: list[str] = []
    left, notes, choice = _left(index, selection, beat, is_part=is_part, backup=backup)
    if not is_part:
        warnings += map(leaves_nothing_out, choice.idle)
    leaves_none = not len(left.members)
    left, refused = _safe(left, selection, beat, is_part=is_part)
    if selection.mapping:
        mapping = selection.mapping
        for old in mapping.idle(with_beat(map(left.members.name, range(len(left.members))), beat)):
            warnings.append(
                f"--transform-prefix {shown(old)}=...: nothing of the backup stands there, so "
                "nothing is put elsewhere by it"
            )
        mapped = left.members.renamed(mapping.path_of, mapping.link_of, beat)
        members, again = last_of_each(mapped)
        if again:
            warnings.append(
                f"{counted(again, 'member')} left out: by --strip-components or --transform-prefix "
                "others of the backup get the same path, and the last one counts"
            )
            notes.append(f"{counted(again, 'member')} left out for others of the same path")
        left, moved = _safe(replace(left, members=members), selection, beat, is_part=is_part)
        refused += [replace(one, reason=f"{one.reason} (under its new path)") for one in moved]
    if refused and selection.skip_unsafe:
        notes.append(f"{counted(len(refused), 'member')} left out as not safe (--skip-unsafe)")
    return Chosen(
        left,
        tuple(refused),
        tuple(warnings),
        tuple(notes),
        tuple(choice.missing),
        tuple(choice.idle),
        choice.stripped,
        leaves_none,
    )


def _left(
    index: Index,
    selection: Selection,
    beat: Beat,
    *,
    is_part: bool,
    backup: BackupName | None,
) -> tuple[Index, list[str], _Choice]:
    """Return what patterns and stripping leave, what is to be said of the rest, and the globs."""
    mapping = selection.mapping
    choice = _Choice(selection)
    if not (selection.include or selection.exclude or mapping.strip):
        return index, [], choice
    stays = bytearray(len(index.members))
    for position in with_beat(range(len(index.members)), beat):
        name = index.members.name(position)
        if choice.takes(name):
            stays[position] = mapping.keeps(name)
            choice.stripped += not stays[position]
    if choice.missing and not is_part:
        raise nothing_matches(choice.missing[0], "nothing was changed", index.members)
    stripped = choice.stripped
    if stripped and not is_part and not any(stays):
        raise stripping_leaves_nothing(mapping.strip, stripped, backup)
    left_out = len(stays) - sum(stays) - stripped
    notes = []
    if left_out:
        flags = [
            flag
            for flag, given in (("--include", selection.include), ("--exclude", selection.exclude))
            if given
        ]
        notes.append(f"{counted(left_out, 'member')} left out ({', '.join(flags)})")
    if stripped:
        notes.append(
            f"{counted(stripped, 'member')} left out: the name has no more components "
            f"than --strip-components {mapping.strip} takes away"
        )
    return replace(index, members=with_contents_moved(index.members, stays)), notes, choice


class _Choice:
    """The patterns, which have matched nothing yet, and how many members stripping has taken."""

    def __init__(self, selection: Selection) -> None:
        self._include = [inclusion(one) for one in selection.include]
        self._exclude = [exclusion(one) for one in selection.exclude]
        self.missing = list(self._include)
        self.idle = list(self._exclude)
        self.stripped = 0

    def takes(self, name: bytes) -> bool:
        """Tell whether a member is wanted."""
        name = without_slashes(name)
        if self.missing:
            self.missing = [one for one in self.missing if not one.matches(name)]
        if self.idle:
            self.idle = [one for one in self.idle if not one.matches(name)]
        if self._include and not _any(self._include, name):
            return False
        return not _any(self._exclude, name)


def stripping_leaves_nothing(
    strip: int, count: int, backup: BackupName | None = None
) -> UsageError:
    """Return the error for so many components that no name of `count` members has more.

    Args:
        strip: how many.
        count: members that have too few.
        backup: for the fix; None where it comes through a pipe.
    """
    name = "BACKUP" if backup is None else pasteable(backup)
    return UsageError(
        f"--strip-components {strip} leaves nothing of the backup; nothing was changed",
        reason=f"{counted(count, 'member')}, and no name has more than "
        f"{counted(strip, 'component')}",
        fix=f"kubectl restore inspect {name} --tree  # shows how deep it is",
    )


def nothing_matches(glob: Glob, so_far: str, members: Iterable[Member] = ()) -> UsageError:
    """Return the error for a glob of `include` that nothing has matched.

    Args:
        glob: the glob.
        so_far: what became of the pod until now ("nothing was changed").
        members: among which something similar may be, for the fix.
    """
    meant = _meant(glob.pattern, members)
    fix = "tar -tf BACKUP lists the names"
    if meant:
        fix = f"did you mean: --include {shlex.quote(shown_whole(meant))}"
    return UsageError(
        f"--include {shown(glob.pattern)}: the backup has nothing that matches; {so_far}",
        reason="names are matched from their beginning, as they stand in the backup",
        fix=fix,
    )


def leaves_nothing_out(glob: Glob) -> str:
    """Return the warning for a glob of `exclude` that nothing has matched."""
    return (
        f"--exclude {shown(glob.pattern)} matches nothing in the backup, so it leaves nothing out; "
        "names are matched as they stand there (kubectl restore inspect BACKUP --list)"
    )


def _any(globs: Sequence[Glob], name: bytes) -> bool:
    return any(one.matches(name) for one in globs)


def _meant(pattern: bytes, members: Iterable[Member]) -> bytes:
    """Return what the pattern may have been meant to be; empty when nothing is near."""
    bare = pattern.removeprefix(b"./").lstrip(b"/")
    near = [inclusion(start + bare) for start in (b"./", b"", b"/", b"*/") if bare]
    hit = {
        one.pattern
        for member in members
        for one in near
        if one.matches(without_slashes(member.name))
    }
    return next((one.pattern for one in near if one.pattern in hit), b"")


def _safe(
    index: Index, selection: Selection, beat: Beat, *, is_part: bool
) -> tuple[Index, list[Refusal]]:
    """Return the index without what is refused, and that."""
    refused = refusals(index, devices=selection.devices, is_part=is_part, beat=beat)
    if not refused:
        return index, []
    stays = bytearray(b"\x01" * len(index.members))
    for one in refused:
        stays[one.number] = 0
    index.members.reduce_to(stays)
    return index, refused
