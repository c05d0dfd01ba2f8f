"""One path of a plan, and what is done about it."""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, NamedTuple

from kubectl_restore.archive.members.member import Kind

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Standing


class Action(StrEnum):
    """What is done about one path."""

    CREATE = "create"
    REPLACE = "replace"
    ADJUST = "adjust"
    """Its content is right; mode or owner are set."""
    KEEP = "keep"
    """It is as the backup has it, or a directory that is left as it is."""
    SKIP = "skip"
    """Something else stands there, and stays."""
    REFUSE = "refuse"


class Operation(NamedTuple):
    """One path, and what is done about it.

    Attributes:
        path: below the target, raw.
        action: what is done.
        member: the last member of that path; None for a parent directory that has none.
        reason: why it is kept, skipped or refused.
        needs_force: for a refused one: --force would allow it.
        stands: for a kept one: what stands there.
    """

    path: bytes
    action: Action
    member: Member | None
    reason: str = ""
    needs_force: bool = False
    stands: Standing | None = None

    @property
    def outcome(self) -> Action:
        """What becomes of the path, for people: a directory that is sent again is the same one."""
        is_directory = self.member is None or self.member.kind is Kind.DIRECTORY
        if self.action is Action.REPLACE and is_directory:
            return Action.ADJUST
        return self.action


class Left(Enum):
    """What stands where an earlier run may have left something unfinished."""

    WHOLE = auto()
    """The backup's content."""
    UNFINISHED = auto()
    """What a tar leaves behind: the beginning of the content, or what stands for a link."""
    FOREIGN = auto()
    """Something else: somebody has been there since."""


class Resumed(NamedTuple):
    """A file that goes on.

    Attributes:
        start: bytes of it that are there already.
        inode: the file's.
    """

    start: int
    inode: int
