"""What earlier batches of one restore have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.errors import BackupError
from kubectl_restore.plan.operation import Action
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.plan.operation import Operation


class Restored:
    """Paths and members, in some hundred bytes each."""

    def __init__(self) -> None:
        """Have none."""
        self._members = Members()
        self._directories: set[bytes] = set()

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, bytes):
            return False
        return path in self._directories or self.member(path) is not None

    def member(self, path: bytes) -> Member | None:
        """Return the member that was restored to a path last; None where there is none."""
        numbers = self._members.at(path)
        return self._members[numbers[-1]] if numbers else None

    def paths(self) -> Iterator[bytes]:
        """Return all paths but those of directories."""
        return self._members.paths()

    def add(self, operations: Iterable[Operation]) -> None:
        """Take what was carried out."""
        for one in operations:
            if one.action in {Action.SKIP, Action.REFUSE} or (
                one.action is Action.KEEP and _is_directory(one)
            ):
                continue
            if _is_directory(one) or one.member is None:
                self._directories.add(one.path)
            else:
                self._members.append(one.member)

    def require_targets(self, index: Index) -> None:
        """Return when every hard link leads to something of its own batch or of an earlier one.

        One that leads to itself (a file that was given to tar twice) is taken out of the batch:
        what an earlier one has restored there is the file.

        Raises:
            BackupError: one does not: what it leads to was left out, or is not in the backup.
        """
        members = index.members
        stays = bytearray(b"\x01" * len(members))
        for number in members.of_kind(Kind.HARDLINK):
            member = members[number]
            target = normal_path(member.link)
            stays[number] = target != member.path
            is_here = stays[number] and members.at(target)
            if not is_here and self.member(target) is None:
                raise BackupError(
                    f"{shown(member.name)} is a hard link to what was not restored",
                    reason=f"{shown(member.link)} is not before it in the backup, or was left out; "
                    "from standard input its content has gone by",
                    fix="write the backup to a file, then name the file",
                )
        if not all(stays):
            members.reduce_to(stays)


def _is_directory(operation: Operation) -> bool:
    return operation.member is None or operation.member.kind is Kind.DIRECTORY
