"""What the user asked for, once, as types."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.archive.selection import Selection
from kubectl_restore.policy import Overwrite

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.pod.kubectl import KubectlOptions
    from kubectl_restore.pod.target import PodName


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """One restore of one backup into one pod."""

    pod: PodName
    backup: Path
    target_path: str
    """Absolute, without `..`, no trailing slash (but `/` itself)."""
    kubectl: KubectlOptions
    is_piped: bool = False
    """The backup comes on standard input."""
    container: str | None = None
    overwrite: Overwrite = Overwrite.REFUSE
    allow_missing_end: bool = False
    cache: bool = True
    """Whether indexes of large backups are remembered."""
    same_owner: bool = True
    """False: everything belongs to whom the container runs as."""
    owner: tuple[int, int] | None = None
    """Numeric user and group for everything, instead of the backup's."""
    checksum: str | None = None
    """The file's SHA-256 as the user has it: 64 lower-case hexadecimal digits."""
    keep_directory_symlinks: bool = False
    """A symlink where the backup has a directory stays, if it leads inside the target."""
    selection: Selection = field(default_factory=Selection)
    """What of the backup is restored, and under which paths."""
    stall_timeout: float | None = 60.0
    """Seconds without progress; None for no limit."""
    command: tuple[str, ...] = ()
    """How to say this again, without secrets: shown in fixes (`kubectl restore ...`)."""

    def command_with(self, flag: str) -> str:
        """Return how to say this again with one flag more, for a fix."""
        forced = self.overwrite is not Overwrite.REFUSE
        has_it = flag in self.command or (flag == "--force" and forced)
        return shlex.join(self.command if has_it else (*self.command, flag))
