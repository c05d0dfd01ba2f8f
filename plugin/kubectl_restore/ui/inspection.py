"""What `kubectl restore inspect` prints, for people and for scripts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.select.report import NAMED
from kubectl_restore.text import as_date, counted, shown, shown_whole
from kubectl_restore.ui.against import against_fields, against_lines
from kubectl_restore.ui.amounts import as_size
from kubectl_restore.ui.json_fields import json_line, named
from kubectl_restore.ui.listing import mode

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.salvage.salvage import Salvaged
    from kubectl_restore.archive.select.directories import Directory
    from kubectl_restore.archive.select.report import Report
    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.archive.trust.integrity import Integrity
    from kubectl_restore.restore.foreseen import Foreseen

DEPTH_OF_BARS: Final = 2
"""Components of the directories that have bars."""
_BAR: Final = 20
_FEW: Final = 5
"""Biggest, newest, refused members and owners that are shown to people."""
_EXTRAS: Final = {
    Extra.FRACTION: "fractions of a second",
    Extra.XATTRS: "extended attributes",
    Extra.CAPABILITIES: "capabilities",
    Extra.OTHER_XATTRS: "other systems' attributes",
    Extra.ACL: "ACLs",
    Extra.FLAGS: "file flags",
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out about a backup.

    Attributes:
        backup: as the user named it.
        parts: how many files it consists of.
        size: bytes of all of them.
        compression: how it is packed.
        is_complete: the archive's end marker is whole.
        integrity: what is claimed about it and holds.
        report: what it holds.
        directories: how much stands below each, the biggest first.
        depth: how deep they are shown as a tree; 0 for the biggest ones as bars.
        notes: warnings, and what was left out on the user's wish.
        salvaged: what is lost of a damaged backup; None of a sound one.
        against: how much of it is right in a pod; None where no pod was asked.
    """

    backup: BackupName
    parts: int
    size: int
    compression: str
    is_complete: bool
    integrity: Integrity
    report: Report
    notes: tuple[str, ...]
    directories: tuple[Directory, ...] = ()
    depth: int = 0
    salvaged: Salvaged | None = None
    against: Foreseen | None = None

    def text(self) -> str:
        """Return lines for a person."""
        report = self.report
        packed = "not compressed" if self.compression == "none" else self.compression
        whole = (
            "complete" if self.is_complete else "no sound end, or damaged: it may not be complete"
        )
        name = shown(os.fsencode(self.backup))
        name += f" in {self.parts:,} parts" if self.parts > 1 else ""
        lines = [
            f"{name}: tar, {packed}, {as_size(self.size)}; {whole}",
            f"members:   {report.members:,}{self._kinds()}",
            f"content:   {as_size(report.content)} ({report.content:,} bytes)",
            f"checksum: {self._checksum()}",
        ]
        if report.oldest is not None and report.newest:
            lines.append(
                f"times:     {as_date(report.oldest)} to {as_date(report.newest[0].mtime)} UTC"
            )
        lines += self._tree() if self.depth else self._bars()
        big = [f"{as_size(one.size):>9}  {shown(one.name)}" for one in report.biggest]
        new = [f"{as_date(one.mtime)}  {shown(one.name)}" for one in report.newest]
        lines += [*_few("biggest", big), *_few("newest", new)]
        lines += _few("owners", self._owners())
        lines += [] if self.against is None else against_lines(self.against)
        lines += [f"Note: {note}" for note in (*self.notes, *self._changes())]
        refused = [f"{shown(one.member.name)}: {one.reason}" for one in report.refused]
        lines += _few(f"refused ({len(refused):,})", refused) if refused else []
        return "\n".join(lines) + "\n"

    def _checksum(self) -> str:
        """Say what is claimed about the backup, and whether it holds."""
        if self.salvaged is None:
            return self.integrity.in_short() or "none was found beside the backup"
        if self.salvaged.is_disproved:
            return "what was found beside the backup does not hold"
        return "not compared, as the backup is damaged"

    def fields(self) -> dict[str, Any]:
        """Return the same for scripts (docs/json.md)."""
        report = self.report
        return {
            "message_type": "inspection",
            "backup": shown_whole(os.fsencode(self.backup)),
            "backup_parts": self.parts,
            "backup_size": self.size,
            "compression": self.compression,
            "complete": self.is_complete,
            "claims": self.integrity.lines(),
            "claims_unread": list(self.integrity.unread),
            "total_members": report.members,
            "total_files": report.kinds[Kind.FILE],
            "total_bytes": report.content,
            "stored_bytes": report.stored,
            "kinds": {kind.value: count for kind, count in sorted(report.kinds.items())},
            "sparse_files": report.sparse,
            "absolute_names": report.absolute,
            "has_root_entry": report.root,
            "extras": {_EXTRAS[one]: count for one, count in report.extras.items()},
            "oldest": report.oldest,
            "newest": report.newest[0].mtime if report.newest else None,
            "directories": self._directories(),
            "biggest": [member_fields(one) for one in report.biggest],
            "owners": [
                {
                    "uid": uid,
                    "gid": gid,
                    "user": shown_whole(user),
                    "group": shown_whole(group),
                    "members": count,
                }
                for (uid, gid, user, group), count in report.owners.most_common()
            ],
            "refused": [{**named(one.member.name), "reason": one.reason} for one in report.refused],
            "notes": list(self.notes),
            **self._losses(),
            **({} if self.against is None else {"against": against_fields(self.against)}),
        }

    def _bars(self) -> list[str]:
        """Return the biggest directories, the longest bar for the biggest."""
        biggest = max((one.size for one in self.directories), default=0)
        if not biggest:
            return []
        bars = [
            f"{as_size(one.size):>9}  {'#' * -(-_BAR * one.size // biggest):<{_BAR}}  "
            f"{shown(one.path)}/"
            for one in self.directories
        ]
        return _few("directories", bars)

    def _tree(self) -> list[str]:
        """Return each directory below the one that it stands in, the biggest first."""
        below: dict[bytes, list[Directory]] = {}
        for one in self.directories:
            below.setdefault(one.path.rpartition(b"/")[0], []).append(one)
        lines = ["tree:"] if below else []
        left = [(one, 1) for one in reversed(below.get(b"", []))]
        while left:
            one, level = left.pop()
            name = one.path.rpartition(b"/")[2]
            size = f"{as_size(one.size)}, {counted(one.files, 'file')}"
            lines.append(f"{'  ' * level}{shown(name)}/  {size}")
            left += [(child, level + 1) for child in reversed(below.get(one.path, []))]
        return lines

    def _directories(self) -> list[dict[str, Any]]:
        shown_here = self.directories if self.depth else self.directories[:NAMED]
        return [
            {**named(one.path), "size": one.size, "total_files": one.files} for one in shown_here
        ]

    def _losses(self) -> dict[str, Any]:
        """Return what is not restored of a damaged backup, and what is not proved."""
        gone = () if self.salvaged is None else self.salvaged.gone
        unproved = () if self.salvaged is None else self.salvaged.unproved
        return {
            "gone": [{**named(one.name), "reason": one.reason} for one in gone],
            "not_proved": [named(name) for name in unproved],
        }

    def json(self) -> str:
        """Return one object on one line."""
        return json_line(self.fields())

    def _kinds(self) -> str:
        kinds = self.report.kinds.most_common()
        each = ", ".join(counted(count, kind.value, _PLURALS[kind]) for kind, count in kinds)
        return f" ({each})" if each else ""

    def _owners(self) -> list[str]:
        return [
            f"{uid}:{gid} ({shown(user) or '-'}:{shown(group) or '-'}), {counted(count, 'member')}"
            for (uid, gid, user, group), count in self.report.owners.most_common()
        ]

    def _changes(self) -> list[str]:
        """Say what a restore makes of the names, and what some tars cannot keep."""
        report = self.report
        notes = []
        if report.absolute:
            what = counted(report.absolute, "absolute name")
            notes.append(f"{what}: restored below the target")
        if report.root:
            notes.append("./ has an entry of its own: the target itself keeps mode, owner and time")
        if report.sparse:
            notes.append(f"{counted(report.sparse, 'file')} with holes")
        for extra, count in report.extras.items():
            notes.append(
                f"{counted(count, 'member')} with {_EXTRAS[extra]}; not every tar keeps them"
            )
        return notes


_PLURALS: Final = {
    Kind.FILE: "files",
    Kind.DIRECTORY: "directories",
    Kind.SYMLINK: "symlinks",
    Kind.HARDLINK: "hard links",
    Kind.CHARACTER_DEVICE: "character devices",
    Kind.BLOCK_DEVICE: "block devices",
    Kind.FIFO: "FIFOs",
    Kind.OTHER: "members of unknown type",
}


def _few(title: str, lines: list[str]) -> list[str]:
    more = [f"  and {len(lines) - _FEW:,} more"] if len(lines) > _FEW else []
    return [f"{title}:", *(f"  {line}" for line in lines[:_FEW]), *more] if lines else []


def member_fields(one: Member) -> dict[str, Any]:
    """Return one member for scripts (docs/json.md)."""
    fields: dict[str, Any] = {
        "message_type": "member",
        **named(one.name),
        "kind": one.kind.value,
        "size": one.size,
        "mode": f"{one.mode:04o}",
        "permissions": mode(one),
        "mtime": one.mtime,
        "mtime_nanoseconds": one.nanoseconds,
        "uid": one.uid,
        "gid": one.gid,
        "user": shown_whole(one.user),
        "group": shown_whole(one.group),
        "offset": one.offset,
        "data_offset": one.offset + one.prefix,
        "length": one.length,
    }
    if one.link:
        fields.update(named(one.link, "link"))
    if one.kind in {Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE}:
        fields["device"] = [one.device >> 32, one.device & 0xFFFF_FFFF]
    return fields
