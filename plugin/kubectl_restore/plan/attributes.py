"""What mode, owner and time can be where a path stands: the one meaning of "right". Pure.

Plan, proof and verify ask here, so that what a volume or a container cannot keep is no difference
to any of them.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.stream.normalise import Dialect, takes_list
from kubectl_restore.archive.tar.acl import listed_mode
from kubectl_restore.container.traits import Volumes

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry

SET_IDS: Final = stat.S_ISUID | stat.S_ISGID


def modes_of(member: Member) -> tuple[int, ...]:
    """Return the modes that are right for a member: with its access control list, and without."""
    if Extra.ACL not in member.extras:
        return (member.mode,)
    listed = listed_mode(member.mode, member.records)
    return (member.mode,) if listed is None else (member.mode, listed)


def _everybody(_uid: int, _gid: int) -> bool:
    return True


def _nobody(_gid: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Attributes:
    """What can be had there.

    Attributes:
        volumes: what the volumes keep.
        owns: tells whether a user and group may be given something there.
        same_owner: the backup's owners are wanted.
        uid: whom the container runs as; None where that is not known.
        is_in: tells whether a group is one of the container's user's.
        dialect: what the container's tar is given.
        owns_links: symbolic links can be given away: by chown, or by the tar itself. (busybox's
            does not; all else it gives away.)
    """

    volumes: Volumes = field(default_factory=Volumes)
    owns: Callable[[int, int], bool] = _everybody
    same_owner: bool = True
    uid: int | None = None
    is_in: Callable[[int], bool] = _nobody
    dialect: Dialect = field(default_factory=Dialect)
    owns_links: bool = True

    def lacks_list(self, member: Member, entry: Entry) -> bool:
        """Tell whether an access control list that the tar was given was not set.

        It shows in the mode, whose bits for the group are the list's mask where there is a list;
        where both would be the same it does not show.
        """
        return (
            Extra.ACL in member.extras
            and entry.mode == member.mode
            and takes_list(member, self.dialect)
            and len(set(modes_of(member))) > 1
        )

    def can_own(self, path: bytes, uid: int, gid: int) -> bool:
        """Tell whether what stands at a path can belong to this user and group."""
        return self.owns(uid, gid) and self.volumes.at(path).owner

    def can_own_everywhere(self, uid: int, gid: int) -> bool:
        """Tell whether files on all volumes can belong to this user and group."""
        return self.owns(uid, gid) and all(one.owner for one in self.volumes.traits.values())

    def keeps_owner(self, path: bytes, kind: Kind) -> bool:
        """Tell whether owners can be set at a path, whichever: by its volume and by the tools."""
        return self.volumes.at(path).owner and (self.owns_links or kind is not Kind.SYMLINK)

    def is_owned(self, member: Member, entry: Entry) -> bool:
        """Tell whether what stands there belongs to the backup's owner."""
        return (entry.uid, entry.gid) == (member.uid, member.gid)

    def has_owner(self, member: Member, entry: Entry) -> bool:
        """Tell whether the owner is the backup's, as far as it can be there."""
        return (
            not self.same_owner
            or self.is_owned(member, entry)
            or not self.owns(member.uid, member.gid)
            or not self.keeps_owner(member.path, member.kind)
        )

    def has_mode(self, member: Member, entry: Entry) -> bool:
        """Tell whether the mode is the backup's, as far as it can be there.

        A program without its owner has no set-id bits: it would run as somebody else.
        """
        if member.kind is Kind.SYMLINK:
            return True
        if entry.mode in modes_of(member) and not entry.mode & SET_IDS:
            return True
        traits = self.volumes.at(member.path)
        if self.is_dangerous(member, entry):
            return False
        if not traits.mode:
            return True
        is_directory = member.kind is Kind.DIRECTORY
        # The group of a directory above may hand its bit down, or the kernel take ours.
        is_foreign = (
            is_directory
            and not self.can_own(member.path, member.uid, member.gid)
            and not self._is_ours_to_set(member, entry)
        )
        kept = ~SET_IDS if not traits.set_ids or is_foreign else ~0
        is_unowned = not is_directory and not self.is_owned(member, entry)
        wanted = ~SET_IDS if is_unowned else ~0
        return any((mode & wanted ^ entry.mode) & kept == 0 for mode in modes_of(member))

    def _is_ours_to_set(self, member: Member, entry: Entry) -> bool:
        """Tell whether set-id bits of a directory can be made the backup's, whoever it belongs to.

        The owner may take a group's bit away that a directory above has handed down, and set one
        for a group of theirs: of any other the kernel leaves it out (chmod(2), EPERM aside).
        """
        is_handed_down = bool(entry.mode & stat.S_ISGID) and not any(
            mode & stat.S_ISGID for mode in modes_of(member)
        )
        is_ours = self.uid == entry.uid and self.is_in(entry.gid)
        return is_ours or (self.uid in {0, entry.uid} and (is_handed_down or not self.same_owner))

    def mode_for(self, member: Member, entry: Entry) -> int:
        """Return the mode that what stands there is to have."""
        if member.kind is not Kind.DIRECTORY and not self.is_owned(member, entry):
            return member.mode & ~SET_IDS
        return member.mode

    def is_dangerous(self, member: Member, entry: Entry) -> bool:
        """Tell whether it is a program that runs as another than in the backup."""
        return (
            member.kind is not Kind.DIRECTORY
            and member.kind is not Kind.SYMLINK
            and bool(entry.mode & SET_IDS)
            and not self.is_owned(member, entry)
        )

    def has_time(self, member: Member, entry: Entry) -> bool:
        """Tell whether the time is the backup's, as far as it can be there."""
        if entry.has_time(member.mtime):
            return True
        traits = self.volumes.at(member.path)
        if not traits.keeps_time(member.mtime):
            return True
        return traits.grain > 1 and abs(entry.mtime - member.mtime) < traits.grain

    def time_decides(self, member: Member) -> bool:
        """Tell whether a time says anything about a file's content there."""
        return self.volumes.at(member.path).keeps_time(member.mtime)

    def keeps_time(self, mtime: int) -> bool:
        """Tell whether all volumes keep a time; where they keep two, they keep what is between."""
        return all(one.keeps_time(mtime) for one in self.volumes.traits.values())

    def sent(self, member: Member, *, unowned: bool) -> Member:
        """Return what is sent for a member: without its owner a program is no more than others.

        Args:
            member: it.
            unowned: its owner cannot be had there.
        """
        is_program = member.mode & SET_IDS or member.extras & Extra.CAPABILITIES
        if not unowned or not is_program or member.kind is Kind.DIRECTORY:
            return member
        return member._replace(
            mode=member.mode & ~SET_IDS,
            extras=member.extras & ~Extra.CAPABILITIES,
            is_common=False,
        )
