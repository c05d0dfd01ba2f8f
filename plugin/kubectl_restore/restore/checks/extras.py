"""What stands below the backup's own directories and is not in it."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.container.survey import Standing
from kubectl_restore.container.traits import SYSTEMS
from kubectl_restore.errors import InTheWayError, PodCannotError
from kubectl_restore.plan.folding import folded
from kubectl_restore.progress import Phase
from kubectl_restore.text import counted, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry

_RECORD: Final = re.compile(rb"(\.kubectl-restore|kubectl-restore\.[0-9a-f]{16})\.[0-9a-f]{16}")
"""What a restore under way has in the pod, maybe in the very directory (container/agent.py)."""
_TOGETHER: Final = 500
"""Directories in one question."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists directories in the pod.

    Attributes:
        questions: asked through the open exec.
    """

    questions: Questions

    def extras(
        self,
        members: Members,
        before: Mapping[bytes, Entry],
        *,
        links: Mapping[bytes, bytes] | None = None,
        whole: bool = True,
    ) -> list[tuple[bytes, bool]]:
        """Return everything that is not in the backup, and whether it is a directory.

        A directory comes behind what stands in it. Directories that the backup needs but does not
        name are not listed: nobody knows what else it would have had there.

        Args:
            members: the backup's.
            before: what stands at its directories; at the target: the empty path.
            links: symbolic links that stand for directories of the backup, and where they lead
                inside the target. What is in the backup below them stands there, under names that
                are not in the backup: there nothing is looked for.
            whole: look into directories that are not in the backup, too.

        Raises:
            PodCannotError: a directory cannot be listed.
        """
        named = {members.path(number) for number in members.of_kind(Kind.DIRECTORY)}
        links = links or {}
        own = [
            path
            for path in named
            if path in before
            and before[path].kind is Standing.DIRECTORY
            and links.keys().isdisjoint(parents(path))
            and path not in SYSTEMS
        ]
        needed = set(before) | named | set(links.values())
        needed.update(chain.from_iterable(map(parents, links.values())))
        found: list[tuple[bytes, bool]] = []
        waiting = deque(sorted(own))
        inside: set[bytes] = set()
        while waiting:
            some = [waiting.popleft() for _ in range(min(_TOGETHER, len(waiting)))]
            children, closed = self.questions.children(some)
            if closed:
                raise PodCannotError(
                    "what stands in the pod beside the backup cannot be told; nothing was changed",
                    reason=listed([f"{shown(one)} cannot be listed" for one in closed]),
                    fix="name a container that may list it: -c CONTAINER",
                )
            for path, is_directory in children:
                parent = path.rpartition(b"/")[0]
                if parent not in inside and (path in needed or members.at(path)):
                    continue
                if path in SYSTEMS or _RECORD.fullmatch(path.rpartition(b"/")[2]):
                    continue
                found.append((path, is_directory))
                if is_directory and whole:
                    inside.add(path)
                    waiting.append(path)
        if found:
            same = self._under_other_names([path for path, _ in found], members)
            found = [one for one in found if one[0] not in same]
        # Whatever is in a directory has a longer path.
        return sorted(found, key=lambda one: one[0], reverse=True)

    def _under_other_names(self, extras: list[bytes], members: Members) -> set[bytes]:
        """Return those that are a file of the backup, of whose name the volume keeps another form.

        The backup's `C/README` may stand there as `C/readme`: a file that answers to the backup's
        name, and is not listed under it.
        """
        twins: dict[bytes, list[bytes]] = {folded(path): [] for path in extras}
        for path in members.paths():
            if (found := twins.get(folded(path))) is not None:
                found.append(path)
        pairs = [(path, own) for path in extras for own in twins[folded(path)]]
        if not pairs:
            return set()
        there = self.questions.survey(Phase.SURVEY, sorted({own for _, own in pairs}))
        above = sorted({own.rpartition(b"/")[0] for _, own in pairs})
        children, _ = self.questions.children(above)
        listed_there = {path for path, _ in children}
        return {
            path
            for path, own in pairs
            # Inodes are not asked: with FUSE each name may have its own.
            if own in there and own not in listed_there
        }

    def lost(self, paths: Iterable[bytes]) -> list[bytes]:
        """Return those of these paths that no name in their directories stands for any more.

        Not asked of stat: what a FUSE volume has just forgotten may still be known to the kernel.
        """
        wanted = list(paths)
        above = sorted({path.rpartition(b"/")[0] for path in wanted})
        there = set(self.questions.survey(Phase.VERIFY, above))
        children, _ = self.questions.children([one for one in above if one in there])
        names = {path for path, _ in children}
        forms = {folded(path) for path in names}
        return [path for path in wanted if path not in names and folded(path) not in forms]

    def require_no_mounts(self, found: Iterable[tuple[bytes, bool]]) -> None:
        """Return when none of what would be deleted is a mount point.

        Raises:
            InTheWayError: some of it is.
        """
        paths = {path for path, _ in found}
        volumes = self.questions.mounts() if paths else []
        mounts = [one.path for one in volumes if one.path in paths]
        if mounts:
            raise InTheWayError(
                f"{counted(len(mounts), 'mount point')} would have to be deleted; "
                "nothing was changed",
                reason=listed([f"{shown(one)}: another volume stands there" for one in mounts]),
                fix="restore to the volume itself: -t PATH, or leave --delete out",
            )
